"""Which branches have signed and which lines came late, for the pages of hours. Part of the queries."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, select
from sqlalchemy.orm import aliased

from pbtrain.closing import rules
from pbtrain.closing.models import SignOff
from pbtrain.closing.queries import LATE, OF_ITS_MONTH
from pbtrain.hours import signing
from pbtrain.hours.models import Book, HourEntry
from pbtrain.org.answering import WITH_MEMBERS
from pbtrain.org.models import Unit


class SignOffs:
    """Sign-offs as `hours.signing` asks for them."""

    def branches(self, today: date) -> Select[Any]:
        """(unit_id, unsigned, overdue) of each branch that lives, 0 or 1.

        Is the newest month that is over not signed; has the last day for signing one passed without it? As a
        signature covers the months before it, one month of each kind is looked at.
        """
        months = {"unsigned": rules.last_over(today), "overdue": rules.last_late(today)}
        found = select(Unit.id.label("unit_id")).where(
            Unit.kind.in_(WITH_MEMBERS), Unit.valid_until.is_(None)
        )
        for name, (year, month) in months.items():
            book, off = aliased(Book), aliased(SignOff)
            open_there = and_(off.id.is_(None), Unit.valid_from < rules.month_end(year, month))
            found = (
                found.add_columns(case((open_there, 1), else_=0).label(name))
                .outerjoin(book, and_(book.unit_id == Unit.id, book.year == year))
                .outerjoin(off, and_(off.book_id == book.id, off.month == month))
            )
        return found

    def late(self) -> ColumnElement[bool]:
        """Did a line (HourEntry) come after the sign-off of its month?"""
        return exists(
            select(SignOff.id).join(Book, Book.id == SignOff.book_id).where(OF_ITS_MONTH, LATE)
        ).correlate(HourEntry)


signing.register(SignOffs())
