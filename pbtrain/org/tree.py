"""Changing the tree of units. Part of the services of org.

Every change locks the root, so that two at once cannot close a circle; the closure table follows in the
same transaction, the dated links keep what was.
"""

from datetime import date
from typing import Any

from sqlalchemy import delete, func, insert, literal, select, update

from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.org import rules
from pbtrain.org.access import Actor, may
from pbtrain.org.models import Member, Post, RoleGrant, Unit, UnitClosure, UnitLink
from pbtrain.org.names import new_code
from pbtrain.org.roles import Perm


def lock_tree() -> None:
    """One change of the tree at a time; SQLite's writer is alone anyway."""
    db.session.execute(select(Unit.id).where(Unit.parent_id.is_(None)).order_by(Unit.id).with_for_update())


def live(unit_id: int, field: str | None = None) -> Unit:
    """The unit, unless it is abolished or does not exist."""
    unit = db.session.get(Unit, unit_id, populate_existing=True)
    if unit is None or unit.valid_until is not None:
        raise RuleError(N_("This unit does not exist any more."), field=field)
    return unit


def below(unit_id: int) -> set[int]:
    """The ids of the unit and all below it."""
    return set(db.session.scalars(select(UnitClosure.below_id).where(UnitClosure.above_id == unit_id)))


def demand(actor: Actor | None, perm: Perm, unit_id: int | None, field: str | None = None) -> None:
    """Refuse unless the actor holds `perm` in that unit; None is the system, which may."""
    if actor is not None and (unit_id is None or not may(actor, perm, unit_id)):
        raise RuleError(N_("You have no right to do this in that unit."), field=field)


def _check_name(name: str, parent_id: int | None, *, but: int = 0) -> None:
    taken = db.session.scalar(
        select(func.count()).where(
            Unit.parent_id == parent_id, Unit.name == name, Unit.valid_until.is_(None), Unit.id != but
        )
    )
    if taken:
        raise RuleError(N_("A unit of this name stands there already."), field="name")


def add_unit(
    actor: Actor | None,
    *,
    name: str,
    kind: str,
    parent_id: int | None,
    code: str = "",
    field: str = "",
    valid_from: date | None = None,
) -> Unit:
    """A new unit below its parent; the first of all has none. Flushes for its id."""
    lock_tree()
    if parent_id is None:
        if db.session.scalar(select(Unit.id).limit(1)) is not None:
            raise RuleError(N_("Choose the unit above."), field="parent_id")
    else:
        demand(actor, Perm.UNIT_MANAGE, parent_id, "parent_id")
        rules.check_child(live(parent_id, "parent_id").kind, kind)
    _check_name(name, parent_id)
    if code and db.session.scalar(select(Unit.id).where(Unit.code == code)) is not None:
        raise RuleError(N_("This code is used by another unit."), field="code")
    since = valid_from or clock.today()
    unit = Unit(
        name=name,
        kind=kind,
        parent_id=parent_id,
        code=code or new_code("U"),
        field=field,
        valid_from=since,
    )
    db.session.add(unit)
    db.session.flush()  # the tree and the audit event name unit.id
    db.session.execute(insert(UnitLink).values(unit_id=unit.id, parent_id=parent_id, valid_from=since))
    db.session.execute(insert(UnitClosure).values(above_id=unit.id, below_id=unit.id, depth=0))
    if parent_id is not None:
        _hang(unit.id, parent_id)
    audit.record(actor, "unit.added", f"unit:{unit.id}", unit_id=unit.id, name=name, kind=kind)
    return unit


def _hang(unit_id: int, parent_id: int) -> None:
    """Put a subtree under its parent in the closure table."""
    over, under = UnitClosure.__table__.alias("over"), UnitClosure.__table__.alias("under")
    pairs: Any = (
        select(over.c.above_id, under.c.below_id, over.c.depth + under.c.depth + literal(1))
        .select_from(over.join(under, under.c.above_id == unit_id))
        .where(over.c.below_id == parent_id)
    )
    db.session.execute(insert(UnitClosure).from_select(["above_id", "below_id", "depth"], pairs))


