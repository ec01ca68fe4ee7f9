"""Who people are as far as hours care: their dated ties, which branch counts them. Part of the queries."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import String, cast, literal, null, select

from pbtrain.core import bulk
from pbtrain.core.db import db, prepared
from pbtrain.hours.rules import Tie
from pbtrain.org.kinds import STATUSES
from pbtrain.org.models import Affiliation, CareSpan, Member, Post, StatusSpan

APPLICANTS = ("activist", "candidate")  # domain.md D.17: class based, not in the statistics of attainment


@dataclass
class Person:
    """What must be known of a member: the pseudonym's key and the dated ties."""

    key: bytes | None = None
    ties: list[Tie] = field(default_factory=list)
    homes: list[tuple[date, date | None, int]] = field(default_factory=list)
    unit_id: int | None = None
    left_on: date | None = None
    applies: bool = False  # an activist or a candidate, not a Party member yet
    joined_on: date | None = None

    @property
    def admitted_on(self) -> date | None:
        """The day of joining the Party, of who stood in a branch before it: until then nothing is owed."""
        stood = self.homes[0][0] if self.homes else None
        later = self.joined_on is not None and stood is not None and self.joined_on > stood
        return self.joined_on if later and not self.applies else None

    def branch_on(self, day: date) -> int | None:
        """The branch of that day, if any."""
        for since, until, unit_id in self.homes:
            if since <= day and (until is None or day < until):
                return unit_id
        return None


@prepared
def _ties() -> Any:
    """Branches, posts, care and status of members in rows of one shape; without a branch there is one too."""
    ids = bulk.listed("ids")
    homes = (
        select(
            Member.id,
            literal("home"),
            Affiliation.unit_id,
            literal(""),
            Affiliation.valid_from,
            Affiliation.valid_until,
            Member.pseudonym_key,
            Member.unit_id,
            Member.left_on,
            Member.stage,
            Member.joined_on,
        )
        .outerjoin(Affiliation, Affiliation.member_id == Member.id)
        .where(Member.id.in_(ids))
    )
    none = (null(), null(), null(), null(), null())
    posts = select(
        Post.member_id, literal("post"), Post.unit_id, Post.kind, Post.valid_from, Post.valid_until, *none
    ).where(Post.member_id.in_(ids))
    care = select(
        CareSpan.member_id,
        literal("care"),
        null(),
        cast(literal(""), String),
        CareSpan.valid_from,
        CareSpan.valid_until,
        *none,
    ).where(CareSpan.member_id.in_(ids))
    statuses = select(
        StatusSpan.member_id,
        literal("status"),
        null(),
        StatusSpan.kind,
        StatusSpan.valid_from,
        StatusSpan.valid_until,
        *none,
    ).where(StatusSpan.member_id.in_(ids))
    return homes.union_all(posts, care, statuses)


def people(member_ids: Iterable[int]) -> dict[int, Person]:
    """The members with their ties, in one statement; what the session still holds back is sent before."""
    db.session.flush()
    found: dict[int, Person] = defaultdict(Person)
    for row in _ties(ids=bulk.list_of(set(member_ids))).all():
        member_id, kind, unit_id, label, since, until, key, now_in, left_on, stage, joined_on = row
        person = found[member_id]
        if kind == "home":
            person.key, person.unit_id = key, now_in
            person.left_on, person.applies, person.joined_on = left_on, stage in APPLICANTS, joined_on
        if since is None:
            continue
        if kind == "status":
            kind, label = STATUSES[label].tie, STATUSES[label].detail
        person.ties.append(Tie(kind, since, until, label))
        if kind == "home":
            person.homes.append((since, until, unit_id))
    for person in found.values():
        person.homes.sort(key=lambda home: home[0])
        if person.left_on is not None:
            person.ties.append(Tie("left", person.left_on))
        if person.applies or person.admitted_on:
            person.ties.append(Tie("applicant", date.min, person.admitted_on))
    return dict(found)


def custody(person: Person, year: int, today: date) -> int | None:
    """The branch whose attainment of a year counts this person: that of today, or the last one. None for who
    had left, or was not admitted yet, at the end of that year: of this year, by today. Who leaves in January
    is counted in the year that is being closed."""
    day = min(today, date(year, 12, 31))
    gone = person.left_on is not None and person.left_on <= day
    applied = person.applies or (person.admitted_on is not None and person.admitted_on > day)
    return None if gone or applied else person.unit_id
