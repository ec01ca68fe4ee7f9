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


def last_over(today: date) -> tuple[int, int]:
    """The newest month that is over, as (year, month): the one to sign next."""
    return (today.year, today.month - 1) if today.month > 1 else (today.year - 1, 12)


def last_late(today: date) -> tuple[int, int]:
    """The newest month whose last day for signing has passed, as (year, month)."""
    year, month = last_over(today)
    return (year, month) if today > sign_by(year, month) else last_over(date(year, month, 1))


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


LONGEST_PERIOD = 5  # years that one statement covers at most


def check_period(since: date, until: date, today: date) -> None:
    """RuleError unless hours can be stated for these days."""
    if until < since:
        raise RuleError(N_("The last day comes before the first."), field="until")
    if until > today:
        raise RuleError(N_("A statement ends today at the latest."), field="until")
    if until.year - since.year >= LONGEST_PERIOD:
        raise RuleError(N_("A statement covers at most five years."), field="since")


def masked(name: str) -> str:
    """'王建国' -> '王*国', '王强' -> '王*': what a page that anybody opens shows of a name."""
    if len(name) <= 2:
        return name[:1] + "*"
    return name[:1] + "*" * (len(name) - 2) + name[-1]
