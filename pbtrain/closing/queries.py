"""Reading sign-offs: a branch's months with their figures, what is open in them, how units below stand."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, extract, func, or_, select
from sqlalchemy.orm import aliased

from pbtrain.accounts.models import Account
from pbtrain.closing import rules
from pbtrain.closing.models import SignOff, YearSeal
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.hours import waiting
from pbtrain.hours.models import Book, HourClaim, HourEntry
from pbtrain.hours.rules import RETURN_DAYS
from pbtrain.org.models import Unit

# Claims in these states wait for nobody; `held` lines are counted apart. One that was returned waits for its
# member, and when it is not back in time for nobody any more: who has left or died never sends it.
SETTLED = ("draft", "approved", "rejected", "withdrawn", "held")
OF_ITS_MONTH = and_(SignOff.book_id == HourEntry.book_id, SignOff.month == extract("month", HourEntry.day))
# Lines are numbered in the order in which they were posted, and the sign-off says how many there were.
LATE = and_(HourEntry.seq > SignOff.entries, HourEntry.credit_year == Book.year)


def undone_late(back: Any) -> ColumnElement[bool]:
    """Was a line reversed after the sign-off of its month? `back` is what reverses it, if anything does."""
    same_book = and_(back.book_id == HourEntry.book_id, HourEntry.credit_year == Book.year)
    return and_(same_book, back.seq > SignOff.entries)


@dataclass
class Month:
    """A month of a book: what its lines add up to, and the sign-off if there is one."""

    number: int
    state: str
    lines: int = 0
    people: int = 0  # 人次
    minutes: int = 0
    credit: int = 0  # hundredths
    late: int = 0  # lines that came, or were reversed, after the sign-off
    claims: int = 0  # that wait for a decision
    held: int = 0
    sign_off: Any = None

    @property
    def open(self) -> int:
        """How many exceptions a signature would carry."""
        return self.claims + self.held + self.late


@dataclass
class BookMonths:
    """The twelve months of a branch's year."""

    year: int
    book: Any  # id, entries, credit, head, sealed_at, or None while nothing was posted
    months: list[Month] = field(default_factory=list)

    @property
    def due(self) -> list[int]:
        """The months that are over and not signed."""
        return [month.number for month in self.months if month.state == "due"]

    @property
    def entries(self) -> int:
        """How many lines the book has."""
        return self.book.entries if self.book else 0

    @property
    def strip(self) -> list[tuple[int, str]]:
        """For `ui.months`."""
        return [(month.number, month.state) for month in self.months]


def months(unit_id: int, year: int, since: date, today: date) -> BookMonths:
    """The months of a branch's year; `since` is the first day of the branch. Four statements."""
    book = db.session.execute(
        select(Book.id, Book.entries, Book.person_times, Book.minutes, Book.credit, Book.prior_credit,
               Book.head, Book.sealed_at)
        .where(Book.unit_id == unit_id, Book.year == year)
    ).first()  # fmt: skip
    offs = {row.month: row for row in sign_offs(book.id)} if book else {}
    found = {
        number: Month(number, rules.month_state(year, number, offs, since, today), sign_off=offs.get(number))
        for number in rules.MONTHS
    }
    if book:
        for row in db.session.execute(_figures(book.id)):
            month = found[row.month]
            month.lines, month.people, month.minutes = row.lines, row.people, row.minutes
            month.credit, month.late = row.credit, row.late
    for row in db.session.execute(_open(unit_id, year)):
        found[row.month].claims, found[row.month].held = row.claims, row.held
    return BookMonths(year, book, list(found.values()))


def sign_offs(book_id: int) -> list[Any]:
    """The sign-offs of a book with who signed, by month."""
    return list(
        db.session.execute(
            select(SignOff.month, SignOff.entries, SignOff.credit, SignOff.head, SignOff.exceptions,
                   SignOff.signed_at, SignOff.signed_by_id, Account.name.label("signer"))
            .outerjoin(Account, Account.id == SignOff.signed_by_id)
            .where(SignOff.book_id == book_id)
            .order_by(SignOff.month, SignOff.id)
        )
    )  # fmt: skip


