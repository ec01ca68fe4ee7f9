"""Which rules hold where and when: the nearest unit above with rules for that day, of them the newest."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from pbtrain.core import bulk
from pbtrain.core.db import db, prepared
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.hours.models import Policy
from pbtrain.hours.policy import PolicyRules, Rules, by_day
from pbtrain.org.models import UnitClosure

Home = tuple[date, date | None, int]  # since, until (the first day that no longer counts), the branch


@dataclass(frozen=True)
class Version:
    """A published version as far as choosing goes: the first year and the first day it is for."""

    id: int
    year: int
    since: date
    stored: dict[str, Any]
    unit_id: int = 0  # whose rules they are


class Rulebook:
    """The rules of some units on any day. Called with (unit, year): those in force at the end of the year."""

    def __init__(self, above: dict[int, list[Version]]) -> None:
        """`above`: what may hold in each unit, the version that goes before the others first."""
        self._above = above
        self._ready: dict[int, PolicyRules] = {}
        self._years: dict[tuple[int | None, int], list[tuple[date, PolicyRules]]] = {}

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
        here = [home for home in homes if home[0] < after and (home[1] is None or home[1] > first)]
        if not here:
            near = [home[2] for home in homes if home[0] < after][-1:] or [home[2] for home in homes][:1]
            here = [(first, None, near[0] if near else unit_id or 0)]
        parts: list[tuple[date, PolicyRules]] = []
        for since, until, unit in here:
            pieces = self._year(unit, year)
            ends = [begin for begin, _rules in pieces[1:]] + [after]
            for (begin, rules), end in zip(pieces, ends, strict=False):
                if max(begin, since) < min(end, until or after):
                    parts.append((max(begin, since), rules))
        if not parts:
            raise no_rules(year)
        return by_day(sorted(parts, key=lambda part: part[0]))

    def _year(self, unit_id: int | None, year: int) -> list[tuple[date, PolicyRules]]:
        """Which rules hold in a unit from which day of a year on."""
        key = (unit_id, year)
        if key not in self._years:
            first, last = date(year, 1, 1), date(year, 12, 31)
            edges = {max(one.since, first) for one in self._above.get(unit_id or 0, ()) if one.since <= last}
            found = [(day, self._on(unit_id, day)) for day in sorted(edges)]
            self._years[key] = [(day, rules) for day, rules in found if rules is not None]
        return self._years[key]

    def _on(self, unit_id: int | None, day: date) -> PolicyRules | None:
        for one in self._above.get(unit_id or 0, ()):
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
def _policies_above() -> Any:
    return (
        select(
            UnitClosure.below_id, Policy.id, Policy.year, Policy.effective_on, Policy.rules, Policy.unit_id
        )
        .join(Policy, Policy.unit_id == UnitClosure.above_id)
        .where(UnitClosure.below_id.in_(bulk.listed("units")))
        .order_by(UnitClosure.depth, Policy.year.desc(), Policy.version.desc(), Policy.id)
    )


def versions(unit_ids: Iterable[int]) -> dict[int, list[Version]]:
    """What may hold in each of these units: of the nearest unit first, there the newest year and version."""
    db.session.flush()  # a statement that is prepared does not
    rows = _policies_above(units=bulk.list_of(set(unit_ids)))
    above: dict[int, list[Version]] = defaultdict(list)
    for below_id, policy_id, year, effective_on, stored, unit_id in rows:
        since = effective_on or date(year, 1, 1)
        above[below_id].append(Version(policy_id, year, since, stored, unit_id))
    return above


def rulebook(unit_ids: Iterable[int]) -> Rulebook:
    """The rules of these units, in one statement."""
    return Rulebook(versions(unit_ids))
