"""The training class that a new secretary attends within months of the post (training plan, domain.md D.3).

Values in, values out. It stands beside the hours of the year: missing it is said and changes no number.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from pbtrain.hours.activities import CLASSES
from pbtrain.hours.policy import Rules
from pbtrain.hours.rules import Tie

POST = "secretary"
MOST_MONTHS = 24  # the longest time the form of a policy takes


@dataclass(frozen=True)
class FirstClass:
    """What is asked of a new secretary: from the first day of the post to the last in time; and when it was
    attended, None while it was not."""

    since: date
    until: date
    attended: date | None = None

    def state(self, today: date) -> str:
        """done, late (attended after the last day), asked or overdue."""
        if self.attended is not None:
            return "done" if self.attended <= self.until else "late"
        return "asked" if today <= self.until else "overdue"


def months_on(day: date, months: int) -> date:
    """The same day of the month `months` later, the last of that month where it has none such."""
    month = day.month - 1 + months
    first = date(day.year + month // 12, month % 12 + 1, 1)
    length = ((first + timedelta(days=31)).replace(day=1) - first).days
    return first.replace(day=min(day.day, length))


def told_since(months: int, year: int) -> date:
    """The earliest first day of a post whose class is still asked for in `year`.

    >>> told_since(6, 2026)
    datetime.date(2025, 7, 2)
    """
    begins, day = date(year, 1, 1), date(year, 1, 1) - timedelta(days=31 * months)
    while last_day(day, months) < begins:
        day += timedelta(days=1)
    return day


def overdue_until(months: int, today: date) -> date:
    """The latest first day of a post whose time for the class is over.

    >>> overdue_until(6, date(2026, 9, 10))
    datetime.date(2026, 3, 10)
    """
    day = today - timedelta(days=28 * months)
    while last_day(day, months) >= today:
        day -= timedelta(days=1)
    return day


def last_day(since: date, months: int) -> date:
    """The last day in time for the class of who became secretary on a day."""
    return months_on(since, months) - timedelta(days=1)


def first_class(policy: Rules, ties: Iterable[Tie], year: int) -> FirstClass | None:
    """What is asked of who became secretary, where the post or its last day lies in `year`; else None.

    By the rules of the first day of the post within the year. Who left the post before the last day came is
    asked no longer; of several posts the newest counts.
    """
    found = None
    for tie in sorted(ties, key=lambda one: one.since):
        if tie.kind != "post" or tie.label != POST:
            continue
        months = policy.on(max(tie.since, date(year, 1, 1))).new_post_months
        until = last_day(tie.since, months) if months else date.min
        left = tie.until is not None and tie.until <= until
        if months and not left and year in (tie.since.year, until.year):
            found = FirstClass(tie.since, until)
    return found


def met(asked: FirstClass | None, lines: Iterable[Any]) -> FirstClass | None:
    """The same with the day of the first class among lines that stand."""
    if asked is None:
        return None
    days = [line.day for line in lines if line.activity in CLASSES and line.day >= asked.since]
    return replace(asked, attended=min(days, default=None))
