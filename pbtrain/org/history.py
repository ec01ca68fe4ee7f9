"""Reading what was: the tree of any day, and the life of one unit. Part of the queries of org."""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Row, Select, and_, cast, func, literal, null, or_, select
from sqlalchemy.orm import aliased

from pbtrain.core.db import db
from pbtrain.org.kinds import WITH_MEMBERS
from pbtrain.org.models import Member, Post, Unit, UnitKindSpan, UnitLink, UnitName, UnitSuccession
from pbtrain.org.queries import is_on


def name_on(unit: Any, day: date) -> Any:
    """What a unit was called on that day; names were not always kept, then it is today's."""
    called = (
        select(UnitName.name)
        .where(UnitName.unit_id == unit.id, is_on(UnitName, day))
        .order_by(UnitName.valid_from.desc(), UnitName.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(called, unit.name)


def kind_on(unit: Any, day: date) -> Any:
    """What kind a unit was on that day: today's, unless it has changed since."""
    was = (
        select(UnitKindSpan.kind)
        .where(UnitKindSpan.unit_id == unit.id, is_on(UnitKindSpan, day))
        .order_by(UnitKindSpan.valid_from.desc(), UnitKindSpan.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(was, unit.kind)


def _down(tops: Any, day: date, *, deepest: int | None = None) -> Any:
    """All units that stood in or below these on that day: top_id, unit_id, parent_id, depth."""
    start = (
        select(
            cast(Unit.id, BigInteger).label("top_id"),
            cast(Unit.id, BigInteger).label("unit_id"),
            cast(null(), BigInteger).label("parent_id"),
            literal(0).label("depth"),
        )
        .where(tops)
        .cte("tree", recursive=True)
    )
    link = aliased(UnitLink)
    step = (
        select(
            start.c.top_id,
            cast(link.unit_id, BigInteger),
            cast(link.parent_id, BigInteger),
            start.c.depth + 1,
        )
        .join(start, link.parent_id == start.c.unit_id)
        .where(is_on(link, day))
    )
    if deepest is not None:
        step = step.where(start.c.depth < deepest)
    return start.union_all(step)


def tree_on(
    top_id: int, day: date, *, limit: int | None = None, mine: Select[tuple[int]] | None = None
) -> list[Row[Any]]:
    """The tree in and below a unit on a day: unit_id, parent_id, name and kind of that day, depth,
    and `open`: is it one of `mine`."""
    found: Any = _down(Unit.id == top_id, day)
    if limit is not None:  # without an order the recursion stops there
        found = select(found).limit(limit).subquery()
    query = select(
        found.c.unit_id,
        found.c.parent_id,
        name_on(Unit, day).label("name"),
        kind_on(Unit, day).label("kind"),
        Unit.code,
        found.c.depth,
        _among(mine),
    ).join(Unit, Unit.id == found.c.unit_id)
    return sorted(db.session.execute(query), key=lambda row: (row.depth, row.code, row.unit_id))


def _among(mine: Select[tuple[int]] | None) -> Any:
    return (Unit.id.in_(mine) if mine is not None else literal(False)).label("open")


def children_on(
    parent_id: int, day: date, *, q: str = "", mine: Select[tuple[int]] | None = None
) -> Select[Any]:
    """The units right below on that day, by code: unit_id, name and kind of that day, code, `open`."""
    name, kind = name_on(Unit, day), kind_on(Unit, day)
    query = (
        select(Unit.id.label("unit_id"), name.label("name"), kind.label("kind"), Unit.code, _among(mine))
        .join(UnitLink, UnitLink.unit_id == Unit.id)
        .where(UnitLink.parent_id == parent_id, is_on(UnitLink, day))
        .order_by(Unit.code, Unit.id)
    )
    if q:
        query = query.where(or_(name.contains(q, autoescape=True), Unit.code == q))
    return query


def sizes_on(unit_ids: Collection[int], day: date) -> dict[int, tuple[int, int]]:
    """How many units stood below each on that day, and how many of them were branches; one statement."""
    found = _down(Unit.id.in_(unit_ids), day)
    rows = db.session.execute(
        select(
            found.c.top_id,
            func.count().filter(found.c.depth > 0),
            func.count().filter(and_(found.c.depth > 0, kind_on(Unit, day).in_(WITH_MEMBERS))),
        )
        .join(Unit, Unit.id == found.c.unit_id)
        .group_by(found.c.top_id)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def way_on(unit_id: int, day: date) -> list[Row[Any]]:
    """The units from the top down to this one as they stood on that day; empty when it was not there."""
    link = aliased(UnitLink)
    start = (
        select(
            cast(UnitLink.unit_id, BigInteger).label("unit_id"),
            cast(UnitLink.parent_id, BigInteger).label("parent_id"),
            literal(0).label("depth"),
        )
        .where(UnitLink.unit_id == unit_id, is_on(UnitLink, day))
        .cte("way", recursive=True)
    )
    found = start.union_all(
        select(cast(link.unit_id, BigInteger), cast(link.parent_id, BigInteger), start.c.depth + 1)
        .join(start, link.unit_id == start.c.parent_id)
        .where(is_on(link, day))
    )
    return list(
        db.session.execute(
            select(Unit.id, name_on(Unit, day).label("name"))
            .join(found, found.c.unit_id == Unit.id)
            .order_by(found.c.depth.desc(), Unit.id)
        )
    )


def successions_of(unit_ids: Collection[int]) -> list[Row[Any]]:
    """Which units these took over from and went over to, oldest first, with today's names."""
    old, new = aliased(Unit), aliased(Unit)
    return list(
        db.session.execute(
            select(
                UnitSuccession.from_id,
                UnitSuccession.to_id,
                UnitSuccession.kind,
                UnitSuccession.on_day,
                old.name.label("from_name"),
                new.name.label("to_name"),
            )
            .join(old, old.id == UnitSuccession.from_id)
            .join(new, new.id == UnitSuccession.to_id)
            .where(or_(UnitSuccession.from_id.in_(unit_ids), UnitSuccession.to_id.in_(unit_ids)))
            .order_by(UnitSuccession.on_day, UnitSuccession.id)
        )
    )


def planned_end(unit_id: int) -> date | None:
    """The day on which a temporary unit ends by itself."""
    return db.session.scalar(
        select(UnitLink.valid_until)
        .where(UnitLink.unit_id == unit_id)
        .order_by(UnitLink.valid_from.desc(), UnitLink.id.desc())
        .limit(1)
    )


def names_of(unit_id: int) -> list[Row[Any]]:
    """What a unit was called, the latest first."""
    return list(
        db.session.execute(
            select(UnitName.name, UnitName.valid_from, UnitName.valid_until)
            .where(UnitName.unit_id == unit_id)
            .order_by(UnitName.valid_from.desc(), UnitName.id.desc())
        )
    )


def kinds_of(unit_id: int) -> list[Row[Any]]:
    """What kind a unit was before it changed, the latest first."""
    return list(
        db.session.execute(
            select(UnitKindSpan.kind, UnitKindSpan.valid_from, UnitKindSpan.valid_until)
            .where(UnitKindSpan.unit_id == unit_id)
            .order_by(UnitKindSpan.valid_from.desc(), UnitKindSpan.id.desc())
        )
    )


def parents_of(unit_id: int) -> list[Row[Any]]:
    """Below which units a unit stood, the latest first, with today's names."""
    return list(
        db.session.execute(
            select(UnitLink.parent_id, Unit.name, UnitLink.valid_from, UnitLink.valid_until)
            .outerjoin(Unit, Unit.id == UnitLink.parent_id)
            .where(UnitLink.unit_id == unit_id)
            .order_by(UnitLink.valid_from.desc(), UnitLink.id.desc())
        )
    )


def posts_in(unit_id: int) -> Select[Any]:
    """Who held which post in a unit, the latest first."""
    return (
        select(Post.id, Post.kind, Post.valid_from, Post.valid_until, Member.name)
        .join(Member, Member.id == Post.member_id)
        .where(Post.unit_id == unit_id)
        .order_by(Post.valid_from.desc(), Post.id.desc())
    )
