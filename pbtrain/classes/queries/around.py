"""What surrounds a timetable: the units of other classes that need the same people and places. One query."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from pbtrain.classes.kinds import LIVE
from pbtrain.classes.models import ClassEnrolment, ClassSession, TrainingClass
from pbtrain.classes.queries.classes import sessions, slot
from pbtrain.classes.rules.timetable import Conflict, Frame, Other, Slot, conflicts, way_out
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
from pbtrain.events.models import Event

AT_VENUE = ("venue", "capacity", "weekday", "hours")  # conflicts that another venue mends
TERM, TERM_OF = N_("Term %(number)s"), N_("Term %(number)s of %(year)s")


def term(row: Any) -> str:
    """'第 201 期', for messages: with its year where the academy begins anew each year."""
    if row.year:
        return in_chinese(TERM_OF, number=row.number, year=row.year)
    return in_chinese(TERM, number=row.number)


def others(class_id: int, own: Sequence[Slot], frame: Frame) -> list[Other]:
    """Units of other live classes on the days of this one that need one of its teachers, venues or learners.

    One statement. `own` may be a timetable as it would become.
    """
    if not own:
        return []
    teachers = sorted({each.teacher_id for each in own if each.teacher_id})
    venues = sorted({each.venue_id for each in own if each.venue_id})
    found, beside = _with_shared(class_id)
    rows = db.session.execute(found.where(ClassSession.class_id != class_id, beside(frame, teachers, venues)))
    return [Other(slot(row), term(row), row.shared or 0) for row in rows]


def surroundings(row: TrainingClass) -> tuple[list[Slot], list[Other]]:
    """The timetable of a class in the order of time, and what needs the same people and places; one
    statement."""
    found, beside = _with_shared(row.id)
    mine = select(ClassSession).where(ClassSession.class_id == row.id).subquery()
    needs = beside(
        Frame(row.starts_on, row.ends_on, row.capacity), select(mine.c.teacher_id), select(mine.c.venue_id)
    )
    own, around = [], []
    for one in db.session.execute(found.where(or_(ClassSession.class_id == row.id, needs))):
        if one.class_id == row.id:
            own.append(slot(one))
        else:
            around.append(Other(slot(one), term(one), one.shared or 0))
    return own, around


def _with_shared(class_id: int) -> tuple[Select[Any], Callable[[Frame, Any, Any], ColumnElement[bool]]]:
    """Units with how many learners their class shares with this one; and the condition that a unit lies on
    these days and needs one of these teachers or venues, or one of our learners."""
    mine, theirs = aliased(ClassEnrolment), aliased(ClassEnrolment)
    shared = (
        select(theirs.class_id, func.count().label("people"))
        .join(mine, mine.member_id == theirs.member_id)
        .where(theirs.seat, mine.class_id == class_id, mine.seat, theirs.class_id != class_id)
        .group_by(theirs.class_id)
        .subquery()
    )

    def beside(frame: Frame, teachers: Any, venues: Any) -> ColumnElement[bool]:
        day = timedelta(days=1)
        return and_(
            Event.day.between(frame.starts_on - day, frame.ends_on + day),
            TrainingClass.state.in_(LIVE),
            or_(
                ClassSession.teacher_id.in_(teachers),
                ClassSession.venue_id.in_(venues),
                shared.c.people > 0,
            ),
        )

    found = sessions().add_columns(shared.c.people.label("shared"))
    return found.outerjoin(shared, shared.c.class_id == ClassSession.class_id), beside


def frame_of(row: TrainingClass, own: Sequence[Slot]) -> Frame:
    """The class as the rules of a timetable want it."""
    return Frame(row.starts_on, row.ends_on, row.capacity, own[0].season if own else "")


def judged(row: TrainingClass, units: Sequence[Slot], frame: Frame) -> list[Conflict]:
    """What would stand in the way of a timetable like this, in days like these."""
    return conflicts(units, others(row.id, units, frame), frame, clock.today())


def tags(found: Sequence[Conflict]) -> dict[int, list[str]]:
    """By unit the words of what is wrong with it, each once."""
    words: dict[int, list[str]] = {}
    for one in found:
        some = words.setdefault(one.session_id, [])
        if one.tag not in some:
            some.append(one.tag)
    return words


@dataclass(frozen=True)
class Trouble:
    """A unit of a class with all that stands in its way, and a time at which it would be free, if any."""

    slot: Slot
    conflicts: tuple[Conflict, ...]
    free: Slot | None

    @property
    def mend(self) -> str:
        """What a change has to give the unit: a "teacher", a "venue", or more than one thing ("")."""
        kinds = {"venue" if one.kind in AT_VENUE else one.kind for one in self.conflicts}
        return kinds.pop() if len(kinds) == 1 else ""

    @property
    def may_move(self) -> bool:
        """Does the other time mend it? A season is left by no other day of the same class."""
        out_of_season = {one.kind for one in self.conflicts} == {"season"}
        return self.free is not None and not out_of_season and not self.slot.door_opened


def troubles(row: TrainingClass, own: Sequence[Slot], around: Sequence[Other]) -> list[Trouble]:
    """The units of a live class that something stands in the way of, each once with a way out."""
    if row.state not in LIVE:
        return []
    frame, today = frame_of(row, own), clock.today()
    found: dict[int, list[Conflict]] = {}
    for one in conflicts(own, around, frame, today):
        found.setdefault(one.session_id, []).append(one)
    return [
        Trouble(slot, tuple(found[slot.id]), way_out(slot, own, around, frame, today))
        for slot in own
        if slot.id in found
    ]
