"""What the first pages show, in few statements: they are opened most of all."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Date, Integer, Select, and_, bindparam, case, func, or_, select

from pbtrain.accounts.models import Account
from pbtrain.claims import queries as claim_queries
from pbtrain.core import clock
from pbtrain.core.db import db, prepared
from pbtrain.core.queue import Job
from pbtrain.courses import queries as courses_q
from pbtrain.courses.models import Course, Enrolment
from pbtrain.hours import confirming
from pbtrain.hours.models import HourClaim, MemberYear, Policy
from pbtrain.hours.persons import Person, people
from pbtrain.hours.policy import PolicyRules, Rules
from pbtrain.hours.progress import Progress, is_even, owed, segments
from pbtrain.hours.rulebook import rulebook
from pbtrain.hours.rules import duties, terms
from pbtrain.notify.models import Delivery, Message
from pbtrain.org import data_reports
from pbtrain.org.access import Actor, Grant
from pbtrain.org.models import Member, RoleGrant, Unit, UnitClosure, UnitLink
from pbtrain.org.queries import UNIT, is_on
from pbtrain.org.roles import Role

COURSES_SHOWN = 4
MESSAGES_SHOWN = 3


@dataclass(frozen=True)
class MyYear:
    """A member's own year on the first page; `progress` is none while no rules are published."""

    progress: Progress | None
    policy: PolicyRules | None
    waiting: int  # lines that wait for a decision
    in_branch: bool
    to_confirm: int = 0  # own lines of others who lead the branch, for this member to confirm


def my_year(member_id: int, today: date) -> MyYear:
    """The figures of this year from the caches, one statement; a second one where the caches are not of
    today, or where the duty changes within the year and the months of the ruler differ; a third where the
    rules change within it, or a unit above was moved."""
    row = _year_of(member_id=member_id, year=today.year, today=today).first()
    if row is None or row.rules is None:
        return MyYear(
            None, None, 0, row is not None and row.unit_id is not None, row.to_confirm if row else 0
        )
    policy = PolicyRules.from_json(0, row.rules)
    pieces: tuple[tuple[int, int], ...] = ((0, 1),)
    target, due, on_care = row.target or 0, row.due or 0, bool(row.on_care)
    if row.due_on != today or not is_even(policy, target, due, today):
        person = people([member_id])[member_id]
        stretches = duties(today.year, person.ties)
        rules = policy if _only(row, person, today.year) else _by_day(row, person, today.year)
        target, due = owed(rules, stretches, today)
        pieces = segments(terms(rules, stretches), today.year)
        on_care = any(s.category == "care" and s.since <= today < s.until for s in stretches)
    progress = Progress(
        year=today.year,
        counted=row.counted or 0,
        target=target,
        due=due,
        self_study=sum(getattr(row, f"self_{proof}") or 0 for proof in "abcd"),
        self_counts=policy.self_cap > 0,
        on_care=on_care,
        lacks_class=bool(row.lacks_class),
        segments=pieces,
    )
    return MyYear(progress, policy, row.waiting, row.unit_id is not None, row.to_confirm)


def _only(row: Any, person: Person, year: int) -> bool:
    """Is this policy the only one of the year: for all its days, in the only branch of this member?"""
    first = date(year, 1, 1)
    here = {unit_id for _since, until, unit_id in person.homes if until is None or until > first}
    changes = (row.since, row.moved)  # the last day on which rules begin, or a unit above was moved
    return here <= {row.unit_id} and all(day is None or day <= first for day in changes)


def _by_day(row: Any, person: Person, year: int) -> Rules:
    return rulebook({home[2] for home in person.homes}).of(person.homes, row.unit_id, year)


@prepared
def _year_of() -> Select[Any]:
    member_id, year = bindparam("member_id", type_=BigInteger), bindparam("year", type_=Integer)
    today: Any = bindparam("today", type_=Date)
    rules = (
        select(Policy.rules)
        .join(UnitClosure, UnitClosure.above_id == Policy.unit_id)
        .where(UnitClosure.below_id == Member.unit_id, Policy.year <= year)
        .where(or_(Policy.effective_on.is_(None), Policy.effective_on <= today))
        .order_by(UnitClosure.depth, Policy.year.desc(), Policy.version.desc(), Policy.id)
        .limit(1)
        .scalar_subquery()
    )
    since = (
        select(func.max(Policy.effective_on))
        .join(UnitClosure, UnitClosure.above_id == Policy.unit_id)
        .where(UnitClosure.below_id == Member.unit_id, Policy.year == year)
        .scalar_subquery()
    )
    moved = (
        select(func.max(UnitLink.valid_from))
        .join(UnitClosure, UnitClosure.above_id == UnitLink.unit_id)
        .where(UnitClosure.below_id == Member.unit_id)
        .scalar_subquery()
    )
    waiting = (
        select(func.count())
        .where(HourClaim.member_id == Member.id, HourClaim.state == "held")
        .scalar_subquery()
    )
    to_confirm = (
        confirming.entrusted(Member.id, today)
        .where(HourClaim.state == "held")
        .with_only_columns(func.count(HourClaim.id.distinct()))
        .scalar_subquery()
    )
    return (
        select(
            Member.unit_id, MemberYear.counted, MemberYear.target, MemberYear.due, MemberYear.due_on,
            MemberYear.on_care, MemberYear.lacks_class, MemberYear.self_a, MemberYear.self_b,
            MemberYear.self_c, MemberYear.self_d,
            rules.label("rules"), since.label("since"), moved.label("moved"), waiting.label("waiting"),
            to_confirm.label("to_confirm"),
        )
        .outerjoin(MemberYear, and_(MemberYear.member_id == Member.id, MemberYear.credit_year == year))
        .where(Member.id == member_id)
    )  # fmt: skip


