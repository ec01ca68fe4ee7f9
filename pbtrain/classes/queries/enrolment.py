"""Reading enrolments: for the academy by state, for a member their own, for who nominates those in reach."""

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, literal, or_, select
from sqlalchemy.orm import aliased

from pbtrain.accounts.models import Account
from pbtrain.classes.models import (
    ClassEnrolment,
    ClassLeave,
    ClassQuota,
    ClassSession,
    EnrolmentStep,
    TrainingClass,
)
from pbtrain.classes.queries import audience
from pbtrain.classes.rules import enrolment as rules
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.events.models import Attendance, Event, Guest
from pbtrain.org.access import Actor, units_where
from pbtrain.org.lists import matching, named, plain
from pbtrain.org.models import Academy, Member, Unit, UnitClosure
from pbtrain.org.roles import Perm

GROUPS: dict[str, tuple[str, ...]] = {  # chips over the learners of a class
    "asked": rules.ASKED,
    "offered": ("offered",),
    "waiting": ("waiting",),
    "in": rules.COMES,
    "out": rules.OVER,
}


def counts(class_id: int) -> dict[str, int]:
    """How many stand in each group and altogether ("all"); one statement."""
    rows = db.session.execute(
        select(ClassEnrolment.state, func.count())
        .where(ClassEnrolment.class_id == class_id)
        .group_by(ClassEnrolment.state)
    ).tuples()
    by_state = dict(rows.all())
    found = {name: sum(by_state.get(one, 0) for one in states) for name, states in GROUPS.items()}
    return found | {"all": sum(by_state.values())}


def _position() -> Any:
    """The place on the waiting list, 1 for who is next; null for who does not wait."""
    other = aliased(ClassEnrolment)
    earlier = or_(
        other.waits_since < ClassEnrolment.waits_since,
        and_(other.waits_since == ClassEnrolment.waits_since, other.id <= ClassEnrolment.id),
    )
    place = select(func.count()).where(
        other.class_id == ClassEnrolment.class_id, other.state == "waiting", earlier
    )
    return case((ClassEnrolment.state == "waiting", place.scalar_subquery())).label("position")


NAME = func.coalesce(Member.name, Guest.name)
PINYIN = func.coalesce(Member.pinyin, Guest.pinyin, "")


def _learners() -> Select[Any]:
    return (
        select(
            ClassEnrolment.id,
            ClassEnrolment.class_id,
            ClassEnrolment.state,
            ClassEnrolment.version,
            ClassEnrolment.member_id,
            ClassEnrolment.guest_id,
            ClassEnrolment.unit_id,
            ClassEnrolment.answer_until,
            ClassEnrolment.reason,
            ClassEnrolment.made_at,
            NAME.label("name"),
            Member.code,
            func.coalesce(Unit.name, Guest.organisation, "").label("unit_name"),
            _position(),
        )
        .outerjoin(Member, Member.id == ClassEnrolment.member_id)
        .outerjoin(Guest, Guest.id == ClassEnrolment.guest_id)
        .outerjoin(Unit, Unit.id == ClassEnrolment.unit_id)
    )


def learners(class_id: int, *, group: str = "", words: str = "") -> Select[Any]:
    """Everybody who was put forward for a class, by name; the waiting list in the order of joining it."""
    found = _learners().where(ClassEnrolment.class_id == class_id)
    if group:
        found = found.where(ClassEnrolment.state.in_(GROUPS[group]))
    for word in words.split()[:5]:
        found = found.where(_matching(word))
    if group == "waiting":
        return found.order_by(ClassEnrolment.waits_since, ClassEnrolment.id)
    return found.order_by(PINYIN, ClassEnrolment.id)


def _matching(word: str) -> ColumnElement[bool]:
    low = plain(word).lower()
    return or_(
        named(NAME, word),
        PINYIN.startswith(low, autoescape=True),
        PINYIN.contains(" " + low, autoescape=True),
        Member.code == low.upper(),
        Unit.name.contains(word, autoescape=True),
        Guest.organisation.contains(word, autoescape=True),
    )


def phones(class_row: TrainingClass, enrolment_id: int) -> str:
    """The phone of a learner, for who runs the class, until 90 days after it; "" afterwards or if unknown."""
    if clock.today() > rules.phone_until(class_row.ends_on):
        return ""
    return (
        db.session.scalar(
            select(func.coalesce(Member.phone, Guest.phone, ""))
            .select_from(ClassEnrolment)
            .outerjoin(Member, Member.id == ClassEnrolment.member_id)
            .outerjoin(Guest, Guest.id == ClassEnrolment.guest_id)
            .where(
                ClassEnrolment.id == enrolment_id,
                ClassEnrolment.class_id == class_row.id,
                ClassEnrolment.state.in_(tuple(rules.SEATED)),
            )
        )
        or ""
    )


