"""How reminders find their people: the list of reminders, and conditions that several of them share."""

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, exists, literal, select

from pbtrain.accounts.models import Account
from pbtrain.notify.models import Message
from pbtrain.notify.services import Note
from pbtrain.org.models import Member, RoleGrant, Unit
from pbtrain.org.queries import is_on
from pbtrain.org.roles import Role

Found = list[tuple[int, Note]]  # the number to go on after, and what to say
Find = Callable[[date, int, int], Found]

REMINDERS: dict[str, Find] = {}


def reminder(find: Find) -> Find:
    """Put a function into the catalogue under its own name."""
    REMINDERS[find.__name__] = find
    return find


def reachable() -> ColumnElement[bool]:
    """People who have not left and have a login to read with."""
    return Member.left_on.is_(None) & Account.disabled_at.is_(None)


def untold(about: Any) -> ColumnElement[bool]:
    """Has this account not heard of the occasion yet?"""
    return ~exists().where(Message.account_id == Account.id, Message.about == about)


def holders(role: Role, occasion: str, today: date, after: int) -> Select[Any]:
    """Who holds this role in a unit today and has not heard of the occasion there: the number of the grant,
    account_id, about and unit_id; `occasion` and the number of the unit make what it is about."""
    about = literal(occasion) + cast(RoleGrant.unit_id, String)
    return (
        select(RoleGrant.id, Account.id.label("account_id"), about.label("about"), RoleGrant.unit_id)
        .join(Account, Account.id == RoleGrant.account_id)
        .where(RoleGrant.role == role, is_on(RoleGrant, today), RoleGrant.id > after)
        .where(Account.disabled_at.is_(None), untold(about))
        .order_by(RoleGrant.id)
    )


def secretaries(occasion: str, today: date, after: int) -> Select[Any]:
    """The same of the secretaries of branches that are not closed, with unit_name."""
    return (
        holders(Role.BRANCH_SECRETARY, occasion, today, after)
        .add_columns(Unit.name.label("unit_name"))
        .join(Unit, Unit.id == RoleGrant.unit_id)
        .where(Unit.valid_until.is_(None))
    )
