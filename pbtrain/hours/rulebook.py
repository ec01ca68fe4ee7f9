"""Which rules hold where and when: those of the nearest unit above on that day, of them the newest.

Above is meant by the tree of the day: a branch that was moved has the rules of its old committee until then.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, cast, select

from pbtrain.core import bulk
from pbtrain.core.db import db, prepared
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.hours.models import Policy
from pbtrain.hours.policy import PolicyRules, Rules, by_day
from pbtrain.org.models import Unit, UnitLink

Link = tuple[date, int | None]  # from this day on below that unit; None: below nothing
Home = tuple[date, date | None, int]  # since, until (the first day that no longer counts), the branch


@dataclass(frozen=True)
class Version:
    """A published version as far as choosing goes: the first year and the first day it is for."""

    id: int
    year: int
    since: date
    stored: dict[str, Any]


Published = Mapping[int, Sequence[Version]]  # by unit: the version that goes before its others first


class Rulebook:
    """The rules of some units on any day. Called with (unit, year): those in force at the end of the year."""

    def __init__(self, published: Published, links: Mapping[int, Sequence[Link]] | None = None) -> None:
        """`published` by the units and those ever above them; `links`: where each of them stood, by days."""
        self.published, self.links = published, links or {}
        self._ready: dict[int, PolicyRules] = {}
        self._years: dict[tuple[int | None, int], list[tuple[date, PolicyRules | None]]] = {}
        self._stays: dict[tuple[int, tuple[Home, ...]], Rules] = {}

    def with_version(self, unit_id: int, version: Version) -> "Rulebook":
        """The same if that unit had published one more version, which goes before its others."""
        return Rulebook({**self.published, unit_id: [version, *self.published.get(unit_id, ())]}, self.links)

    def __call__(self, unit_id: int | None, year: int) -> PolicyRules:
        return self.on(unit_id, date(year, 12, 31))

    def on(self, unit_id: int | None, day: date) -> PolicyRules:
        """The rules in force in a unit on a day; RuleError where none are published."""
        found = self._on(unit_id, day)
        if found is None:
            raise no_rules(day.year)
        return found

    def during(self, unit_id: int, first: date, last: date) -> list[PolicyRules]:
        """The rules in force in a unit on some day of a span within one year, the earliest first."""
        found = [self._on(unit_id, first)]
        found += [rules for since, rules in self._year(unit_id, first.year) if first < since <= last]
        return [rules for rules in found if rules is not None]

    def of(self, homes: Sequence[Home], unit_id: int | None, year: int) -> Rules:
        """The rules by which a member's year is judged, by day from those of the branches.

        `homes` in the order of their days; without one in this year those of the nearest one, else of
        `unit_id`, decide on what lines there are: days without a branch owe nothing. Raises RuleError where
        no rules are published for any of them.
        """
        first, after = date(year, 1, 1), date(year + 1, 1, 1)
        here = tuple(
            (max(since, first), until if until and until < after else None, unit)
            for since, until, unit in homes
            if since < after and (until is None or until > first)
        )
        if not here:
            near = [home[2] for home in homes if home[0] < after][-1:] or [home[2] for home in homes][:1]
            here = ((first, None, near[0] if near else unit_id or 0),)
        if (year, here) not in self._stays:
            self._stays[year, here] = self._by_stays(here, year)
        return self._stays[year, here]

    def _by_stays(self, here: Sequence[Home], year: int) -> Rules:
        """The rules of these stays within a year; RuleError where none are published."""
        after = date(year + 1, 1, 1)
        parts: list[tuple[date, PolicyRules]] = []
        for since, until, unit in here:
            pieces = self._year(unit, year)
            ends = [begin for begin, _rules in pieces[1:]] + [after]
            for (begin, rules), end in zip(pieces, ends, strict=False):
                if rules is not None and max(begin, since) < min(end, until or after):
                    parts.append((max(begin, since), rules))
        if not parts:
            raise no_rules(year)
        return by_day(sorted(parts, key=lambda part: part[0]))

    def _year(self, unit_id: int | None, year: int) -> list[tuple[date, PolicyRules | None]]:
        """Which rules hold in a unit from which day of a year on; None where there are none."""
        key = (unit_id, year)
        if key not in self._years:
            first, last = date(year, 1, 1), date(year, 12, 31)
            edges = {max(day, first) for day in self._edges(unit_id) if day <= last}
            found: list[tuple[date, PolicyRules | None]] = []
            for day in sorted({first, *edges}):
                rules = self._search(unit_id, day)
                if not found or found[-1][1] is not rules:
                    found.append((day, rules))
            self._years[key] = found
        return self._years[key]

    def _edges(self, unit_id: int | None) -> Iterator[date]:
        """The days on which the rules of a unit may change, whatever unit above it that comes from."""
        known: set[int] = set()
        waiting = [] if unit_id is None else [unit_id]
        while waiting:
            unit = waiting.pop()
            known.add(unit)
            yield from (one.since for one in self.published.get(unit, ()))
            for since, parent_id in self.links.get(unit, ()):
                yield since
                if parent_id is not None and parent_id not in known:
                    waiting.append(parent_id)

    def _above(self, unit_id: int | None, day: date) -> Iterator[int]:
        """A unit and those above it on a day, the nearest first. Before its first day a unit stands where it
        stood on it, after its last where it stood then."""
        met: set[int] = set()
        while unit_id is not None and unit_id not in met:
            yield unit_id
            met.add(unit_id)
            links = self.links.get(unit_id, ())
            unit_id = links[0][1] if links else None
            for since, parent_id in links[1:]:
                if since > day:
                    break
                unit_id = parent_id

    def _on(self, unit_id: int | None, day: date) -> PolicyRules | None:
        found = None
        for since, rules in self._year(unit_id, day.year):
            if since > day:
                break
            found = rules
        return found

    def _search(self, unit_id: int | None, day: date) -> PolicyRules | None:
        for unit in self._above(unit_id, day):
            for one in self.published.get(unit, ()):
                if one.year <= day.year and one.since <= day:
                    if one.id not in self._ready:
                        self._ready[one.id] = PolicyRules.from_json(one.id, one.stored)
                    return self._ready[one.id]
        return None


def no_rules(year: int) -> RuleError:
    """The refusal where nobody has published rules."""
    return RuleError(
        N_("No policy is in force for %(year)s. Ask the administrator to publish one."), year=year
    )


@prepared
def _known() -> Any:
    """These units and all that were ever above them: where each stood, beside what it has published."""
    up = select(cast(Unit.id, BigInteger).label("id")).where(Unit.id.in_(bulk.listed("units")))
    up = up.cte("up", recursive=True)
    up = up.union(
        select(cast(UnitLink.parent_id, BigInteger))
        .join(up, UnitLink.unit_id == up.c.id)
        .where(UnitLink.parent_id.is_not(None))
    )
    return (
        select(
            up.c.id, UnitLink.valid_from, UnitLink.parent_id, Policy.id, Policy.year, Policy.effective_on,
            Policy.rules,
        )
        .select_from(up)
        .outerjoin(UnitLink, UnitLink.unit_id == up.c.id)
        .outerjoin(Policy, Policy.unit_id == up.c.id)
        .order_by(
            up.c.id, UnitLink.valid_from, UnitLink.id, Policy.year.desc(), Policy.version.desc(), Policy.id
        )
    )  # fmt: skip


def rulebook(unit_ids: Iterable[int]) -> Rulebook:
    """The rules of these units by the tree of each day, in one statement."""
    db.session.flush()  # a statement that is prepared does not
    published: dict[int, dict[int, Version]] = defaultdict(dict)
    links: dict[int, dict[date, int | None]] = defaultdict(dict)
    for unit_id, since, parent_id, policy_id, year, effective_on, stored in _known(
        units=bulk.list_of(set(unit_ids))
    ):
        if since is not None:
            links[unit_id][since] = parent_id
        if policy_id is not None:
            begins = effective_on or date(year, 1, 1)
            published[unit_id].setdefault(policy_id, Version(policy_id, year, begins, stored))
    return Rulebook(
        {unit_id: list(found.values()) for unit_id, found in published.items()},
        {unit_id: list(found.items()) for unit_id, found in links.items()},
    )
