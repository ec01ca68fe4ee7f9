"""What pbtrain is measured on: demo data, and what the units need besides, all through the services."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import func, select, update

from bench.journeys import QUESTIONS
from pbtrain.accounts import services as accounts
from pbtrain.accounts.models import Account
from pbtrain.core import clock, schema
from pbtrain.core.db import db, transaction
from pbtrain.courses import services as courses
from pbtrain.courses.models import Lesson
from pbtrain.demo import load
from pbtrain.demo.roster import LOGINS, PASSWORD
from pbtrain.hours import services as hours
from pbtrain.hours.services import Line
from pbtrain.org import services
from pbtrain.org.access import Actor, actor_for
from pbtrain.org.models import Affiliation, Member, RoleGrant, Unit
from pbtrain.org.queries import is_on
from pbtrain.org.roles import Role
from pbtrain.quizzes import services as quizzes
from pbtrain.quizzes.models import Quiz
from pbtrain.quizzes.services.writing import Wanted

POOL, MEETING = 60, 20  # members who take part; people at a meeting
SHORT, LONG = 10, 1000  # entries of the two members whose homes are compared
QUIZZES, TRIES = 2, 20
PAGE, FAR = 50, 999  # rows of a page of the roster; how many pages stand before the far one


def build(app: Flask, target: Path, tell: Any, preset: str = "small", scale: float = 1) -> None:
    """Migrate, load, add, and write the cast of the journeys to `target`."""
    with app.app_context():
        schema.migrate()
        load.load(preset, scale, tell if preset != "small" else lambda text: None)
        tell(f"{preset} is loaded")
    prepare(app, target)


def prepare(app: Flask, target: Path) -> None:
    """Add to demo data what the journeys need, and write their cast to `target`."""
    with app.app_context():
        with transaction():
            pool = _pool()
            made = _courses(pool)
            _histories(pool)
            reader = _reader(pool[0].unit_id or 0)
        cast = _cast(app, pool, made) | {"readers": [_person(app, reader)]}
        target.write_text(json.dumps(cast, ensure_ascii=False))
        db.session.remove()
        db.engine.dispose()


def _named(role: Role) -> Actor:
    found = db.session.scalar(select(Account.id).where(Account.username == LOGINS[role]))
    return _actor(found or 0)


def _actor(account_id: int) -> Actor:
    found = actor_for(account_id)
    if found is None:
        raise LookupError(f"account {account_id} is disabled")
    return found


def _pool() -> list[Actor]:
    """Members without a post who take part; all of them have the demo's password."""
    known = db.session.scalar(select(Account.password_hash).where(Account.username == LOGINS[Role.MEMBER]))
    plain = ~select(RoleGrant.id).where(RoleGrant.account_id == Account.id).exists()
    ids = db.session.scalars(
        select(Account.id)
        .join(Member, Member.account_id == Account.id)
        .where(Member.left_on.is_(None), plain)
        .order_by(Account.id)
        .limit(POOL + 2)
    ).all()
    db.session.execute(
        update(Account).where(Account.id.in_(ids)).values(password_hash=known, activated_at=clock.now())
    )
    return [_actor(account_id) for account_id in ids]


def _courses(pool: list[Actor]) -> dict[str, Any]:
    """A course to read, and courses whose lesson is done and whose quiz waits."""
    author, head = _named(Role.COURSE_AUTHOR), _named(Role.ACADEMY_ADMIN)
    academy = db.session.scalars(select(Unit.id).where(Unit.kind == "academy").order_by(Unit.id)).first()
    made: dict[str, Any] = {"quizzes": []}
    for number in range(QUIZZES + 1):
        course = courses.create_course(
            author, academy or 0, title=f"示例测量课程{number}", description="", minutes=45
        )
        lesson = courses.add_lesson(author, course, title="示例课文", body="示例。" * 200, minutes=0)
        if number:
            _quiz(author, course)
            made["quizzes"].append(course)
        else:
            made |= {"course": course, "lesson": lesson}
        courses.publish(head, course)
    for actor in pool:
        for course in (made["course"], *made["quizzes"]):
            courses.enrol(actor, course)
        for course in made["quizzes"]:
            lesson = db.session.scalars(select(Lesson.id).where(Lesson.course_id == course)).one()
            courses.complete_lesson(actor, course, lesson)
    return made


def _quiz(author: Actor, course: int) -> None:
    """Ten questions that nobody who always chooses A gets all right."""
    quiz = courses.add_quiz(author, course, "示例测验")
    version = db.session.scalars(select(Quiz.version).where(Quiz.id == quiz)).one()
    quizzes.edit_terms(author, quiz, version, pass_mark=100, max_attempts=TRIES)
    for number in range(QUESTIONS):
        options = {"a": "甲", "b": "乙", "c": "丙", "d": "丁"}
        right = ["a", "b"] if number % 2 else ["c"]
        kind = "multiple" if number % 2 else "single"
        quizzes.add_question(author, quiz, Wanted(kind, f"示例题目{number}？", options, right, 200))


def _reader(unit_id: int) -> int:
    """The account of a new member with ten entries and no other, whatever the data set."""
    member = services.add_member(
        None, unit_id=unit_id, name="示例读者", since=clock.today() - timedelta(days=99)
    )
    db.session.execute(
        update(Account).where(Account.id == member.account_id).values(activated_at=clock.now())
    )
    _study(member.id, SHORT)
    return member.account_id or 0


