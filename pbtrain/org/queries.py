"""Reading who is who. Lists are limited to what the reader may see, ordered with `id` last, and paged."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, and_, case, exists, func, or_, select

from pbtrain.accounts.models import Account
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Member, Post, RoleGrant, Unit, UnitClosure
from pbtrain.org.roles import Perm, Role

FIGURES = ("members", "asleep", "branches", "leaderless")


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


def unit_in_reach(actor: Actor, perm: Perm, unit_id: int) -> Row[Any] | None:
    """The unit, if the actor holds `perm` there: id, name, code, kind, field, parent_id, valid dates."""
    return db.session.execute(
        select(
            Unit.id,
            Unit.name,
            Unit.code,
            Unit.kind,
            Unit.field,
            Unit.parent_id,
            Unit.valid_from,
            Unit.valid_until,
        ).where(Unit.id == unit_id, Unit.id.in_(units_where(actor, perm)))
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


def figures_of(unit_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Of each unit and all below it: members, those not activated, live branches, those without secretary."""
    people = (
        select(
            UnitClosure.above_id,
            func.count().label("members"),
            func.count().filter(Account.activated_at.is_(None)).label("asleep"),
        )
        .join(Member, Member.unit_id == UnitClosure.below_id)
        .outerjoin(Account, Account.id == Member.account_id)
        .where(UnitClosure.above_id.in_(unit_ids), Member.left_on.is_(None))
        .group_by(UnitClosure.above_id)
        .order_by(UnitClosure.above_id)
    )
    branches = (
        select(
            UnitClosure.above_id,
            func.count().label("branches"),
            func.count().filter(~led(clock.today())).label("leaderless"),
        )
        .join(Unit, Unit.id == UnitClosure.below_id)
        .where(
            UnitClosure.above_id.in_(unit_ids),
            Unit.kind.in_(("branch", "temporary_branch")),
            Unit.valid_until.is_(None),
        )
        .group_by(UnitClosure.above_id)
        .order_by(UnitClosure.above_id)
    )
    found = {unit_id: dict.fromkeys(FIGURES, 0) for unit_id in unit_ids}
    for query in (people, branches):
        for row in db.session.execute(query):
            figures = dict(row._mapping)
            found[figures.pop("above_id")] |= figures
    return found


def tops(actor: Actor, perm: Perm) -> list[Row[Any]]:
    """The units the actor's reach begins at: id, name."""
    ids = sorted({*actor.units_with(perm, subtree=True), *actor.units_with(perm, subtree=False)})
    return list(
        db.session.execute(
            select(Unit.id, Unit.name, Unit.kind).where(Unit.id.in_(ids)).order_by(Unit.code, Unit.id)
        )
    )
