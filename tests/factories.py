"""Make rows for tests, committed. Every argument has a default, so that a test names only what it is about.

Rows are written directly, not through services: a test of one service should not need five others. What
belongs together is written in one transaction, and an id is taken from the row as it stands (`key`): both
together halve what the three thousand tests spend on their beginnings.
"""

from datetime import date, timedelta
from itertools import count
from typing import Any

from sqlalchemy import inspect, select, text
from sqlalchemy.orm import Session

from pbtrain.accounts import devices
from pbtrain.accounts.browser import DEVICE
from pbtrain.accounts.models import Account, LoginSession
from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.core.tokens import fingerprint, new_token
from pbtrain.courses.models import Course, Enrolment, Lesson, LessonDone
from pbtrain.hours import services as hours
from pbtrain.org import access
from pbtrain.org.models import Affiliation, Member, RoleGrant, Unit, UnitLink
from pbtrain.org.roles import Role
from pbtrain.quizzes.models import Question, Quiz, QuizVersion

LONG_AGO = date(2020, 1, 1)
PLACE = text(
    "INSERT INTO unit_closure (above_id, below_id, depth)"
    " SELECT above_id, CAST(:unit AS BIGINT), depth + 1 FROM unit_closure WHERE below_id = :parent"
    " UNION ALL SELECT CAST(:unit AS BIGINT), CAST(:unit AS BIGINT), 0"
)
_number = count(1)


def save(*rows: Any) -> Any:
    """Commit the rows; the first is returned."""
    with transaction() as session:
        session.add_all(rows)
    return rows[0]


def key(row: Any) -> int:
    """The id of a stored row, which is not read again for it as `row.id` would be after a commit."""
    found: int = inspect(row).identity[0]
    return found


def unit(name: str | None = None, parent: Unit | None = None, kind: str | None = None, **fields: Any) -> Unit:
    """A unit and its place in the tree; a branch, or a committee when it has no parent."""
    n = next(_number)
    kind = kind or ("branch" if parent else "committee")
    parent_id = key(parent) if parent else None
    fields = {"code": f"{n:06}", "valid_from": LONG_AGO} | fields
    row = Unit(name=name or f"Unit {n}", kind=kind, parent_id=parent_id, **fields)
    with transaction() as session:
        session.add(row)
        session.flush()  # row.id for the tree
        session.add(UnitLink(unit_id=row.id, parent_id=parent_id, valid_from=row.valid_from))
        session.execute(PLACE, {"unit": row.id, "parent": parent_id})
    return row


def ruled(name: str | None = None, *, since: int = 2025) -> Unit:
    """A committee at the top whose default policy (45 minutes are 1.0) holds from that year on."""
    row = unit(name)
    with transaction():
        hours.publish_default_policy(None, key(row), since)
    return row


def account(name: str | None = None, **fields: Any) -> Account:
    """A login that is active; give `password_hash` where a test signs in through the form."""
    return save(_login(name, **fields))


def _login(name: str | None, **fields: Any) -> Account:
    n = next(_number)
    fields = {"username": f"user{n}", "activated_at": clock.now()} | fields
    return Account(name=name or f"示例{n}", **fields)


def member(unit_: Unit | None = None, *, with_account: bool = True, **fields: Any) -> Member:
    """A full member of a branch since long ago, with a login."""
    unit_ = unit_ or unit(parent=unit())
    with transaction() as session:
        return _member(session, key(unit_), with_account=with_account, **fields)


def _member(session: Session, home: int, *, with_account: bool = True, **fields: Any) -> Member:
    n = next(_number)
    fields = {"name": f"示例{n}", "pinyin": f"shili{n:06}", "code": f"M{n:06}", "unit_id": home} | fields
    if with_account and "account_id" not in fields:
        session.add(login := _login(fields["name"]))
        session.flush()  # login.id
        fields["account_id"] = login.id
    session.add(row := Member(**fields))
    session.flush()  # row.id
    session.add(Affiliation(member_id=row.id, unit_id=home, valid_from=LONG_AGO))
    return row


def grant(holder: Account | Member, role: Role, unit_: Unit, **fields: Any) -> RoleGrant:
    """This person holds this role in this unit, since long ago."""
    fields = {"valid_from": LONG_AGO} | fields
    return save(RoleGrant(account_id=account_id(holder), unit_id=key(unit_), role=role, **fields))


