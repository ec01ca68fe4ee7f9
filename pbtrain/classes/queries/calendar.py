"""Dates in reach: one's own, those of a branch, an academy, a venue. One query for all of them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, or_, select

from pbtrain.classes.kinds import SHOWN
from pbtrain.classes.models import ClassEnrolment, ClassSession, TrainingClass, Venue
from pbtrain.classes.rules.enrolment import SEATED
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.events.models import Attendance, Event
from pbtrain.org.access import Actor, may, units_where
from pbtrain.org.models import Member, Unit
from pbtrain.org.roles import Perm

MOST = 600  # dates on one page


@dataclass(frozen=True)
class Date:
    """One date of a calendar. `url_id`: the class it belongs to, where it is a unit of one."""

    id: int
    title: str
    activity: str
    starts: datetime  # in Asia/Shanghai
    minutes: int
    place: str
    state: str  # planned, held, cancelled
    unit: str
    version: int
    class_id: int | None
    number: int | None
    year: int | None

    @property
    def day(self) -> date:
        """On which it begins."""
        return self.starts.date()

    @property
    def ends(self) -> datetime:
        """When it is over."""
        return self.starts + timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class ClassDays:
    """A class some of whose learners are a branch's own, for who leads the branch."""

    id: int
    number: int
    year: int
    title: str
    starts_on: date
    ends_on: date
    version: int
    unit_id: int  # the branch
    academy: str
    people: tuple[str, ...]  # names of the branch's own who hold a seat

    def days(self, first: date, last: date) -> list[date]:
        """Its days within these."""
        begin, end = max(first, self.starts_on), min(last, self.ends_on)
        return [begin + timedelta(days=number) for number in range((end - begin).days + 1)]


def own(actor: Actor) -> ColumnElement[bool]:
    """What concerns this person: their branch's dates, where they are expected, their classes."""
    if actor.member_id is None:
        return false()
    expected = select(Attendance.event_id).where(Attendance.member_id == actor.member_id)
    classes = select(ClassEnrolment.class_id).where(
        ClassEnrolment.member_id == actor.member_id, ClassEnrolment.state.in_(sorted(SEATED))
    )
    theirs = and_(TrainingClass.id.in_(classes), TrainingClass.state != "draft")
    branch = and_(Event.unit_id == actor.unit_id, ClassSession.id.is_(None))
    return or_(branch, Event.id.in_(expected), theirs)


def of_units(actor: Actor) -> ColumnElement[bool]:
    """What the branches and academies hold that this person works for."""
    return or_(
        and_(Event.unit_id.in_(units_where(actor, Perm.EVENT_RECORD)), ClassSession.id.is_(None)),
        Event.unit_id.in_(units_where(actor, Perm.CLASS_MANAGE)),
    )


def of_unit(actor: Actor, unit_id: int) -> ColumnElement[bool]:
    """What one of them holds."""
    return and_(Event.unit_id == unit_id, of_units(actor))


def of_venue(actor: Actor, venue_id: int) -> ColumnElement[bool]:
    """What takes place at a venue of one's academies."""
    mine = select(Venue.id).where(
        Venue.id == venue_id, Venue.unit_id.in_(units_where(actor, Perm.CLASS_MANAGE))
    )
    return ClassSession.venue_id.in_(mine)


def dates(
    reach: ColumnElement[bool], first: date, last: date, *, cancelled: bool = False, most: int = MOST
) -> list[Date]:
    """The dates of these days in the order of time, at most so many; one statement."""
    found = db.session.execute(_dates(reach, first, last, cancelled).limit(most))
    return [
        Date(
            id=row.id,
            title=row.title,
            activity=row.activity,
            starts=clock.local(row.starts_at),
            minutes=row.minutes,
            place=row.venue or row.place,
            state=row.state,
            unit=row.unit,
            version=row.version,
            class_id=row.class_id,
            number=row.number,
            year=row.year,
        )
        for row in found
    ]


