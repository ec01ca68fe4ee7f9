"""What a draft must keep to: years and days, and that a lower level is stricter, never laxer. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.hours.activities import EARNING
from pbtrain.hours.policy import PolicyRules

DAY = 24 * 60  # minutes
NEVER = 10**9  # stands for "no cap"
SENTENCES = {
    "target": N_("%(of)s: at least %(upper)s hours a year are asked above; here it would be %(lower)s."),
    "class": N_("%(of)s: a training class is asked above; it cannot be left out here."),
    "newcomer": N_(
        "A new secretary's training class is asked within %(upper)s months above; not later here."
    ),
    "step": N_("Targets are rounded up to %(upper)s hours above; here only to a multiple of that."),
    "credit": N_("%(of)s: %(minutes)s minutes are worth %(upper)s hours above; here it would be %(lower)s."),
    "excluded": N_("%(of)s does not count above; it cannot count here."),
    "mode": N_("%(of)s counts as self-study above; it cannot be group study here."),
    "cap": N_("%(of)s: at most %(upper)s hours count above; here it would be %(lower)s."),
    "nocap": N_("%(of)s: at most %(upper)s hours count above; here there would be no limit."),
    "share": N_("%(of)s: at most %(upper)s%% of the target count above; here it would be more."),
    "days": N_("%(of)s: %(upper)s days above; here it would be %(lower)s."),
    "met": N_("A branch has met the year above if %(upper)s%% of its members have; here it would be fewer."),
}
DAY_CAP, SELF_CAP = N_("A day"), N_("Self-study")
PROXY, EYES = N_("Approved alone for somebody else"), N_("Approved by one person")
RECORD, APPEAL = N_("Time to record"), N_("Time to appeal")
PROOFS = {"A": N_("Proof A"), "B": N_("Proof B"), "C": N_("Proof C"), "D": N_("Proof D")}
LABELS = {"member": N_("Party members"), "leader": N_("Secretaries and committee members")}


@dataclass(frozen=True)
class Laxer:
    """Something a lower level may not do: the field of the form, and the sentence with its parameters."""

    field: str
    message: str
    params: dict[str, object]

    @property
    def error(self) -> RuleError:
        """The refusal beside its field."""
        return RuleError(self.message, field=self.field, **self.params)


def check_stricter(lower: PolicyRules, uppers: Iterable[PolicyRules]) -> None:
    """Raise RuleError naming the field and the value above, unless `lower` is nowhere laxer than any."""
    for upper in uppers:
        for found in laxer(lower, upper):
            raise found.error


def laxer(lower: PolicyRules, upper: PolicyRules) -> Iterator[Laxer]:
    """Where a lower level asks less or counts more than the level above (architecture.md, "The heart"):
    targets must be as high, caps as low, types as few; nothing may be worth more for the same minutes."""
    yield from _asked(lower, upper)
    for activity, kind in EARNING.items():
        yield from _worth(lower, upper, activity, kind.label, kind.mode)
    yield from _capped(lower, upper)
    yield from _decided(lower, upper)


def _asked(lower: PolicyRules, upper: PolicyRules) -> Iterator[Laxer]:
    for key, of in LABELS.items():
        low, high = lower.targets.get(key, 0), upper.targets.get(key, 0)
        if low < high:
            yield _found(f"target_{key}", "target", of=of, upper=_said(high), lower=_said(low))
        if key in upper.class_for and key not in lower.class_for:
            yield _found(f"class_{key}", "class", of=of)
    if upper.new_post_months and (lower.new_post_months or NEVER) > upper.new_post_months:
        yield _found("new_post_months", "newcomer", upper=upper.new_post_months)
    if lower.target_step % upper.target_step:
        yield _found("target_step", "step", upper=_said(upper.target_step))


def _worth(lower: PolicyRules, upper: PolicyRules, activity: str, of: str, usual: str) -> Iterator[Laxer]:
    if activity in upper.cadre_activities:
        return
    if activity in upper.excluded:
        if activity not in lower.excluded:
            yield _found(f"counts_{activity}", "excluded", of=of)
        return
    if activity in lower.excluded:
        return
    if upper.mode(activity, usual) == "self" and lower.mode(activity, usual) != "self":
        yield _found(f"mode_{activity}", "mode", of=of)
    if _conversion(lower, activity) == _conversion(upper, activity):
        return  # a day has 1,440 minutes to compare, and mostly nothing differs
    for minutes in range(1, DAY + 1):
        low, high = lower.credit(activity, minutes), upper.credit(activity, minutes)
        if low > high:
            own = activity in lower.minutes_by_activity or activity in lower.scales
            field = f"minutes_{activity}" if own else "minutes_per_hour"
            more = {"minutes": minutes, "upper": _said(high), "lower": _said(low)}
            yield _found(field, "credit", of=of, **more)
            return


def _conversion(rules: PolicyRules, activity: str) -> tuple[Any, ...]:
    """What `PolicyRules.credit` makes hours of this activity's minutes with."""
    if activity in rules.scales:
        return rules.scales[activity]
    return rules.minutes_by_activity.get(activity, rules.minutes_per_hour), rules.credit_step


