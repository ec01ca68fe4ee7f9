"""Hours follow their people when units are merged, split, moved or end. Part of the services of hours.

Books stay with the branch that wrote them; custody, what counts, and what waits for a decision go along.
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime

from sqlalchemy import BigInteger, Select, cast, func, or_, select, update

from pbtrain.core import clock
from pbtrain.core.batches import batched
from pbtrain.core.db import db
from pbtrain.hours import services
from pbtrain.hours.models import Book, HourClaim, HourEntry, MemberYear, Policy
from pbtrain.org.answering import living
from pbtrain.org.models import Affiliation, Member, Post, Unit, UnitClosure, UnitLink
from pbtrain.org.reshaping import hand_over_waiting

BATCH = 500
WAITING = ("held", "draft", "submitted", "returned", "appealed")  # states of claims with a next word
AT_ONCE = 2_000  # members recomputed with the change itself; more are left to the hourly job


def follow(member_ids: Iterable[int]) -> None:
    """These members stand in another branch from today: its attainment has all their years."""
    for some in batched(sorted(set(member_ids)), BATCH):
        services.refresh_years(some, clock.today().year)


def hand_over(from_id: int, to_id: int | None, member_ids: Collection[int] | None = None) -> None:
    """What waits in a branch waits for another one; None: each claim for the branch its member stands in."""
    hand_over_waiting(HourClaim, WAITING, from_id, to_id, member_ids)


def answering(unit_id: int) -> int:
    """The branch whose secretary puts right the books of this one: itself, or what it was merged into."""
    return living({unit_id}).get(unit_id, unit_id)


def written_since(member_ids: Collection[int], unit_id: int, at: datetime) -> int:
    """How many lines of these members were written into that branch's books since."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(HourEntry)
            .join(Book, Book.id == HourEntry.book_id)
            .where(Book.unit_id == unit_id, HourEntry.member_id.in_(member_ids), HourEntry.posted_at >= at)
        )
        or 0
    )


def judge_leaders(unit_id: int) -> None:
    """Posts of this unit have ended or begun again: what its holders owe this year is worked out anew."""
    held = select(Post.member_id).where(Post.unit_id == unit_id).distinct().order_by(Post.member_id)
    if holders := db.session.scalars(held).all():
        services.refresh_years(holders, clock.today().year)


def rules_above(unit_id: int) -> frozenset[int]:
    """The policies that hold in a unit; where they stay the same, a move changes no figure."""
    return frozenset(
        db.session.scalars(
            select(Policy.id)
            .join(UnitClosure, UnitClosure.above_id == Policy.unit_id)
            .where(UnitClosure.below_id == unit_id)
        )
    )


def judged_by(unit_ids: Collection[int], since: date) -> Select[tuple[int]]:
    """Whose days since then the rules of these units may judge: who stood in one of them, or in a unit that
    ever stood below. The nearest rules by the tree of the day decide, so that some of them gain nothing."""
    down = select(cast(Unit.id, BigInteger).label("id")).where(Unit.id.in_(unit_ids))
    down = down.cte("down", recursive=True)
    down = down.union(select(cast(UnitLink.unit_id, BigInteger)).join(down, UnitLink.parent_id == down.c.id))
    stood = select(Affiliation.member_id).where(
        Affiliation.unit_id.in_(select(down.c.id)),
        or_(Affiliation.valid_until.is_(None), Affiliation.valid_until > since),
    )
    return select(Member.id).where(Member.id.in_(stood))


def judge_again(unit_ids: Collection[int]) -> int:
    """Other rules hold in these units and all below: recompute this year; returns how many are left to the
    hourly job, because they are too many to do at once."""
    year = clock.today().year
    people = judged_by(unit_ids, date(year, 1, 1))
    ids = db.session.scalars(people.order_by(Member.id).limit(AT_ONCE + 1)).all()
    if len(ids) > AT_ONCE:
        stale = update(MemberYear).where(MemberYear.member_id.in_(people), MemberYear.credit_year == year)
        db.session.execute(stale.values(due_on=None).execution_options(synchronize_session=False))
        return db.session.scalar(select(func.count()).select_from(people.subquery())) or 0
    for some in batched(ids, BATCH):
        services.refresh_years(some, year)
    return 0
