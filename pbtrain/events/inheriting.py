"""What a branch still has before it when another takes it over: that one holds, closes and cancels it from
now on. Part of the services; what was held stays with the branch that held it.

The audit trail keeps what went over, so that a merger taken back on its day gives it back.
"""

from typing import Any

from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.orm import aliased

from pbtrain.audit import services as audit
from pbtrain.audit.models import AuditEvent
from pbtrain.core import bulk, clock
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.door import running
from pbtrain.events.models import Attendance, Event, EventHost, EventSeries, LearningPoint, Theme
from pbtrain.org.access import Actor
from pbtrain.org.kinds import WITH_MEMBERS
from pbtrain.org.models import Unit

INHERITED = "events.inherited"
OPEN_DOOR = N_("People have signed in at “%(title)s”, whose attendance is not closed. Close it first.")
QUIET = {"synchronize_session": False}


def attended() -> ColumnElement[bool]:
    """Somebody has signed in at this `Event`, or was ticked."""
    return exists().where(Attendance.event_id == Event.id, Attendance.present)


def inherit(actor: Actor | None, from_id: int, to_id: int) -> None:
    """Meetings to come, those whose attendance is not closed, fixed days, learning points and themes that go
    on are of `to_id` from now on; statements do not grow with their number."""
    open_ones: dict[str, tuple[Any, ...]] = {
        "themes": (Theme, Theme.withdrawn_at.is_(None), Theme.due_on >= clock.today())
    }
    kind = db.session.scalar(select(Unit.kind).where(Unit.id == to_id))
    if kind in WITH_MEMBERS:  # units of classes stay with the academy that gives the class
        _no_host_twice(from_id, to_id)
        open_ones |= {
            "events": (Event, Event.state == "planned", or_(Event.day >= clock.today(), attended())),
            "hosts": (EventHost, EventHost.event_id.in_(select(Event.id).where(Event.state == "planned"))),
            "series": (EventSeries, EventSeries.open),
            "points": (LearningPoint, LearningPoint.open),
        }
    moved = {name: _hand(table, from_id, to_id, *where) for name, (table, *where) in open_ones.items()}
    if any(moved.values()):
        audit.record(actor, INHERITED, f"unit:{from_id}", unit_id=to_id, **moved)


def give_back(from_id: int, to_id: int) -> None:
    """`from_id` lives again: what `to_id` took over last, and what of it is still as it was, is its own."""
    moved = db.session.scalar(
        select(AuditEvent.detail)
        .where(AuditEvent.target == f"unit:{from_id}", AuditEvent.action == INHERITED)
        .where(AuditEvent.unit_id == to_id, AuditEvent.at >= clock.at(clock.today(), 0))
        .order_by(AuditEvent.id.desc())
        .limit(1)
    )
    tables = {
        "events": Event,
        "hosts": EventHost,
        "series": EventSeries,
        "points": LearningPoint,
        "themes": Theme,
    }
    for name, ids in (moved or {}).items():
        table: Any = tables[name]
        still = table.state == "planned" if table is Event else table.id > 0
        _hand(table, to_id, from_id, table.id.in_(bulk.among(ids)), still)


def check_closed(unit_id: int) -> None:
    """RuleError naming a meeting at which people signed in and nobody could close the attendance any more."""
    title = db.session.scalar(
        select(Event.title)
        .where(Event.unit_id == unit_id, Event.state == "planned", attended())
        .order_by(Event.id)
        .limit(1)
    )
    if title is not None:
        raise RuleError(OPEN_DOOR, title=title)


def close_open(unit_id: int) -> None:
    """A unit ends by itself: attendance that nobody closed is closed as it stands, its hours are posted."""
    open_ones = (
        select(Event.id, Event.version)
        .where(Event.unit_id == unit_id, Event.state == "planned", attended())
        .order_by(Event.id)
    )
    for row in db.session.execute(open_ones).all():
        running.close_door(None, row.id, version=row.version)


def _hand(table: Any, from_id: int, to_id: int, *where: Any) -> list[int]:
    """Rows of one unit become another's; their ids."""
    moved = update(table).where(table.unit_id == from_id, *where).values(unit_id=to_id).returning(table.id)
    return sorted(db.session.scalars(moved.execution_options(**QUIET)))


def _no_host_twice(from_id: int, to_id: int) -> None:
    """Where both hold one meeting, the one that stays does so alone."""
    twin = aliased(EventHost)
    both = exists().where(twin.event_id == EventHost.event_id, twin.unit_id == to_id)
    leads = {
        one: exists().where(Event.id == EventHost.event_id, Event.unit_id == one) for one in (from_id, to_id)
    }
    planned = EventHost.event_id.in_(select(Event.id).where(Event.state == "planned"))
    double = or_(
        (EventHost.unit_id == from_id) & or_(both, leads[to_id]),
        (EventHost.unit_id == to_id) & leads[from_id],
    )
    db.session.execute(delete(EventHost).where(planned, double).execution_options(**QUIET))
