"""Ticking some of thousands over many pages of a form, with or without script.

What was ticked on other pages travels in one hidden field, "0:3,5;1:7" (to the first new unit 3 and 5, to the
second 7); the ticks of this page are compared with the rows that were shown on it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select

from pbtrain.core.db import db
from pbtrain.core.forms import number_of

SHOWN = 60
MOST = 5_000


def number(text: str | None, *, most: int = 10_000) -> int:
    """A small whole number of a form; 0 for anything else."""
    return min(number_of(text) or 0, most)


def ids(text: str | None) -> list[int]:
    """'3,5' -> [3, 5]; what is no id is left out."""
    parts = [part for part in (text or "").split(",")[:MOST] if part]
    return [one for part in parts if (one := number(part, most=10**9))]


def unpack(text: str | None) -> dict[int, int]:
    """'0:3,5;1:7' -> {3: 0, 5: 0, 7: 1}."""
    found: dict[int, int] = {}
    for group in (text or "").split(";"):
        part, _, members = group.partition(":")
        found |= dict.fromkeys(ids(members), number(part))
    return found


def pack(chosen: Mapping[int, int]) -> str:
    """The opposite of `unpack`."""
    parts: dict[int, list[str]] = {}
    for one, part in sorted(chosen.items()):
        parts.setdefault(part, []).append(str(one))
    return ";".join(f"{part}:{','.join(members)}" for part, members in sorted(parts.items()))


@dataclass
class Picking:
    """What is chosen so far, for which part, and which page of which search is shown."""

    chosen: dict[int, int] = field(default_factory=dict)
    part: int = 0
    q: str = ""
    page: int = 1
    rows: list[Any] = field(default_factory=list)
    later: bool = False

    @classmethod
    def of(cls, sent: Any, *, parts: int = 1) -> "Picking":
        """Read from a submitted form: the ticks of the page that was shown change what was chosen before."""
        part = min(number(sent.get("part")), parts - 1)
        chosen = {one: where for one, where in unpack(sent.get("chosen")).items() if where < parts}
        ticked = {number(text, most=10**9) for text in sent.getlist("pick")} - {0}
        for one in ids(sent.get("shown")):
            if one in ticked:
                chosen[one] = part
            elif chosen.get(one) == part:
                del chosen[one]
        return cls(chosen, part, (sent.get("q") or "").strip()[:100], max(number(sent.get("page")), 1))

    def of_part(self, part: int) -> tuple[int, ...]:
        """What is chosen for one part, by id."""
        return tuple(sorted(one for one, where in self.chosen.items() if where == part))

    def keep(self, known: Collection[int]) -> None:
        """Forget what cannot be chosen any more."""
        self.chosen = {one: part for one, part in self.chosen.items() if one in known}

    def turn(self, go: str) -> None:
        """Go on or back a page, or begin anew with a search."""
        self.page = {"later": self.page + 1, "earlier": max(self.page - 1, 1), "find": 1}.get(go, self.page)

    def read(self, statement: Select[Any]) -> None:
        """Read this page of an ordered select with `id` and `name`."""
        while True:
            found = db.session.execute(statement.limit(SHOWN + 1).offset((self.page - 1) * SHOWN)).all()
            if found or self.page == 1:
                break
            self.page = 1
        self.later, self.rows = len(found) > SHOWN, list(found[:SHOWN])

    @property
    def packed(self) -> str:
        """For the hidden field `chosen`."""
        return pack(self.chosen)

    @property
    def elsewhere(self) -> int:
        """How many are chosen for this part that this page does not show."""
        return len(set(self.of_part(self.part)) - {row.id for row in self.rows})

    @property
    def shown(self) -> str:
        """For the hidden field `shown`."""
        return ",".join(str(row.id) for row in self.rows)
