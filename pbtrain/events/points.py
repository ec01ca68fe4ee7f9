"""Learning points (党员中心户) of a branch: host and venue. Reading and keeping them."""

from typing import Any

from sqlalchemy import func, select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.core import repeats
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.models import Event, LearningPoint
from pbtrain.org.access import Actor
from pbtrain.org.models import Member, Unit

CHANGED = N_("%(name)s has changed this learning point already, at %(when)s.")
CHANGED_BY_SOMEBODY = N_("Somebody changed this learning point meanwhile.")


def points(unit_id: int) -> list[Any]:
    """The learning points of a branch by name: id, name, place, host, host_id, open, version, and how many
    meetings were held there."""
    held = select(func.count()).where(
        Event.unit_id == unit_id, Event.point_id == LearningPoint.id, Event.state == "held"
    )
    found = (
        select(
            LearningPoint.id,
            LearningPoint.name,
            LearningPoint.place,
            LearningPoint.host_id,
            LearningPoint.open,
            LearningPoint.version,
            Member.name.label("host"),
            held.scalar_subquery().label("held"),
        )
        .outerjoin(Member, Member.id == LearningPoint.host_id)
        .where(LearningPoint.unit_id == unit_id)
        .order_by(LearningPoint.name, LearningPoint.id)
        .limit(200)
    )
    return list(db.session.execute(found))


def open_points(unit_id: int) -> list[Any]:
    """Those that may be chosen for a meeting, by name: id, name."""
    return list(
        db.session.execute(
            select(LearningPoint.id, LearningPoint.name)
            .where(LearningPoint.unit_id == unit_id, LearningPoint.open)
            .order_by(LearningPoint.name, LearningPoint.id)
            .limit(200)
        )
    )


def save_point(
    actor: Actor,
    unit_id: int,
    point_id: int | None,
    *,
    version: int = 0,
    name: str,
    host_id: int | None,
    place: str,
    open: bool = True,
) -> int:
    """Add a learning point, or change one as it was at `version`; its id. The host stands in the branch.
    The very same added again is the one there is."""
    if host_id is not None:
        home = db.session.scalar(select(Member.unit_id).where(Member.id == host_id))
        if home != unit_id:
            raise RuleError(N_("The host is a member of this branch."), "host")
    values = {"name": name, "host_id": host_id, "place": place, "open": open}
    if point_id is None:
        repeats.alone_in(Unit, unit_id)
        known = repeats.earlier(LearningPoint, unit_id=unit_id, **values)
        if known is not None:
            return known
        row = LearningPoint(unit_id=unit_id, **values)
        db.session.add(row)
        db.session.flush()  # the audit event names row.id
        audit.record(actor, "point.added", f"point:{row.id}", unit_id=unit_id, point=name)
        return row.id
    moved = db.session.scalar(
        update(LearningPoint)
        .where(
            LearningPoint.id == point_id,
            LearningPoint.unit_id == unit_id,
            LearningPoint.version == version,
        )
        .values(version=version + 1, **values)
        .returning(LearningPoint.id)
    )
    if moved is None:
        raise races.lost_to(CHANGED, CHANGED_BY_SOMEBODY, f"point:{point_id}", "point.changed")
    audit.record(actor, "point.changed", f"point:{point_id}", unit_id=unit_id, point=name, open=open)
    return moved
