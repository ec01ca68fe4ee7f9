"""Reading closed years: what is closed, what is empty, what stands right below. Part of the queries."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from pbtrain.accounts.models import Account
from pbtrain.closing import rules
from pbtrain.closing.models import SignOff, YearSeal
from pbtrain.core.db import db
from pbtrain.hours.models import Book, MemberYear
from pbtrain.org.answering import WITH_MEMBERS
from pbtrain.org.models import Unit, UnitClosure, UnitLink


def counts_in(year: int, unit: Any = Unit) -> ColumnElement[bool]:
    """Units whose year this can be: no academy, begun by then, not ended before it unless it has a book."""
    book = aliased(Book)
    has_book = exists().where(book.unit_id == unit.id, book.year == year)
    lived = or_(unit.valid_until.is_(None), unit.valid_until > date(year, 1, 1), has_book)
    return and_(unit.kind != "academy", unit.valid_from <= date(year, 12, 31), lived)


@dataclass(frozen=True)
class Below:
    """A unit right below another: its seal of the year, if there is one, and what that adds up to."""

    id: int
    name: str
    code: str
    digest: str | None
    totals: dict[str, int]


def _stood(link: Any, year: int) -> ColumnElement[bool]:
    """This is the link by which its unit stood in the tree on the last day of the year, or when it ended.

    A level is closed with what stood below it then, whatever was moved until it is closed: by the tree of the
    day of closing a branch that moved in January would stand in two totals, or in none.
    """
    last, newer = date(year, 12, 31), aliased(UnitLink)
    later = or_(
        newer.valid_from > link.valid_from, and_(newer.valid_from == link.valid_from, newer.id > link.id)
    )
    return and_(
        link.valid_from <= last,
        ~exists().where(newer.unit_id == link.unit_id, newer.valid_from <= last, later),
    )


def below(unit_id: int, year: int) -> list[Below]:
    """The units that stood right below one at the end of the year, which its seal is made of, by id; one
    statement."""
    rows = db.session.execute(
        select(Unit.id, Unit.name, Unit.code, YearSeal.digest, YearSeal.manifest)
        .join(UnitLink, UnitLink.unit_id == Unit.id)
        .outerjoin(YearSeal, and_(YearSeal.unit_id == Unit.id, YearSeal.year == year))
        .where(UnitLink.parent_id == unit_id, _stood(UnitLink, year), counts_in(year))
        .order_by(Unit.id)
    )
    return [
        Below(row.id, row.name, row.code, row.digest, row.manifest["totals"] if row.manifest else {})
        for row in rows
    ]


def has_content(year: int, unit: Any = Unit) -> ColumnElement[bool]:
    """A branch that lives and has lines or members in that year: its people close it themselves."""
    book = aliased(Book)
    lines = exists().where(book.unit_id == unit.id, book.year == year, book.entries > 0)
    people = exists().where(MemberYear.custody_unit_id == unit.id, MemberYear.credit_year == year)
    return and_(unit.valid_until.is_(None), unit.kind.in_(WITH_MEMBERS), or_(lines, people))


def empty_below(unit_id: int, year: int) -> list[int]:
    """Units that nobody can close, of those that stood below one at the end of the year: ended ones, branches
    without lines and members, levels with nothing else below; not closed yet, the deepest first."""
    rows = db.session.execute(_tree(unit_id, year)).all()  # a unit comes after the one it stood below
    full: set[int] = set()
    for row in reversed(rows):
        if row.full or row.id in full:
            full |= {row.id, row.parent_id}
    return [row.id for row in reversed(rows) if row.open and row.id not in full]


def _tree(unit_id: int, year: int) -> Select[Any]:
    """(id, parent_id, full, open) of everything that stood below a unit at the end of a year, from above."""
    top, link = aliased(UnitLink), aliased(UnitLink)
    tree = (
        select(cast(top.unit_id, BigInteger).label("id"), top.parent_id, literal(1).label("depth"))
        .where(top.parent_id == unit_id, _stood(top, year))
        .cte("tree", recursive=True)
    )
    deeper = select(cast(link.unit_id, BigInteger), link.parent_id, tree.c.depth + 1)
    tree = tree.union_all(deeper.join(tree, link.parent_id == tree.c.id).where(_stood(link, year)))
    closed = exists().where(YearSeal.unit_id == Unit.id, YearSeal.year == year)
    return (
        select(
            Unit.id,
            tree.c.parent_id,
            case((has_content(year), 1), else_=0).label("full"),
            case((and_(~closed, counts_in(year)), 1), else_=0).label("open"),
        )
        .join(tree, tree.c.id == Unit.id)
        .order_by(tree.c.depth, Unit.id.desc())
    )


def listed(unit_id: int, year: int, month: int | None) -> Select[Any]:
    """The units right below with how many branches there are, are asked for a signature of `month` (as
    `figures.regrouped` has it: begun by then, with lines or members), have signed it, and are closed."""
    child, branch, off = aliased(Unit), aliased(Unit), aliased(SignOff)
    closed_branch, own = aliased(YearSeal), aliased(YearSeal)
    signed = asked = func.count(off.id)
    if month:
        begun = branch.valid_from < rules.month_end(year, month)
        asks = or_(off.id.is_not(None), and_(begun, has_content(year, branch)))
        asked = func.count(case((asks, 1)))
    return (
        select(
            child.id,
            child.name,
            child.kind,
            own.code.label("seal"),
            own.sealed_at,
            Account.name.label("sealer"),
            func.count(branch.id).label("branches"),
            asked.label("asked"),
            signed.label("signed"),
            func.count(closed_branch.id).label("closed"),
        )
        .join(UnitClosure, UnitClosure.above_id == child.id)
        .outerjoin(
            branch,
            and_(
                branch.id == UnitClosure.below_id,
                branch.kind.in_(WITH_MEMBERS),
                branch.valid_from <= date(year, 12, 31),
                branch.valid_until.is_(None),
            ),
        )
        .outerjoin(Book, and_(Book.unit_id == branch.id, Book.year == year))
        .outerjoin(off, and_(off.book_id == Book.id, off.month == (month or 0)))
        .outerjoin(closed_branch, and_(closed_branch.unit_id == branch.id, closed_branch.year == year))
        .outerjoin(own, and_(own.unit_id == child.id, own.year == year))
        .outerjoin(Account, Account.id == own.sealed_by_id)
        .where(child.parent_id == unit_id, counts_in(year, child))
        .group_by(child.id, child.name, child.kind, own.code, own.sealed_at, Account.name)
        .order_by(child.name, child.id)
    )


def last_months(unit_ids: list[int], year: int) -> dict[int, int]:
    """The last month that was signed, of these branches."""
    rows = db.session.execute(
        select(Book.unit_id, func.max(SignOff.month))
        .join(SignOff, SignOff.book_id == Book.id)
        .where(Book.unit_id.in_(unit_ids), Book.year == year)
        .group_by(Book.unit_id)
        .order_by(Book.unit_id)
    )
    return {row[0]: row[1] for row in rows}
