"""Can the year's target still be reached, and with which few sessions? Values in, values out.

**Offers** are sessions that can still be studied: published ones, and assumed ones that are nothing but
habit (a theme Party day a month). **Room** is what may still count by the rules of today. A proposal holds
at most one session a day, and none on a day that has lines already, so that it never asks for more than
counts on a day. All hours are hundredths of a 学时.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import combinations
from typing import Any

from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.rules import proof_cap

SEARCHED = 9  # where caps of the year bind, up to so many offers are searched exactly (512 sets, 10 ms)


@dataclass(frozen=True)
class Offer:
    """A session: what it brings by conversion, before any cap; `day` None is any day that is left."""

    title: str
    credit: int
    activity: str
    mode: str
    proof: str
    day: date | None = None
    assumed: bool = False
    path: str = ""  # its page


@dataclass(frozen=True)
class Room:
    """What is missing of the target, the days that are left, and how much the caps still let count."""

    missing: int
    first: date  # the first day on which nothing is recorded yet
    last: date
    day_cap: int
    left: Mapping[tuple[str, str], int] = field(default_factory=dict)  # ("proof", "C") -> hundredths
    nothing: frozenset[str] = frozenset()  # activities that earn nothing here
    modes: Mapping[str, str] = field(default_factory=dict)

    @property
    def days(self) -> int:
        """How many days are left."""
        return max((self.last - self.first).days + 1, 0)

    def caps(self, offer: Offer) -> list[tuple[str, str]]:
        """The caps of the year this offer falls under."""
        alone = self.modes.get(offer.activity, offer.mode) == "self"
        keys = [("mode", "self" if alone else ""), ("activity", offer.activity), ("proof", offer.proof)]
        return [key for key in keys if key in self.left]

    def worth(self, offer: Offer) -> int:
        """What this offer brings if it is the only one."""
        if offer.activity in self.nothing or not self.days:
            return 0
        if offer.day is not None and not self.first <= offer.day <= self.last:
            return 0
        return min(offer.credit, self.day_cap, *(self.left[key] for key in self.caps(offer)))


@dataclass(frozen=True)
class Plan:
    """Sessions in the order of their days, what they bring together, and whether no fewer would do."""

    sessions: tuple[tuple[Offer, date], ...] = ()
    brings: int = 0
    exact: bool = True


@dataclass(frozen=True)
class Forecast:
    """`state`: met, published (what is published is enough), assumed (with the usual theme days), short (out
    of reach with all of it), or none where nothing is asked. `short`: what stays missing."""

    state: str
    missing: int = 0
    plan: Plan = field(default_factory=Plan)
    short: int = 0
    published: int = 0  # what all that is published would bring
    assumed: int = 0  # what the assumed sessions of the plan bring


def room_of(
    rules: PolicyRules, target: int, counted: int, lines: Iterable[tuple[Any, int]], *, today: date
) -> Room:
    """The room that is left by the rules of today; `lines`: those of the year that stand, each with what of
    it counts (without caps of the year those of today are enough)."""
    used: Counter[tuple[str, str]] = Counter()
    busy = False
    for line, counts in lines:
        alone = rules.modes.get(line.activity, line.mode) == "self"
        for key in (("mode", "self" if alone else ""), ("activity", line.activity), ("proof", line.proof)):
            used[key] += counts
        busy = busy or line.day == today
    caps = {("mode", "self"): rules.self_cap}
    caps |= {("activity", key): cap for key, cap in rules.activity_caps.items()}
    for proof in {*rules.proof_caps, *rules.proof_shares}:
        if (cap := proof_cap(rules, target, proof)) is not None:
            caps["proof", proof] = cap
    return Room(
        missing=max(target - counted, 0),
        first=today + timedelta(days=1) if busy else today,
        last=date(today.year, 12, 31),
        day_cap=rules.day_cap,
        left={key: max(cap - used[key], 0) for key, cap in caps.items()},
        nothing=frozenset({*rules.excluded, *rules.cadre_activities}),
        modes=rules.modes,
    )


def theme_days(offer: Offer, usual_day: int, room: Room, *, taken: Collection[int] = ()) -> list[Offer]:
    """One assumed session a month until the end of the year, on the usual day of the month (or the last one
    it has); none in the months in which one was held or is planned (`taken`), the last day of this month when
    its usual day is over."""
    found = []
    for month in range(room.first.month, 13):
        end = (date(room.last.year, month, 28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        day = end.replace(day=min(usual_day, end.day))
        this = month == room.first.month
        if month in taken or (this and room.first.year != room.last.year):
            continue
        day = end if this and day < room.first else day
        found.append(Offer(**{**offer.__dict__, "day": day, "assumed": True}))
    return found


def forecast(room: Room, target: int, published: Sequence[Offer], assumed: Sequence[Offer]) -> Forecast:
    """Whether the target can still be reached: with what is published alone, else with what is usual too."""
    if not target:
        return Forecast("none")
    if not room.missing:
        return Forecast("met")
    everything = best(room, published).brings
    plan = smallest(room, published)
    if plan.brings >= room.missing:
        return Forecast("published", room.missing, plan, 0, everything)
    plan = smallest(room, [*published, *assumed])
    guessed = sum(room.worth(offer) for offer, _day in plan.sessions if offer.assumed)
    short = max(room.missing - plan.brings, 0)
    return Forecast("short" if short else "assumed", room.missing, plan, short, everything, guessed)


def smallest(room: Room, offers: Sequence[Offer]) -> Plan:
    """The fewest sessions that bring what is missing; where nothing is enough, those that bring most.

    Why it is the fewest. Where no cap of the year can bind (what all the offers under it are worth fits into
    what it leaves), what a set brings is the sum of what each is worth. Of offers on the same day the best
    is kept, and any k of the rest with k ≤ days fit one to a day, so no k sessions bring more than the k
    worth most: taking them from the top until it is enough cannot need one more than any other choice.
    Where a cap binds, all sets of up to SEARCHED offers are tried, by size. Only beyond that each step takes
    what adds most, and the plan says that fewer might do (`exact` False).
    """
    useful = _useful(room, offers)
    if _adds_up(room, useful):
        chosen: list[Offer] = []
        for offer in useful[: room.days]:
            if sum(map(room.worth, chosen)) >= room.missing:
                break
            chosen.append(offer)
        return _plan(room, chosen)
    if len(useful) <= SEARCHED:
        return _searched(room, useful)
    return _stepwise(room, useful)


def best(room: Room, offers: Sequence[Offer]) -> Plan:
    """The sessions that bring most, were twice as much missing as there is."""
    endless = Room(**{**room.__dict__, "missing": 1 + sum(offer.credit for offer in offers)})
    return smallest(endless, offers)


def _useful(room: Room, offers: Iterable[Offer]) -> list[Offer]:
    """What brings anything, the most first; of two on one day under no cap of the year only the better."""
    found: dict[Any, Offer] = {}
    order = sorted(offers, key=lambda offer: (-room.worth(offer), offer.assumed, offer.day or date.max))
    for number, offer in enumerate(order):
        if room.worth(offer):
            found.setdefault(number if room.caps(offer) else offer.day or number, offer)
    return list(found.values())


def _adds_up(room: Room, useful: Sequence[Offer]) -> bool:
    """Can no cap of the year bind, and does no day hold two offers?"""
    days = [offer.day for offer in useful if offer.day]
    under: dict[tuple[str, str], int] = defaultdict(int)
    for offer in useful:
        for key in room.caps(offer):
            under[key] += room.worth(offer)
    return len(days) == len(set(days)) and all(total <= room.left[key] for key, total in under.items())


def _plan(room: Room, chosen: Iterable[Offer], *, exact: bool = True) -> Plan:
    """The offers on their days, the free ones on the first days that are left, and what they bring."""
    sessions = tuple(scheduled(room, chosen))
    return Plan(sessions, brought(room, sessions), exact)


def scheduled(room: Room, chosen: Iterable[Offer]) -> list[tuple[Offer, date]]:
    """Each offer on a day of its own, in the order of the days; what finds no day is left out."""
    fixed: dict[date, Offer] = {}
    free = []
    for offer in chosen:
        if offer.day is None:
            free.append(offer)
        else:
            fixed.setdefault(offer.day, offer)
    day = room.first
    for offer in free:
        while day in fixed:
            day += timedelta(days=1)
        if day > room.last:
            break
        fixed[day] = offer
    return [(fixed[day], day) for day in sorted(fixed)]


def brought(room: Room, sessions: Iterable[tuple[Offer, date]]) -> int:
    """What sessions in the order of their days bring, each cap of the year held against all of them."""
    left, total = dict(room.left), 0
    for offer, _day in sessions:
        keys = room.caps(offer)
        counts = min(room.worth(offer), *(left[key] for key in keys)) if keys else room.worth(offer)
        total += counts
        for key in keys:
            left[key] -= counts
    return total


def _searched(room: Room, useful: Sequence[Offer]) -> Plan:
    """The first size at which some set is enough, of that size the set that brings most; else the best."""
    most = Plan()
    for size in range(1, min(len(useful), room.days) + 1):
        for some in combinations(useful, size):
            plan = _plan(room, some)
            if len(plan.sessions) == size and plan.brings > most.brings:
                most = plan
        if most.brings >= room.missing:
            break
    return most


def _stepwise(room: Room, useful: Sequence[Offer]) -> Plan:
    """One session after the other, each time the one that adds most."""
    plan, rest = Plan(exact=False), list(useful)
    while rest and plan.brings < room.missing:
        held = [offer for offer, _day in plan.sessions]
        tried = [(_plan(room, [*held, offer], exact=False), offer) for offer in rest]
        step, offer = max(tried, key=lambda pair: pair[0].brings)
        if step.brings <= plan.brings:
            break
        plan = step
        rest.remove(offer)
    return plan
