"""Reading classes: those an academy runs, those a member may see, one class and its timetable.

Reach of who runs them is `units_where(actor, Perm.CLASS_MANAGE)`; a member sees what the academies serve
that have the member's branch in their service area, and the classes they stand in.
"""

from datetime import date
from typing import Any

from sqlalchemy import Row, Select, func, or_, select

from pbtrain.classes.kinds import LIVE, SHOWN
from pbtrain.classes.models import (
    ClassEnrolment,
    ClassSession,
    ClassTemplate,
    EntryList,
    Teacher,
    TrainingClass,
    Venue,
)
from pbtrain.classes.rules.timetable import Slot
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.events.models import Event, Guest
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Academy, Member, Unit, UnitClosure
from pbtrain.org.roles import Perm
from pbtrain.quizzes.models import Quiz, QuizVersion


def academies(actor: Actor) -> list[Row[Any]]:
    """(id, name) of the academies whose classes this person manages, by name."""
    return list(
        db.session.execute(
            select(Unit.id, Unit.name)
            .where(Unit.kind == "academy", Unit.id.in_(units_where(actor, Perm.CLASS_MANAGE)))
            .order_by(Unit.name, Unit.id)
        )
    )


def managed(actor: Actor, class_id: int) -> TrainingClass | None:
    """A class of the academies this person manages; None elsewhere. Every page of a class begins here."""
    return db.session.scalar(
        select(TrainingClass).where(
            TrainingClass.id == class_id,
            TrainingClass.unit_id.in_(units_where(actor, Perm.CLASS_MANAGE)),
        )
    )


def serving(unit_id: int | None) -> Select[tuple[int]]:
    """The academies whose service area holds this branch."""
    return (
        select(Academy.unit_id)
        .join(UnitClosure, UnitClosure.above_id == Academy.service_unit_id)
        .where(UnitClosure.below_id == (unit_id or 0))
    )


_ROW = (
    TrainingClass.id,
    TrainingClass.unit_id,
    TrainingClass.number,
    TrainingClass.year,
    TrainingClass.title,
    TrainingClass.state,
    TrainingClass.starts_on,
    TrainingClass.ends_on,
    TrainingClass.capacity,
    TrainingClass.taken,
    TrainingClass.audience,
    TrainingClass.enrol_until,
    TrainingClass.language,
    Unit.name.label("academy"),
)


def listed(
    actor: Actor, *, words: str = "", state: str = "", sort: str = "-day", unit_id: int = 0
) -> Select[Any]:
    """The classes of one's academies; `sort` is a key of SORTS, with "-" before it backwards.

    Every word must occur in the title, or be the term number.
    """
    found = (
        select(*_ROW)
        .join(Unit, Unit.id == TrainingClass.unit_id)
        .where(TrainingClass.unit_id.in_(units_where(actor, Perm.CLASS_MANAGE)))
    )
    for word in words.split()[:5]:
        told = TrainingClass.title.icontains(word, autoescape=True)
        digits = word.removeprefix("第").removesuffix("期")
        if digits.isascii() and digits.isdigit() and len(digits) < 8:
            told = or_(told, TrainingClass.number == int(digits))
        found = found.where(told)
    if state:
        found = found.where(TrainingClass.state == state)
    if unit_id:
        found = found.where(TrainingClass.unit_id == unit_id)
    column = SORTS[sort.removeprefix("-")]
    if sort.startswith("-"):
        return found.order_by(column.desc(), TrainingClass.id.desc())
    return found.order_by(column, TrainingClass.id)


SORTS: dict[str, Any] = {
    "day": TrainingClass.starts_on,
    "number": TrainingClass.number,
    "taken": TrainingClass.taken,
    "capacity": TrainingClass.capacity,
}


def open_to(unit_id: int | None) -> Select[Any]:
    """The classes a member of this branch may read of, the next first: rows as `listed`."""
    return (
        select(*_ROW)
        .join(Unit, Unit.id == TrainingClass.unit_id)
        .where(TrainingClass.unit_id.in_(serving(unit_id)), TrainingClass.state == "open")
        .order_by(TrainingClass.starts_on, TrainingClass.id)
    )