def _unhang(unit_id: int) -> None:
    inside = select(UnitClosure.below_id).where(UnitClosure.above_id == unit_id)
    outside = select(UnitClosure.above_id).where(UnitClosure.below_id == unit_id, UnitClosure.depth > 0)
    db.session.execute(
        delete(UnitClosure)
        .where(UnitClosure.below_id.in_(inside), UnitClosure.above_id.in_(outside))
        .execution_options(synchronize_session=False)
    )


def change_unit(actor: Actor | None, unit_id: int, *, name: str, field: str = "", code: str = "") -> None:
    """Rename a unit, change its field or code; the old name stays in the audit trail."""
    unit = live(unit_id)
    demand(actor, Perm.UNIT_MANAGE, unit_id)
    _check_name(name, unit.parent_id, but=unit_id)
    if code and code != unit.code:
        if db.session.scalar(select(Unit.id).where(Unit.code == code)) is not None:
            raise RuleError(N_("This code is used by another unit."), field="code")
        unit.code = code
    audit.record(actor, "unit.changed", f"unit:{unit_id}", unit_id=unit_id, was=unit.name, name=name)
    unit.name, unit.field = name, field


def move_unit(actor: Actor | None, unit_id: int, parent_id: int) -> None:
    """Hang a unit and all below it under another parent from today; needs the right at both ends."""
    lock_tree()
    unit = live(unit_id)
    if unit.parent_id is None:
        raise RuleError(N_("The unit at the top cannot be moved."))
    demand(actor, Perm.UNIT_MANAGE, unit.parent_id)
    demand(actor, Perm.UNIT_MANAGE, parent_id, "parent_id")
    rules.check_move(unit_id, parent_id, below(unit_id))
    rules.check_child(live(parent_id, "parent_id").kind, unit.kind)
    if unit.parent_id == parent_id:
        raise RuleError(N_("It stands there already."), field="parent_id")
    _check_name(unit.name, parent_id, but=unit_id)
    _unhang(unit_id)
    _hang(unit_id, parent_id)
    _relink(unit_id, parent_id)
    audit.record(
        actor, "unit.moved", f"unit:{unit_id}", unit_id=unit_id, was=unit.parent_id, parent=parent_id
    )
    unit.parent_id = parent_id


def _relink(unit_id: int, parent_id: int) -> None:
    today = clock.today()
    link = db.session.scalars(
        select(UnitLink)
        .where(UnitLink.unit_id == unit_id, UnitLink.valid_until.is_(None))
        .order_by(UnitLink.id)
    ).one()
    if link.valid_from >= today:  # moved twice on one day: the day ends under the last parent
        link.parent_id = parent_id
        return
    link.valid_until = today
    db.session.add(UnitLink(unit_id=unit_id, parent_id=parent_id, valid_from=today))


def abolish_unit(actor: Actor | None, unit_id: int) -> None:
    """End an empty unit today. Its ledger stays readable to the units above."""
    lock_tree()
    unit = live(unit_id)
    demand(actor, Perm.UNIT_MANAGE, unit.parent_id)
    members = db.session.scalar(
        select(func.count()).where(Member.unit_id == unit_id, Member.left_on.is_(None))
    )
    units = db.session.scalar(
        select(func.count()).where(Unit.parent_id == unit_id, Unit.valid_until.is_(None))
    )
    rules.check_abolish(members=members or 0, units=units or 0)
    today = clock.today()
    unit.valid_until = today
    for table in (UnitLink, Post, RoleGrant):
        db.session.execute(
            update(table)
            .where(table.unit_id == unit_id, (table.valid_until.is_(None)) | (table.valid_until > today))
            .values(valid_until=today)
        )
    audit.record(actor, "unit.abolished", f"unit:{unit_id}", unit_id=unit_id, name=unit.name)
