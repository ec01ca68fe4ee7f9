"""Moving a whole class (整班改期): every unit that was not held, its lists and its end of enrolment, in one
step. Part of the services of classes.

Reminders, bookings of venues and calendar feeds read the units themselves and follow by that.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.classes.models import ClassSession, EntryList, TrainingClass
from pbtrain.classes.services import telling
from pbtrain.classes.services.timetable import begun
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.models import Event
from pbtrain.org.access import Actor

MOST_DAYS = 366


def move_class(actor: Actor | None, row: TrainingClass, version: int, days: int, *, reason: str) -> int:
    """The class so many days later, or earlier; returns how many people were told.

    RuleError once a door was opened, for then single units are moved. Conflict when somebody was faster. The
    number of statements does not grow with units or people.
    """
    if not days or abs(days) > MOST_DAYS:
        raise RuleError(N_("Choose another day, at most a year away."), field="to_day")
    if len(reason) < 2:
        raise RuleError(N_("Say why, in a few words."), field="reason")
    step, units = timedelta(days=days), _units(row.id)
    moved = db.session.execute(
        update(TrainingClass)
        .where(
            TrainingClass.id == row.id,
            TrainingClass.version == version,
            TrainingClass.state.in_(("draft", "open", "running")),
        )
        .values(
            starts_on=row.starts_on + step,
            ends_on=row.ends_on + step,
            enrol_until=row.enrol_until + step if row.enrol_until else None,
            version=version + 1,
        )
        .returning(TrainingClass.title, TrainingClass.starts_on)
        .execution_options(synchronize_session=False)
    ).first()
    if moved is None:
        acts = ("class.edited", "class.moved", "class.cancel", "class.close")
        raise races.changed(f"class:{row.id}", *acts)
    _move_units(units, step)
    _move_lists(row.id, step)
    audit.record(
        actor, "class.moved", f"class:{row.id}", unit_id=row.unit_id, days=days, reason=reason,
        was=row.starts_on.isoformat(),
    )  # fmt: skip
    return telling.tell_moved(actor, row.id, moved, version + 1, reason)


def _units(class_id: int) -> Sequence[Any]:
    """What is still to be held; RuleError once one has begun."""
    units = db.session.execute(
        select(Event.id, Event.day, Event.starts_at, Event.version, begun().label("begun"))
        .join(ClassSession, ClassSession.event_id == Event.id)
        .where(ClassSession.class_id == class_id, Event.state == "planned")
        .order_by(Event.id)
    ).all()
    if any(unit.begun for unit in units):
        raise RuleError(N_("The class has begun: move its units one by one."), field="to_day")
    return units


def _move_units(units: Sequence[Any], step: timedelta) -> None:
    if units:
        db.session.execute(
            update(Event),
            [
                {"id": unit.id, "day": unit.day + step, "starts_at": unit.starts_at + step,
                 "version": unit.version + 1}
                for unit in units
            ],
        )  # fmt: skip


def _move_lists(class_id: int, step: timedelta) -> None:
    """Lists of who enters are due, and purged, as much later; one that was sent has to be sent anew."""
    lists = db.session.execute(
        select(EntryList.id, EntryList.due_on, EntryList.purge_on)
        .join(ClassSession, ClassSession.id == EntryList.session_id)
        .where(ClassSession.class_id == class_id, EntryList.purged_at.is_(None))
    ).all()
    if lists:
        db.session.execute(
            update(EntryList),
            [
                {"id": one.id, "due_on": one.due_on + step, "purge_on": one.purge_on + step,
                 "sent_at": None, "sent_by_id": None}
                for one in lists
            ],
        )  # fmt: skip
