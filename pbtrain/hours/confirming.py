"""Who confirms the own line of whoever recorded a meeting (trust.md, section 3: it waits for another).

Whoever holds a post in the branch today does (书记, 副书记, 委员, 轮值书记), though they may hold no role; so
does the level above, at its desk of appeals. Where a branch has one leader nobody else can.
"""

from typing import Any

from sqlalchemy import Select, select

from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.hours.models import HourClaim
from pbtrain.hours.rules import HELD_OWN
from pbtrain.org.models import Member, Post, Unit
from pbtrain.org.queries import is_on


def entrusted(member_id: Any, today: Any) -> Select[tuple[int]]:
    """The own lines of others, decided or not, in branches this member leads on that day: their ids.

    The member may be a column of the query around it.
    """
    return (
        select(HourClaim.id)
        .select_from(HourClaim)
        .join(Post, Post.unit_id == HourClaim.unit_id)
        .where(Post.member_id == member_id, is_on(Post, today))
        .where(HourClaim.kind == HELD_OWN, HourClaim.member_id != member_id)
    )


def waiting(member_id: int) -> Select[Any]:
    """Those of them that wait for a word, the oldest first."""
    return (
        select(
            HourClaim.id, HourClaim.title, HourClaim.activity, HourClaim.day, HourClaim.starts_at,
            HourClaim.ends_at, HourClaim.minutes, HourClaim.credit, HourClaim.made_at,
            Member.name.label("member_name"), Unit.name.label("unit_name"),
        )
        .join(Member, Member.id == HourClaim.member_id)
        .join(Unit, Unit.id == HourClaim.unit_id)
        .where(HourClaim.state == "held", HourClaim.id.in_(entrusted(member_id, clock.today())))
        .order_by(HourClaim.made_at, HourClaim.id)
    )  # fmt: skip


def is_entrusted(member_id: int, claim_id: int) -> bool:
    """May this member decide on that line, or could have, had nobody been faster?"""
    found = entrusted(member_id, clock.today()).where(HourClaim.id == claim_id)
    return db.session.scalar(found.limit(1)) is not None


def names(unit_id: int, member_id: int) -> list[str]:
    """Who can confirm the own line of this member in that branch; empty where only the level above can."""
    return list(
        db.session.scalars(
            select(Member.name)
            .join(Post, Post.member_id == Member.id)
            .where(Post.unit_id == unit_id, is_on(Post, clock.today()), Member.id != member_id)
            .group_by(Member.id, Member.name, Member.pinyin)
            .order_by(Member.pinyin, Member.id)
        )
    )
