"""Whom the rows of a sheet mean, what they would bring, and what they meet in the ledger.

Part of the queries: reads only, a constant number of statements for any number of rows.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import String, exists, or_, select
from sqlalchemy.orm import aliased

from pbtrain.claims import caps, lookups, rules
from pbtrain.claims.models import Platform, Takeover
from pbtrain.claims.takeover import rules as takeover_rules
from pbtrain.core import bulk, clock
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.hours import posting, sealed
from pbtrain.hours.models import HourEntry
from pbtrain.hours.persons import Person, people
from pbtrain.org.kinds import WITH_MEMBERS
from pbtrain.org.models import Affiliation, Member, Unit, UnitClosure
from pbtrain.org.roster.known import text_key
from pbtrain.org.uploads.cells import name_key, name_variants
from pbtrain.org.uploads.reader import Row

UNKNOWN = N_("Nobody of this name and number stands in your unit. Check both.")


@dataclass(frozen=True)
class Found:
    """A row with the member it means, and the branch of that day; None where it is refused."""

    row: Row
    member_id: int | None = None
    unit_id: int | None = None


@dataclass(frozen=True)
class Share:
    """A row as the cap of its platform sees it."""

    id: int
    member_id: int
    platform_id: int | None
    day: date
    minutes: int
    credit: int


def began(values: dict[str, Any]) -> datetime | None:
    """The moment a row began; None where the sheet does not say."""
    if not values.get("time"):
        return None
    hour, minute = values["time"].split(":")
    return clock.at(date.fromisoformat(values["day"]), int(hour), int(minute))


def standing(member_ids: Sequence[int], year: int) -> dict[int, list[Any]]:
    """The lines of these members that stand in this year, with their titles, by member."""
    back = aliased(HourEntry)
    rows = db.session.execute(
        select(
            HourEntry.member_id, HourEntry.day, HourEntry.title, HourEntry.activity, HourEntry.minutes,
            HourEntry.starts_at, HourEntry.ends_at,
        )
        .outerjoin(back, back.reverses_id == HourEntry.id)
        .where(
            HourEntry.member_id.in_(bulk.among(sorted(set(member_ids)))),
            HourEntry.credit_year == year,
            HourEntry.reverses_id.is_(None),
            back.id.is_(None),
        )
        .order_by(HourEntry.id)
    )  # fmt: skip
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.member_id].append(row)
    return found


class Matcher:
    """Finds the members of one sheet, some rows at a time; remembers what it has seen of the sheet."""

    def __init__(self, batch: Takeover) -> None:
        self.unit_id, self.kind, self.year = batch.unit_id, batch.kind, batch.year
        self.platform = db.session.get(Platform, batch.platform_id) if batch.platform_id else None
        self.units: dict[int, tuple[str, str]] = {
            row.id: (text_key(row.name), text_key(row.code))
            for row in db.session.execute(
                select(Unit.id, Unit.name, Unit.code)
                .join(UnitClosure, UnitClosure.below_id == Unit.id)
                .where(UnitClosure.above_id == batch.unit_id)
            )
        }
        self.policies = posting.policies(self.units)
        self.shelves = sealed.closed(self.units, {self.year})
        self.seen: dict[tuple[Any, ...], int] = {}
        self.used: dict[tuple[int, int, int], int] = {}

    def match(self, rows: Sequence[Row]) -> list[Found]:
        """The rows in their order, each with its member and worth, or one more error."""
        by_name = self._people(rows)
        persons = people({one.id for some in by_name.values() for one in some})
        found = [self._one(row, by_name, persons) for row in rows]
        self._worth(found)
        lines = standing([one.member_id for one in found if one.member_id], self.year)
        for one in found:
            if one.member_id and not one.row.errors:
                self._meet(one, lines[one.member_id])
        self._cap([one for one in found if not one.row.errors])
        return found

    def _people(self, rows: Sequence[Row]) -> dict[str, list[Any]]:
        """Whoever has one of these names and stood in the unit or below it, by name."""
        names = {name for row in rows if "name" in row.values for name in name_variants(row.values["name"])}
        here = exists().where(
            Affiliation.member_id == Member.id,
            Affiliation.unit_id == UnitClosure.below_id,
            UnitClosure.above_id == self.unit_id,
        )
        found: dict[str, list[Any]] = defaultdict(list)
        for person in db.session.execute(
            select(Member.id, Member.name, Member.code, Member.id_shown)
            .where(Member.name.in_(bulk.among(sorted(names), String)), here)
            .order_by(Member.id)
        ):
            found[name_key(person.name)].append(person)
        return found

    def _one(self, row: Row, by_name: dict[str, list[Any]], persons: dict[int, Person]) -> Found:
        values = row.values
        if row.errors:
            return Found(row)
        day = date.fromisoformat(values["day"])
        some = [
            person
            for person in by_name.get(name_key(values["name"]), ())
            if values.get("code", person.code) == person.code
            and person.id_shown.endswith(values.get("id_end", ""))
        ]
        if values.get("branch"):
            key = text_key(values["branch"])
            there = [p for p in some if key in self.units.get(persons[p.id].branch_on(day) or 0, ())]
            if some and not there:
                row.refuse("branch", N_("The member was not in this branch on that day."), values["branch"])
                return Found(row)
            some = there
        if not some:
            row.refuse("name", UNKNOWN, values["name"])
        elif len(some) > 1:
            row.refuse("name", N_("Several members fit. Give the member number."), values["name"])
        else:
            return self._home(row, some[0].id, persons[some[0].id].branch_on(day))
        return Found(row)

    def _home(self, row: Row, member_id: int, unit_id: int | None) -> Found:
        if unit_id not in self.units:
            row.refuse("day", takeover_rules.NO_DAY, row.values["day"])
        elif (unit_id, self.year) in self.shelves:
            row.refuse("day", takeover_rules.SEALED, row.values["day"], year=self.year)
        return Found(row, member_id, unit_id)

    def _worth(self, found: Sequence[Found]) -> None:
        """Minutes, form and credit by the rules of the branch of that day."""
        for one in found:
            values = one.row.values
            if one.row.errors:
                continue
            day = date.fromisoformat(values["day"])
            try:
                policy = self.policies.on(one.unit_id, day)
            except RuleError as error:
                one.row.refuse("day", error.message, values["day"], **error.params)
                continue
            if self.platform is not None:
                values["minutes"] = rules.minutes_of(
                    values["quantity"], self.platform.per_hour, policy.minutes_per_hour
                )
                values["activity"] = "online_course" if self.platform.mode == "group" else "self_study"
                values["proof"] = self.platform.proof
                values.setdefault("title", self.platform.name)
                if values["minutes"] > 24 * 60:
                    one.row.refuse(
                        "quantity",
                        N_("That is more than a day of study: claim it day by day."),
                        str(values["quantity"]),
                    )
                    continue
            values["credit"] = policy.credit(values["activity"], values["minutes"])

    def _meet(self, one: Found, lines: Sequence[Any]) -> None:
        values = one.row.values
        key = (one.member_id, *takeover_rules.key_of(values))
        first = self.seen.setdefault(key, one.row.line)
        met = takeover_rules.meets(values, began(values), lines)
        if first != one.row.line:
            one.row.refuse("title", takeover_rules.TWICE, values["title"], line=first)
        elif met.same:
            one.row.refuse("title", takeover_rules.STANDS, values["title"])
        else:
            values |= {"overlaps": met.overlaps} if met.overlaps else {}
            values |= {"near": "、".join(met.near)} if met.near else {}

    def _cap(self, found: Sequence[Found]) -> None:
        """Cut by the year's cap of the platform, over this sheet and what stands already."""
        if self.platform is None or not found:
            return
        pairs = sorted({(one.member_id or 0, self.platform.id) for one in found})
        fresh = [pair for pair in pairs if (*pair, self.year) not in self.used]
        self.used |= {(*pair, self.year): 0 for pair in fresh}
        self.used |= lookups.used_of_platforms(fresh, {self.year})
        for one in found:
            values, key = one.row.values, (one.member_id or 0, self.platform.id, self.year)
            room = self.platform.year_cap - self.used[key]
            fits = rules.within_cap(values["minutes"], values["credit"], room)
            if fits <= 0:
                one.row.refuse("quantity", takeover_rules.FULL, str(values["quantity"]))
                continue
            self.used[key] += min(values["credit"], room)
            if fits < values["minutes"]:
                values["cut"] = min(values["credit"], room)  # hundredths that the cap leaves


def fitting(batch: Takeover, rows: Sequence[Any]) -> dict[int, int]:
    """How many minutes of these stored rows fit under the cap of their platform, as {line: minutes}."""
    return caps.granted(
        [
            Share(
                id=row.line,
                member_id=row.member_id,
                platform_id=batch.platform_id,
                day=date.fromisoformat(row.values["day"]),
                minutes=row.values["minutes"],
                credit=row.values["credit"],
            )
            for row in rows
        ]
    )


def names_of_branches(unit_id: int) -> list[str]:
    """The branches of today in and below a unit, for the drop-down of the template."""
    return list(
        db.session.scalars(
            select(Unit.name)
            .join(UnitClosure, UnitClosure.below_id == Unit.id)
            .where(
                UnitClosure.above_id == unit_id,
                Unit.kind.in_(WITH_MEMBERS),
                or_(Unit.valid_until.is_(None), Unit.valid_until > clock.today()),
            )
            .order_by(Unit.code, Unit.id)
        )
    )
