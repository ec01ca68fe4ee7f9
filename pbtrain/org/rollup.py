"""Sums over the tree that are kept in a table: one way to add them up, one to bring the table up to date."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Select, and_, bindparam, cast, func, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from pbtrain.core import clock
from pbtrain.core.db import UTCDateTime, db, is_postgresql, prepared, transaction
from pbtrain.org.models import Unit, UnitClosure

LIVE_UNITS = 50  # a tree of so many units is added up at once, whenever somebody looks
Units = Sequence[int] | Select[Any]


def is_small(units: Sequence[int]) -> bool:
    """Is what stands below these units little enough to be added up at once? One look into the closure."""
    return bool(_size_of(units=list(units)).scalar_one() <= LIVE_UNITS)


@prepared
def _size_of() -> Any:
    return select(size(bindparam("units", expanding=True)))


def size(units: Any) -> Any:
    """How many units stand in and below these, counted no further than one beyond LIVE_UNITS."""
    some = select(UnitClosure.id).where(UnitClosure.above_id.in_(units)).limit(LIVE_UNITS + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def below(units: Units) -> Select[Any]:
    """The ids of all that stands in or below these units."""
    return select(UnitClosure.below_id).where(UnitClosure.above_id.in_(units))


def summed(own: Any, names: Sequence[str], units: Units | None = None) -> Select[Any]:
    """`own` holds (unit_id, *names) of each unit by itself: the same of each unit with all below."""
    found = (
        select(
            UnitClosure.above_id.label("unit_id"),
            *(cast(func.coalesce(func.sum(own.c[name]), 0), BigInteger).label(name) for name in names),
        )
        .join(own, own.c.unit_id == UnitClosure.below_id)
        .group_by(UnitClosure.above_id)
    )
    return found if units is None else found.where(UnitClosure.above_id.in_(units))


def renew(model: Any, fresh: Select[Any], names: Sequence[str], **key: Any) -> int:
    """Bring the rows of a model with these key values up to what `fresh` adds up; how many were written.

    Only what differs is written, and the row of the unit at the top, whose `refreshed_at` says how old all
    of them are. On SQLite, where a writer keeps others waiting, everything is added up before the write.
    """
    table: Any = model.__table__
    columns = ["unit_id", *names, "refreshed_at", *key]
    changed = _changed(model, fresh.subquery(), names, key)
    if is_postgresql():
        upsert = _upsert(postgresql.insert(table).from_select(columns, changed), names, key)
        with transaction() as session:
            done = session.connection().execute(upsert.execution_options(preserve_rowcount=True))
            return int(done.rowcount)
    rows = [dict(zip(columns, row, strict=True)) for row in db.session.execute(changed)]
    if rows:
        with transaction() as session:
            session.connection().execute(_upsert(sqlite.insert(table), names, key), rows)
    return len(rows)


def _changed(model: Any, fresh: Any, names: Sequence[str], key: dict[str, Any]) -> Select[Any]:
    differs = [model.id.is_(None), *(fresh.c[name] != getattr(model, name) for name in names)]
    same = [getattr(model, name) == value for name, value in key.items()]
    return (
        select(
            *(fresh.c[name] for name in ("unit_id", *names)),
            literal(clock.now(), UTCDateTime()),
            *(literal(value) for value in key.values()),
        )
        .join(Unit, Unit.id == fresh.c.unit_id)
        .outerjoin(model, and_(model.unit_id == fresh.c.unit_id, *same))
        .where(or_(Unit.parent_id.is_(None), *differs))
        .order_by(fresh.c.unit_id)
    )


def _upsert(insert: Any, names: Sequence[str], key: dict[str, Any]) -> Any:
    return insert.on_conflict_do_update(
        index_elements=["unit_id", *key],
        set_={name: insert.excluded[name] for name in (*names, "refreshed_at")},
    )


def as_of(model: Any, **key: Any) -> Select[Any]:
    """Select when the rows of a model with these key values were last brought up to date."""
    return (
        select(func.max(model.refreshed_at))
        .join(Unit, Unit.id == model.unit_id)
        .where(Unit.parent_id.is_(None), *(getattr(model, name) == value for name, value in key.items()))
    )
