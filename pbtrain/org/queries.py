"""Reading who is who. Lists are limited to what the reader may see, ordered with `id` last, and paged."""

from datetime import date
from typing import Any

from sqlalchemy import Row, Select, and_, case, exists, or_, select

from pbtrain.core.db import db
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Post, RoleGrant, Unit, UnitClosure
from pbtrain.org.roles import Perm, Role


def is_on(table: Any, day: date) -> Any:
    """The span of this row holds on that day."""
    return and_(table.valid_from <= day, or_(table.valid_until.is_(None), table.valid_until > day))


def led(day: date) -> Any:
    """Somebody may do a secretary's work for this `Unit` on that day: by a post, or acting."""
    return or_(
        exists().where(Post.unit_id == Unit.id, Post.kind == "secretary", is_on(Post, day)),
        exists().where(
            RoleGrant.unit_id == Unit.id, RoleGrant.role == Role.BRANCH_SECRETARY, is_on(RoleGrant, day)
        ),
    )


UNIT = (
    Unit.id, Unit.name, Unit.code, Unit.kind, Unit.field, Unit.parent_id, Unit.valid_from, Unit.valid_until,
)  # fmt: skip


def unit_in_reach(actor: Actor, perm: Perm, unit_id: int) -> Row[Any] | None:
    """The unit, if the actor holds `perm` there: id, name, code, kind, field, parent_id, valid dates."""
    return db.session.execute(
        select(*UNIT).where(Unit.id == unit_id, Unit.id.in_(units_where(actor, perm)))
    ).first()


def path_to(unit_id: int) -> list[Row[Any]]:
    """The units from the top down to this one: id, name."""
    return list(
        db.session.execute(
            select(Unit.id, Unit.name)
            .join(UnitClosure, UnitClosure.above_id == Unit.id)
            .where(UnitClosure.below_id == unit_id)
            .order_by(UnitClosure.depth.desc(), Unit.id)
        )
    )


def children(parent_id: int, q: str = "") -> Select[Any]:
    """The live units right below, committees first: id, name, kind, code; `q`: part of a name, or a code."""
    found = (
        select(Unit.id, Unit.name, Unit.kind, Unit.code)
        .where(Unit.parent_id == parent_id, Unit.valid_until.is_(None))
        .order_by(case((Unit.kind == "branch", 1), else_=0), Unit.code, Unit.id)
    )
    if q:
        found = found.where(or_(Unit.name.contains(q, autoescape=True), Unit.code == q))
    return found


def tops(actor: Actor, perm: Perm) -> list[Row[Any]]:
    """The units the actor's reach begins at: id, name."""
    ids = sorted({*actor.units_with(perm, subtree=True), *actor.units_with(perm, subtree=False)})
    return list(
        db.session.execute(
            select(Unit.id, Unit.name, Unit.kind).where(Unit.id.in_(ids)).order_by(Unit.code, Unit.id)
        )
    )
