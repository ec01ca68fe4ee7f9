"""Members' years judged once more for `flask hours verify`: those in which the same was done, once for all.

What was done in a year is told apart by a mark: its lines themselves, or a digest of them that PostgreSQL
makes (`sound.marks`), so that only the lines of years not met before are read. Where hardly two years are
equal, a digest is no gain, and the lines are read at once as on SQLite.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from pbtrain.core.db import EPOCH
from pbtrain.hours.activities import PARTS
from pbtrain.hours.policy import Rules
from pbtrain.hours.rules import Stretch, Studied, Tie, assess, duties

MOST_KNOWN = 10_000  # distinct years remembered; where a mark is the lines themselves some kilobytes each
PLACE = {(name.split("_")[0], name[-1].upper()): n for n, name in enumerate(PARTS, 2)}

ELSEWHERE = -1  # the place of a line that is reversed here and does not stand here
# Of each line in the order of ids: the place here of the line it reverses, day, mode, proof, minutes, credit,
# starts, ends, activity.
Facts = tuple[tuple[Any, ...], ...]
Mark = Facts | bytes  # equal for equal facts only
NOTHING: Facts = ()


class Case(NamedTuple):
    """What decides about a year: equal ones have the same result."""

    mark: Mark
    rules: tuple[Any, ...]  # their key
    year: int
    today: date
    duties: tuple[Stretch, ...]


def facts_of(lines: Sequence[Any]) -> Facts:
    """What decides about a year of lines (id, reversed id, day, mode and so on as in `Facts`)."""
    if all(line[1] is None for line in lines):
        return tuple(line[1:] for line in lines)
    places: dict[Any, int | None] = {line[0]: number for number, line in enumerate(lines)}
    places[None] = None
    return tuple((places.get(line[1], ELSEWHERE), *line[2:]) for line in lines)


class Judge:
    """`assess` for people who did the same: distinct years are judged once, the newest are remembered."""

    def __init__(self) -> None:
        self.meets_again = True  # of the years asked last most were met before: a digest pays
        self._years: dict[Case, tuple[int, int, bool]] = {}
        self._sums: dict[Mark, list[int]] = {}
        self._duties: dict[Any, tuple[Stretch, ...]] = {}

    def forget(self) -> None:
        """Keep the newest only; what is asked between two calls is remembered whatever its number."""
        for known in (self._years, self._sums, self._duties):
            for key in list(known)[: max(len(known) - MOST_KNOWN, 0)]:
                del known[key]  # type: ignore[attr-defined]

    def case(self, mark: Mark, rules: Rules, year: int, today: date, ties: Sequence[Tie]) -> Case:
        """By ties as far as they touch the year: since when before it somebody has been here is all one."""
        first, after = date(year, 1, 1), date(year + 1, 1, 1)
        near = tuple(
            (tie.kind, max(tie.since, first), None if tie.until is None else min(tie.until, after), tie.label)
            for tie in ties
            if tie.since < after and (tie.until is None or tie.until > first)
        )
        stretches = self._duties.get((year, near))
        if stretches is None:
            stretches = self._duties[year, near] = duties(year, [Tie(*tie) for tie in near])
        return Case(mark, rules.key, year, today, stretches)

    def knows(self, mark: Mark, case: Case | None) -> bool:
        """Can these be answered without facts?"""
        return mark in self._sums and (case is None or case in self._years)

    def sums(self, mark: Mark, facts: Mapping[Mark, Facts]) -> list[int]:
        """Entries, minutes, then the credit of each mode and proof."""
        found = self._sums.get(mark)
        if found is None:
            found = [len(facts[mark]), *[0] * (1 + len(PARTS))]
            for _reverses, _day, mode, proof, minutes, credit, *_times in facts[mark]:
                found[1] += minutes
                if place := PLACE.get((mode, proof)):
                    found[place] += credit
            self._sums[mark] = found
        return found

    def year(self, case: Case, rules: Rules, facts: Mapping[Mark, Facts]) -> tuple[int, int, bool]:
        """(counted, target, lacks a class) as `assess` judges."""
        found = self._years.get(case)
        if found is None:
            lines = [
                Studied(
                    n, _day(day), mode, proof, minutes, credit, _instant(starts),
                    _instant(ends), reverses, activity,
                )
                for n, fact in enumerate(facts[case.mark])
                for reverses, day, mode, proof, minutes, credit, starts, ends, activity in (fact,)
            ]  # fmt: skip
            result = assess(rules, case.duties, lines, year=case.year, today=case.today)
            found = self._years[case] = (result.counted, result.target, result.lacks_class)
        return found


@lru_cache(maxsize=4096)
def _day(stored: str) -> date:
    return date.fromisoformat(stored)


@lru_cache(maxsize=65536)  # everybody at an occasion has the same
def _instant(stored: int | None) -> datetime | None:
    return None if stored is None else EPOCH + timedelta(microseconds=stored)
