"""A member's year as a ruler draws it: how much is done, owed, owed by today, and where the months lie."""

from dataclasses import dataclass
from datetime import date

from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.rules import Assessment, Stretch, days_of, rate, round_up, target_of


@dataclass(frozen=True)
class Progress:
    """Hours in hundredths; `segments`, as `ui.ruler` wants: (days passed, target per year from then on)."""

    year: int
    counted: int
    target: int
    due: int
    self_study: int = 0
    on_care: bool = False
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
        """The same words as `queries.STANDINGS`: care, met, behind or pace; "none" where nothing is owed."""
        if self.on_care:
            return "care"
        if not self.target:
            return "none"
        if self.counted >= self.target:
            return "met"
        return "behind" if self.gap < 0 else "pace"


def segments(policy: PolicyRules, stretches: tuple[Stretch, ...], year: int) -> tuple[tuple[int, int], ...]:
    """Where in the year the pace changes."""
    return tuple(
        ((stretch.since - date(year, 1, 1)).days, rate(policy, stretch.category)) for stretch in stretches
    )


def of_assessment(result: Assessment, policy: PolicyRules, year: int, today: date) -> Progress:
    """The ruler of a year that was judged line by line."""
    edge = min(today, date(year, 12, 31))
    return Progress(
        year=year,
        counted=result.counted,
        target=result.target,
        due=result.due,
        self_study=result.self_study,
        on_care=any(s.category == "care" and s.since <= edge < s.until for s in result.stretches),
        segments=segments(policy, result.stretches, year),
        running=year == today.year,
    )


def is_even(policy: PolicyRules, target: int, due: int, today: date) -> bool:
    """Is the duty the same on all days of this year? Then target and pace follow from the policy alone."""
    passed, days = (today - date(today.year, 1, 1)).days + 1, days_of(today.year)
    return target in policy.targets.values() and due == min(round_up(target * passed, days, 10), target)


def owed(policy: PolicyRules, stretches: tuple[Stretch, ...], today: date) -> tuple[int, int]:
    """(target of this year, owed by today), without looking at a single line."""
    days = days_of(today.year)
    target = round_up(target_of(policy, stretches), days, policy.target_step)
    passed = date.fromordinal(today.toordinal() + 1)
    return target, min(round_up(target_of(policy, stretches, until=passed), days, 10), target)