def attended(class_row: TrainingClass, one: Row[Any]) -> list[Row[Any]]:
    """The sessions of a class with whether this person came, for who runs it, until 90 days after it: title,
    starts_at, minutes, ahead, present, status; nothing afterwards, as with `phones`."""
    if clock.today() > rules.phone_until(class_row.ends_on):
        return []
    whose = Attendance.member_id == one.member_id if one.member_id else Attendance.guest_id == one.guest_id
    return list(
        db.session.execute(
            select(
                Event.title,
                Event.starts_at,
                func.coalesce(Attendance.minutes, Event.minutes).label("minutes"),
                (Event.state == "planned").label("ahead"),
                Attendance.present,
                Attendance.status,
            )
            .join(ClassSession, ClassSession.event_id == Event.id)
            .join(Attendance, and_(Attendance.event_id == Event.id, whose))
            .where(ClassSession.class_id == class_row.id, Event.state != "cancelled")
            .order_by(Event.starts_at, ClassSession.id)
        )
    )


def one(class_id: int, enrolment_id: int) -> Row[Any] | None:
    """One enrolment of a class: the columns of the list, and `quota_of`, the unit whose quota it counts
    against (None: under none, or of guests)."""
    whose = aliased(Unit)
    return db.session.execute(
        _learners()
        .add_columns(whose.name.label("quota_of"))
        .outerjoin(ClassQuota, ClassQuota.id == ClassEnrolment.quota_id)
        .outerjoin(whose, whose.id == ClassQuota.unit_id)
        .where(ClassEnrolment.class_id == class_id, ClassEnrolment.id == enrolment_id)
    ).first()


def steps(enrolment_id: int) -> list[Row[Any]]:
    """What happened to an enrolment, the first first: act, at, reason, by."""
    return list(
        db.session.execute(
            select(EnrolmentStep.act, EnrolmentStep.at, EnrolmentStep.reason, Account.name.label("by"))
            .outerjoin(Account, Account.id == EnrolmentStep.by_id)
            .where(EnrolmentStep.enrolment_id == enrolment_id)
            .order_by(EnrolmentStep.id)
        )
    )


def quotas(class_id: int) -> list[Row[Any]]:
    """The quotas of a class, guests last: id, unit_id, name, seats, taken, offered, waiting."""

    def how_many(state: str) -> Any:
        return (
            select(func.count())
            .where(ClassEnrolment.quota_id == ClassQuota.id, ClassEnrolment.state == state)
            .correlate(ClassQuota)
            .scalar_subquery()
            .label(state)
        )

    return list(
        db.session.execute(
            select(
                ClassQuota.id, ClassQuota.unit_id, Unit.name, ClassQuota.seats, ClassQuota.taken,
                how_many("offered"), how_many("waiting"),
            )
            .outerjoin(Unit, Unit.id == ClassQuota.unit_id)
            .where(ClassQuota.class_id == class_id)
            .order_by(ClassQuota.unit_id.is_(None), Unit.code, ClassQuota.id)
        )
    )  # fmt: skip


def mine(member_id: int | None) -> Select[Any]:
    """The classes somebody was put forward for, the latest first, with how they stand there."""
    return (
        select(
            ClassEnrolment.id,
            ClassEnrolment.state,
            ClassEnrolment.answer_until,
            _position(),
            TrainingClass.id.label("class_id"),
            TrainingClass.year,
            TrainingClass.number,
            TrainingClass.title,
            TrainingClass.starts_on,
            TrainingClass.ends_on,
            Unit.name.label("academy"),
        )
        .join(TrainingClass, TrainingClass.id == ClassEnrolment.class_id)
        .join(Unit, Unit.id == TrainingClass.unit_id)
        .where(ClassEnrolment.member_id == (member_id or 0))
        .order_by(TrainingClass.starts_on.desc(), ClassEnrolment.id.desc())
    )


def my_place(class_id: int, member_id: int | None) -> Row[Any] | None:
    """How somebody stands in a class; None for who was never put forward."""
    return db.session.execute(
        _learners().where(ClassEnrolment.class_id == class_id, ClassEnrolment.member_id == (member_id or 0))
    ).first()


def may_apply(row: TrainingClass, member_id: int | None) -> bool:
    """Does this member belong to those the class is for?"""
    today = clock.today()
    return bool(
        db.session.scalar(
            select(Member.id).where(
                Member.id == (member_id or 0),
                audience.fits(row.audience, today),
                audience.served(row.unit_id),
                audience.on_roster(today),
            )
        )
    )


def _nominable(actor: Actor) -> ColumnElement[bool]:
    """Classes of academies that serve units, or part of them, in which this person nominates."""
    tops = sorted(
        {
            *actor.units_with(Perm.CLASS_NOMINATE, subtree=True),
            *actor.units_with(Perm.CLASS_NOMINATE, subtree=False),
        }
    )
    above = select(UnitClosure.above_id).where(UnitClosure.below_id.in_(tops))
    below = select(UnitClosure.below_id).where(
        UnitClosure.above_id.in_(actor.units_with(Perm.CLASS_NOMINATE, subtree=True))
    )
    serving = select(Academy.unit_id).where(
        or_(Academy.service_unit_id.in_(above), Academy.service_unit_id.in_(below))
    )
    return TrainingClass.unit_id.in_(serving)


