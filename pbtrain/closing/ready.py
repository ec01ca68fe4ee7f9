"""Reading which branches of a level can be closed in one step, with the levels between, and what is in the
way of the others. Part of the queries.

What a book adds up to is checked when it is closed, not here: this reads counts, the same few statements for
ten branches and for ten thousand.
"""

from datetime import date
from typing import Any

from sqlalchemy import Select, and_, case, extract, func, select

from pbtrain.closing import years
from pbtrain.closing.models import SignOff, YearSeal
from pbtrain.closing.queries import waiting_in
from pbtrain.core.db import db
from pbtrain.hours import waiting
from pbtrain.hours.models import Book, HourClaim
from pbtrain.org.access import Actor, units_where
from pbtrain.org.kinds import WITH_UNITS
from pbtrain.org.models import Unit, UnitClosure
from pbtrain.org.roles import Perm


def _branches(actor: Actor, unit_id: int, year: int) -> Any:
    """Branches below with lines or members that are not closed and that `actor` may close: (id, name, claims,
    held, sheets, months), counts of what is in the way. Empty ones are closed with their level."""
    inside = select(UnitClosure.below_id).where(UnitClosure.above_id == unit_id, UnitClosure.depth > 0)
    is_held = case((HourClaim.state == "held", 1), else_=0)
    waits = (
        select(HourClaim.unit_id, func.sum(1 - is_held).label("claims"), func.sum(is_held).label("held"))
        .where(HourClaim.unit_id.in_(inside), *waiting_in(year))
        .group_by(HourClaim.unit_id)
        .subquery()
    )
    sheets = waiting.rows_in(year).subquery()
    signed = (
        select(Book.unit_id, func.count().label("months"))
        .join(SignOff, SignOff.book_id == Book.id)
        .where(Book.year == year, Book.unit_id.in_(inside))
        .group_by(Book.unit_id)
        .subquery()
    )
    begun = case((Unit.valid_from >= date(year, 1, 1), 13 - extract("month", Unit.valid_from)), else_=12)
    return (
        select(
            Unit.id,
            Unit.name,
            func.coalesce(waits.c.claims, 0).label("claims"),
            func.coalesce(waits.c.held, 0).label("held"),
            func.coalesce(sheets.c.rows, 0).label("sheets"),
            (begun - func.coalesce(signed.c.months, 0)).label("months"),
        )
        .outerjoin(YearSeal, and_(YearSeal.unit_id == Unit.id, YearSeal.year == year))
        .outerjoin(waits, waits.c.unit_id == Unit.id)
        .outerjoin(sheets, sheets.c.unit_id == Unit.id)
        .outerjoin(signed, signed.c.unit_id == Unit.id)
        .where(
            Unit.id.in_(inside),
            Unit.id.in_(units_where(actor, Perm.YEAR_SEAL)),
            YearSeal.id.is_(None),
            years.has_content(year),
            years.counts_in(year),
        )
        .subquery()
    )


def _in_the_way(found: Any) -> Any:
    return (
        found.c.claims + found.c.held + found.c.sheets + case((found.c.months > 0, found.c.months), else_=0)
    )


def listed(actor: Actor, unit_id: int, year: int, *, ready: bool) -> Select[Any]:
    """The branches with nothing in the way, or those with something, by name."""
    found = _branches(actor, unit_id, year)
    open_things = _in_the_way(found)
    return (
        select(found.c.id, found.c.name, found.c.claims, found.c.held, found.c.sheets, found.c.months)
        .where(open_things == 0 if ready else open_things > 0)
        .order_by(found.c.name, found.c.id)
    )


def counted(actor: Actor, unit_id: int, year: int) -> tuple[int, int]:
    """How many branches are ready, and how many are not."""
    found = _branches(actor, unit_id, year)
    open_things = _in_the_way(found)
    row = db.session.execute(
        select(
            func.count(case((open_things == 0, 1))),
            func.count(case((open_things > 0, 1))),
        ).select_from(found)
    ).one()
    return int(row[0]), int(row[1])


def levels(actor: Actor, unit_id: int, year: int, *, after: bool = False) -> Select[Any]:
    """The levels below that `actor` may close because every branch with lines or members below them is
    closed, the deepest first: id, name, depth, branches (with lines or members). `after`: also those that
    wait for nothing but branches which are ready. Empty levels are closed with the one above them."""
    inside = select(UnitClosure.below_id).where(UnitClosure.above_id == unit_id, UnitClosure.depth > 0)
    closed = select(YearSeal.unit_id).where(YearSeal.year == year)
    full = select(Unit.id).where(Unit.id.in_(inside), years.has_content(year))
    waiting = full.where(Unit.id.not_in(closed), years.counts_in(year))
    if after:
        found = _branches(actor, unit_id, year)
        waiting = waiting.where(Unit.id.not_in(select(found.c.id).where(_in_the_way(found) == 0)))
    blocked = select(UnitClosure.above_id).where(UnitClosure.below_id.in_(waiting))
    held = (
        select(UnitClosure.above_id, func.count().label("branches"))
        .where(UnitClosure.below_id.in_(full))
        .group_by(UnitClosure.above_id)
        .subquery()
    )
    place = UnitClosure
    return (
        select(Unit.id, Unit.name, place.depth, held.c.branches)
        .join(place, and_(place.below_id == Unit.id, place.above_id == unit_id, place.depth > 0))
        .join(held, held.c.above_id == Unit.id)
        .where(
            Unit.kind.in_(WITH_UNITS),
            Unit.valid_until.is_(None),
            Unit.id.in_(units_where(actor, Perm.YEAR_SEAL)),
            Unit.id.not_in(closed),
            Unit.id.not_in(blocked),
            years.counts_in(year),
        )
        .order_by(place.depth.desc(), Unit.name, Unit.id)
    )


def levels_counted(actor: Actor, unit_id: int, year: int) -> int:
    """How many levels between can be closed once the ready branches are."""
    asked = levels(actor, unit_id, year, after=True).order_by(None).subquery()
    return db.session.scalar(select(func.count()).select_from(asked)) or 0
