"""Fixed days, the plan of a year, and what a branch has held of what is asked. Pure."""

import calendar
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.kinds import Setting, due_months

LAST = 5  # "nth:5:…": the last such weekday of the month
# Days from the fixed day, so that a month's meetings do not fall on one afternoon. Ours; each can be moved.
SPREAD = {"committee_meeting": -8, "members_meeting": -3, "party_lecture": 3, "group_meeting": 6}
YEAR_END = frozenset({"life_meeting", "appraisal"})  # yearly ones are held when the year is looked back on


def check_every(every: str) -> None:
    """Raise RuleError unless it names a day of every month: "day:15", or "nth:2:5", the second Friday."""
    kind, _sep, rest = every.partition(":")
    parts = rest.split(":")
    if all(part.isascii() and part.isdecimal() for part in parts):
        numbers = [int(part) for part in parts]
        if kind == "day" and len(numbers) == 1 and 1 <= numbers[0] <= 31:
            return
        if kind == "nth" and len(numbers) == 2 and 1 <= numbers[0] <= LAST and 1 <= numbers[1] <= 7:
            return
    raise RuleError(N_("Choose the day of the month."), field="every")


def fixed_day(every: str, year: int, month: int) -> date:
    """The fixed day of a month; a 31st is the last day of a shorter one.

    >>> fixed_day("day:31", 2026, 2), fixed_day("nth:2:5", 2026, 9)
    (datetime.date(2026, 2, 28), datetime.date(2026, 9, 11))
    """
    length = calendar.monthrange(year, month)[1]
    kind, *numbers = every.split(":")
    if kind == "day":
        return date(year, month, min(int(numbers[0]), length))
    nth, weekday = int(numbers[0]), int(numbers[1])
    first = 1 + (weekday - 1 - date(year, month, 1).weekday()) % 7
    days = list(range(first, length + 1, 7))
    return date(year, month, days[-1] if nth == LAST else days[nth - 1])


def series_days(every: str, since: date, until: date) -> list[date]:
    """The fixed days from `since` to `until`, both included."""
    found, year, month = [], since.year, since.month
    while (year, month) <= (until.year, until.month):
        day = fixed_day(every, year, month)
        if since <= day <= until:
            found.append(day)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return found


@dataclass(frozen=True)
class Proposal:
    """One meeting of a year plan."""

    activity: str
    day: date


def proposals(
    settings: Iterable[Setting],
    known: Collection[tuple[str, int]],
    *,
    year: int,
    today: date,
    every: str,
) -> list[Proposal]:
    """What is still to be planned from `today` on so that every frequency is kept, by day.

    `known` are (activity, month) that are held or planned already. A span that is over is not planned:
    nothing is dated back.
    """
    found = []
    for one in settings:
        if not one.open:
            continue
        for span in due_months(one.per_year):
            if any((one.key, month) in known for month in span):
                continue
            months = span[::-1] if one.key in YEAR_END else span
            days = (_near(one.key, every, year, month) for month in months)
            day = next((day for day in days if day >= today), None)
            if day is not None:
                found.append(Proposal(one.key, day))
    return sorted(found, key=lambda each: (each.day, each.activity))


def _near(activity: str, every: str, year: int, month: int) -> date:
    """The day of this activity in a month: near the fixed day, within the month, no weekend."""
    fixed = fixed_day(every, year, month)
    if activity not in SPREAD:
        return fixed
    length = calendar.monthrange(year, month)[1]
    day = date(year, month, min(max(fixed.day + SPREAD[activity], 1), length))
    if day.weekday() > 4:
        earlier = day - timedelta(days=day.weekday() - 4)
        day = earlier if earlier.month == month else day + timedelta(days=7 - day.weekday())
    return day


@dataclass(frozen=True)
class Tick:
    """One span of the year of one activity: its first and last month, how often it was held and is planned,
    and how it stands: held, planned, due (its time runs), missed, later, or before the branch began."""

    first: int
    last: int
    held: int
    planned: int
    state: str


def ticks(
    setting: Setting,
    held: Mapping[int, int],
    planned: Mapping[int, int],
    *,
    year: int,
    today: date,
    since: date = date.min,
) -> list[Tick]:
    """How a branch stands with one activity, span by span; `held` and `planned` count by month. Nothing is
    missed before the branch began (`since`)."""
    month = today.month if today.year == year else 13 if today.year > year else 0
    found = []
    for span in due_months(setting.per_year):
        done = sum(held.get(each, 0) for each in span)
        comes = sum(planned.get(each, 0) for each in span)
        if done:
            state = "held"
        elif span[-1] < month:
            state = "missed" if (since.year, since.month) <= (year, span[0]) else "before"
        elif comes:
            state = "planned"
        else:
            state = "due" if span[0] <= month else "later"
        found.append(Tick(span[0], span[-1], done, comes, state))
    return found
