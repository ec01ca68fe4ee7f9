"""What the rooms of a policy are called, and how a value is said: one table for list and diff."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pbtrain.core.formatting import whole_hours
from pbtrain.core.marks import N_
from pbtrain.hours.activities import EARNING
from pbtrain.hours.policy import PolicyRules
from pbtrain.policies.rules import LABELS, PROOFS

MODES = {"group": N_("Group study"), "self": N_("Self-study")}
HOURS, PLAIN, PERCENT, DAYS, MINUTES, WORDS = "hours", "plain", "percent", "days", "minutes", "words"

ROOMS = {  # the fields with one value: label, and what it is counted in
    "target_step": (N_("A prorated target is rounded up to"), HOURS),
    "new_post_months": (N_("A new secretary's training class, within months"), PLAIN),
    "minutes_per_hour": (N_("Minutes that make one hour"), MINUTES),
    "credit_step": (N_("Converted minutes are rounded to"), HOURS),
    "day_cap": (N_("At most a day"), HOURS),
    "self_cap": (N_("Self-study counts up to a year"), HOURS),
    "cadre_target": (N_("Cadres, township level and below, a year"), HOURS),
    "cadre_five_years": (N_("Cadres, county level and above, in five years"), HOURS),
    "cadre_since": (N_("A period of five years begins in"), PLAIN),
    "proxy_limit": (N_("Who wrote a claim for somebody approves alone up to"), HOURS),
    "two_eyes_above": (N_("Two people approve above"), HOURS),
    "record_days": (N_("Recorded at the latest after"), DAYS),
    "appeal_days": (N_("A refusal can be appealed within"), DAYS),
    "met_share": (N_("A branch has met the year when of its members have"), PERCENT),
}


NO_LIMIT = ("two_eyes_above", "record_days", "new_post_months")  # where 0 stands for none


@dataclass(frozen=True)
class Fact:
    """One thing a policy says: `label` and `of`, what it is about, are msgids; `value` is raw."""

    name: str
    label: str
    of: str
    unit: str
    value: Any


def facts(rules: PolicyRules) -> Iterator[Fact]:
    """Everything a policy says, in the order of the form."""
    for key, label in LABELS.items():
        yield Fact(f"target_{key}", N_("Hours a year asked of"), label, HOURS, rules.targets.get(key, 0))
        needs = key in rules.class_for
        yield Fact(f"class_{key}", N_("At least one training class asked of"), label, WORDS, _yes(needs))
    for name, (label, unit) in ROOMS.items():
        value = getattr(rules, name)
        yield Fact(name, label, "", unit, None if name in NO_LIMIT and not value else value)
    for key, kind in EARNING.items():
        if key in rules.cadre_activities:
            continue
        counts = _yes(key not in rules.excluded)
        yield Fact(f"counts_{key}", N_("Earns hours"), kind.label, WORDS, counts)
        mode = MODES[rules.mode(key, kind.mode)]
        yield Fact(f"mode_{key}", N_("Counts as group or self-study"), kind.label, WORDS, mode)
        minutes = rules.minutes_by_activity.get(key, rules.minutes_per_hour)
        yield Fact(f"minutes_{key}", N_("Minutes that make one hour"), kind.label, MINUTES, minutes)
        cap = rules.activity_caps.get(key)
        yield Fact(f"cap_{key}", N_("Most a year"), kind.label, HOURS, cap)
        scale = tuple(rules.scales.get(key, ()))
        yield Fact(f"scale_{key}", N_("Hours by the length of a lesson"), kind.label, "scale", scale)
    for level in PROOFS:
        of = PROOFS[level]
        yield Fact(f"proof_{level}", N_("Most a year"), of, HOURS, rules.proof_caps.get(level))
        yield Fact(f"share_{level}", N_("Most of the target"), of, PERCENT, rules.proof_shares.get(level))


def _yes(value: bool) -> str:
    return N_("Yes") if value else N_("No")


@dataclass(frozen=True)
class Change:
    """A fact that two versions say differently."""

    before: Fact
    after: Fact


def changes(before: PolicyRules, after: PolicyRules) -> list[Change]:
    """What the later version says differently, in the order of the form."""
    return [Change(a, b) for a, b in zip(facts(before), facts(after), strict=True) if a.value != b.value]


def bare(fact: Fact) -> str:
    """A value without its unit; none is an empty text."""
    if fact.value is None:
        return ""
    if fact.unit == HOURS:
        return whole_hours(fact.value)
    if fact.unit == "scale":
        return ", ".join(f"≥{least}: {whole_hours(worth)}" for least, worth in fact.value)
    return str(fact.value)
