"""Who confirms the own line of whoever recorded a meeting (trust.md, section 3: it waits for another).

Whoever holds a post in the branch today does (书记, 副书记, 委员, 轮值书记), though they may hold no role; so
does the level above, at its desk of appeals. Where a branch has one leader nobody else can.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, select

from pbtrain.accounts.models import Account
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.hours.models import HourClaim
from pbtrain.hours.rules import HELD_OWN
from pbtrain.org.access import Actor
from pbtrain.org.models import Member, Post, RoleGrant, Unit, UnitClosure
from pbtrain.org.queries import is_on
from pbtrain.org.roles import Perm, roles_with

ASKED_ABOVE = 5  # of the level above, so many are told; the others see the case at their desk


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


def who_else_leads(unit_ids: Collection[int], actor: Actor) -> dict[int, list[int]]:
    """The logins of others who hold a post in these branches today, as {unit id: account ids}."""
    rows = db.session.execute(
        select(Post.unit_id, Member.account_id)
        .join(Member, Member.id == Post.member_id)
        .join(Account, Account.id == Member.account_id)
        .where(Post.unit_id.in_(sorted(unit_ids)), is_on(Post, clock.today()))
        .where(Account.disabled_at.is_(None), Member.id != actor.member_id)
        .distinct()
        .order_by(Post.unit_id, Member.account_id)
    )
    found: dict[int, list[int]] = {}
    for unit_id, account_id in rows:
        found.setdefault(unit_id, []).append(account_id)
    return found


def who_judges(unit_ids: Collection[int], actor: Actor) -> dict[int, list[int]]:
    """Whom to ask where nobody else leads, as {unit id: account ids}: up to five people of the nearest unit
    above that has any, not everybody from there to the top."""
    rows = db.session.execute(
        select(UnitClosure.below_id, UnitClosure.depth, RoleGrant.account_id)
        .join(RoleGrant, RoleGrant.unit_id == UnitClosure.above_id)
        .join(Account, Account.id == RoleGrant.account_id)
        .where(
            UnitClosure.below_id.in_(sorted(unit_ids)),
            RoleGrant.role.in_(roles_with(Perm.CLAIM_JUDGE, subtree=True)),
            is_on(RoleGrant, clock.today()),
            Account.disabled_at.is_(None),
            Account.id != actor.account_id,
        )
        .distinct()
        .order_by(UnitClosure.below_id, UnitClosure.depth, RoleGrant.account_id)
    )
    nearest: dict[int, int] = {}
    found: dict[int, list[int]] = {}
    for unit_id, depth, account_id in rows:
        if nearest.setdefault(unit_id, depth) == depth and len(found.get(unit_id, [])) < ASKED_ABOVE:
            found.setdefault(unit_id, []).append(account_id)
    return found