def my_courses(member_id: int) -> list[Any]:
    """What to study next: courses that were begun, the most urgent first, then new ones; one statement."""
    return list(_courses_of(member_id=member_id))


@prepared
def _courses_of() -> Select[Any]:
    begun = Enrolment.state == "active"
    return (
        courses_q.catalogue(bindparam("member_id", type_=BigInteger))  # type: ignore[arg-type]
        .where(or_(Enrolment.id.is_(None), begun))
        .order_by(None)
        .order_by(
            case((begun, 0), else_=1),
            Course.due_on.is_(None),
            Course.due_on,
            Course.published_at.desc(),
            Course.id.desc(),
        )
        .limit(COURSES_SHOWN)
    )


def unread_messages(account_id: int) -> tuple[int, list[Any]]:
    """How many messages are unread, and the newest of them; one statement."""
    rows = _unread_of(account_id=account_id).all()
    return (rows[0].all if rows else 0), list(rows)


@prepared
def _unread_of() -> Select[Any]:
    return (
        select(
            Message.id, Message.subject, Message.link, Message.created_at, func.count().over().label("all")
        )
        .where(Message.account_id == bindparam("account_id", type_=BigInteger), Message.read_at.is_(None))
        .order_by(Message.id.desc())
        .limit(MESSAGES_SHOWN)
    )


def branch_waits(unit_id: int, person: Actor) -> Any:
    """What waits for the secretary: claims of hours, lines that are held, members without an active login,
    and what members say is recorded wrongly; `own` are the secretary's own lines, which wait for others."""
    claims = claim_queries.desk(person).order_by(None).with_only_columns(func.count())
    waits = and_(HourClaim.unit_id == unit_id, HourClaim.state == "held")
    mine = HourClaim.member_id == (person.member_id or 0)
    held = select(func.count()).where(waits, ~mine)
    oldest = select(func.min(HourClaim.made_at)).where(waits, ~mine)
    own = select(func.count()).where(waits, mine)
    asleep = (
        select(func.count())
        .select_from(Member)
        .outerjoin(Account, Account.id == Member.account_id)
        .where(Member.unit_id == unit_id, Member.left_on.is_(None), Account.activated_at.is_(None))
    )
    return db.session.execute(
        select(
            held.scalar_subquery().label("held"),
            oldest.scalar_subquery().label("oldest"),
            own.scalar_subquery().label("own"),
            claims.where(
                HourClaim.state == "submitted",
                or_(HourClaim.unit_id == unit_id, HourClaim.host_unit_id == unit_id),
            )
            .scalar_subquery()
            .label("claims"),
            asleep.scalar_subquery().label("asleep"),
            data_reports.count_waiting(person)
            .where(Member.unit_id == unit_id)
            .scalar_subquery()
            .label("wrong"),
        )
    ).one()


def troubles(person: Actor) -> Any:
    """Jobs that failed, messages that no machine tries again, and what waits for this person: reports of
    wrong data, and claims at the desk `above`; one statement."""
    failed = select(func.count()).where(Job.state == "failed").scalar_subquery()
    parked = select(func.count()).where(Delivery.state == "parked").scalar_subquery()
    wrong = data_reports.count_waiting(person).scalar_subquery()
    return db.session.execute(
        select(
            failed.label("failed"),
            parked.label("parked"),
            wrong.label("wrong"),
            claim_queries.few_appeals(person).label("above"),
        )
    ).one()


def watched(person: Actor, grant: Grant) -> Any:
    """The unit of a grant as `org.queries.UNIT` has it, and `above`: how many claims wait for the word of
    this person's levels, counted no further than `claims.queries.FEW`; one statement."""
    above = claim_queries.few_appeals(person).label("above")
    return db.session.execute(select(*UNIT, above).where(Unit.id == grant.unit_id)).one()


def who_resets(account_id: int) -> list[Any]:
    """Up to three people who may reset this person's second factor, the nearest first: name, unit_name.

    They administer a unit in which this person stands or holds a role, or one above it; for a system
    administrator only another one counts.
    """
    today = clock.today()
    theirs = select(RoleGrant.unit_id).where(RoleGrant.account_id == account_id, is_on(RoleGrant, today))
    stands = select(Member.unit_id).where(Member.account_id == account_id)
    is_system = (
        select(RoleGrant.id)
        .where(
            RoleGrant.account_id == account_id,
            RoleGrant.role == Role.SYSTEM_ADMIN,
            is_on(RoleGrant, today),
        )
        .exists()
    )
    nearest = func.min(UnitClosure.depth)
    return list(
        db.session.execute(
            select(Account.name, Unit.name.label("unit_name"))
            .join(RoleGrant, RoleGrant.account_id == Account.id)
            .join(Unit, Unit.id == RoleGrant.unit_id)
            .join(UnitClosure, UnitClosure.above_id == RoleGrant.unit_id)
            .where(
                or_(UnitClosure.below_id.in_(theirs), UnitClosure.below_id.in_(stands)),
                or_(
                    RoleGrant.role == Role.SYSTEM_ADMIN,
                    and_(RoleGrant.role == Role.UNIT_ADMIN, ~is_system),
                ),
                is_on(RoleGrant, today),
                Account.id != account_id,
                Account.disabled_at.is_(None),
                Account.activated_at.is_not(None),
            )
            .group_by(Account.id, Account.name, Unit.id, Unit.name)
            .order_by(nearest, Account.id, Unit.id)
            .limit(3)
        )
    )
