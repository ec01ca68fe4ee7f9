"""How many people and branches stand below a unit, and how many of them wait for something.

Small trees are counted as they are read. Of larger ones the scheduler keeps the counts in UnitCount; who
shows them says from when they are.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Select, case, exists, func, select
from sqlalchemy.orm import aliased

from pbtrain.accounts.models import Account
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.org import rollup
from pbtrain.org.kinds import WITH_MEMBERS
from pbtrain.org.models import Member, Post, RoleGrant, Unit, UnitClosure, UnitCount
from pbtrain.org.queries import is_on, led
from pbtrain.org.roles import Role

COUNTS = ("members", "asleep", "branches", "leaderless", "acting")


def counted(day: date, units: rollup.Units | None = None) -> Select[Any]:
    """The counts of every unit, or of these, as (unit_id, *COUNTS): the one place that adds them up."""
    people = (
        select(
            Member.unit_id.label("unit_id"),
            func.count().label("members"),
            func.sum(case((Account.activated_at.is_(None), 1), else_=0)).label("asleep"),
        )
        .outerjoin(Account, Account.id == Member.account_id)
        .where(Member.left_on.is_(None), Member.unit_id.is_not(None))
        .group_by(Member.unit_id)
    )
    if units is not None:
        people = people.where(Member.unit_id.in_(rollup.below(units)))
    stood = people.subquery()
    acts = exists().where(
        RoleGrant.unit_id == Unit.id,
        RoleGrant.role == Role.BRANCH_SECRETARY,
        RoleGrant.post_id.is_(None),
        is_on(RoleGrant, day),
    )
    has_post = exists().where(
        Post.unit_id == Unit.id, Post.kind.in_(("secretary", "rotating_secretary")), is_on(Post, day)
    )
    live = Unit.kind.in_(WITH_MEMBERS) & Unit.valid_until.is_(None)
    own = select(
        Unit.id.label("unit_id"),
        stood.c.members,
        stood.c.asleep,
        case((live, 1), else_=0).label("branches"),
        case((live & ~led(day), 1), else_=0).label("leaderless"),
        case((live & acts & ~has_post, 1), else_=0).label("acting"),
    ).outerjoin(stood, stood.c.unit_id == Unit.id)
    if units is not None:
        own = own.where(Unit.id.in_(rollup.below(units)))
    return rollup.summed(own.subquery(), COUNTS, units)


def refresh() -> int:
    """Bring UnitCount up to date; how many rows were written."""
    return rollup.renew(UnitCount, counted(clock.today()), COUNTS)


def of_units(unit_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The counts of these units with all below, by id, with `as_of`: None is just now. Two statements,
    three where a unit was never counted before, which is done at once.
    """
    if rollup.is_small(unit_ids):
        return _now(unit_ids)
    kept = select(
        UnitCount.unit_id,
        *(getattr(UnitCount, name) for name in COUNTS),
        rollup.as_of(UnitCount).scalar_subquery().label("as_of"),
    ).where(UnitCount.unit_id.in_(unit_ids))
    found = {row.unit_id: row._asdict() for row in db.session.execute(kept)}
    missing = [unit_id for unit_id in unit_ids if unit_id not in found]
    return found | (_now(missing) if missing else {})


def _now(unit_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    rows = db.session.execute(counted(clock.today(), unit_ids))
    found = {row.unit_id: row._asdict() | {"as_of": None} for row in rows}
    return {unit_id: found.get(unit_id) or dict.fromkeys(COUNTS, 0) | {"as_of": None} for unit_id in unit_ids}


def kept(unit_ids: Sequence[int]) -> dict[str, Any] | None:
    """The sum of the kept counts of these units, in which one that stands below another is counted once; None
    where the tree is small, or one was never counted, and all is counted as it is read. One statement.
    """
    inside = exists().where(
        UnitClosure.below_id == UnitCount.unit_id, UnitClosure.above_id.in_(unit_ids), UnitClosure.depth > 0
    )
    sums = (
        func.coalesce(func.sum(case((inside, 0), else_=getattr(UnitCount, name))), 0).label(name)
        for name in COUNTS
    )
    found = db.session.execute(
        select(
            rollup.size(unit_ids).label("size"),
            func.count(UnitCount.id).label("known"),
            *sums,
        ).where(UnitCount.unit_id.in_(unit_ids))
    ).one()
    if found.size <= rollup.LIVE_UNITS or found.known < len(set(unit_ids)):
        return None
    return {name: getattr(found, name) for name in COUNTS}


def branches_with(name: str, units: Select[Any]) -> Select[Any]:
    """Branches among these units with any of a count, by their code: id, name, code, above, the counts."""
    above = aliased(Unit)
    return (
        select(
            Unit.id,
            Unit.name,
            Unit.code,
            func.coalesce(above.name, "").label("above"),
            *(getattr(UnitCount, each) for each in COUNTS),
        )
        .join(UnitCount, UnitCount.unit_id == Unit.id)
        .outerjoin(above, above.id == Unit.parent_id)
        .where(getattr(UnitCount, name) > 0, Unit.kind.in_(WITH_MEMBERS), Unit.id.in_(units))
        .order_by(Unit.code, Unit.id)
    )
