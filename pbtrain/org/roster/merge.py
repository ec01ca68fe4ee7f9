"""Writing a planned roster while everybody else waits for the writer: a fixed number of statements.

It reads only what tells whether the plan still fits: who and what came since it was made. Every change names
what it expects to find. Where one does not hold, Conflict, and the caller's transaction writes nothing.
New rows come first, which nobody can wait for; the rows that others may want to change are held last.
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
from pbtrain.org.models import Member, Post, RosterImport, RosterRow, StatusSpan, Unit
from pbtrain.org.roles import Perm
from pbtrain.org.roster import tracks
from pbtrain.org.roster.changes import Changes, changes
from pbtrain.org.roster.plan import (
    ACCOUNT,
    FACTS,
    GRANT,
    LOGIN,
    MEMBER,
    POST,
    SPAN,
    STALE,
    TIE,
    Newcomers,
    NewPost,
    code_of,
    is_one_of,
    newcomers,
    newer,
    newest,
)

LOCK = 7_204  # of PostgreSQL: one roster is written at a time
HELD = ("member_id", "unit_id", "kind", "valid_from")
GIVEN = ("account_id", "unit_id", "role", "post_id", "valid_from", "granted_by_id")
UNITS = 10_000
STATUS = tracks.STATUS


@dataclass(frozen=True)
class Fresh:
    """New rows with their ids, finished."""

    members: Sequence[int]  # in the plan's order
    logins: bulk.Rows
    people: bulk.Rows
    ties: bulk.Rows
    posts: bulk.Rows
    statuses: bulk.Rows
    rights: bulk.Rows


@dataclass
class Plan:
    """All that will be written, finished but for the ids; what it was read under stands beside it."""

    import_id: int
    counts: dict[str, int]
    transfers: bool
    unwritten: Sequence[int]  # other imports that nobody had written yet
    newest_member: int
    newest_post: int
    newest_status: int
    new: Newcomers
    changed: Changes
    fresh: Fresh | None = None

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
    others = select(RosterImport.id).where(RosterImport.state == "preview", RosterImport.id != import_id)
    return Plan(
        import_id,
        counts,
        transfers,
        unwritten=db.session.scalars(others.order_by(RosterImport.id)).all(),  # first: see _check_others
        newest_member=newest(Member),
        newest_post=newest(Post),
        newest_status=newest(StatusSpan),
        new=newcomers(import_id, read_at),
        changed=changes(actor, import_id, transfers=transfers),
    )


def reserve(planned: Plan) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
    """Ids for the new members, logins and posts of a plan."""
    people = len(planned.new.people)
    return bulk.reserve(MEMBER, people), bulk.reserve(ACCOUNT, people), bulk.reserve(POST, len(planned.posts))


def number(
    actor: Actor, planned: Plan, members: Sequence[int], accounts: Sequence[int], posts: Sequence[int]
) -> Fresh:
    """The new rows of a plan with these ids."""
    new = planned.new
    begun = [(members[post.who], accounts[post.who], post) for post in new.posts]
    begun += [(post.who, post.account_id, post) for post in planned.changed.posts]  # type: ignore[misc]
    spans = [(members[place], kind, since) for place, kind, since in new.statuses] + planned.changed.statuses
    held = [(who, post.unit_id, post.kind, post.since) for who, _, post in begun]
    rights = [
        (account_id, post.unit_id, post.role, post_id, post.since, actor.account_id)
        for post_id, (_, account_id, post) in zip(posts, begun, strict=True)
        if post.role is not None and account_id is not None
    ]
    return Fresh(
        members,
        logins=[(key, *row) for key, row in zip(accounts, new.logins, strict=True)],
        people=[(key, login, *row) for key, login, row in zip(members, accounts, new.facts, strict=True)],
        ties=[(key, *row) for key, row in zip(members, new.ties, strict=True)],
        posts=[(key, *row) for key, row in zip(posts, bulk.native(POST, HELD, held), strict=True)],
        statuses=bulk.native(STATUS, tracks.HELD, spans),
        rights=bulk.native(GRANT, GIVEN, rights),
    )


def write(actor: Actor, planned: Plan) -> Written:
    """Write the plan; the columns of new rows are the plan's. Conflict when it does not fit any more."""
    if is_postgresql():
        db.session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    _check_scope(actor, planned)
    _check_newer(planned)
    _check_others(planned)
    fresh = planned.fresh or number(actor, planned, *reserve(planned))
    facts = ("id", "account_id", *FACTS, *bulk.defaults(MEMBER, FACTS))
    try:
        bulk.insert(ACCOUNT, ("id", *LOGIN), fresh.logins)
        bulk.insert(MEMBER, facts, fresh.people)
        bulk.insert(SPAN, ("member_id", *TIE), fresh.ties)
        for one in planned.changed.updates:
            one.send()
        bulk.insert(SPAN, ("member_id", *TIE), planned.changed.spans)
        bulk.insert(POST, ("id", *HELD), fresh.posts)
        bulk.insert(GRANT, GIVEN, fresh.rights)
        bulk.insert(STATUS, tracks.HELD, fresh.statuses)
    except IntegrityError:
        raise Conflict(STALE) from None
    _check_secretaries({post.unit_id for post in planned.posts if post.kind == "secretary"})
    away = [fresh.members[place] for place, kind, _since in planned.new.statuses if kind in tracks.AWAY]
    return Written(fresh.members, [*planned.changed.settle, *away], planned.people)


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
    posted = planned.changed.posted
    if posted and (
        newer(Post, posted, planned.newest_post) or newer(StatusSpan, posted, planned.newest_status)
    ):
        raise Conflict(STALE)


def _check_others(planned: Plan) -> None:
    """No roster that was written meanwhile is about the same people. Its ids do not tell: on PostgreSQL it
    may have taken them before this plan was made, and be committed after."""
    others = db.session.scalars(
        select(RosterImport.id)
        .where(RosterImport.id.in_(bulk.among(planned.unwritten)), RosterImport.state == "written")
        .order_by(RosterImport.id)
    ).all()
    if not others:
        return
    lines = select(RosterRow).where(RosterRow.import_id.in_(others)).order_by(RosterRow.id)
    people = lines.join(Member, Member.code == code_of()).where(RosterRow.outcome == "new")
    known = people.with_only_columns(Member.name, Member.born_on, Member.id_lookup)
    if any(is_one_of(one, planned.new.known_by, planned.new.lookups) for one in db.session.execute(known)):
        raise Conflict(STALE)
    if not planned.changed.posted.isdisjoint(
        db.session.scalars(lines.with_only_columns(RosterRow.member_id))
    ):
        raise Conflict(STALE)


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
