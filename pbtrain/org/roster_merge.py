"""Writing a planned roster while everybody else waits for the writer: a fixed number of statements.

It reads only what tells whether the plan still fits: who and what came since it was made. Every change names
what it expects to find. Where one does not hold, Conflict, and the caller's transaction writes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.exc import IntegrityError

from pbtrain.core import bulk, clock
from pbtrain.core.batches import batched
from pbtrain.core.db import db, is_postgresql
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.org import rules
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Member, Post, Unit
from pbtrain.org.roles import Perm
from pbtrain.org.roster_changes import Changes, changes
from pbtrain.org.roster_plan import (
    ACCOUNT,
    FACTS,
    GRANT,
    LOGIN,
    MEMBER,
    POST,
    ROW,
    SPAN,
    STALE,
    TIE,
    Newcomers,
    NewPost,
    is_one_of,
    newcomers,
    newer_posts,
    newest,
)

LOCK = 7_204  # of PostgreSQL: one roster is written at a time
HELD = ("member_id", "unit_id", "kind", "valid_from")
GIVEN = ("account_id", "unit_id", "role", "post_id", "valid_from", "granted_by_id")
UNITS = 10_000


@dataclass
class Plan:
    """All that will be written, finished but for the ids; what it was read under stands beside it."""

    import_id: int
    counts: dict[str, int]
    transfers: bool
    new: Newcomers
    changed: Changes
    newest_member: int
    newest_post: int

    @property
    def people(self) -> int:
        """How many people are written."""
        return len(self.new.people) + len(self.changed.members)

    @property
    def posts(self) -> list[NewPost]:
        """All posts that begin."""
        return self.new.posts + self.changed.posts


@dataclass(frozen=True)
class Written:
    """Ids of the new people in the order of the plan, and of those whose hours are to be settled anew."""

    new: Sequence[int]
    settle: list[int]
    people: int


def plan(actor: Actor, import_id: int, counts: dict[str, int], read_at: Any, *, transfers: bool) -> Plan:
    """What writing this import will do; reads only. Conflict when the roster has changed since."""
    return Plan(
        import_id,
        counts,
        transfers,
        newest_member=newest(Member),
        newest_post=newest(Post),
        new=newcomers(import_id, read_at),
        changed=changes(actor, import_id, transfers=transfers),
    )


def write(actor: Actor, planned: Plan) -> Written:
    """Write the plan; the columns of new rows are the plan's. Conflict when it does not fit any more."""
    if is_postgresql():
        db.session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    _check_scope(actor, planned)
    _check_newer(planned)
    try:
        for one in planned.changed.updates:
            done = bulk.update(one.table, one.columns, one.rows, expect=one.expect, key=one.key)
            if one.key == "id" and done != len(one.rows):
                raise Conflict(STALE)
        bulk.insert(SPAN, ("member_id", *TIE), planned.changed.spans)
        members, accounts = _add(planned.new)
    except IntegrityError:
        raise Conflict(STALE) from None
    _give_posts(actor, planned, members, accounts)
    _check_secretaries({post.unit_id for post in planned.posts if post.kind == "secretary"})
    return Written(members, planned.changed.settle, planned.people)


def _check_scope(actor: Actor, planned: Plan) -> None:
    """Every branch named is still the actor's to manage, and still there; so is the right to give posts."""
    named = {one.unit_id for one in planned.new.people} | {span[1] for span in planned.changed.spans}
    if _reachable(actor, Perm.ROSTER_MANAGE, named) != named:
        raise Conflict(STALE)
    posted = {post.unit_id for post in planned.posts}
    if _reachable(actor, Perm.GRANT_MANAGE, posted) != posted:
        raise RuleError(N_("You may not give posts in one of these branches."))