def seen_by(actor: Actor, class_id: int) -> TrainingClass | None:
    """A class this member may read of: of an academy that serves their branch, or one they stand in, wherever
    they have moved since; and not the academy's own business any more; None elsewhere."""
    theirs = select(ClassEnrolment.class_id).where(ClassEnrolment.member_id == actor.member_id)
    return db.session.scalar(
        select(TrainingClass).where(
            TrainingClass.id == class_id,
            TrainingClass.state.in_(SHOWN),
            or_(TrainingClass.unit_id.in_(serving(actor.unit_id)), TrainingClass.id.in_(theirs)),
        )
    )


_SESSION = (
    ClassSession.id,
    ClassSession.class_id,
    ClassSession.event_id,
    ClassSession.mode,
    ClassSession.teacher_id,
    ClassSession.venue_id,
    Event.title,
    Event.starts_at,
    Event.minutes,
    Event.version,
    Event.place,
    Event.speaker,
    Event.door_opened_at,
    Event.door_closed_at,
    Teacher.name.label("teacher"),
    Venue.name.label("venue"),
    Venue.capacity,
    Venue.opens,
    Venue.closes,
    Venue.closed_on,
    Venue.list_days,
    TrainingClass.number,
    TrainingClass.year,
    ClassTemplate.season,
)


def sessions() -> Select[Any]:
    """Units of timetables with their event, teacher and venue, in the order of time, without those that were
    cancelled; narrow it as needed, and make `slot` of its rows."""
    return (
        select(*_SESSION)
        .join(Event, Event.id == ClassSession.event_id)
        .join(TrainingClass, TrainingClass.id == ClassSession.class_id)
        .outerjoin(ClassTemplate, ClassTemplate.id == TrainingClass.template_id)
        .outerjoin(Teacher, Teacher.id == ClassSession.teacher_id)
        .outerjoin(Venue, Venue.id == ClassSession.venue_id)
        .where(Event.state != "cancelled")
        .order_by(Event.starts_at, ClassSession.id)
    )


def slot(row: Any) -> Slot:
    """The unit behind a row of `sessions`."""
    return Slot(
        id=row.id,
        class_id=row.class_id,
        event_id=row.event_id,
        title=row.title,
        starts=clock.local(row.starts_at),
        minutes=row.minutes,
        mode=row.mode,
        teacher_id=row.teacher_id,
        teacher=row.teacher or "",
        venue_id=row.venue_id,
        venue=row.venue or "",
        place=row.place,
        speaker=row.speaker,
        capacity=row.capacity,
        opens=row.opens or "",
        closes=row.closes or "",
        closed_on=row.closed_on or "",
        list_days=row.list_days or 0,
        season=row.season or "",
        version=row.version,
        door_opened=row.door_opened_at is not None,
        door_closed=row.door_closed_at is not None,
    )


def timetable(class_id: int) -> list[Slot]:
    """The units of a class in the order of time; one statement."""
    return [slot(row) for row in db.session.execute(sessions().where(ClassSession.class_id == class_id))]


