"""Putting units into a timetable, changing them, taking them out. Part of the services of classes.

What stands in their way is shown, not refused (`rules.timetable`); only what could not be held is refused.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.classes.kinds import MODES
from pbtrain.classes.models import ClassSession, EntryList, TrainingClass
from pbtrain.classes.rules.timetable import EARLIEST, LATEST, LONGEST, SHORTEST
from pbtrain.classes.services import seats, telling
from pbtrain.classes.services.leave import come_back
from pbtrain.core import bulk, clock, repeats
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.door import study
from pbtrain.events.inheriting import attended
from pbtrain.events.models import Event
from pbtrain.org.access import Actor

CHANGED_BY = N_(
    "%(name)s changed this unit at %(when)s. Below is what you entered; save it again to keep it."
)
CHANGED = N_("Someone else changed this unit meanwhile. Below is what you entered; save it again to keep it.")
USED = N_("This form has made the unit “%(title)s” already. Save again to add what stands below as well.")
BEGUN = N_("People have signed in at this unit, or its door was opened: it stays as it was held.")


@dataclass(frozen=True)
class Unit:
    """A unit as it is asked for."""

    title: str
    starts_at: datetime
    minutes: int
    mode: str
    teacher_id: int | None = None
    venue_id: int | None = None
    place: str = ""
    speaker: str = ""


def check_unit(unit: Unit, row: TrainingClass) -> None:
    """RuleError for what cannot be held: outside the class, at night, too short."""
    begins = clock.local(unit.starts_at)
    if not row.starts_on <= begins.date() <= row.ends_on:
        raise RuleError(N_("This day is not one of the class."), field="day")
    ends = begins + timedelta(minutes=unit.minutes)
    if not begins.time() >= EARLIEST or ends.date() != begins.date() or ends.time() > LATEST:
        raise RuleError(
            N_("A unit lies between %(first)s and %(last)s o'clock."), field="time",
            first=EARLIEST.hour, last=LATEST.hour,
        )  # fmt: skip
    if unit.mode not in MODES or not SHORTEST <= unit.minutes <= LONGEST:
        raise RuleError(
            N_("A unit has between %(least)s and %(most)s minutes."), field="minutes",
            least=SHORTEST, most=LONGEST,
        )  # fmt: skip


def add_unit(actor: Actor | None, row: TrainingClass, unit: Unit, *, form_id: str) -> int:
    """A unit of this class; returns its id. The same form sent again gives the same unit; RuleError where it
    says something else by now: the way back, and other words in it."""
    _alive(row)
    check_unit(unit, row)
    repeats.alone_in(TrainingClass, row.id)
    earlier = db.session.execute(
        select(ClassSession.id, Event.title, Event.starts_at)
        .join(Event, Event.id == ClassSession.event_id)
        .where(Event.form_id == form_id, ClassSession.class_id == row.id)
    ).first()
    if earlier is not None:
        if (earlier.title, earlier.starts_at) != (unit.title, unit.starts_at):
            raise RuleError(USED, title=earlier.title)
        return int(earlier.id)
    event = Event(
        unit_id=row.unit_id,
        activity=row.activity,
        state="planned",
        form_id=form_id,
        form_hash="",
        recorded_by_id=actor.account_id if actor else None,
        **_of_event(unit),
    )
    db.session.add(event)
    db.session.flush()  # the unit names event.id
    slot = ClassSession(
        class_id=row.id,
        event_id=event.id,
        mode=unit.mode,
        teacher_id=unit.teacher_id,
        venue_id=unit.venue_id,
    )
    db.session.add(slot)
    db.session.flush()  # the caller wants slot.id
    seats.expect(row.id)
    audit.record(actor, "class.unit_added", f"class:{row.id}", unit_id=row.unit_id, slot=slot.id)
    return slot.id


def edit_unit(actor: Actor | None, row: TrainingClass, slot: Any, version: int, unit: Unit) -> None:
    """Change a unit from this version of it; `slot` is its ClassSession. Conflict for whoever came second."""
    _alive(row)
    check_unit(unit, row)
    _moved(actor, row, slot, version, "class.unit_edited", **_of_event(unit))
    db.session.execute(
        update(ClassSession)
        .where(ClassSession.id == slot.id)
        .values(mode=unit.mode, teacher_id=unit.teacher_id, venue_id=unit.venue_id)
        .execution_options(synchronize_session=False)
    )


def move_unit(actor: Actor | None, row: TrainingClass, slot: Any, version: int, starts_at: datetime) -> None:
    """The same unit at another time: by drag, by key, or by the way out that the page offers."""
    event = db.session.get_one(Event, slot.event_id)
    check_unit(Unit(event.title, starts_at, event.minutes, slot.mode), row)
    _alive(row)
    day = clock.local(starts_at).date()
    _moved(actor, row, slot, version, "class.unit_moved", starts_at=starts_at, day=day)


def remove_unit(actor: Actor | None, row: TrainingClass, slot: Any, version: int) -> None:
    """Take a unit out; calendars that know it see it as cancelled. Who was withdrawn for leave of which it
    was a part comes back where it is not too much any more."""
    _moved(actor, row, slot, version, "class.unit_removed", state="cancelled")
    come_back(actor, row.id)


def _alive(row: TrainingClass) -> None:
    if row.state in ("closed", "cancelled"):
        raise RuleError(N_("This class is over: its timetable stays as it is."))


def _of_event(unit: Unit) -> dict[str, Any]:
    return {
        "title": unit.title,
        "day": clock.local(unit.starts_at).date(),
        "starts_at": unit.starts_at,
        "minutes": unit.minutes,
        "place": unit.place,
        "speaker": unit.speaker,
    }


def begun() -> ColumnElement[bool]:
    """The door of this `Event` was opened, or somebody was ticked without it."""
    return or_(Event.door_opened_at.is_not(None), attended())


def _moved(actor: Actor | None, row: TrainingClass, slot: Any, version: int, act: str, **values: Any) -> None:
    """One conditional UPDATE of the event, its audit event, and word to who sits in it soon. On another day a
    list of who enters has to be sent anew."""
    told = (Event.title, Event.starts_at, Event.place, Event.state, Event.day, Event.version)
    was = db.session.execute(select(*told).where(Event.id == slot.event_id)).one()
    if "day" in values:
        elsewhere = select(Event.id).where(Event.id == slot.event_id, Event.day != values["day"])
        db.session.execute(
            update(EntryList)
            .where(EntryList.session_id == slot.id, elsewhere.exists())
            .values(sent_at=None, sent_by_id=None)
            .execution_options(synchronize_session=False)
        )
    event = db.session.execute(
        update(Event)
        .where(
            Event.id == slot.event_id,
            Event.version == version,
            ~begun(),
            Event.state == "planned",
        )
        .values(version=version + 1, **values)
        .returning(*told)
        .execution_options(synchronize_session=False)
    ).first()
    if event is None:
        if db.session.scalar(select(Event.id).where(Event.id == slot.event_id, begun())) is not None:
            raise RuleError(BEGUN)
        acts = ("class.unit_edited", "class.unit_moved", "class.unit_removed")
        raise races.lost_to(CHANGED_BY, CHANGED, f"class:{row.id}", *acts, slot=slot.id)
    audit.record(actor, act, f"class:{row.id}", unit_id=row.unit_id, slot=slot.id)
    telling.tell_unit(actor, row, slot.id, was, event)


def study_shares(event_ids: Collection[int]) -> dict[int, study.Share]:
    """How much of these events is study by the way their units are taught; one statement."""
    rows = db.session.execute(
        select(ClassSession.event_id, ClassSession.mode)
        .where(ClassSession.event_id.in_(bulk.among(event_ids)))
        .order_by(ClassSession.event_id)
    )
    return {
        row.event_id: study.Share(MODES[row.mode].factor, MODES[row.mode].proof)
        for row in rows
        if row.mode in MODES
    }


study.ADVISERS.append(study_shares)  # a door that closes asks it
