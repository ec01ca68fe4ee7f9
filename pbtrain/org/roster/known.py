"""What an import may name and whom it may mean: branches in scope, members found, the posts they hold."""

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any

from sqlalchemy import or_, select

from pbtrain.core import bulk, clock
from pbtrain.core.db import db
from pbtrain.org.access import Actor, units_where
from pbtrain.org.kinds import POSTS, WITH_MEMBERS
from pbtrain.org.models import Member, Post, Unit, UnitClosure
from pbtrain.org.roles import Perm
from pbtrain.org.uploads.cells import name_key

GUESS_AMONG = 2_000  # no guesses among more branches: they take too long


@dataclass
class Scope:
    """The branches an import may name, by name and code; the one to take when the sheet names none."""

    branches: dict[int, str]
    by_text: dict[str, list[int]]
    only: int | None
    guesses: dict[str, str] = field(default_factory=dict)

    def guess(self, text: str) -> str:
        """The name most like `text`, or ""."""
        if len(self.branches) > GUESS_AMONG or len(self.guesses) > 50:
            return self.guesses.get(text, "")
        if text not in self.guesses:
            found = get_close_matches(text, self.branches.values(), n=1, cutoff=0.5)
            self.guesses[text] = found[0] if found else ""
        return self.guesses[text]


def text_key(text: str) -> str:
    """For comparing names and codes of units: width, spaces and case away."""
    return unicodedata.normalize("NFKC", text).replace(" ", "").casefold()


def scope_of(actor: Actor, unit_id: int) -> Scope:
    """The branches in and below this unit in which the actor manages the roster."""
    today = clock.today()
    rows = db.session.execute(
        select(Unit.id, Unit.name, Unit.code)
        .join(UnitClosure, UnitClosure.below_id == Unit.id)
        .where(
            UnitClosure.above_id == unit_id,
            Unit.kind.in_(WITH_MEMBERS),
            Unit.id.in_(units_where(actor, Perm.ROSTER_MANAGE)),
            or_(Unit.valid_until.is_(None), Unit.valid_until > today),
        )
        .order_by(Unit.id)
    ).all()
    by_text: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        for key in {text_key(row.name), text_key(row.code)}:
            by_text[key].append(row.id)
    branches = {row.id: row.name for row in rows}
    return Scope(branches, dict(by_text), unit_id if unit_id in branches else None)


class Known:
    """The members that the lines of a chunk may mean, by number, ID and name."""

    def __init__(
        self,
        people: Sequence[Any],
        posts: dict[int, tuple[str, date]],
        statuses: dict[int, list[Any]],
    ) -> None:
        self.posts, self.statuses = posts, statuses
        self.by_code = {person.code: person for person in people}
        self.by_id = {person.id_lookup: person for person in people if person.id_lookup}
        self.by_name: dict[str, list[Any]] = defaultdict(list)
        for person in people:
            self.by_name[name_key(person.name)].append(person)


def posts_of(member_ids: Sequence[int], today: date) -> dict[int, tuple[str, date]]:
    """The post each holds today in the own branch, the first of the list of kinds when there are several."""
    rank = {kind: number for number, kind in enumerate(POSTS)}
    found: dict[int, tuple[str, date]] = {}
    rows = db.session.execute(
        select(Post.member_id, Post.kind, Post.valid_from)
        .join(Member, (Member.id == Post.member_id) & (Member.unit_id == Post.unit_id))
        .where(
            Post.member_id.in_(bulk.among(member_ids)),
            Post.valid_from <= today,
            or_(Post.valid_until.is_(None), Post.valid_until > today),
        )
        .order_by(Post.id)
    )
    for member_id, kind, since in rows:
        if member_id not in found or rank[kind] < rank[found[member_id][0]]:
            found[member_id] = (kind, since)
    return found
