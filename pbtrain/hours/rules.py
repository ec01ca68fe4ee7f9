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
from pbtrain.hours.activities import CLASSES
from pbtrain.hours.policy import PolicyRules, Rules

ONE_DAY = timedelta(days=1)
HELD_OVERLAP, HELD_OWN = "overlap", "own"  # kinds of lines that are held: see `hours.held`
HELD = (HELD_OVERLAP, HELD_OWN)
RETURN_DAYS = 7  # a claim that was returned is asked back within; a host is asked for a word as long
LEADERS = frozenset({"secretary", "deputy", "committee_member", "rotating_secretary"})

# Why a line, or a part of it, does not count; each is a sentence on the member's page.
REVERSED = N_("Reversed later")
REVERSAL = N_("Reverses an earlier line")
SELF_STUDY = N_("Self-study does not count toward group study")
SELF_CAP = N_("Over the most that counts by self-study in a year")
DAY_CAP = N_("Over the most that counts in one day")
PROOF_CAP = N_("Over the most that counts from this kind of proof")
OVERLAP = N_("Another line covers the same time")
ACTIVITY_CAP = N_("Over the most that counts from this kind of study in a year")
EXCLUDED = N_("This kind of study does not count under the rules of the unit")
CADRE = N_("Stands in the account of cadre training, which is kept apart")


@dataclass(frozen=True)
class Tie:
    """A dated fact about a member: `until` is the first day that no longer counts, None if open."""

    kind: str  # home (in a branch), post, care, left, suspended, cadre, applicant (not a Party member yet)
    since: date
    until: date | None = None
    label: str = ""  # of a post: its key; of a cadre: "year" or "five_years"


@dataclass(frozen=True)
class Stretch:
    """Days of one year in which a member's duty is the same; `until` is the first day after."""

    since: date
    until: date
    category: str  # "member", "leader", "care", "suspended" or "none"

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.until - self.since).days


@dataclass(frozen=True)
class Term(Stretch):
    """A stretch under one set of rules: what a whole year like it would owe, in hundredths."""

    rate: int = 0


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
    activity: str = ""


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
    terms: tuple[Term, ...] = ()  # the stretches by rules; what they owe adds up to `exact_target`
    lacks_class: bool = False  # at least one 集中培训 is asked, and none stands in the ledger
    cadre: int = 0  # hundredths in the separate account of cadre training; never part of `counted`

    @property
    def met(self) -> bool:
        """Is the year's duty done: the hours, and the class where one is asked?"""
        return 0 < self.target <= self.counted and not self.lacks_class

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
    activists and candidates learn by class, not by hours), while suspended or abroad none (条例 Art. 24, 34),
    on the care list none (Art. 23), in a post as secretary or committee member that of a leader, else that
    of a member."""
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
        if holds("suspended", day):
            return "suspended"
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


def terms(policy: Rules, stretches: Iterable[Stretch]) -> tuple[Term, ...]:
    """The stretches cut where the rules change what they ask."""
    found: list[Term] = []
    for stretch in stretches:
        for since, until, rules in policy.between(stretch.since, stretch.until):
            asked = rate(rules, stretch.category)
            if found and (found[-1].category, found[-1].rate) == (stretch.category, asked):
                found[-1] = replace(found[-1], until=until)
            else:
                found.append(Term(since, until, stretch.category, asked))
    return tuple(found)


def owed_by(found: Iterable[Term], until: date | None = None) -> int:
    """What is owed for the days before `until`, in hundredths times the days of the year (exact)."""
    owed = 0
    for term in found:
        end = term.until if until is None else min(term.until, until)
        owed += term.rate * max((end - term.since).days, 0)
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


def free_stretches(
    starts: datetime, ends: datetime, others: Iterable[tuple[datetime, datetime]]
) -> list[tuple[datetime, datetime]]:
    """The parts of [starts, ends) that none of `others` covers, in order."""
    free, edge = [], starts
    for begin, end in sorted(others):
        if edge < min(begin, ends):
            free.append((edge, min(begin, ends)))
        edge = max(edge, end)
    return [*free, (edge, ends)] if edge < ends else free


def assess(
    policy: Rules, stretches: Sequence[Stretch], entries: Iterable[Studied], *, year: int, today: date
) -> Assessment:
    """Judge a member's year line by line, in the order of the days; what it owes by `today` included.

    Each day's rules decide what that day owes and how much of its lines counts; a cap of the year is held
    against all that has counted until then, whatever rules it counted by.
    """
    order = sorted(entries, key=_moment)
    cancelled = {entry.reverses_id for entry in order if entry.reverses_id is not None}
    pieces, days, last = terms(policy, stretches), days_of(year), date(year, 12, 31)
    exact = owed_by(pieces)
    target = round_up(exact, days, policy.on(last).target_step)
    due = round_up(owed_by(pieces, today + ONE_DAY), days, 10)
    sums = _Sums(policy, target)
    verdicts = []
    for entry in order:
        if entry.reverses_id is not None or entry.id in cancelled:
            reason = REVERSAL if entry.reverses_id is not None else REVERSED
            verdicts.append(Verdict(entry.id, entry.credit, 0, reason))
        else:
            verdicts.append(Verdict(entry.id, entry.credit, *sums.take(entry)))
    return Assessment(
        target=target,
        due=min(due, target),
        counted=sum(verdict.counted for verdict in verdicts),
        self_study=sums.self_raw,
        stretches=tuple(stretches),
        verdicts=tuple(verdicts),
        exact_target=(exact, days),
        terms=pieces,
        lacks_class=not sums.classes and _asks_class(policy, pieces, min(today, last)),
        cadre=sums.cadre,
    )


def _asks_class(policy: Rules, pieces: Iterable[Term], day: date) -> bool:
    """Is a class asked of who has this duty on that day, the last of the year or today?"""
    asked = policy.on(day).class_for
    return bool(asked) and any(term.since <= day < term.until and term.category in asked for term in pieces)


class _Sums:
    """What has counted so far, line after line, and how much room is left under the rules of a line's day."""

    def __init__(self, policy: Rules, target: int) -> None:
        self.policy, self.target = policy, target
        self.by_day: dict[date, int] = defaultdict(int)
        self.by_proof: dict[str, int] = defaultdict(int)
        self.by_activity: dict[str, int] = defaultdict(int)
        self.spans: dict[date, list[tuple[datetime, datetime]]] = defaultdict(list)
        self.self_raw = self.self_counted = self.cadre = self.classes = 0

    def take(self, entry: Studied) -> tuple[int, str]:
        """How much of a line that stands counts, and why not more."""
        rules, activity = self.policy.on(entry.day), entry.activity
        if activity in rules.cadre_activities:
            self.cadre += entry.credit
            return 0, CADRE
        alone = rules.modes.get(activity, entry.mode) == "self"
        self.self_raw += entry.credit if alone else 0
        if activity in rules.excluded:
            return 0, EXCLUDED
        self.classes += activity in CLASSES
        counts, reason = self._apart(entry)
        if alone:
            why = SELF_CAP if rules.self_cap else SELF_STUDY
            counts, reason = _cut(counts, rules.self_cap - self.self_counted, why, reason)
        counts, reason = _cut(counts, rules.day_cap - self.by_day[entry.day], DAY_CAP, reason)
        if activity in rules.activity_caps:
            room = rules.activity_caps[activity] - self.by_activity[activity]
            counts, reason = _cut(counts, room, ACTIVITY_CAP, reason)
        if (cap := proof_cap(rules, self.target, entry.proof)) is not None:
            counts, reason = _cut(counts, cap - self.by_proof[entry.proof], PROOF_CAP, reason)
        self.by_day[entry.day] += counts
        self.by_proof[entry.proof] += counts
        self.by_activity[activity] += counts
        self.self_counted += counts if alone else 0
        return counts, reason

    def _apart(self, entry: Studied) -> tuple[int, str]:
        """What of a line no earlier line of that day covers."""
        counts, reason = entry.credit, ""
        if entry.starts_at and entry.ends_at:
            others = self.spans[entry.day]
            twice = overlap_minutes(entry.starts_at, entry.ends_at, others)
            room = (entry.ends_at - entry.starts_at) // timedelta(minutes=1) - twice
            if room < entry.minutes:
                counts, reason = entry.credit * max(room, 0) // entry.minutes, OVERLAP
            others.append((entry.starts_at, entry.ends_at))
        return counts, reason


