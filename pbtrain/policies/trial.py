"""A dry run: the same people, the same lines, judged by the published rules and by a draft. Reads only.

Nothing grows with the number of people but one short packed piece for each branch that has changes, and a
handful of counts for each unit.
"""

import json
import zlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.hours import posting
from pbtrain.hours.persons import people
from pbtrain.hours.policy import PolicyRules, Rules
from pbtrain.hours.queries import Year, cadre_accounts
from pbtrain.hours.rulebook import Version, rulebook
from pbtrain.hours.rules import Assessment, CadreYear, Studied, assess, cadre_year, duties
from pbtrain.org.models import UnitClosure

DRAFT = -1  # stands for the draft among the ids of versions
COUNTS = ("members", "changed", "lost", "won", "raised", "lowered")
FIELDS = (  # of a changed person
    "id", "target", "counted", "met", "new_target", "new_counted", "new_met",
    "cadre", "cadre_target", "new_cadre_target",
)  # fmt: skip


@dataclass(frozen=True)
class Changed:
    """What a draft changes for one person; hours in hundredths."""

    id: int
    target: int
    counted: int
    met: bool
    new_target: int
    new_counted: int
    new_met: bool
    cadre: int | None = None  # done in the separate account; None for who is no cadre
    cadre_target: int = 0  # there, of the year or of the five years
    new_cadre_target: int = 0

    @property
    def is_cadre(self) -> bool:
        """Has this person an account of cadre training?"""
        return self.cadre is not None


class Trial:
    """Judges people some at a time, in the order of their branches, and keeps what changes."""

    def __init__(
        self, unit_id: int, stored: dict[str, Any], effective_on: date, ledger_year: int, today: date
    ) -> None:
        """A draft for another year is tried as if it had begun on the same day of the ledger's year."""
        self.unit_id, self.year = unit_id, ledger_year
        self.rules = PolicyRules.from_json(DRAFT, stored)
        self.since = _same_day(effective_on, ledger_year)
        self.today = min(today, date(ledger_year, 12, 31))
        self.draft = Version(DRAFT, ledger_year, self.since, stored)
        self.units: dict[int, list[int]] = {}  # of each branch: COUNTS
        self.open: tuple[int, list[list[Any]]] | None = None  # the branch at hand and its changes
        self.pieces: list[bytes] = []
        self.places: dict[int, tuple[int, int]] = {}  # of a branch: where its piece begins, and its length
        self.size = 0
        self.without_rules = 0

    def judge(self, member_ids: list[int]) -> None:
        """Judge these people twice; four statements."""
        persons = people(member_ids)
        lines = posting.standing_lines(set(member_ids), {self.year})
        homes = {home[2] for person in persons.values() for home in person.homes}
        now = rulebook(homes)
        then = now.with_version(self.unit_id, self.draft)
        ruled: list[tuple[Year, Rules]] = []
        for member_id in member_ids:
            person = persons[member_id]
            if not person.homes or person.applies or person.unit_id is None:
                continue
            try:
                before = now.of(person.homes, person.unit_id, self.year)
                after = then.of(person.homes, person.unit_id, self.year)
            except RuleError:
                self.without_rules += 1
                continue
            stretches = duties(self.year, person.ties)
            ruled.append((Year(member_id, self.year, before, stretches, person.ties), after))
        accounts = cadre_accounts([one for one, _after in ruled if _is_cadre(one)])
        for one, after in ruled:
            mine = lines.get(one.member_id, [])
            old = new = assess(one.policy, one.stretches, mine, year=self.year, today=self.today)
            if after.key != one.policy.key:
                again = [self._converted(line, after) for line in mine]
                new = assess(after, one.stretches, again, year=self.year, today=self.today)
            account = accounts.get(one.member_id)
            asked = cadre_year(after, one.ties, 1, self.year) if account else None
            self._note(persons[one.member_id].unit_id or 0, one.member_id, old, new, account, asked)

    def _converted(self, line: Any, after: Rules) -> Studied:
        """A line as the draft would have converted it, on the days on which it holds."""
        credit = line.credit
        if after.on(line.day).id == DRAFT:
            credit = self.rules.credit(line.activity, line.minutes)
        return Studied(
            line.id, line.day, line.mode, line.proof, line.minutes, credit, line.starts_at, line.ends_at,
            line.reverses_id, line.activity,
        )  # fmt: skip

    def _note(
        self,
        unit_id: int,
        member_id: int,
        old: Assessment,
        new: Assessment,
        account: CadreYear | None,
        asked: CadreYear | None,
    ) -> None:
        """Count a person, and keep who is affected; `asked`: the account of a cadre by the draft."""
        if self.open is None or self.open[0] != unit_id:
            self._close()
            self.open = (unit_id, [])
        counts = self.units.setdefault(unit_id, [0] * len(COUNTS))
        before = (old.target, account.target if account else 0)
        after = (new.target, asked.target if asked else 0)
        changed = (old.met, before, old.counted) != (new.met, after, new.counted)
        happened = (
            True,
            changed,
            old.met and not new.met,
            new.met and not old.met,
            any(then > now for now, then in zip(before, after, strict=True)),
            any(then < now for now, then in zip(before, after, strict=True)),
        )
        for place, yes in enumerate(happened):
            counts[place] += yes
        if changed:
            self.open[1].append(
                [
                    member_id, old.target, old.counted, old.met, new.target, new.counted, new.met,
                    account.counted if account else None, before[1], after[1],
                ]
            )  # fmt: skip

    def _close(self) -> None:
        """Pack the branch at hand."""
        if self.open is not None and self.open[1]:
            piece = zlib.compress(json.dumps(self.open[1], separators=(",", ":")).encode())
            self.places[self.open[0]] = (self.size, len(piece))
            self.pieces.append(piece)
            self.size += len(piece)
        self.open = None

    def result(self) -> tuple[dict[str, Any], bytes]:
        """What the job keeps: counts of each unit with all below it, where the pieces lie; and the pieces."""
        self._close()
        sums: dict[int, list[int]] = defaultdict(lambda: [0] * len(COUNTS))
        rows = db.session.execute(
            select(UnitClosure.above_id, UnitClosure.below_id)
            .where(
                UnitClosure.above_id.in_(
                    select(UnitClosure.below_id).where(UnitClosure.above_id == self.unit_id)
                )
            )
            .order_by(UnitClosure.id)
        )
        for above_id, below_id in rows:
            if below_id in self.units:
                sums[above_id] = [a + b for a, b in zip(sums[above_id], self.units[below_id], strict=True)]
        found = {
            "units": {str(unit_id): counts for unit_id, counts in sums.items()},
            "places": {str(unit_id): list(place) for unit_id, place in self.places.items()},
            "without_rules": self.without_rules,
        }
        return found, b"".join(self.pieces)


def _is_cadre(one: Year) -> bool:
    return any(tie.kind == "cadre" for tie in one.ties)


def _same_day(day: date, year: int) -> date:
    """29 February becomes 1 March where there is none."""
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def unpacked(piece: bytes) -> list[Changed]:
    """The people of one branch for whom something changes."""
    rows = json.loads(zlib.decompress(piece))
    return [Changed(**dict(zip(FIELDS, row, strict=False))) for row in rows]  # older trials know fewer fields


def with_names(rows: Iterable[Changed], names: dict[int, Any]) -> list[tuple[Changed, Any]]:
    """Those who are still on the roster, with number and name, in the order of their numbers."""
    found = [(row, names[row.id]) for row in rows if row.id in names]
    return sorted(found, key=lambda pair: (pair[1].code, pair[0].id))
