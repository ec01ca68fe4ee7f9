"""A policy: what a year asks and what counts toward it. Pure values, read from and written to JSON.

One policy is the simplest case of rules by day; `Timeline` is the other one: a member who changes the branch,
or a version that holds from a day within the year. Both answer `on` and `between`.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any

CADRE_ACTIVITIES = ("cadre_class", "cadre_online")  # the separate account of 干部教育培训工作条例 (D.6)
LISTS = ("excluded", "class_for", "cadre_activities")


@dataclass(frozen=True)
class PolicyRules:
    """The rules of one published version; all hours in hundredths of a 学时.

    Defaults are domain.md D.17: 32 学时 for members (条例 Art. 20), 56 for secretaries and committee
    members (training plan, D.3), 45 minutes a 学时 (no national value is established, D.8c), at most
    8 a day, self-study shown but not counted. A field that an older version does not have changes nothing
    in it by its default: what was published stays what it was.
    """

    id: int = 0
    targets: dict[str, int] = field(default_factory=lambda: {"member": 3200, "leader": 5600})
    target_step: int = 50  # a prorated target is rounded up to this
    class_for: tuple[str, ...] = ()  # duties that need at least one 集中培训 a year besides the hours (D.3)
    new_post_months: int = 0  # a new secretary attends a training class within so many months (D.3); 0: none

    minutes_per_hour: int = 45
    minutes_by_activity: dict[str, int] = field(default_factory=dict)  # where it differs
    scales: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)  # (from minutes, hundredths)
    credit_step: int = 1  # converted minutes are rounded half-up to this
    excluded: tuple[str, ...] = ()  # activities that earn nothing
    modes: dict[str, str] = field(default_factory=dict)  # activities that are group or self by these rules

    day_cap: int = 800
    self_cap: int = 0  # most a year by self-study; 0: it is shown and does not count (D.2)
    activity_caps: dict[str, int] = field(default_factory=dict)  # most a year from this activity
    proof_caps: dict[str, int] = field(default_factory=dict)  # most a year from this proof level
    proof_shares: dict[str, int] = field(default_factory=dict)  # the same in percent of the year's target

    cadre_activities: tuple[str, ...] = CADRE_ACTIVITIES  # never mixed with the hours of a Party member
    cadre_target: int = 9000  # a year, 乡科级 and below
    cadre_five_years: int = 55000  # in a period of five years, 县处级 and above
    cadre_since: int = 2023  # a year in which such a period begins

    proxy_limit: int = 200  # most that who wrote a claim for somebody may approve alone
    two_eyes_above: int = 0  # a claim above this needs a second approver; 0: none does
    record_days: int = 0  # how long after its day something may be recorded; 0: as long as the year is open
    appeal_days: int = 15  # how long after a refusal one may appeal
    met_share: int = 100  # percent of its members who must have met the year for a branch to count as 达标

    def __post_init__(self) -> None:
        for name in LISTS:
            object.__setattr__(self, name, tuple(getattr(self, name)))
        scales = {key: tuple((m, c) for m, c in steps) for key, steps in self.scales.items()}
        object.__setattr__(self, "scales", scales)
        positive = (self.minutes_per_hour, self.target_step, self.credit_step)
        if min(*positive, *self.minutes_by_activity.values()) <= 0 or self._least() < 0:
            raise ValueError("a policy needs positive minutes and steps, and no negative hours")
        if any(list(steps) != sorted(steps) or not steps for steps in scales.values()):
            raise ValueError("the steps of a policy's scale must rise")
        if not 0 < self.met_share <= 100 or set(self.modes.values()) - {"group", "self"}:
            raise ValueError("a policy has a share of 1 to 100, and modes of group or self")

    def _least(self) -> int:
        """The smallest of what must not be negative."""
        numbers = (
            self.day_cap, self.self_cap, self.cadre_target, self.cadre_five_years, self.proxy_limit,
            self.two_eyes_above, self.record_days, self.appeal_days, self.new_post_months,
        )  # fmt: skip
        maps = (self.targets, self.activity_caps, self.proof_caps, self.proof_shares)
        steps = (number for scale in self.scales.values() for step in scale for number in step)
        return min(*numbers, *(value for one in maps for value in one.values()), *steps)

    def credit(self, activity: str, minutes: int) -> int:
        """Minutes converted, half-up to `credit_step`, before any cap; the sign follows the minutes."""
        spent = abs(minutes)
        if activity in self.scales:
            hundredths = max((value for least, value in self.scales[activity] if least <= spent), default=0)
        else:
            unit = self.minutes_by_activity.get(activity, self.minutes_per_hour) * self.credit_step
            hundredths = (spent * 200 + unit) // (2 * unit) * self.credit_step
        return hundredths if minutes >= 0 else -hundredths

    def mode(self, activity: str, usual: str) -> str:
        """Is this activity 集中 ("group") or 自学 ("self") by these rules?"""
        return self.modes.get(activity, usual)

    def on(self, day: date) -> "PolicyRules":
        """The rules in force on a day."""
        return self

    def between(self, since: date, until: date) -> Iterator[tuple[date, date, "PolicyRules"]]:
        """The days from `since` to the one before `until`, cut where the rules change."""
        yield since, until, self

    @property
    def key(self) -> tuple[Any, ...]:
        """The same for the same rules on the same days."""
        return (self.id,)

    def as_json(self) -> dict[str, Any]:
        """What is stored: everything but the id."""
        return {name: value for name, value in asdict(self).items() if name != "id"}

    @classmethod
    def from_json(cls, policy_id: int, stored: dict[str, Any]) -> "PolicyRules":
        """The rules as they were published."""
        return cls(id=policy_id, **stored)


@dataclass(frozen=True)
class Timeline:
    """Rules that change within a year: each from its day until the next begins; the first also before."""

    parts: tuple[tuple[date, PolicyRules], ...]

    def on(self, day: date) -> PolicyRules:
        """The rules in force on a day."""
        found = self.parts[0][1]
        for since, rules in self.parts:
            if since > day:
                break
            found = rules
        return found

    def between(self, since: date, until: date) -> Iterator[tuple[date, date, PolicyRules]]:
        """The days from `since` to the one before `until`, cut where the rules change."""
        edges = [since, *(day for day, _rules in self.parts if since < day < until), until]
        for first, after in pairwise(edges):
            yield first, after, self.on(first)

    @property
    def key(self) -> tuple[Any, ...]:
        """The same for the same rules on the same days."""
        return tuple((since, rules.id) for since, rules in self.parts)


Rules = PolicyRules | Timeline


def by_day(parts: list[tuple[date, PolicyRules]]) -> Rules:
    """The simplest value that says which rules hold when; `parts` by their days, at least one."""
    kept: list[tuple[date, PolicyRules]] = []
    for since, rules in parts:
        if not kept or kept[-1][1].id != rules.id:
            kept.append((since, rules))
    return kept[0][1] if len(kept) == 1 else Timeline(tuple(kept))
