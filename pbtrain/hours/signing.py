"""What pages of hours show of sign-offs. They belong to `closing`, a room above, which registers here."""

from datetime import date
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select, false, literal, select

from pbtrain.org.models import Unit


class Signing(Protocol):
    """Who knows of sign-offs."""

    def branches(self, today: date) -> Select[Any]:
        """(unit_id, unsigned, overdue) of each branch that lives, 0 or 1, as of a day."""

    def late(self) -> ColumnElement[bool]:
        """Did a line (HourEntry) come after the sign-off of its month?"""


class Nobody:
    """As long as nobody is registered, nothing is asked and nothing is late."""

    def branches(self, today: date) -> Select[Any]:
        """No branch has anything to sign."""
        return select(Unit.id.label("unit_id"), literal(0).label("unsigned"), literal(0).label("overdue"))

    def late(self) -> ColumnElement[bool]:
        """No line is late."""
        return false()


_known: list[Signing] = [Nobody()]


def register(signing: Signing) -> None:
    """From now on this is asked."""
    _known[:] = [signing]


def known() -> Signing:
    """Whom to ask."""
    return _known[0]