def seal(unit_id: int, year: int) -> Any:
    """The seal of a unit's year with who closed it, or None while it is open."""
    return db.session.execute(
        select(YearSeal.code, YearSeal.digest, YearSeal.manifest, YearSeal.sealed_at, YearSeal.sealed_by_id,
               Account.name.label("sealer"))
        .outerjoin(Account, Account.id == YearSeal.sealed_by_id)
        .where(YearSeal.unit_id == unit_id, YearSeal.year == year)
    ).first()  # fmt: skip


def _figures(book_id: int) -> Select[Any]:
    """Lines of a book's own year, by month; corrections of other years stand apart."""
    month, undone = extract("month", HourEntry.day).label("month"), aliased(HourEntry)
    once = or_(undone.id.is_(None), undone.seq <= SignOff.entries)  # not: a late line and what reverses it

    def total(value: Any) -> Any:
        return func.coalesce(func.sum(value), 0)

    return (
        select(
            month,
            func.count().label("lines"),
            total(case((HourEntry.reverses_id.is_(None), 1), else_=-1)).label("people"),
            total(HourEntry.minutes).label("minutes"),
            total(HourEntry.credit).label("credit"),
            total(case((and_(LATE, once), 1), else_=0)).label("late"),
        )
        .join(Book, Book.id == HourEntry.book_id)
        .outerjoin(SignOff, OF_ITS_MONTH)
        .outerjoin(undone, undone.id == HourEntry.reverses_id)
        .where(HourEntry.book_id == book_id, HourEntry.credit_year == Book.year)
        .group_by(month)
        .order_by(month)
    )


def waiting_in(year: int) -> tuple[Any, ...]:
    """Claims and overlaps of a year's days that wait for a decision."""
    in_time = clock.at(clock.today() - timedelta(days=RETURN_DAYS), 0)
    return (
        HourClaim.day.between(date(year, 1, 1), date(year, 12, 31)),
        or_(HourClaim.state == "held", HourClaim.state.not_in(SETTLED)),
        or_(HourClaim.state != "returned", HourClaim.decided_at >= in_time),
    )


def sheet_rows(unit_id: int, year: int) -> int:
    """How many rows of sheets of earlier hours wait for the level above, or are being written."""
    each = waiting.rows_in(year).subquery()
    return db.session.scalar(select(each.c.rows).where(each.c.unit_id == unit_id)) or 0


def _open(unit_id: int, year: int) -> Select[Any]:
    """Claims and overlaps of a branch that wait for a decision, by month of their day."""
    month = extract("month", HourClaim.day).label("month")
    return (
        select(
            month,
            func.sum(case((HourClaim.state == "held", 0), else_=1)).label("claims"),
            func.sum(case((HourClaim.state == "held", 1), else_=0)).label("held"),
        )
        .where(HourClaim.unit_id == unit_id, *waiting_in(year))
        .group_by(month)
        .order_by(month)
    )


@dataclass(frozen=True)
class Standing:
    """How far a branch's year is signed and whether it is closed, in one row of few figures."""

    year: int
    strip: list[tuple[int, str]]
    due: list[int]


def standing(unit_id: int, today: date) -> tuple[Standing, Standing | None]:
    """This year, and the year before while its book is open; one statement, for the first page."""
    rows = db.session.execute(
        select(Unit.valid_from, Book.year, Book.sealed_at, SignOff.month)
        .outerjoin(Book, and_(Book.unit_id == Unit.id, Book.year.in_((today.year - 1, today.year))))
        .outerjoin(SignOff, SignOff.book_id == Book.id)
        .where(Unit.id == unit_id)
        .order_by(Book.year, SignOff.month)
    ).all()
    since = rows[0].valid_from

    def of(year: int) -> Standing:
        signed = {row.month for row in rows if row.year == year and row.month}
        strip = [(n, rules.month_state(year, n, signed, since, today)) for n in rules.MONTHS]
        return Standing(year, strip, rules.months_due(year, signed, since, today))

    open_before = any(row.year == today.year - 1 and row.sealed_at is None for row in rows)
    return of(today.year), of(today.year - 1) if open_before else None
