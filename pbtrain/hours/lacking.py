"""Reading which secretaries below a unit still lack the training class of a new post. Part of the queries."""

from datetime import date
from typing import Any

from sqlalchemy import Select, and_, case, exists, extract, func, or_, select
from sqlalchemy.orm import aliased

from pbtrain.core import clock
from pbtrain.hours.activities import CLASSES
from pbtrain.hours.models import HourEntry, Policy
from pbtrain.hours.newcomers import MOST_MONTHS, POST, overdue_until, told_since
from pbtrain.org.lists import matching
from pbtrain.org.models import Member, Post, Unit, UnitClosure
from pbtrain.org.queries import is_on

STATES = ("overdue", "asked")  # the time is over, or not yet


def secretaries(unit_id: int, *, search: str = "", state: str = "") -> Select[Any]:
    """Who below a unit is secretary and has not attended the class, the longest in the post first: id, name,
    code, unit_id, branch, post_unit, since, months (to attend it in), late.

    As `newcomers.first_class` for the newest of their posts, by the rules of the first day of the post
    within this year and the branch of today; `state`: one of STATES, or "" for all. One statement.
    """
    today = clock.today()
    asked = _asked(unit_id, today).subquery()
    led = aliased(Unit)
    months = range(1, MOST_MONTHS + 1)
    told = case({m: told_since(m, today.year) for m in months}, value=asked.c.months, else_=date.max)
    over = case({m: overdue_until(m, today) for m in months}, value=asked.c.months, else_=date.min)
    late = asked.c.since <= over
    listed = (
        select(
            Member.id,
            Member.name,
            Member.code,
            Member.unit_id,
            Unit.name.label("branch"),
            led.name.label("post_unit"),
            asked.c.since,
            asked.c.months,
            late.label("late"),
        )
        .join(asked, asked.c.member_id == Member.id)
        .join(Unit, Unit.id == Member.unit_id)
        .join(led, led.id == asked.c.unit_id)
        .where(asked.c.place == 1, asked.c.months > 0, asked.c.since >= told)
        .where(~_attended(asked.c.since), Member.left_on.is_(None))
        .order_by(asked.c.since, Member.id)
    )
    if search:
        listed = listed.where(or_(matching(search), Unit.name.contains(search, autoescape=True)))
    if state:
        listed = listed.where(late if state == "overdue" else ~late)
    return listed


def _asked(unit_id: int, today: date) -> Select[Any]:
    """The posts of secretaries of today with the months of each version of rules that may decide on them;
    `place` 1: the newest post by the nearest rules and, of those, the ones in force."""
    first = date(today.year, 1, 1)
    day = case((Post.valid_from < first, first), else_=Post.valid_from)
    place = func.row_number().over(
        partition_by=Post.member_id,
        order_by=(
            Post.valid_from.desc(), Post.id.desc(), UnitClosure.depth,
            Policy.year.desc(), Policy.version.desc(), Policy.id,
        ),
    )  # fmt: skip
    below = select(UnitClosure.below_id).where(UnitClosure.above_id == unit_id)
    return (
        select(
            Post.member_id,
            Post.unit_id,
            Post.valid_from.label("since"),
            func.coalesce(Policy.rules["new_post_months"].as_integer(), 0).label("months"),
            place.label("place"),
        )
        .join(Member, Member.id == Post.member_id)
        .join(UnitClosure, UnitClosure.below_id == Member.unit_id)
        .join(Policy, Policy.unit_id == UnitClosure.above_id)
        .where(Post.kind == POST, is_on(Post, today), Post.valid_from >= told_since(MOST_MONTHS, today.year))
        .where(Member.unit_id.in_(below))
        .where(
            Policy.year <= extract("year", day),
            or_(Policy.effective_on.is_(None), Policy.effective_on <= day),
        )
    )


def _attended(since: Any) -> Any:
    """This `Member` has a line of a training class since that day that no other line reverses."""
    undo = aliased(HourEntry)
    return exists().where(
        HourEntry.member_id == Member.id,
        HourEntry.activity.in_(sorted(CLASSES)),
        HourEntry.day >= since,
        and_(HourEntry.reverses_id.is_(None), ~exists().where(undo.reverses_id == HourEntry.id)),
    )
