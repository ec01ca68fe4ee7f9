"""Rules that others have published, to begin a draft with. All are starting points: everything can be edited.

Sources: domain.md part D. Where a source says nothing, the field keeps what the draft has.
"""

from dataclasses import dataclass, replace
from typing import Any

from pbtrain.core.marks import N_
from pbtrain.hours.policy import PolicyRules


@dataclass(frozen=True)
class Preset:
    """A name, where it comes from, and what it sets."""

    label: str
    source: str
    sets: dict[str, Any]


ONLINE_BY_LENGTH = {"online_course": ((1, 25), (16, 50), (30, 100))}

PRESETS: dict[str, Preset] = {
    "default": Preset(
        N_("As shipped: 32 and 56, group study only"),
        N_("Regulation on educating Party members, Article 20; training plan"),
        {
            "targets": {"member": 3200, "leader": 5600}, "class_for": ("leader",),
            "new_post_months": 6, "self_cap": 0,
            "minutes_per_hour": 45, "minutes_by_activity": {}, "scales": {}, "day_cap": 800,
        },
    ),
    "self_counts": Preset(
        N_("Self-study counts too"),
        N_("Practice of a supply and marketing cooperative in Inner Mongolia: group study or self-study"),
        {"self_cap": 3200},
    ),
    "online_by_length": Preset(
        N_("Online lessons by their length"),
        N_("Cadre online academy of Yunnan: 30 minutes 1, 15 to 30 minutes 0.5, shorter 0.25"),
        {"scales": ONLINE_BY_LENGTH},
    ),
    "sixty": Preset(
        N_("One hour is 60 minutes, 8 a day"),
        N_("Rules of a unit in Bengbu: branch study 1 an hour, full-time training 8 a day"),
        {"minutes_per_hour": 60, "minutes_by_activity": {}, "day_cap": 800},
    ),
    "six_a_day": Preset(
        N_("6 a day"),
        N_("Rules of Nanjing for cadres: 6 a day, 3 half a day"),
        {"minutes_per_hour": 60, "minutes_by_activity": {}, "day_cap": 600},
    ),
    "plan_2009": Preset(
        N_("Plan of 2009 for the countryside: 16 and 24"),
        N_("Training plan of 2009 to 2013; numbers change with each plan"),
        {"targets": {"member": 1600, "leader": 2400}},
    ),
}  # fmt: skip


def applied(rules: PolicyRules, key: str) -> PolicyRules:
    """The draft with what the preset sets; KeyError for no preset."""
    return replace(rules, **PRESETS[key].sets)
