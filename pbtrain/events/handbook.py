"""The record of the whole course (全程纪实): of one meeting, and of a branch's year as one book.

However many meetings a year has, it is read in the same number of statements. Part of the queries.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from pbtrain.core.db import db
from pbtrain.events import amendments, joint, overview, proofs, queries
from pbtrain.events.models import Event
from pbtrain.events.queries import Effect
from pbtrain.org.models import Affiliation, Member, Post
from pbtrain.org.queries import is_on

MOST = 200  # meetings in one book; a branch that holds more prints them by half-year


@dataclass(frozen=True)
class Record:
    """One meeting that was held with all that is kept of it."""

    event: Any  # as queries.record
    people: list[Any]
    photos: list[Any]
    effect: Effect
    amendments: list[Any]
    hosts: list[str]

    @property
    def came(self) -> list[str]:
        """Who came, by name."""
        return [row.name for row in self.people if row.present]

    @property
    def missed(self) -> list[str]:
        """Who was expected and did not come."""
        return [row.name for row in self.people if not row.present]

    @property
    def evidence(self) -> dict[str, bool]:
        """What shows that it was held, by keys of proofs.EVIDENCE: is it there?"""
        return proofs.evidence(self.event, self.photos, len(self.came))

    @property
    def added(self) -> set[int]:
        """Those photos and papers that came after the record was written."""
        return amendments.added(self.photos, self.amendments)


def records(events: Sequence[Any]) -> list[Record]:
    """These meetings, rows of `queries.record`, with all that is kept of them; at most six statements."""
    ids = [event.id for event in events]
    people, photos, effects = queries.attendances(ids), queries.photos_of(ids), queries.effects(ids)
    amended = amendments.of_events(ids) if any(event.amended for event in events) else {}
    hosts = joint.names_of(ids) if any(event.joint for event in events) else {}
    return [
        Record(
            event,
            people[event.id],
            photos[event.id],
            effects[event.id],
            amended.get(event.id, []),
            hosts.get(event.id, []),
        )
        for event in events
    ]


def held_in(unit_id: int, first: date, last: date) -> list[Any]:
    """What a branch held, alone or with others, from the first to the last day; at most MOST + 1."""
    return list(
        db.session.execute(
            queries.record()
            .where(overview.of_branch(unit_id), Event.state == "held", Event.day.between(first, last))
            .order_by(Event.day, Event.starts_at, Event.id)
            .limit(MOST + 1)
        )
    )


@dataclass(frozen=True)
class Person:
    """One line of the roster: a name, a key of STAGES, and posts in the branch, keys of POSTS."""

    name: str
    stage: str
    posts: tuple[str, ...]


def roster_on(unit_id: int, day: date) -> list[Person]:
    """Who stood in the branch on that day, by name, with their posts there; two statements."""
    posts: dict[int, list[str]] = {}
    for member_id, kind in db.session.execute(
        select(Post.member_id, Post.kind)
        .where(Post.unit_id == unit_id, is_on(Post, day))
        .order_by(Post.kind, Post.id)
    ):
        posts.setdefault(member_id, []).append(kind)
    rows = db.session.execute(
        select(Member.id, Member.name, Member.stage)
        .join(Affiliation, Affiliation.member_id == Member.id)
        .where(Affiliation.unit_id == unit_id, is_on(Affiliation, day))
        .where(Member.left_on.is_(None) | (Member.left_on > day))
        .order_by(Member.pinyin, Member.id)
    )
    return [Person(row.name, row.stage, tuple(posts.get(row.id, ()))) for row in rows]
