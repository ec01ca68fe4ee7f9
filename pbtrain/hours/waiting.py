"""What else waits for a word before a year is closed: sheets of earlier hours. They belong to `claims`, which
`closing` does not know; it registers here."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, false, literal, select

from pbtrain.org.models import Unit

Waiting = Callable[[int], Select[Any]]


def _nothing(year: int) -> Select[Any]:
    return select(Unit.id.label("unit_id"), literal(0).label("rows")).where(false())


_known: list[Waiting] = [_nothing]


def register(waiting: Waiting) -> None:
    """From now on this is asked: of a year a select of (unit_id, rows), how many rows of sheets wait to be
    written into the book of each branch."""
    _known[:] = [waiting]


def rows_in(year: int) -> Select[Any]:
    """How many rows of sheets wait in each branch of that year: (unit_id, rows)."""
    return _known[0](year)
