"""What counts, and why. Values in, values out: no clock, no database.

`assess` is the one place where caps, shares, overlaps and targets are applied. The same function draws a
member's page, fills the caches of the dashboards, and tries next year's draft on last year's ledger.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.hours.policy import PolicyRules

ONE_DAY = timedelta(days=1)
LEADERS = frozenset({"secretary", "deputy", "committee_member", "rotating_secretary"})

# Why a line, or a part of it, does not count; each is a sentence on the member's page.
REVERSED = N_("Reversed later")
REVERSAL = N_("Reverses an earlier line")
SELF_STUDY = N_("Self-study does not count toward group study")
DAY_CAP = N_("Over the most that counts in one day")
PROOF_CAP = N_("Over the most that counts from this kind of proof")
OVERLAP = N_("Another line covers the same time")


@dataclass(frozen=True)
class Tie:
    """A dated fact about a member: `until` is the first day that no longer counts, None if open."""

    kind: str  # "home" (in a branch), "post", "care", "left" or "applicant" (not a Party member yet)
    since: date
    until: date | None = None
    label: str = ""  # of a post: its key


@dataclass(frozen=True)
class Stretch:
    """Days of one year in which a member's duty is the same; `until` is the first day after."""

    since: date
    until: date
    category: str  # "member", "leader", "care" or "none"

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.until - self.since).days


@dataclass(frozen=True)
class Studied:
    """A line of the ledger, as far as rules care; a row that was selected with these names serves as well."""

    id: int
    day: date
    mode: str
    proof: str
    minutes: int
    credit: int
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    reverses_id: int | None = None


@dataclass(frozen=True)
class Verdict:
    """What became of one line: how much of it counts, and why not more."""

    entry_id: int
    credit: int
    counted: int
    reason: str = ""


@dataclass(frozen=True)
class Assessment:
    """A member's year, explained. `counted` is the sum of the verdicts."""

    target: int
    due: int
    counted: int
    self_study: int
    stretches: tuple[Stretch, ...]
    verdicts: tuple[Verdict, ...]
    exact_target: tuple[int, int]  # numerator and denominator, in hundredths, before rounding up

    @property
    def left(self) -> int:
        """What is still missing for the year."""
        return max(self.target - self.counted, 0)

    @property
    def behind(self) -> int:
        """How far below the pace of the year; 0 when not behind."""
        return max(self.due - self.counted, 0)


def days_of(year: int) -> int:
    """365 or 366."""
    return (date(year + 1, 1, 1) - date(year, 1, 1)).days


def duties(year: int, ties: Iterable[Tie]) -> tuple[Stretch, ...]:
    """Cut a year where a member's duty changes: outside a branch or before admission none (domain.md D.17:
    activists and candidates learn by class, not by hours), on the care list none (条例 Art. 23),
    in a post as secretary or committee member that of a leader, else that of a member."""
    first, after = date(year, 1, 1), date(year + 1, 1, 1)
    ties = list(ties)
    edges = {first, after}
    for tie in ties:
        edges.update(day for day in (tie.since, tie.until) if day is not None and first < day < after)

    def holds(kind: str, day: date) -> bool:
        return any(
            tie.kind == kind
            and tie.since <= day
            and (tie.until is None or day < tie.until)
            and (kind != "post" or tie.label in LEADERS)
            for tie in ties
        )

    def category(day: date) -> str:
        if not holds("home", day) or holds("left", day) or holds("applicant", day):
            return "none"
        if holds("care", day):
            return "care"
        return "leader" if holds("post", day) else "member"

    joined: list[Stretch] = []
    for since, until in pairwise(sorted(edges)):
        kind = category(since)
        if joined and joined[-1].category == kind:
            joined[-1] = replace(joined[-1], until=until)
        else:
            joined.append(Stretch(since, until, kind))
    return tuple(joined)


def rate(policy: PolicyRules, category: str) -> int:
    """What a whole year in this category owes, in hundredths."""
    return policy.targets.get(category, 0)


def target_of(policy: PolicyRules, stretches: Sequence[Stretch], *, until: date | None = None) -> int:
    """What is owed, by days in each category, in hundredths times the days of the year (exact)."""
    owed = 0
    for stretch in stretches:
        end = stretch.until if until is None else min(stretch.until, until)
        owed += rate(policy, stretch.category) * max((end - stretch.since).days, 0)
    return owed


