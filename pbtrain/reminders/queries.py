"""Who would get a reminder of the secretary, before it is sent."""

from datetime import date
from typing import Any

from sqlalchemy import and_, select

from pbtrain.accounts.models import Account
from pbtrain.core.db import db
from pbtrain.hours.models import MemberYear
from pbtrain.hours.queries import BEHIND
from pbtrain.notify.models import Message
from pbtrain.org.access import Actor, units_where
from pbtrain.org.kinds import WITH_MEMBERS
from pbtrain.org.models import Member, Unit
from pbtrain.org.roles import Perm


def occasion(unit_id: int, today: date) -> str:
    """The occasion of a day's reminder by the branch: once per person and day."""
    return f"remind:{unit_id}:{today.isoformat()}"


def branches(actor: Actor) -> list[Any]:
    """The branches whose members this person may remind, as (id, name)."""
    return list(
        db.session.execute(
            select(Unit.id, Unit.name)
            .where(Unit.id.in_(units_where(actor, Perm.REMIND)), Unit.kind.in_(WITH_MEMBERS))
            .order_by(Unit.name, Unit.id)
        )
    )


def who_is_behind(unit_id: int, today: date) -> list[Any]:
    """The members of the branch who are behind, the furthest first.

    `account_id` is None for who has no login; `told` says whether the branch wrote to them today.
    """
    return list(
        db.session.execute(
            select(
                Member.id,
                Member.name,
                MemberYear.counted,
                MemberYear.due,
                Account.id.label("account_id"),
                Message.id.is_not(None).label("told"),
            )
            .join(MemberYear, and_(MemberYear.member_id == Member.id, MemberYear.credit_year == today.year))
            .outerjoin(Account, and_(Account.id == Member.account_id, Account.disabled_at.is_(None)))
            .outerjoin(
                Message,
                and_(Message.account_id == Account.id, Message.about == occasion(unit_id, today)),
            )
            .where(Member.unit_id == unit_id, Member.left_on.is_(None), BEHIND)
            .order_by(MemberYear.counted - MemberYear.due, Member.pinyin, Member.id)
        )
    )
