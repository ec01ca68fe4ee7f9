"""Quotas of a class: how many seats are for a unit and all below it, and for guests."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import delete, insert, select, update

from pbtrain.audit import services as audit
from pbtrain.classes.models import ClassEnrolment, ClassQuota
from pbtrain.classes.rules import enrolment as rules
from pbtrain.classes.services.seats import Room, fill, locked, quotas_for
from pbtrain.core import bulk
from pbtrain.core.db import db
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.org.access import Actor
from pbtrain.org.models import Academy, Unit, UnitClosure

CHANGED = N_("Somebody has changed the quotas meanwhile. Look again.")
UNKNOWN = N_("There is no unit “%(name)s” in the area this academy serves. Write its full name or code.")


def unit_named(academy_id: int, text: str) -> int:
    """The unit of this name or code in the academy's area; RuleError beside `units` otherwise."""
    area = (
        select(UnitClosure.below_id)
        .join(Academy, Academy.service_unit_id == UnitClosure.above_id)
        .where(Academy.unit_id == academy_id)
    )
    found = db.session.scalars(
        select(Unit.id)
        .where((Unit.name == text) | (Unit.code == text), Unit.id.in_(area), Unit.kind != "academy")
        .where(Unit.valid_until.is_(None))
        .order_by(Unit.id)
        .limit(2)
    ).all()
    if len(found) != 1:
        raise RuleError(UNKNOWN, "units", name=text)
    return found[0]


def set_quotas(
    actor: Actor, class_id: int, wanted: Sequence[tuple[int | None, int]], *, version: int
) -> list[int]:
    """Give a class these quotas, (unit or None for guests, seats) each, in place of those it had.

    Whoever stands in the class is counted against the nearest one anew, and free seats go to whoever waits;
    ids of who moved up. RuleError where people hold more seats than they would have. Conflict when the class
    changed since `version` was read. A constant number of statements.
    """
    room = locked(class_id)
    if room.row.version != version:
        raise Conflict(CHANGED)
    if len({unit_id for unit_id, _seats in wanted}) != len(wanted):
        raise RuleError(N_("A unit stands there twice."), "units")
    people = db.session.execute(
        select(ClassEnrolment.id, ClassEnrolment.unit_id, ClassEnrolment.guest_id, ClassEnrolment.seat)
        .where(ClassEnrolment.class_id == class_id)
        .order_by(ClassEnrolment.id)
    ).all()
    names = Room(room.row, room.seats, {unit_id: index for index, (unit_id, _n) in enumerate(wanted)})
    nearest = quotas_for(names, (one.unit_id for one in people))
    home: dict[int, int | None] = {one.id: nearest[one.unit_id] for one in people}
    held: Counter[int | None] = Counter()
    for one in people:
        if one.seat:
            place = home[one.id]
            held[-1 if place is None else wanted[place][0]] += 1
    rules.check_quotas(room.row.capacity, wanted, dict(held))
    _write(class_id, wanted, home)
    room.row.version += 1
    audit.record(
        actor, "class.quotas", f"class:{class_id}", unit_id=room.row.unit_id,
        was=[[unit_id, room.seats.quotas[quota_id][0]] for unit_id, quota_id in room.quotas.items()],
        quotas=[list(one) for one in wanted],
    )  # fmt: skip
    db.session.flush()  # the version, before the row is read again
    return fill(actor, room)


def _write(class_id: int, wanted: Sequence[tuple[int | None, int]], home: dict[int, int | None]) -> None:
    """Take everybody out of the old quotas, write the new ones, put everybody into theirs."""
    db.session.execute(
        update(ClassEnrolment)
        .where(ClassEnrolment.class_id == class_id, ClassEnrolment.quota_id.is_not(None))
        .values(quota_id=None)
        .execution_options(synchronize_session=False)
    )
    db.session.execute(delete(ClassQuota).where(ClassQuota.class_id == class_id))
    if not wanted:
        return
    rows = [{"class_id": class_id, "unit_id": unit_id, "seats": seats} for unit_id, seats in wanted]
    db.session.execute(insert(ClassQuota), rows)
    made = dict(
        db.session.execute(select(ClassQuota.unit_id, ClassQuota.id).where(ClassQuota.class_id == class_id))
        .tuples()
        .all()
    )
    table = ClassEnrolment.__table__
    moved = [(one, made[wanted[place][0]]) for one, place in sorted(home.items()) if place is not None]
    bulk.update(table, ["quota_id"], bulk.native(table, ["id", "quota_id"], moved))