def nominable(actor: Actor) -> Select[Any]:
    """The open classes for which this person may nominate, the next first, with how many of theirs stand
    there."""
    ours = (
        select(func.count())
        .where(
            ClassEnrolment.class_id == TrainingClass.id,
            ClassEnrolment.unit_id.in_(units_where(actor, Perm.CLASS_NOMINATE)),
            ClassEnrolment.state.not_in(rules.OVER),
        )
        .correlate(TrainingClass)
        .scalar_subquery()
    )
    return (
        select(
            TrainingClass.id, TrainingClass.year, TrainingClass.number, TrainingClass.title,
            TrainingClass.starts_on, TrainingClass.ends_on, TrainingClass.capacity, TrainingClass.taken,
            TrainingClass.audience, TrainingClass.enrol_until, Unit.name.label("academy"),
            ours.label("ours"),
        )
        .join(Unit, Unit.id == TrainingClass.unit_id)
        .where(TrainingClass.state == "open", TrainingClass.starts_on > clock.today(), _nominable(actor))
        .order_by(TrainingClass.starts_on, TrainingClass.id)
    )  # fmt: skip


def class_for(actor: Actor, class_id: int) -> TrainingClass | None:
    """A class for which this person may nominate, also one that has begun; None elsewhere."""
    return db.session.scalar(
        select(TrainingClass).where(
            TrainingClass.id == class_id,
            TrainingClass.state.in_(("open", "running", "closed")),
            _nominable(actor),
        )
    )


def candidates(actor: Actor, row: TrainingClass, *, words: str = "") -> Select[Any]:
    """Whom this person may put forward for the class, who has been in none this year first: id, name, code,
    unit_name, been (0 or 1)."""
    today = clock.today()
    here = select(ClassEnrolment.member_id).where(
        ClassEnrolment.class_id == row.id,
        ClassEnrolment.member_id.is_not(None),
        ClassEnrolment.state.not_in(rules.OVER),
    )
    been = case((audience.been_in_class(row.starts_on.year), literal(1)), else_=literal(0))
    found = (
        select(Member.id, Member.name, Member.code, Unit.name.label("unit_name"), been.label("been"))
        .join(Unit, Unit.id == Member.unit_id)
        .where(
            Member.unit_id.in_(units_where(actor, Perm.CLASS_NOMINATE)),
            audience.on_roster(today),
            audience.served(row.unit_id),
            audience.fits(row.audience, today),
            Member.id.not_in(here),
        )
        .order_by(been, Member.pinyin, Member.id)
    )
    for word in words.split()[:5]:
        found = found.where(or_(matching(word), Unit.name.contains(word, autoescape=True)))
    return found


def ours(actor: Actor, class_id: int) -> Select[Any]:
    """The people of one's units who were put forward for a class, by name."""
    return (
        _learners()
        .where(
            ClassEnrolment.class_id == class_id,
            ClassEnrolment.unit_id.in_(units_where(actor, Perm.CLASS_NOMINATE)),
        )
        .order_by(PINYIN, ClassEnrolment.id)
    )


def in_reach_of(actor: Actor, class_id: int, enrolment_ids: list[int]) -> set[int]:
    """Which of these enrolments of a class are of members of the units in which this person nominates."""
    return set(
        db.session.scalars(
            select(ClassEnrolment.id).where(
                ClassEnrolment.class_id == class_id,
                ClassEnrolment.id.in_(enrolment_ids),
                ClassEnrolment.unit_id.in_(units_where(actor, Perm.CLASS_NOMINATE)),
            )
        )
    )


def members_in_reach(actor: Actor, member_ids: list[int]) -> set[int]:
    """Which of these members stand in units in which this person nominates."""
    return set(
        db.session.scalars(
            select(Member.id).where(
                Member.id.in_(member_ids), Member.unit_id.in_(units_where(actor, Perm.CLASS_NOMINATE))
            )
        )
    )


def leaves(class_id: int, enrolment_id: int) -> list[Row[Any]]:
    """The sessions of a class with somebody's leave from them: id, title, starts_at, minutes, closed, reason
    (None: no leave)."""
    return list(
        db.session.execute(
            select(
                ClassSession.id,
                Event.title,
                Event.starts_at,
                Event.minutes,
                Event.door_closed_at.label("closed"),
                ClassLeave.reason,
            )
            .join(Event, Event.id == ClassSession.event_id)
            .outerjoin(
                ClassLeave,
                and_(ClassLeave.session_id == ClassSession.id, ClassLeave.enrolment_id == enrolment_id),
            )
            .where(ClassSession.class_id == class_id, Event.state != "cancelled")
            .order_by(Event.starts_at, ClassSession.id)
        )
    )
