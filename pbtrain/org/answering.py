"""Who puts right what a branch recorded: itself, then the branch that took it over, else the level above.

Part of the queries of org. A branch has been taken over when it was merged into another one, or when it
turned into a unit without members of its own, whose members a branch below took along.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from pbtrain.core.db import db
from pbtrain.org.access import Actor, units_where
from pbtrain.org.kinds import WITH_MEMBERS
from pbtrain.org.models import Unit, UnitSuccession
from pbtrain.org.roles import Perm

TAKEN_OVER = ("merge", "turned")  # kinds of succession by which another branch stands for the old one


def stands(unit: Any) -> ColumnElement[bool]:
    """This unit is a branch today: it answers for itself."""
    return and_(unit.valid_until.is_(None), unit.kind.in_(WITH_MEMBERS))


def living(unit_ids: Collection[int]) -> dict[int, int]:
    """Each branch that lives stands for itself, one that was taken over for what took it over; others are
    left out."""
    now = {unit_id: unit_id for unit_id in unit_ids}
    found: dict[int, int] = {}
    while now:
        live = set(db.session.scalars(select(Unit.id).where(Unit.id.in_(set(now.values())), stands(Unit))))
        found |= {start: end for start, end in now.items() if end in live}
        ended: dict[int, list[int]] = defaultdict(list)
        for start, end in now.items():
            if end not in live:
                ended[end].append(start)
        now = {
            start: row.to_id
            for row in db.session.execute(
                select(UnitSuccession.from_id, UnitSuccession.to_id)
                .where(UnitSuccession.from_id.in_(ended), UnitSuccession.kind.in_(TAKEN_OVER))
                .order_by(UnitSuccession.id)
            )
            for start in ended[row.from_id]
        }
    return found


def _last(step: Any) -> ColumnElement[bool]:
    """No later unit took over the one that this succession begins at."""
    newer = aliased(UnitSuccession)
    latest = select(func.max(newer.id)).where(newer.from_id == step.from_id, newer.kind.in_(TAKEN_OVER))
    return and_(step.kind.in_(TAKEN_OVER), step.id == latest.correlate(step).scalar_subquery())


def answered(actor: Actor, perm: Perm, perm_above: Perm) -> Select[tuple[int]]:
    """Ids of the branches for whose records this person answers: use it as `units_where`.

    Those in which they hold `perm`, and those these took over; of the ones that ended with nobody to take
    them over, those in which they hold `perm_above`.
    """
    own = units_where(actor, perm).subquery()
    mine = select(own.c.id.label("unit_id")).cte("answered", recursive=True)
    step, old = aliased(UnitSuccession), aliased(Unit)
    mine = mine.union(
        select(step.from_id)
        .join(mine, mine.c.unit_id == step.to_id)
        .join(old, old.id == step.from_id)
        .where(~stands(old), _last(step))
    )
    lost = _without_heir(units_where(actor, perm_above))
    return select(Unit.id).where(or_(Unit.id.in_(select(mine.c.unit_id)), Unit.id.in_(lost)))


def _without_heir(units: Select[tuple[int]]) -> Select[tuple[int]]:
    """Of these the ended branches that no living branch stands for."""
    old, step, heir = aliased(Unit), aliased(UnitSuccession), aliased(Unit)
    turned = exists().where(UnitSuccession.from_id == old.id, UnitSuccession.kind == "turned")
    gone = or_(and_(old.valid_until.is_not(None), old.kind.in_(WITH_MEMBERS)), and_(turned, ~stands(old)))
    way = (
        select(old.id.label("first_id"), old.id.label("unit_id"))
        .where(gone, old.id.in_(units))
        .cte("taken_over", recursive=True)
    )
    between = aliased(Unit)
    way = way.union(
        select(way.c.first_id, step.to_id)
        .join(step, step.from_id == way.c.unit_id)
        .join(between, between.id == way.c.unit_id)
        .where(~stands(between), _last(step))
    )
    alive = select(way.c.first_id).join(heir, heir.id == way.c.unit_id).where(stands(heir))
    return select(way.c.first_id).where(way.c.first_id.not_in(alive))


def heir_of(unit_id: int) -> Row[Any] | None:
    """The living branch that took this one over: id, name; None where it stands for itself or nobody does."""
    heir_id = living({unit_id}).get(unit_id, unit_id)
    if heir_id == unit_id:
        return None
    return db.session.execute(select(Unit.id, Unit.name).where(Unit.id == heir_id)).one()