def _reachable(actor: Actor, perm: Perm, unit_ids: Iterable[int]) -> set[int]:
    today, found = clock.today(), set[int]()
    for some in batched(sorted(unit_ids), UNITS):
        found.update(
            db.session.scalars(
                units_where(actor, perm).where(
                    Unit.id.in_(some), or_(Unit.valid_until.is_(None), Unit.valid_until > today)
                )
            )
        )
    return found


def _check_newer(planned: Plan) -> None:
    """Nobody who came or got a post since the plan was made is meant by it."""
    later = db.session.execute(
        select(Member.name, Member.born_on, Member.id_lookup)
        .where(Member.id > planned.newest_member)
        .order_by(Member.id)
    )
    new = planned.new
    if any(is_one_of(person, new.known_by, new.lookups) for person in later):
        raise Conflict(STALE)
    if planned.changed.posted and newer_posts(planned.changed.posted, planned.newest_post):
        raise Conflict(STALE)


def _add(new: Newcomers) -> tuple[Sequence[int], Sequence[int]]:
    """New people with login and branch; the ids of members and logins in the plan's order."""
    accounts, members = bulk.reserve(ACCOUNT, len(new.logins)), bulk.reserve(MEMBER, len(new.facts))
    bulk.insert(ACCOUNT, ("id", *LOGIN), [(key, *row) for key, row in zip(accounts, new.logins, strict=True)])
    columns = ("id", "account_id", *FACTS, *bulk.defaults(MEMBER, FACTS))
    people = zip(members, accounts, new.facts, strict=True)
    bulk.insert(MEMBER, columns, [(key, login, *row) for key, login, row in people])
    ties = zip(members, new.ties, strict=True)
    bulk.insert(SPAN, ("member_id", *TIE), [(member_id, *row) for member_id, row in ties])
    bulk.update(ROW, ("member_id",), list(zip(new.rows, members, strict=True)))
    return members, accounts


def _give_posts(actor: Actor, planned: Plan, members: Sequence[int], accounts: Sequence[int]) -> None:
    """The posts that begin, each with the role it brings."""
    posts: list[tuple[int, int | None, NewPost]] = []
    posts += [(members[post.who], accounts[post.who], post) for post in planned.new.posts]
    posts += [(post.who, post.account_id, post) for post in planned.changed.posts]
    ids = bulk.reserve(POST, len(posts))
    held = [(who, post.unit_id, post.kind, post.since) for who, _, post in posts]
    rows = bulk.native(POST, HELD, held)
    bulk.insert(POST, ("id", *HELD), [(key, *row) for key, row in zip(ids, rows, strict=True)])
    given = [
        (account_id, post.unit_id, post.role, post_id, post.since, actor.account_id)
        for post_id, (_, account_id, post) in zip(ids, posts, strict=True)
        if post.role is not None and account_id is not None
    ]
    bulk.insert(GRANT, GIVEN, bulk.native(GRANT, GIVEN, given))


def _check_secretaries(unit_ids: set[int]) -> None:
    """No branch has two secretaries on one day from today on, whoever gave the other post meanwhile."""
    if doubled(unit_ids, clock.today()):
        raise Conflict(STALE)


def doubled(unit_ids: Iterable[int], today: date) -> set[int]:
    """The branches of these with two secretaries on one day from today on."""
    spans: dict[int, list[tuple[date, date | None]]] = defaultdict(list)
    for some in batched(sorted(unit_ids), UNITS):
        for row in db.session.execute(
            select(Post.unit_id, Post.valid_from, Post.valid_until)
            .where(
                Post.kind == "secretary",
                Post.unit_id.in_(some),
                or_(
                    Post.valid_until.is_(None),
                    and_(Post.valid_until > today, Post.valid_until > Post.valid_from),
                ),
            )
            .order_by(Post.id)
        ):
            spans[row.unit_id].append((row.valid_from, row.valid_until))
    return {
        unit_id
        for unit_id, held in spans.items()
        if any(rules.overlaps(one, other) for one, other in combinations(held, 2))
    }
