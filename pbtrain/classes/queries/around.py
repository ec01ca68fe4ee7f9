"""What surrounds a timetable: the units of other classes that need the same people and places. One query."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased

from pbtrain.classes.kinds import LIVE
from pbtrain.classes.models import ClassEnrolment, ClassSession, ClassTemplate, TrainingClass
from pbtrain.classes.queries.classes import sessions, slot
from pbtrain.classes.rules.timetable import Conflict, Frame, Other, Slot, conflicts, way_out
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
from pbtrain.events.models import Event

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
    first = min([frame.starts_on, *(each.day for each in own)])
    last = max([frame.ends_on, *(each.day for each in own)])
    mine, theirs = aliased(ClassEnrolment), aliased(ClassEnrolment)
    shared = (
        select(func.count())
        .select_from(theirs)
        .join(mine, mine.member_id == theirs.member_id)
        .where(theirs.class_id == TrainingClass.id, theirs.seat, mine.class_id == class_id, mine.seat)
        .correlate(TrainingClass)
        .scalar_subquery()
    )
    needed = or_(
        ClassSession.teacher_id.in_({each.teacher_id for each in own} - {None}),
        ClassSession.venue_id.in_({each.venue_id for each in own} - {None}),
        shared > 0,
    )
    found = db.session.execute(
        sessions()
        .add_columns(shared.label("shared"), TrainingClass.number, TrainingClass.year)
        .join(TrainingClass, TrainingClass.id == ClassSession.class_id)
        .where(
            Event.day.between(first - timedelta(days=1), last + timedelta(days=1)),
            ClassSession.class_id != class_id,
            TrainingClass.state.in_(LIVE),
            needed,
        )
    )
    return [Other(slot(row), term(row), row.shared) for row in found]


def frame_of(row: TrainingClass) -> Frame:
    """The class as the rules of a timetable want it; a statement for its season where it has a template."""
    season = ""
    if row.template_id is not None:
        season = db.session.scalar(
            select(ClassTemplate.season).where(ClassTemplate.id == row.template_id)
        ) or ""  # fmt: skip
    return Frame(row.starts_on, row.ends_on, row.capacity, season)


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
    """A conflict of a class as its page shows it: the unit, and a time at which it would be free, if any."""

    conflict: Conflict
    slot: Slot
    free: Slot | None


def troubles(row: TrainingClass, own: Sequence[Slot]) -> list[Trouble]:
    """What stands in the way of the timetable of a live class, each with a way out; two statements."""
    if row.state not in LIVE:
        return []
    frame = frame_of(row)
    around, slots = others(row.id, own, frame), {each.id: each for each in own}
    found, today = conflicts(own, around, frame, clock.today()), clock.today()
    free: dict[int, Slot | None] = {}
    for one in found:
        if one.session_id not in free:
            free[one.session_id] = way_out(slots[one.session_id], own, around, frame, today)
    return [Trouble(one, slots[one.session_id], free[one.session_id]) for one in found]
