"""What whoever decides should look at twice, in plain words. Values in, values out.

A signal says what is unusual, never that somebody did wrong; the member does not see it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pbtrain.core.marks import N_

YEAR_END = (12, 25)  # what is typed from then on fills up a year
FEW = 5  # a branch smaller than this is often complete


@dataclass(frozen=True)
class Signal:
    """One thing to notice: a drawing, a msgid with its parameters, and a claim to compare with."""

    icon: str
    message: str
    params: tuple[tuple[str, Any], ...] = ()
    claim_id: int | None = None


@dataclass(frozen=True)
class Line:
    """A line of the ledger that stands, of the same member and day."""

    title: str
    credit: int
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True)
class Likeness:
    """A picture that another claim has as well; `name` is empty for somebody out of the reader's reach."""

    number: int  # of the picture, counted from 1
    name: str
    day: date
    claim_id: int
    own: bool  # of the same member


def same_pictures(found: Iterable[Likeness]) -> list[Signal]:
    """A line for each picture that stands elsewhere too."""
    signals = []
    for one in found:
        if one.own:
            message = N_("Picture %(number)s is the same as one of their own claim of %(day)s.")
        elif one.name:
            message = N_("Picture %(number)s is the same as one of %(name)s, %(day)s.")
        else:
            message = N_("Picture %(number)s is the same as one of a claim in another branch.")
        params = (("number", one.number), ("name", one.name), ("day", one.day))
        signals.append(Signal("copy", message, params, one.claim_id if one.name else None))
    return signals


def two_places(starts: datetime | None, ends: datetime | None, lines: Iterable[Line]) -> list[Signal]:
    """Lines of the same time: nobody is in two places at once."""
    if starts is None or ends is None:
        return []
    return [
        Signal("swap", N_("At the same time: %(title)s."), (("title", line.title),))
        for line in lines
        if line.starts_at and line.ends_at and line.starts_at < ends and starts < line.ends_at
    ]


def over_the_day(credit: int, cap: int, lines: Sequence[Line]) -> list[Signal]:
    """More than the day's cap, together with what stands already; hours in hundredths."""
    stands = sum(line.credit for line in lines)
    if stands + credit <= cap:
        return []
    params = (("stands", stands), ("cap", cap), ("left", max(cap - stands, 0)))
    return [
        Signal(
            "clock",
            N_("%(stands)s hours of that day are in the ledger, at most %(cap)s count: %(left)s are left."),
            params,
        )
    ]


def typed_late(day: date, typed_on: date) -> list[Signal]:
    """Written when the year was nearly over, or after it."""
    if (typed_on.month, typed_on.day) < YEAR_END and typed_on.year == day.year:
        return []
    if (typed_on - day).days < 14:
        return []
    return [
        Signal("cal", N_("Handed in on %(typed)s, when the year was nearly over."), (("typed", typed_on),))
    ]


def everybody(claimed: int, members: int) -> list[Signal]:
    """All of a branch of some size claim the same thing."""
    if members < FEW or claimed < members:
        return []
    return [
        Signal("users", N_("All %(members)s members of the branch claim this one."), (("members", members),))
    ]