def next_classes(actor: Actor, today: date, limit: int = 6) -> list[Row[Any]]:
    """The classes that have not begun or are under way, the next first, with what may be lacking: `units`,
    those without a teacher or a venue, and the first unit whose list of people is still to be sent."""

    def units(*conditions: Any, what: Any = None) -> Any:
        return (
            select(func.count() if what is None else what)
            .select_from(ClassSession)
            .join(Event, Event.id == ClassSession.event_id)
            .outerjoin(Venue, Venue.id == ClassSession.venue_id)
            .where(ClassSession.class_id == TrainingClass.id, Event.state == "planned", *conditions)
            .correlate(TrainingClass)
            .scalar_subquery()
        )

    sent = select(EntryList.id).where(EntryList.session_id == ClassSession.id, EntryList.sent_at.is_not(None))
    return list(
        db.session.execute(
            select(
                *_ROW,
                TrainingClass.notice,
                units().label("units"),
                units(ClassSession.teacher_id.is_(None), Event.speaker == "").label("teacherless"),
                units(ClassSession.venue_id.is_(None), Event.place == "").label("venueless"),
                units(Venue.list_days > 0, ~sent.exists(), what=func.min(Event.day)).label("list_for"),
                units(Venue.list_days > 0, ~sent.exists(), what=func.max(Venue.list_days)).label("list_days"),
            )
            .join(Unit, Unit.id == TrainingClass.unit_id)
            .where(
                TrainingClass.unit_id.in_(units_where(actor, Perm.CLASS_MANAGE)),
                TrainingClass.state.in_(LIVE),
                TrainingClass.ends_on >= today,
            )
            .order_by(TrainingClass.starts_on, TrainingClass.id)
            .limit(limit)
        )
    )


def templates(actor: Actor) -> list[Row[Any]]:
    """(id, name, unit_id) of the open templates of one's academies, by name."""
    return list(
        db.session.execute(
            select(ClassTemplate.id, ClassTemplate.name, ClassTemplate.unit_id)
            .where(ClassTemplate.open, ClassTemplate.unit_id.in_(units_where(actor, Perm.CLASS_MANAGE)))
            .order_by(ClassTemplate.name, ClassTemplate.id)
        )
    )


def usual(actor: Actor) -> TrainingClass | None:
    """The class that was made last: the next is numbered as it was."""
    return db.session.scalar(
        select(TrainingClass)
        .where(TrainingClass.unit_id.in_(units_where(actor, Perm.CLASS_MANAGE)))
        .order_by(TrainingClass.id.desc())
        .limit(1)
    )


def next_number(row: TrainingClass) -> int:
    """The number a further class of this academy gets that is counted as this one."""
    same = (TrainingClass.unit_id == row.unit_id, TrainingClass.year == row.year)
    return (db.session.scalar(select(func.max(TrainingClass.number)).where(*same)) or 0) + 1


def exams(unit_id: int, kept: int | None = None) -> list[Row[Any]]:
    """The published quizzes of an academy a certificate may ask for, as (id, title), with `kept`."""
    published = select(QuizVersion.quiz_id).where(QuizVersion.published_at.is_not(None))
    return list(
        db.session.execute(
            select(Quiz.id, Quiz.title)
            .where(Quiz.unit_id == unit_id, or_(Quiz.id.in_(published), Quiz.id == kept))
            .order_by(Quiz.title, Quiz.id)
        )
    )


def academy_name(unit_id: int) -> str:
    """What an academy is called."""
    return db.session.scalar(select(Unit.name).where(Unit.id == unit_id)) or ""


def enrolled(class_id: int) -> list[Row[Any]]:
    """Who holds a seat, members and guests, by name: name, place (branch or organisation)."""
    return list(
        db.session.execute(
            select(
                func.coalesce(Member.name, Guest.name).label("name"),
                func.coalesce(Unit.name, Guest.organisation, "").label("place"),
            )
            .select_from(ClassEnrolment)
            .outerjoin(Member, Member.id == ClassEnrolment.member_id)
            .outerjoin(Guest, Guest.id == ClassEnrolment.guest_id)
            .outerjoin(Unit, Unit.id == ClassEnrolment.unit_id)
            .where(ClassEnrolment.class_id == class_id, ClassEnrolment.seat)
            .order_by(func.coalesce(Member.pinyin, Guest.pinyin), ClassEnrolment.id)
        )
    )


def session_of(class_id: int, slot_id: int) -> ClassSession | None:
    """A unit of this class."""
    return db.session.scalar(
        select(ClassSession)
        .join(Event, Event.id == ClassSession.event_id)
        .where(ClassSession.id == slot_id, ClassSession.class_id == class_id, Event.state != "cancelled")
    )
