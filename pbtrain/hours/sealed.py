"""Lines of a closed year: they go into the branch's open book, and only as a recorded correction.

Part of the services of hours. The sealed book and the sealed figures of its members stay as they are; what
was counted since stands beside them in `MemberYear.corrections`.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from pbtrain.core import clock
from pbtrain.core.batches import batched
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.hours.models import Book, MemberYear
from pbtrain.org.models import Unit

if TYPE_CHECKING:
    from pbtrain.hours.posting import Draft

Shelves = set[tuple[int, int]]  # branch and year
CLOSED = N_("The year %(year)s of this branch is closed. The level above records a correction.")


def closed(unit_ids: Iterable[int], years: Iterable[int]) -> Shelves:
    """The sealed books among these; only a year that is over can be sealed, so that today asks nothing."""
    past = sorted(year for year in set(years) if year < clock.today().year)
    if not past:
        return set()
    rows = db.session.execute(
        select(Book.unit_id, Book.year)
        .where(Book.unit_id.in_(sorted(set(unit_ids))), Book.year.in_(past), Book.sealed_at.is_not(None))
        .order_by(Book.id)
    )
    return {(row.unit_id, row.year) for row in rows}


def check_open(unit_id: int, year: int, field: str | None = None) -> None:
    """RuleError where a branch has closed that year."""
    if closed([unit_id], [year]):
        raise RuleError(CLOSED, field=field, year=year)


def years_to_open(years: set[int], shelves: Shelves) -> set[int]:
    """The years whose books a posting needs: this year's too, when lines of a sealed one are among them."""
    return years | {clock.today().year} if shelves else years


def route(draft: "Draft", shelves: Shelves, *, correction: bool) -> None:
    """Send a line of a closed year to the book of this year; RuleError unless it is a recorded correction."""
    if draft.shelf not in shelves:
        return
    if not correction:
        raise RuleError(CLOSED, year=draft.credit_year)
    draft.book_year = clock.today().year


def not_theirs(unit_ids: Iterable[int], years: Iterable[int]) -> Shelves:
    """Which of these branches will not close which of these years, for who comes now: it is closed there, or
    was over when the branch began. Only of years that are over."""
    units, past = sorted(set(unit_ids)), sorted(year for year in set(years) if year < clock.today().year)
    if not units or not past:
        return set()
    begun = db.session.execute(
        select(Unit.id, Unit.valid_from)
        .where(Unit.id.in_(units), Unit.valid_from > date(past[0], 12, 31))
        .order_by(Unit.id)
    ).all()
    later = {(row.id, year) for row in begun for year in past if row.valid_from.year > year}
    return later | closed(units, past)


def staying(homes: Mapping[int, tuple[int | None, int]]) -> dict[int, int]:
    """Of these years, as {row id: (branch its member stands in today, year)}, those that stay where they are,
    as {row id: branch}: open still, while the branch of today has closed that year without them, or began
    after it. The branch that has them closes them; else they would be in nobody's seal."""
    shelves = not_theirs(
        (unit for unit, _year in homes.values() if unit), (year for _unit, year in homes.values())
    )
    late = sorted(row_id for row_id, home in homes.items() if home in shelves)
    if not late:
        return {}
    rows = select(MemberYear.id, MemberYear.custody_unit_id).where(
        MemberYear.id.in_(late),
        MemberYear.sealed_counted.is_(None),
        MemberYear.custody_unit_id.is_not(None),
    )
    return dict(db.session.execute(rows.order_by(MemberYear.id)).tuples().all())  # type: ignore[arg-type]


def correct(row_ids: Iterable[int]) -> None:
    """What counts of these years beyond what was sealed, in hundredths; years that are open stay at 0."""
    for some in batched(sorted(row_ids), 500):
        db.session.execute(
            update(MemberYear)
            .where(MemberYear.id.in_(some), MemberYear.sealed_counted.is_not(None))
            .values(corrections=MemberYear.counted - MemberYear.sealed_counted)
            .execution_options(synchronize_session=False)
        )
