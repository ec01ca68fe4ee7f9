"""Rows of a large preset: first what stands above the branches, then runs of branches. Pure.

Ids follow from the number of a branch and of a member, so that runs can be made in any order and process.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from pbtrain.core import clock
from pbtrain.demo.bulk import people
from pbtrain.demo.bulk.people import Member, Name
from pbtrain.demo.bulk.shapes import ROOT, SINCE, Shape
from pbtrain.demo.bulk.year import CALENDARS, HABITS, LEADERS, Habit, Years
from pbtrain.demo.roster import LOGINS, MEMBER, STAFF
from pbtrain.hours import chain
from pbtrain.hours.bulk import Ledger, Own, Shared
from pbtrain.hours.policy import PolicyRules
from pbtrain.org.roles import Role

COLUMNS = {
    "unit": ("id", "name", "code", "kind", "field", "parent_id", "valid_from"),
    "unit_link": ("unit_id", "parent_id", "valid_from"),
    "unit_name": ("unit_id", "name", "valid_from"),
    "unit_closure": ("above_id", "below_id", "depth"),
    "academy": ("unit_id", "service_unit_id"),
    "account": (
        "id", "username", "name", "phone", "password_hash", "activated_at", "disabled_at", "pseudonym_key",
        "created_at",
    ),
    "member": (
        "id", "account_id", "unit_id", "name", "pinyin", "sex", "born_on", "joined_on", "stage", "category",
        "phone", "id_shown", "code", "pseudonym_key", "created_at", "left_on", "flow", "flow_place",
    ),
    "affiliation": ("member_id", "unit_id", "valid_from"),
    "post": ("id", "member_id", "unit_id", "kind", "valid_from", "valid_until"),
    "care_span": ("member_id", "reason", "valid_from"),
    "role_grant": ("account_id", "unit_id", "role", "post_id", "valid_from", "valid_until"),
    "policy": ("id", "unit_id", "year", "version", "rules", "published_at"),
    "book": (
        "id", "unit_id", "year", "entries", "person_times", "minutes", "credit", "prior_credit", "head",
    ),
    "member_year": (
        "member_id", "credit_year", "entries", "minutes", "group_a", "group_b", "group_c", "group_d",
        "self_a", "self_b", "self_c", "self_d", "counted", "target", "due", "due_on", "on_care",
        "custody_unit_id",
    ),
    "site": ("id", "kind", "name", "created_at"),
}  # fmt: skip
POSTS = ("secretary", "deputy", "committee_member", "committee_member")
NO_SECRETARY = 49  # of 50 branches; the post ended a month ago
CORRECTED = 3  # of 10 branches has a line that was reversed
Row = tuple[Any, ...]


@dataclass
class Rows:
    """What is to be written: rows by table, and the lines of the ledger by occasion."""

    tables: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    lines: list[tuple[Shared, list[Own]]] = field(default_factory=list)

    def add(self, table: str, *values: object) -> None:
        """A row, in the order of COLUMNS."""
        self.tables[table].append(values)


@dataclass
class Maker:
    """Makes the rows of one preset on one day."""

    shape: Shape
    today: date
    now: datetime
    password_hash: str

    @cached_property
    def years(self) -> Years:
        """The window and its calendars."""
        return Years(self.today)

    @cached_property
    def names(self) -> list[Name]:
        """The names people are called by."""
        return people.names()

    def head(self) -> Rows:
        """The site's mark, committees, the academy, policies, and who holds a role without being a member."""
        rows = Rows()
        rows.add("site", 1, "loading", self.shape.site, self.now)
        for unit_id, name, kind, above in self.shape.committees():
            self._unit(rows, unit_id, name, kind, "", above)
        rows.add("academy", self.shape.academy, ROOT)
        rules = json.dumps(PolicyRules().as_json())
        for year in (self.years.numbers[0] - 1, *self.years.numbers):
            rows.add("policy", self.years.policy_id(year), ROOT, year, 1, rules, self.now)
        places = {"root": ROOT, "academy": self.shape.academy, "south": self.shape.lowest()[0]}
        for number, (role, (name, unit)) in enumerate(STAFF.items(), 1):
            key = people.key_of("account", number)
            rows.add(
                "account", number, LOGINS[role], name, None, self.password_hash, self.now, None, key, self.now
            )
            rows.add("role_grant", number, places[unit], str(role), None, SINCE, None)
        return rows

    def branches(self, numbers: range) -> Rows:
        """Some branches with their people and books."""
        rows = Rows()
        for number in numbers:
            self._branch(rows, number)
        return rows

    def _unit(self, rows: Rows, unit_id: int, name: str, kind: str, area: str, above: list[int]) -> None:
        parent = above[0] if above else None
        rows.add("unit", unit_id, name, f"SL{unit_id:06}", kind, area, parent, SINCE)
        rows.add("unit_link", unit_id, parent, SINCE)
        rows.add("unit_name", unit_id, name, SINCE)
        for depth, each in enumerate([unit_id, *above]):
            rows.add("unit_closure", each, unit_id, depth)

    def _branch(self, rows: Rows, number: int) -> None:
        unit_id = self.shape.branch_id(number)
        name, area = self.shape.branch(number)
        self._unit(rows, unit_id, name, "branch", area, self.shape.above(number))
        calendar = number % CALENDARS
        roster = [
            self._person(number, n) for n in range(self.shape.starts[number + 1] - self.shape.starts[number])
        ]
        habits = [self._habit(number, calendar, member) for member in roster]
        for member, habit in zip(roster, habits, strict=True):
            self._member(rows, number, unit_id, member)
            if member.place < LEADERS:
                self._post(rows, number, unit_id, member, habit)
            for year in self.years.numbers:
                known = self.years.year(calendar, habit, year)
                gone = habit.applies or (member.left_on is not None and member.left_on.year <= year)
                rows.add(
                    "member_year", member.id, year, *known.raw, known.counted, known.target, known.due,
                    self.today, known.on_care, None if gone else unit_id,
                )  # fmt: skip
        self._books(rows, number, unit_id, calendar, list(zip(roster, habits, strict=True)))

    def _person(self, number: int, place: int) -> Member:
        member_id = self.shape.starts[number] + place + 1
        first, odd = self.years.first, place > MEMBER and place != self._corrected
        born = people.born(member_id, self.today, retired=number % 12 == 9)
        stage = people.stage_of(member_id) if odd else "full"
        since = max(first - timedelta(days=200 + member_id * 31 % 3000), born + timedelta(days=19 * 366))
        if odd and member_id % 33 == 7:
            since = first + (self.today - first) * 2 // 5
        return Member(
            id=member_id,
            place=place,
            name=self.names[member_id * 7919 % len(self.names)],
            born_on=born,
            joined_on=None if stage in ("activist", "candidate") else since,
            since=since,
            stage=stage,
            phone=None if member_id % 7 == 3 and odd else str(people.PHONES + member_id),
            left_on=first + (self.today - first) * 3 // 5 if odd and member_id % 199 == 5 else None,
            care_since=first
            if odd and (member_id % 51 == 9 or (number % 12 == 9 and member_id % 5 == 0))
            else None,
            person=chain.pseudonym(people.key_of("member", member_id)),
        )

    _corrected = LEADERS  # the place of whoever was ticked by mistake

    def _habit(self, number: int, calendar: int, member: Member) -> Habit:
        leads = member.place < LEADERS
        habit = Habit(
            share=0 if leads else member.id * 5 % len(HABITS),
            leads=leads,
            applies=member.stage in ("activist", "candidate"),
            since=member.since if member.since > self.years.first else None,
            left_on=member.left_on,
            care_since=member.care_since,
            led_until=self._led_until(number) if member.place == 0 else None,
        )
        if number % 10 == CORRECTED and member.place == self._corrected:
            corrected = Habit(share=0, reversed=True)
            return corrected if self.years.attended(calendar, corrected) else habit
        return habit

    def _led_until(self, number: int) -> date | None:
        return self.today - timedelta(days=30) if number % 50 == NO_SECRETARY else None

    def _member(self, rows: Rows, number: int, unit_id: int, member: Member) -> None:
        username = f"sl{member.id:08}"
        if number == 0:
            username = {0: LOGINS[Role.BRANCH_SECRETARY], MEMBER: LOGINS[Role.MEMBER]}.get(
                member.place, username
            )
        active = member.place <= MEMBER or member.id % 3 == 0
        key = people.key_of("account", member.account_id)
        rows.add(
            "account", member.account_id, username, member.name.text, member.phone,
            self.password_hash if active else None, self.now if active else None,
            self.now if member.left_on else None, key, self.now,
        )  # fmt: skip
        rows.add(
            "member", member.id, member.account_id, unit_id, member.name.text, member.name.letters,
            member.name.sex, member.born_on, member.joined_on, member.stage, "", member.phone, "",
            f"SL{member.id:08}", people.key_of("member", member.id), self.now, member.left_on, "", "",
        )  # fmt: skip
        rows.add("affiliation", member.id, unit_id, member.since)
        if member.care_since:
            rows.add("care_span", member.id, "示例：年老体弱，行动不便", member.care_since)

    def _post(self, rows: Rows, number: int, unit_id: int, member: Member, habit: Habit) -> None:
        post_id = number * LEADERS + member.place + 1
        since = max(member.since, date(self.years.first.year - 3, 1, 1))
        kind = POSTS[member.place]
        rows.add("post", post_id, member.id, unit_id, kind, since, habit.led_until)
        if kind == "secretary":
            role = str(Role.BRANCH_SECRETARY)
            rows.add("role_grant", member.account_id, unit_id, role, post_id, since, habit.led_until)

    def _books(
        self, rows: Rows, number: int, unit_id: int, calendar: int, roster: list[tuple[Member, Habit]]
    ) -> None:
        came: list[list[tuple[int, str]]] = [[] for _ in self.years.calendar(calendar)]
        mistaken: dict[int, Member] = {}
        for member, habit in roster:
            places = self.years.attended(calendar, habit)
            for place in places:
                came[place].append((member.id, member.person))
            if habit.reversed:
                mistaken[places[-1]] = member
        writer = roster[0][0].account_id
        actor = chain.pseudonym(people.key_of("account", writer))
        books = {
            year: Ledger(number * len(self.years.numbers) + n + 1, unit_id, year, writer, actor)
            for n, year in enumerate(self.years.numbers)
        }
        for place, plan in enumerate(self.years.calendar(calendar)):
            book = books[plan.occasion.day.year]
            shared, lines = book.post(plan.occasion, f"demo:{unit_id}-{place}", came[place])
            if lines:
                rows.lines.append((shared, lines))
            if place in mistaken:
                wrong = next(line for line in lines if line[3] == mistaken[place].id)
                at = plan.occasion.posted_at + timedelta(hours=2)
                rows.lines.append(book.reverse(plan.occasion, wrong, "示例：签到表核对，当天请假未到", at))
        for book in books.values():
            rows.add(
                "book", book.id, unit_id, book.year, book.entries, book.person_times, book.minutes,
                book.credit, 0, book.head,
            )  # fmt: skip


def runs(shape: Shape, size: int) -> Iterator[range]:
    """The branches, some at a time."""
    for first in range(0, shape.branches, size):
        yield range(first, min(first + size, shape.branches))


def maker(shape: Shape, password_hash: str) -> Maker:
    """A maker for today."""
    return Maker(shape, clock.today(), clock.now(), password_hash)