def _dates(reach: ColumnElement[bool], first: date, last: date, cancelled: bool) -> Select[Any]:
    wanted = ("planned", "held", "cancelled") if cancelled else ("planned", "held")
    return (
        select(
            Event.id,
            Event.title,
            Event.activity,
            Event.starts_at,
            Event.minutes,
            Event.place,
            Event.state,
            Event.version,
            Unit.name.label("unit"),
            Venue.name.label("venue"),
            TrainingClass.id.label("class_id"),
            TrainingClass.number,
            TrainingClass.year,
        )
        .join(Unit, Unit.id == Event.unit_id)
        .outerjoin(ClassSession, ClassSession.event_id == Event.id)
        .outerjoin(TrainingClass, TrainingClass.id == ClassSession.class_id)
        .outerjoin(Venue, Venue.id == ClassSession.venue_id)
        .where(reach, Event.day.between(first, last), Event.state.in_(wanted))
        .order_by(Event.starts_at, Event.id)
    )


def classes_of(actor: Actor, unit_id: int, first: date, last: date) -> list[ClassDays]:
    """The classes of these days in which members of a branch hold a seat, if this person may nominate them.
    One statement."""
    return _classes(actor, first, last, ClassEnrolment.unit_id == unit_id)


def classes_led(actor: Actor, first: date, last: date) -> list[ClassDays]:
    """The same of the branches this person leads, branch by branch; nothing for who leads none."""
    if not may(actor, Perm.CLASS_NOMINATE):
        return []
    led = units_where(actor, Perm.EVENT_RECORD)  # who nominates from above has no calendar of each branch
    return _classes(actor, first, last, ClassEnrolment.unit_id.in_(led))


def _classes(actor: Actor, first: date, last: date, where: ColumnElement[bool]) -> list[ClassDays]:
    rows = db.session.execute(
        select(
            TrainingClass.id, TrainingClass.number, TrainingClass.year, TrainingClass.title,
            TrainingClass.starts_on, TrainingClass.ends_on, TrainingClass.version, ClassEnrolment.unit_id,
            Unit.name.label("academy"), Member.name,
        )
        .join(ClassEnrolment, ClassEnrolment.class_id == TrainingClass.id)
        .join(Member, Member.id == ClassEnrolment.member_id)
        .join(Unit, Unit.id == TrainingClass.unit_id)
        .where(
            where,
            ClassEnrolment.unit_id.in_(units_where(actor, Perm.CLASS_NOMINATE)),
            ClassEnrolment.state.in_(sorted(SEATED)),
            TrainingClass.state.in_(SHOWN),
            TrainingClass.starts_on <= last,
            TrainingClass.ends_on >= first,
        )
        .order_by(
            TrainingClass.starts_on, TrainingClass.id, ClassEnrolment.unit_id, Member.pinyin, Member.id
        )
        .limit(MOST)
    )  # fmt: skip
    return [
        ClassDays(*key, people=tuple(row.name for row in some))
        for key, some in groupby(rows, lambda row: tuple(row)[:-1])
    ]


def units_of(actor: Actor) -> list[Any]:
    """(id, name) of the branches and academies whose dates this person may look at, by name."""
    return list(
        db.session.execute(
            select(Unit.id, Unit.name)
            .where(
                or_(
                    Unit.id.in_(units_where(actor, Perm.EVENT_RECORD)),
                    and_(Unit.kind == "academy", Unit.id.in_(units_where(actor, Perm.CLASS_MANAGE))),
                )
            )
            .order_by(Unit.name, Unit.id)
            .limit(50)
        )
    )


def venue(actor: Actor, venue_id: int) -> Any:
    """(id, name) of a venue of one's academies; None elsewhere."""
    return db.session.execute(
        select(Venue.id, Venue.name).where(
            Venue.id == venue_id, Venue.unit_id.in_(units_where(actor, Perm.CLASS_MANAGE))
        )
    ).first()
