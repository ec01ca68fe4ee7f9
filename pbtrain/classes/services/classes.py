"""Making a class, changing what it says of itself, opening, closing and cancelling it.

Part of the services of classes; `timetable` has its units, `moves` changes its days.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.classes.models import ClassSession, ClassTemplate, TrainingClass
from pbtrain.classes.rules import terms as rules
from pbtrain.classes.services import ending, seats, telling
from pbtrain.core import clock, repeats
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.models import Event
from pbtrain.org.access import Actor
from pbtrain.org.models import Unit

USED = N_("This form has made a class already. Save again to make what stands below as well.")


@dataclass(frozen=True)
class Wanted:
    """A class as it is asked for. Without a number it gets the next of its year; `year` 0: of all."""

    title: str
    starts_on: date
    ends_on: date
    capacity: int
    number: int | None = None
    year: int = 0
    audience: str = "all"
    language: str = "zh"
    body: str = ""
    body_mn: str = ""
    rule: Mapping[str, Any] | None = None

    @classmethod
    def of_template(cls, template: ClassTemplate, starts_on: date, **more: Any) -> "Wanted":
        """As the template says, from this day on."""
        known: dict[str, Any] = {
            "title": template.name,
            "starts_on": starts_on,
            "ends_on": starts_on + timedelta(days=template.days - 1),
            "capacity": template.capacity,
            "audience": template.audience,
            "language": template.language,
            "body": template.body,
            "body_mn": template.body_mn,
            "rule": template.rule,
        }
        return cls(**known | more)


def create_class(
    actor: Actor | None, unit_id: int, wanted: Wanted, *, form_id: str, template: ClassTemplate | None = None
) -> int:
    """A draft of this academy with the units of its template; returns its id.

    The same form sent again gives the same class; RuleError where it asks for another by now. Numbers are
    given out one after the other, under the lock of the academy's row; RuleError on `number` for one that is
    taken. Seven statements whatever its length.
    """
    rules.check_days(wanted.starts_on, wanted.ends_on, None)
    repeats.alone_in(Unit, unit_id)
    earlier = db.session.scalar(select(TrainingClass).where(TrainingClass.form_id == form_id))
    if earlier is not None:
        if (earlier.unit_id, earlier.title, earlier.starts_on) != (unit_id, wanted.title, wanted.starts_on):
            raise RuleError(USED)
        return earlier.id
    row = TrainingClass(
        unit_id=unit_id,
        template_id=template.id if template else None,
        year=wanted.year,
        number=_number(unit_id, wanted),
        title=wanted.title,
        starts_on=wanted.starts_on,
        ends_on=wanted.ends_on,
        capacity=wanted.capacity,
        audience=wanted.audience,
        language=wanted.language,
        body=wanted.body,
        body_mn=wanted.body_mn,
        rule=dict(wanted.rule or {}),
        form_id=form_id,
        made_by_id=actor.account_id if actor else None,
    )
    db.session.add(row)
    db.session.flush()  # its units name row.id
    _units_of(actor, row, template)
    audit.record(actor, "class.created", f"class:{row.id}", unit_id=unit_id, number=row.number)
    return row.id


def _number(unit_id: int, wanted: Wanted) -> int:
    """The number asked for if it is free, else the next."""
    mine = (TrainingClass.unit_id == unit_id, TrainingClass.year == wanted.year)
    if wanted.number is None:
        last = db.session.scalar(select(func.max(TrainingClass.number)).where(*mine))
        return (last or 0) + 1
    taken = select(TrainingClass.id).where(*mine, TrainingClass.number == wanted.number)
    if db.session.scalar(taken) is not None:
        raise RuleError(N_("Term %(number)s exists already."), field="number", number=wanted.number)
    return wanted.number


def _units_of(actor: Actor | None, row: TrainingClass, template: ClassTemplate | None) -> None:
    """The units of the template, at its times of day, from the first day of the class on."""
    plan = list(template.sessions) if template else []
    if not plan:
        return
    events = []
    for place, unit in enumerate(plan):
        day = row.starts_on + timedelta(days=unit["day"])
        hour, minute = (int(part) for part in unit["time"].split(":"))
        events.append(
            {
                "unit_id": row.unit_id,
                "activity": row.activity,
                "title": unit["title"],
                "day": day,
                "starts_at": clock.at(day, hour, minute),
                "minutes": unit["minutes"],
                "state": "planned",
                "form_id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{row.form_id}/{place}")),
                "form_hash": "",
                "recorded_by_id": actor.account_id if actor else None,
            }
        )
    made = insert(Event).returning(Event.id, sort_by_parameter_order=True)
    ids = list(db.session.scalars(made, events))
    db.session.execute(
        insert(ClassSession),
        [
            {"class_id": row.id, "event_id": event_id, "mode": unit["mode"],
             "teacher_id": unit.get("teacher_id"), "venue_id": unit.get("venue_id")}
            for event_id, unit in zip(ids, plan, strict=True)
        ],
    )  # fmt: skip


def edit_class(actor: Actor | None, class_id: int, version: int, **values: Any) -> None:
    """Change what a class says of itself, from this version; all its days together are changed by `moves`.

    RuleError where fewer seats are asked for than are taken, or the last day lies before the first or before
    a unit; Conflict when somebody was faster.
    """
    taken, starts_on = db.session.execute(
        select(TrainingClass.taken, TrainingClass.starts_on).where(TrainingClass.id == class_id)
    ).one()
    if "ends_on" in values:
        rules.check_days(starts_on, values["ends_on"], values.get("enrol_until"))
        _check_units(class_id, values["ends_on"])
    if "capacity" in values:
        rules.check_capacity(values["capacity"], taken or 0)
    _changed(actor, class_id, version, "edited", **values)
    if values.get("capacity", 0) > (taken or 0):
        seats.fill(actor, seats.locked(class_id))  # whoever waits gets what is free now


def _check_units(class_id: int, ends_on: date) -> None:
    """RuleError where a unit lies behind this last day."""
    last = db.session.scalar(
        select(func.max(Event.day))
        .join(ClassSession, ClassSession.event_id == Event.id)
        .where(ClassSession.class_id == class_id, Event.state != "cancelled")
    )
    if last is not None and last > ends_on:
        raise RuleError(N_("Units of the timetable lie after this day. Move them first."), field="ends_on")


def move_state(actor: Actor | None, class_id: int, version: int, act: str, reason: str = "") -> None:
    """Do one act of rules.MOVES: open for enrolment, back to a draft, begin, close, cancel.

    Who cancels gives a reason; the units that were not held are cancelled with the class, and everybody who
    holds a seat or waits for one is told once. Conflict when somebody was faster or it is not in that state.
    """
    before, after = rules.MOVES[act]
    values: dict[str, Any] = {"state": after}
    if after in ("closed", "cancelled"):
        values["closed_at"] = clock.now()
    if act == "cancel" and len(reason) < 2:
        raise RuleError(N_("Say why, in a few words."), field="reason")
    row = _changed(
        actor, class_id, version, act, TrainingClass.state.in_(before), _told={"reason": reason}, **values
    )
    if act == "close":
        ending.finish(actor, class_id)
    if act == "cancel":
        theirs = select(ClassSession.event_id).where(ClassSession.class_id == class_id)
        db.session.execute(
            update(Event)
            .where(Event.id.in_(theirs), Event.state == "planned")
            .values(state="cancelled", version=Event.version + 1)
            .execution_options(synchronize_session=False)
        )
        telling.tell_cancelled(actor, class_id, row, reason)


def _changed(
    actor: Actor | None,
    class_id: int,
    version: int,
    act: str,
    *more: Any,
    _told: Mapping[str, Any] | None = None,
    **values: Any,
) -> Any:
    """One conditional UPDATE and its event; the row's unit, term and title."""
    row = db.session.execute(
        update(TrainingClass)
        .where(TrainingClass.id == class_id, TrainingClass.version == version, *more)
        .values(version=version + 1, **values)
        .returning(
            TrainingClass.unit_id,
            TrainingClass.number,
            TrainingClass.year,
            TrainingClass.title,
            TrainingClass.starts_on,
        )
        .execution_options(synchronize_session=False)
    ).first()
    if row is None:
        acts = [f"class.{one}" for one in ("edited", "moved", *rules.MOVES)]
        raise races.changed(f"class:{class_id}", *acts)
    audit.record(actor, f"class.{act}", f"class:{class_id}", unit_id=row.unit_id, **_told or {})
    return row
