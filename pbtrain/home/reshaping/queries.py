"""What a merger, a split or a move would touch, counted before it is done."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, func, or_, select

from pbtrain.core.db import db
from pbtrain.hours.models import HourClaim
from pbtrain.org.access import Actor, units_where
from pbtrain.org.kinds import WITH_MEMBERS
from pbtrain.org.lists import matching
from pbtrain.org.models import Member, Post, RoleGrant, Unit, UnitClosure
from pbtrain.org.roles import Perm


@dataclass(frozen=True)
class Outlook:
    """Members, child units, branches and people in all below, posts and other roles that run, held lines."""

    members: int
    units: int
    branches: int
    people: int
    posts: int
    roles: int
    held: int


def outlook(unit_ids: Collection[int], today: date) -> Outlook:
    """What stands in these units today, in one statement."""
    below = select(UnitClosure.below_id).where(UnitClosure.above_id.in_(unit_ids))
    stands = select(func.count()).select_from(Member).where(Member.left_on.is_(None))
    live = select(func.count()).select_from(Unit).where(Unit.valid_until.is_(None))

    def runs(table: Any) -> Any:
        return select(func.count()).where(
            table.unit_id.in_(unit_ids), or_(table.valid_until.is_(None), table.valid_until > today)
        )

    figures = (
        stands.where(Member.unit_id.in_(unit_ids)),
        live.where(Unit.parent_id.in_(unit_ids)),
        live.where(Unit.id.in_(below), Unit.kind.in_(WITH_MEMBERS)),
        stands.where(Member.unit_id.in_(below)),
        runs(Post),
        runs(RoleGrant).where(RoleGrant.post_id.is_(None)),
        select(func.count()).where(HourClaim.unit_id.in_(unit_ids), HourClaim.state == "held"),
    )
    return Outlook(*db.session.execute(select(*(one.scalar_subquery() for one in figures))).one())


def posts_of(member_ids: Collection[int], unit_id: int, today: date) -> int:
    """How many posts these members hold in a unit."""
    held = select(func.count()).where(
        Post.unit_id == unit_id,
        Post.member_id.in_(list(member_ids)),
        or_(Post.valid_until.is_(None), Post.valid_until > today),
    )
    return db.session.scalar(held) or 0


def members_to_pick(unit_id: int, q: str) -> Select[Any]:
    """Who stands in a branch, by name."""
    found = (
        select(Member.id, Member.name, Member.code.label("hint"))
        .where(Member.unit_id == unit_id, Member.left_on.is_(None))
        .order_by(Member.pinyin, Member.id)
    )
    return found.where(matching(q)) if q else found


def units_to_pick(unit_id: int, q: str) -> Select[Any]:
    """The live units right below, by code."""
    found = (
        select(Unit.id, Unit.name, Unit.code.label("hint"))
        .where(Unit.parent_id == unit_id, Unit.valid_until.is_(None))
        .order_by(Unit.code, Unit.id)
    )
    return found.where(_called(q)) if q else found


def partners_to_pick(actor: Actor, unit: Any, q: str) -> Select[Any]:
    """Units of the same kind to merge with: those beside it, or what is searched in all the actor's reach."""
    found = (
        select(Unit.id, Unit.name, Unit.code.label("hint"))
        .where(Unit.kind == unit.kind, Unit.valid_until.is_(None), Unit.id != unit.id)
        .where(Unit.id.in_(units_where(actor, Perm.UNIT_MANAGE)), Unit.parent_id.is_not(None))
        .order_by(Unit.code, Unit.id)
    )
    return found.where(_called(q)) if q else found.where(Unit.parent_id == unit.parent_id)


def _called(q: str) -> Any:
    return or_(Unit.name.contains(q, autoescape=True), Unit.code == q)


def units_named(actor: Actor, unit_ids: Collection[int]) -> list[Row[Any]]:
    """Those of these units that live within the actor's reach: id, name, parent_id."""
    return list(
        db.session.execute(
            select(Unit.id, Unit.name, Unit.parent_id)
            .where(Unit.id.in_(unit_ids), Unit.valid_until.is_(None))
            .where(Unit.id.in_(units_where(actor, Perm.UNIT_MANAGE)))
            .order_by(Unit.code, Unit.id)
        )
    )
