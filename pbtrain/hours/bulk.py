"""Finished chains for a bulk load into an empty ledger: the same bytes as `posting` writes. Pure.

`chain.line` stays the law: each occasion is written by it once with blanks, and a line fills the blanks.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pbtrain.core.db import micros
from pbtrain.hours import chain
from pbtrain.hours.activities import ACTIVITIES, PARTS
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.rules import Studied, Tie, assess, duties

BLANK = "\0"
LINE = (  # the columns that differ from line to line, then those of the occasion
    "id", "book_id", "seq", "member_id", "person", "source", "prev", "hash",
    "day", "starts_at", "ends_at", "credit_year", "activity", "channel", "mode", "minutes", "credit",
    "policy_id", "proof", "reverses_id", "title", "note", "posted_by", "posted_by_id", "posted_at",
)  # fmt: skip
OWN = 8  # how many of them differ

Own = tuple[int, int, int, int, str, str, str, str]
Shared = tuple[object, ...]


@dataclass(frozen=True)
class Occasion:
    """What a branch met for, or what its members did by themselves (then without a time of day)."""

    day: date
    activity: str
    title: str
    minutes: int
    credit: int  # hundredths, by the policy of the day
    policy_id: int
    starts_at: datetime | None
    ends_at: datetime | None
    posted_at: datetime
    proof: str = "B"


@dataclass
class Ledger:
    """A book while its lines are written; the totals and the head are those of the finished book."""

    id: int
    unit_id: int
    year: int
    actor_id: int | None
    actor: str  # pseudonym
    entries: int = 0
    person_times: int = 0
    minutes: int = 0
    credit: int = 0
    head: str = field(init=False)

    def __post_init__(self) -> None:
        self.head = chain.genesis(self.unit_id, self.year)

    def post(
        self, occasion: Occasion, name: str, people: Sequence[tuple[int, str]]
    ) -> tuple[Shared, list[Own]]:
        """A line for each (member id, pseudonym); `name` is the occurrence, "demo:12-3"."""
        shared = self._shared(occasion, 1, None, "", occasion.posted_at)
        blanks = self._blanks(shared, f"{name}/member:{BLANK}#1")
        base, rows, book_id = self.id << chain.SEQ_BITS, [], self.id
        seq, prev, sha256 = self.entries, self.head, hashlib.sha256
        begin, middle, after, until, end = blanks
        for member_id, person in people:
            seq += 1
            text = f"{begin}{prev}{middle}{seq}{after}{person}{until}{member_id}{end}"
            digest = sha256(text.encode()).hexdigest()
            rows.append(
                (base + seq, book_id, seq, member_id, person, f"{name}/member:{member_id}#1", prev, digest)
            )
            prev = digest
        self._follow(len(rows), len(rows), occasion, prev)
        return shared, rows

    def reverse(self, occasion: Occasion, own: Own, reason: str, at: datetime) -> tuple[Shared, list[Own]]:
        """The opposite of a line of this book, as the next line."""
        shared = self._shared(occasion, -1, own[0], reason, at)
        source = f"{own[5]}/reversal"
        begin, middle, after, until = self._blanks(shared, source)
        seq = self.entries + 1
        digest = chain.digest(f"{begin}{self.head}{middle}{seq}{after}{own[4]}{until}")
        row = (chain.entry_id(self.id, seq), self.id, seq, own[3], own[4], source, self.head, digest)
        self._follow(1, -1, occasion, digest)
        return shared, [row]

    def _follow(self, lines: int, people: int, occasion: Occasion, head: str) -> None:
        self.entries, self.head = self.entries + lines, head
        self.person_times += people
        self.minutes += people * occasion.minutes
        self.credit += people * occasion.credit

    def _shared(
        self, occasion: Occasion, sign: int, reverses_id: int | None, note: str, posted_at: datetime
    ) -> Shared:
        kind = ACTIVITIES[occasion.activity]
        starts, ends = occasion.starts_at, occasion.ends_at
        return (
            occasion.day, None if starts is None else micros(starts), None if ends is None else micros(ends),
            self.year, occasion.activity, kind.channel, kind.mode, sign * occasion.minutes,
            sign * occasion.credit, occasion.policy_id, occasion.proof, reverses_id, occasion.title, note,
            self.actor, self.actor_id, micros(posted_at),
        )  # fmt: skip

    def _blanks(self, shared: Shared, source: str) -> list[str]:
        """The hashed line, cut where a line of this occasion differs from the next."""
        values: dict[str, Any] = dict(zip(LINE[OWN:], shared, strict=True))
        del values["posted_by_id"]  # who it is stands in the pseudonym
        blanks = {"prev": BLANK, "seq": BLANK, "person": BLANK, "book_id": self.id, "source": source}
        text = chain.line(**(values | blanks))
        return text.split(BLANK)


@dataclass(frozen=True)
class Year:
    """A finished MemberYear but for whose it is: raw sums, and what `assess` makes of them."""

    raw: tuple[int, ...]  # entries, minutes, then PARTS
    counted: int
    target: int
    due: int
    on_care: bool


def year_of(
    rules: PolicyRules,
    ties: Sequence[Tie],
    attended: Iterable[tuple[Occasion, bool]],
    *,
    year: int,
    today: date,
) -> Year:
    """The year of a member who attended these occasions; True marks a line that was reversed afterwards."""
    lines: list[Studied] = []
    sums, entries, minutes = dict.fromkeys(PARTS, 0), 0, 0
    for occasion, gone in attended:
        mode, number = ACTIVITIES[occasion.activity].mode, len(lines) + 1
        lines.append(
            Studied(
                number, occasion.day, mode, occasion.proof, occasion.minutes, occasion.credit,
                occasion.starts_at, occasion.ends_at, None, occasion.activity,
            )
        )  # fmt: skip
        entries += 1
        if gone:
            entries += 1
            lines.append(
                Studied(
                    number + 1, occasion.day, mode, occasion.proof, -occasion.minutes, -occasion.credit,
                    occasion.starts_at, occasion.ends_at, number, occasion.activity,
                )
            )  # fmt: skip
            continue
        minutes += occasion.minutes
        sums[f"{mode}_{occasion.proof.lower()}"] += occasion.credit
    stretches = duties(year, ties)
    result = assess(rules, stretches, lines, year=year, today=today)
    edge = min(today, date(year, 12, 31))
    on_care = any(s.category == "care" and s.since <= edge < s.until for s in stretches)
    return Year((entries, minutes, *sums.values()), result.counted, result.target, result.due, on_care)
