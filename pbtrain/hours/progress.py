"""A member's year as a ruler draws it: how much is done, owed, owed by today, and where the months lie."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from pbtrain.hours.policy import PolicyRules, Rules
from pbtrain.hours.rules import Assessment, Stretch, Term, days_of, owed_by, round_up, terms


@dataclass(frozen=True)
class Progress:
    """Hours in hundredths; `segments`, as `ui.ruler` wants: (days passed, target per year from then on)."""

    year: int
    counted: int
    target: int
    due: int
    self_study: int = 0
    self_counts: bool = False  # up to a cap, by the rules of today or of the year's end
    on_care: bool = False
    lacks_class: bool = False  # at least one 集中培训 is asked besides the hours, and there is none yet
    segments: tuple[tuple[int, int], ...] = ((0, 1),)
    running: bool = True  # a year that is over has no line for today

    @property
    def days(self) -> int:
        """365, or 366 in a leap year."""
        return days_of(self.year)

    @property
    def left(self) -> int:
        """What is missing for the year."""
        return max(self.target - self.counted, 0)

    @property
    def gap(self) -> int:
        """Below the pace of the year when negative, above it when positive."""
        return self.counted - self.due

    @property
    def standing(self) -> str:
        """The same words as `queries.STANDINGS`, see `standing`."""
        return standing(self)


def standing(year: Any) -> str:
    """Where a member stands, by the caches of a year: care, met, behind or pace; "none" where nothing is
    owed. The hours without the class that is asked are not the year's duty: such a member is on pace."""
    if year.on_care:
        return "care"
    if not year.target:
        return "none"
    if year.counted >= year.target and not year.lacks_class:
        return "met"
    return "behind" if year.counted < year.due else "pace"


def segments(found: Iterable[Term], year: int) -> tuple[tuple[int, int], ...]:
    """Where in the year the pace changes."""
    return tuple(((term.since - date(year, 1, 1)).days, term.rate) for term in found)


def of_assessment(result: Assessment, year: int, today: date, *, self_counts: bool = False) -> Progress:
    """The ruler of a year that was judged line by line."""
    edge = min(today, date(year, 12, 31))
    return Progress(
        year=year,
        counted=result.counted,
        target=result.target,
        due=result.due,
        self_study=result.self_study,
        self_counts=self_counts,
        on_care=any(s.category == "care" and s.since <= edge < s.until for s in result.stretches),
        lacks_class=result.lacks_class,
        segments=segments(result.terms, year),
        running=year == today.year,
    )


def is_even(policy: PolicyRules, target: int, due: int, today: date) -> bool:
    """Is the duty the same on all days of this year? Then target and pace follow from the policy alone."""
    passed, days = (today - date(today.year, 1, 1)).days + 1, days_of(today.year)
    return target in policy.targets.values() and due == min(round_up(target * passed, days, 10), target)


def owed(policy: Rules, stretches: tuple[Stretch, ...], today: date) -> tuple[int, int]:
    """(target of this year, owed by today), without looking at a single line."""
    days, found = days_of(today.year), terms(policy, stretches)
    step = policy.on(date(today.year, 12, 31)).target_step
    target = round_up(owed_by(found), days, step)
    passed = date.fromordinal(today.toordinal() + 1)
    return target, min(round_up(owed_by(found, passed), days, 10), target)