def proof_cap(rules: PolicyRules, target: int, proof: str) -> int | None:
    """The most that counts from a proof level: in hours, and in percent of a target if any; None: all."""
    caps = [rules.proof_caps[proof]] if proof in rules.proof_caps else []
    if target and proof in rules.proof_shares:
        caps.append(target * rules.proof_shares[proof] // 100)
    return min(caps, default=None)


@dataclass(frozen=True)
class CadreYear:
    """The separate account of a cadre (干部教育培训工作条例, 2023): `period` is (first year, last year)."""

    counted: int  # hundredths of this year, or of the whole period
    target: int
    period: tuple[int, int]
    rate: int = 0  # what a whole year, or a period, asks
    days: int = 0  # of the year as a cadre by which the target is worked out; 0: it is that of a period

    @property
    def left(self) -> int:
        """What is still missing."""
        return max(self.target - self.counted, 0)


def cadre_year(policy: Rules, ties: Iterable[Tie], counted: int, year: int) -> CadreYear | None:
    """What the account of a cadre asks: 90 a year by days in office (乡科级 and below), or 550 in five years;
    None for who is no cadre on any day of the year and has no hours there."""
    first, after = date(year, 1, 1), date(year + 1, 1, 1)
    rules = policy.on(after - ONE_DAY)
    spans = [
        (max(tie.since, first), min(tie.until or after, after), tie.label)
        for tie in ties
        if tie.kind == "cadre" and tie.since < after and (tie.until is None or tie.until > first)
    ]
    if any(label == "five_years" for _since, _until, label in spans):
        begin = year - (year - rules.cadre_since) % 5
        return CadreYear(counted, rules.cadre_five_years, (begin, begin + 4), rate=rules.cadre_five_years)
    days = {since + ONE_DAY * n for since, until, _label in spans for n in range((until - since).days)}
    target = round_up(rules.cadre_target * len(days), days_of(year), rules.target_step)
    if not spans and not counted:
        return None
    return CadreYear(counted, target, (year, year), rate=rules.cadre_target, days=len(days))


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