def _histories(pool: list[Actor]) -> None:
    """The last two of the pool: one with ten entries of its own, one with a thousand."""
    for actor, entries in ((pool[-2], SHORT), (pool[-1], LONG)):
        _study(actor.member_id or 0, entries)


def _study(member_id: int, entries: int) -> None:
    today = clock.today()
    lines = [
        Line(
            member_id,
            day=today - timedelta(days=number % 20),
            activity="self_study",
            minutes=10,
            occurrence=f"bench:{member_id}-{number}",
            title="示例自学",
        )
        for number in range(entries)
    ]
    hours.post_many(None, lines)


def _cast(app: Flask, pool: list[Actor], made: dict[str, Any]) -> dict[str, Any]:
    """Who plays: cookies, tokens and addresses, as the driver needs them."""
    regular, (short, long) = pool[:-2], pool[-2:]
    members = [_person(app, actor.account_id) for actor in regular]
    return {
        "today": clock.today().isoformat(),
        "activity": "theme_day",
        "course": made["course"],
        "lesson": made["lesson"],
        "members": members,
        "short": [_person(app, short.account_id)],
        "long": [_person(app, long.account_id)],
        "visitors": [_visitor(app, username=actor.username, password=PASSWORD) for actor in regular],
        "sitters": [
            each | {"facts": {"quiz_course": course}} for course in made["quizzes"] for each in members
        ],
        "secretaries": _secretaries(app),
        **_heads(app),
    }


def _heads(app: Flask) -> dict[str, Any]:
    """Who looks at the whole site: an auditor and an administrator of the unit at the top."""
    root = db.session.scalars(select(Unit.id).where(Unit.parent_id.is_(None)).order_by(Unit.id)).first() or 0
    branch = db.session.scalars(
        select(Member.unit_id)
        .where(Member.left_on.is_(None))
        .group_by(Member.unit_id)
        .order_by(func.count().desc(), Member.unit_id)
    ).first()
    found: dict[str, Any] = {"root": root, "branch": branch, "list": _list(root)}
    for group, role in (("auditors", Role.UNIT_AUDITOR), ("admins", Role.UNIT_ADMIN)):
        name = f"bench-{role}"
        with transaction() as session:
            account = session.scalar(select(Account).where(Account.username == name))
            if account is None:
                account = Account(username=name, name="示例", activated_at=clock.now())
                session.add(account)
                session.flush()  # its id for the grant
                grant = RoleGrant(
                    account_id=account.id,
                    unit_id=root,
                    role=role,
                    valid_from=clock.today() - timedelta(days=1),
                )
                session.add(grant)
            account_id = account.id
        found[group] = [_person(app, account_id)]
        found[group[:-1]] = account_id
    return found


def _list(root: int) -> dict[str, str]:
    """The first page of the roster, and one a thousand pages on or as far as the roster goes."""
    path = f"/units/{root}/members"
    rows = db.session.scalar(select(func.count(Member.id)).where(Member.left_on.is_(None))) or 0
    skipped = min(FAR, max(rows // PAGE - 2, 0)) * PAGE
    last = db.session.scalars(
        select(Member.id)
        .where(Member.left_on.is_(None), Member.unit_id.is_not(None))
        .order_by(Member.pinyin, Member.id)
        .offset(skipped)
        .limit(1)
    ).first()
    return {"first": path, "far": f"{path}?after={last}&from={skipped + 1}"}


def _secretaries(app: Flask) -> list[dict[str, Any]]:
    """One of each branch that has enough people who stood in it all the time."""
    today, found = clock.today(), []
    rows = db.session.execute(
        select(RoleGrant.account_id, RoleGrant.unit_id)
        .where(RoleGrant.role == Role.BRANCH_SECRETARY, is_on(RoleGrant, today))
        .order_by(RoleGrant.unit_id, RoleGrant.id)
    ).all()
    seen: set[int] = set()
    for row in rows:
        moves = select(func.count()).where(Affiliation.member_id == Member.id).scalar_subquery()
        people = db.session.scalars(
            select(Member.id)
            .where(Member.unit_id == row.unit_id, Member.left_on.is_(None), moves == 1)
            .order_by(Member.id)
            .limit(MEETING)
        ).all()
        if row.unit_id not in seen and len(people) == MEETING:
            seen.add(row.unit_id)
            facts = {"branch": row.unit_id, "people": list(people)}
            found.append(_person(app, row.account_id) | {"facts": facts})
    return found


def _person(app: Flask, account_id: int) -> dict[str, Any]:
    """A browser signed in as this account."""
    with transaction():
        token = accounts.open_session(account_id, agent="bench", address="127.0.0.1", factor_shown=True)
    return _browser(app, {"_user_id": token, "_fresh": True})


def _visitor(app: Flask, **facts: str) -> dict[str, Any]:
    """A browser that has opened the entrance and typed these."""
    return _browser(app, {}) | {"facts": facts}


def _browser(app: Flask, content: dict[str, Any]) -> dict[str, Any]:
    """The signed cookie of a session, and the token its forms carry."""
    with app.app_context(), app.test_request_context():  # a `g` of its own: the token is kept there
        session.update(content)
        token = generate_csrf()
        serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        signed = serializer.dumps(dict(session))
    return {"cookie": f"{app.config['SESSION_COOKIE_NAME']}={signed}", "token": token}


def bare_cast(app: Flask, people: int) -> list[dict[str, Any]]:
    """Browsers of the bare application."""
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return [
        {"cookie": f"session={serializer.dumps({'id': number})}", "token": ""}
        for number in range(1, people + 1)
    ]