def person(role: Role = Role.MEMBER, unit_: Unit | None = None, **fields: Any) -> Account:
    """A login that holds the role there; members and branch secretaries also stand on the branch's roster."""
    if role in (Role.MEMBER, Role.BRANCH_SECRETARY):
        unit_ = unit_ or unit(parent=unit())
        with transaction() as session:
            holder = session.get_one(Account, _member(session, key(unit_), **fields).account_id)
    else:
        unit_ = unit_ or unit()
        holder = account(**fields)
    if role is not Role.MEMBER:
        grant(holder, role, unit_)
    return holder


def actor(holder: Account | Member) -> access.Actor:
    """The same person as services want them."""
    found = access.actor_for(account_id(holder))
    assert found is not None
    return found


def login_session(holder: Account | Member | access.Actor, **fields: Any) -> str:
    """The token of a browser that is signed in as this person, password and second factor just shown."""
    token, now = new_token(), clock.now()
    fields = {
        "factor_at": now,
        "proved_at": now,
        "account_id": account_id(holder),
        "token_hash": fingerprint(token),
        "ends_at": now + timedelta(days=1),
        "idle_minutes": 24 * 60,
    } | fields
    save(LoginSession(**fields))
    return token


def known_device(username: str) -> dict[str, str]:
    """The cookie, name and value, of a browser on which this person need not show the second factor."""
    found = db.session.scalars(select(Account.id).where(Account.username == username)).one()
    with transaction():
        token = devices.remember(found, "")
    return {"name": f"{DEVICE}{found}", "value": token}


def account_id(holder: Account | Member | access.Actor) -> int:
    """Of a login, of the login of a member, of an actor."""
    found = key(holder) if isinstance(holder, Account) else holder.account_id
    assert found is not None, f"{holder} has no login"
    return found


QUESTIONS: list[dict[str, Any]] = [
    {"kind": "single", "options": {"a": "子", "b": "丑", "c": "寅"}, "key": ["b"], "points": 300},
    {
        "kind": "multiple",
        "options": {"a": "甲二", "b": "乙二", "c": "丙二"},
        "key": ["a", "c"],
        "points": 400,
    },
    {"kind": "true_false", "options": {}, "key": ["true"], "points": 300},
]


def quiz(unit_: Unit | None = None, questions: list[dict[str, Any]] | None = None, **fields: Any) -> Quiz:
    """A published quiz; `questions` are columns of Question, three of each kind by default."""
    row = Quiz(unit_id=key(unit_ or unit(kind="academy")), **({"title": "示例测验"} | fields))
    with transaction() as session:
        session.add(row)
        session.flush()  # row.id
        session.add(version := QuizVersion(quiz_id=row.id, number=1, published_at=clock.now()))
        session.flush()  # version.id
        session.add_all(
            Question(quiz_version_id=version.id, position=place, **({"text": f"示例题目{place}？"} | columns))
            for place, columns in enumerate(QUESTIONS if questions is None else questions, 1)
        )
    return row


def course(unit_: Unit | None = None, lessons: int = 3, quiz_: Quiz | None = None, **fields: Any) -> Course:
    """A published course with so many lessons, whose shortest time is 0."""
    number = next(_number)
    fields = {
        "title": f"示例课程{number}",
        "minutes": 90,
        "state": "published",
        "published_at": clock.now(),
        "quiz_id": key(quiz_) if quiz_ else None,
    } | fields
    row = Course(unit_id=key(unit_ or unit(kind="academy")), **fields)
    with transaction() as session:
        session.add(row)
        session.flush()  # row.id
        session.add_all(
            Lesson(
                course_id=row.id, position=place, title=f"示例第{place}课", body=f"正文{place}", minutes=30
            )
            for place in range(1, lessons + 1)
        )
    return row


def enrolment(course_: Course, holder: Member, *, done: int = 0, **fields: Any) -> Enrolment:
    """A member in a course, the first `done` lessons completed."""
    row = Enrolment(course_id=key(course_), member_id=key(holder), **fields)
    with transaction() as session:
        session.add(row)
        session.flush()  # row.id
        lessons = session.scalars(
            select(Lesson.id)
            .where(Lesson.course_id == row.course_id)
            .order_by(Lesson.position, Lesson.id)
            .limit(done)
        ).all()
        session.add_all(LessonDone(enrolment_id=row.id, lesson_id=lesson_id) for lesson_id in lessons)
    return row