def _capped(lower: PolicyRules, upper: PolicyRules) -> Iterator[Laxer]:
    pairs: list[tuple[str, str, int | None, int | None]] = [
        ("day_cap", DAY_CAP, lower.day_cap, upper.day_cap),
        ("self_cap", SELF_CAP, lower.self_cap, upper.self_cap),
    ]
    for key, kind in EARNING.items():
        pairs.append((f"cap_{key}", kind.label, lower.activity_caps.get(key), upper.activity_caps.get(key)))
    for level, of in PROOFS.items():
        pairs.append((f"proof_{level}", of, lower.proof_caps.get(level), upper.proof_caps.get(level)))
    for field, of, low, high in pairs:
        if high is None or (low is not None and low <= high):
            continue
        shown = {"lower": _said(low)} if low is not None else {}
        yield _found(field, "nocap" if low is None else "cap", of=of, upper=_said(high), **shown)
    for level, of in PROOFS.items():
        share = upper.proof_shares.get(level)
        if share is not None and lower.proof_shares.get(level, NEVER) > share:
            yield _found(f"share_{level}", "share", of=of, upper=share)


def _decided(lower: PolicyRules, upper: PolicyRules) -> Iterator[Laxer]:
    """Who decides on claims, and in what time."""
    for field, of in (("proxy_limit", PROXY), ("two_eyes_above", EYES)):
        low, high = getattr(lower, field), getattr(upper, field)
        if field == "two_eyes_above":
            low, high = low or NEVER, high or NEVER
        if low > high:
            lows = {} if low == NEVER else {"lower": _said(low)}
            yield _found(field, "nocap" if low == NEVER else "cap", of=of, upper=_said(high), **lows)
    if (lower.record_days or NEVER) > (upper.record_days or NEVER):
        low_days = lower.record_days or "∞"
        yield _found("record_days", "days", of=RECORD, upper=upper.record_days, lower=low_days)
    if lower.appeal_days < upper.appeal_days:
        yield _found("appeal_days", "days", of=APPEAL, upper=upper.appeal_days, lower=lower.appeal_days)
    if lower.met_share < upper.met_share:
        yield _found("met_share", "met", upper=upper.met_share)


def _said(hundredths: int) -> str:
    """4550 -> "45.5"; the formatting of the screen knows the clock, which rules do not."""
    return f"{hundredths / 100:g}"


def _found(field: str, sentence: str, **params: object) -> Laxer:
    return Laxer(field, SENTENCES[sentence], params)


def check_year(year: int, today: date) -> None:
    """Raise RuleError for a year that is over or too far off: what was asked is not changed later."""
    if not today.year <= year <= today.year + 2:
        raise RuleError(
            N_("Rules can be written for %(first)s to %(last)s."),
            field="year", first=str(today.year), last=str(today.year + 2),
        )  # fmt: skip


def check_day(effective_on: date, year: int) -> None:
    """Raise RuleError unless the rules begin on a day of their year."""
    if effective_on.year != year:
        raise RuleError(
            N_("The rules of %(year)s must begin on a day of that year."),
            field="effective_on",
            year=str(year),
        )
