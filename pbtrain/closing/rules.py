"""When a month can be signed and a year be closed. Pure: values in, values out."""

from collections.abc import Collection
from datetime import date

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_

MONTHS = range(1, 13)
SIGN_BY = 10  # day of the month after: the last on which a sign-off is in time


def month_end(year: int, month: int) -> date:
    """The first day after the month."""
    return date(year + month // 12, month % 12 + 1, 1)


def sign_by(year: int, month: int) -> date:
    """The last day on which the sign-off of a month is in time."""
    return month_end(year, month).replace(day=SIGN_BY)


def month_state(year: int, month: int, signed: Collection[int], since: date, today: date) -> str:
    """signed, due (over and not signed), running, or future; months before the branch began are future."""
    if month in signed:
        return "signed"
    if month_end(year, month) <= since or today < date(year, month, 1):
        return "future"
    return "due" if month_end(year, month) <= today else "running"


def months_due(year: int, signed: Collection[int], since: date, today: date) -> list[int]:
    """The months that are over and not signed, in order."""
    return [month for month in MONTHS if month_state(year, month, signed, since, today) == "due"]


def check_month(year: int, month: int, today: date) -> None:
    """RuleError for a month that is still running: what is signed must be complete."""
    if month_end(year, month) > today:
        raise RuleError(N_("A month is signed when it is over."))


def check_year(year: int, today: date) -> None:
    """RuleError for a year that is not over yet."""
    if today.year <= year:
        raise RuleError(N_("A year is closed when it is over."))
