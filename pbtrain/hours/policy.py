"""A policy: what a year asks and what counts toward it. Pure values, read from and written to JSON."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class PolicyRules:
    """The rules of one published version; all hours in hundredths of a 学时.

    Defaults are domain.md D.17: 32 学时 for members (条例 Art. 20), 56 for secretaries and committee
    members (training plan, D.3), 45 minutes a 学时 (no national value is established, D.8c), at most
    8 a day, self-study shown but not counted.
    """

    id: int = 0
    targets: dict[str, int] = field(default_factory=lambda: {"member": 3200, "leader": 5600})
    minutes_per_hour: int = 45
    minutes_by_activity: dict[str, int] = field(default_factory=dict)  # where it differs
    day_cap: int = 800
    self_cap: int = 0
    proof_caps: dict[str, int] = field(default_factory=dict)  # most a year from this proof level
    target_step: int = 50  # a prorated target is rounded up to this

    def __post_init__(self) -> None:
        positive = (self.minutes_per_hour, self.target_step, *self.minutes_by_activity.values())
        if min(positive) <= 0 or min(self.day_cap, self.self_cap, *self.targets.values()) < 0:
            raise ValueError("a policy needs positive minutes and steps, and no negative hours")

    def credit(self, activity: str, minutes: int) -> int:
        """Minutes converted, half-up to 0.01 学时, before any cap; the sign follows the minutes."""
        per = self.minutes_by_activity.get(activity, self.minutes_per_hour)
        hundredths = (abs(minutes) * 200 + per) // (2 * per)
        return hundredths if minutes >= 0 else -hundredths

    def as_json(self) -> dict[str, Any]:
        """What is stored: everything but the id."""
        return {name: value for name, value in asdict(self).items() if name != "id"}

    @classmethod
    def from_json(cls, policy_id: int, stored: dict[str, Any]) -> "PolicyRules":
        """The rules as they were published."""
        return cls(id=policy_id, **stored)