def round_up(numerator: int, denominator: int, step: int) -> int:
    """The smallest multiple of `step` that is at least numerator/denominator."""
    return -(-numerator // (denominator * step)) * step


def overlap_minutes(starts: datetime, ends: datetime, others: Iterable[tuple[datetime, datetime]]) -> int:
    """How many whole minutes of [starts, ends) the union of `others` covers, rounded up."""
    covered, edge = timedelta(0), starts
    for begin, end in sorted(others):
        begin, end = max(begin, edge), min(end, ends)
        if begin < end:
            covered += end - begin
            edge = end
    return -(-covered // timedelta(minutes=1))


def assess(
    policy: PolicyRules, stretches: Sequence[Stretch], entries: Iterable[Studied], *, year: int, today: date
) -> Assessment:
    """Judge a member's year line by line, in the order of the days; what it owes by `today` included."""
    entries = list(entries)
    cancelled = {entry.reverses_id for entry in entries if entry.reverses_id is not None}
    verdicts: list[Verdict] = []
    by_day: dict[date, int] = defaultdict(int)
    by_proof: dict[str, int] = defaultdict(int)
    spans: dict[date, list[tuple[datetime, datetime]]] = defaultdict(list)
    self_raw = self_counted = 0
    order = sorted(entries, key=_moment)
    for entry in order:
        if entry.reverses_id is not None or entry.id in cancelled:
            reason = REVERSAL if entry.reverses_id is not None else REVERSED
            verdicts.append(Verdict(entry.id, entry.credit, 0, reason))
            continue
        counts, reason = entry.credit, ""
        if entry.starts_at and entry.ends_at:
            twice = overlap_minutes(entry.starts_at, entry.ends_at, spans[entry.day])
            room = (entry.ends_at - entry.starts_at) // timedelta(minutes=1) - twice
            if room < entry.minutes:
                counts, reason = entry.credit * max(room, 0) // entry.minutes, OVERLAP
            spans[entry.day].append((entry.starts_at, entry.ends_at))
        if entry.mode == "self":
            self_raw += entry.credit
            counts, reason = _cut(counts, policy.self_cap - self_counted, SELF_STUDY, reason)
        counts, reason = _cut(counts, policy.day_cap - by_day[entry.day], DAY_CAP, reason)
        if entry.proof in policy.proof_caps:
            room = policy.proof_caps[entry.proof] - by_proof[entry.proof]
            counts, reason = _cut(counts, room, PROOF_CAP, reason)
        by_day[entry.day] += counts
        by_proof[entry.proof] += counts
        self_counted += counts if entry.mode == "self" else 0
        verdicts.append(Verdict(entry.id, entry.credit, counts, reason))
    exact, days = target_of(policy, stretches), days_of(year)
    target = round_up(exact, days, policy.target_step)
    due = round_up(target_of(policy, stretches, until=today + ONE_DAY), days, 10)
    return Assessment(
        target=target,
        due=min(due, target),
        counted=sum(verdict.counted for verdict in verdicts),
        self_study=self_raw,
        stretches=tuple(stretches),
        verdicts=tuple(verdicts),
        exact_target=(exact, days),
    )


def _moment(entry: Studied) -> tuple[date, float, int]:
    """Lines in the order in which they were studied; those without a time of day come last."""
    return (entry.day, entry.starts_at.timestamp() if entry.starts_at else float("inf"), entry.id)


def _cut(counts: int, room: int, why: str, reason: str) -> tuple[int, str]:
    room = max(room, 0)
    return (counts, reason) if counts <= room else (room, why)


def check_line(
    minutes: int, day: date, starts: datetime | None, ends: datetime | None, *, today: date
) -> None:
    """Raise RuleError unless such a line can be true."""
    if not 0 < minutes <= 24 * 60:
        raise RuleError(N_("The duration must be between 1 minute and 24 hours."), field="minutes")
    if day > today:
        raise RuleError(N_("Hours cannot be recorded before they happen."), field="day")
    if (starts is None) != (ends is None):
        raise RuleError(N_("Give both the beginning and the end, or neither."), field="starts_at")
    if starts and ends and not timedelta(0) < ends - starts <= timedelta(days=1):
        raise RuleError(N_("The end must come after the beginning, on the same day."), field="ends_at")


def check_reason(reason: str) -> str:
    """The reason, trimmed; RuleError unless it says something."""
    reason = reason.strip()
    if len(reason) < 2:
        raise RuleError(N_("Say why, in a few words."), field="reason")
    if len(reason) > 300:
        raise RuleError(N_("Say why in at most 300 characters."), field="reason")
    return reason
