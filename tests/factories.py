"""Make rows for tests, committed. Every argument has a default, so that a test names only what it is about.

Rows are written directly, not through services: a test of one service should not need five others.
"""

from datetime import date, timedelta
from itertools import count
from typing import Any

from sqlalchemy import insert, literal, select

from pbtrain.accounts.models import Account, LoginSession
from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.core.tokens import fingerprint, new_token
from pbtrain.org import access
from pbtrain.org.models import Affiliation, Member, RoleGrant, Unit, UnitClosure, UnitLink
from pbtrain.org.roles import Role

LONG_AGO = date(2020, 1, 1)
_number = count(1)


def save(*rows: Any) -> Any:
    """Commit the rows; the first is returned."""
    with transaction() as session:
        session.add_all(rows)
    return rows[0]


def unit(name: str | None = None, parent: Unit | None = None, kind: str | None = None, **fields: Any) -> Unit:
    """A unit and its place in the tree; a branch, or a committee when it has no parent."""
    n = next(_number)
    kind = kind or ("branch" if parent else "committee")
    parent_id = parent.id if parent else None
    fields = {"code": f"{n:06}", "valid_from": LONG_AGO} | fields
    row = Unit(name=name or f"Unit {n}", kind=kind, parent_id=parent_id, **fields)
    with transaction() as session:
        session.add(row)
        session.flush()  # row.id for the tree
        session.add(UnitLink(unit_id=row.id, parent_id=parent_id, valid_from=row.valid_from))
        session.add(UnitClosure(above_id=row.id, below_id=row.id, depth=0))
        session.flush()
        above = select(UnitClosure.above_id, literal(row.id), UnitClosure.depth + 1).where(
            UnitClosure.below_id == parent_id
        )
        session.execute(insert(UnitClosure).from_select(["above_id", "below_id", "depth"], above))
    return row


def account(name: str | None = None, **fields: Any) -> Account:
    """A login that is active; give `password_hash` where a test signs in through the form."""
    n = next(_number)
    fields = {"username": f"user{n}", "activated_at": clock.now()} | fields
    return save(Account(name=name or f"示例{n}", **fields))


def member(unit_: Unit | None = None, *, with_account: bool = True, **fields: Any) -> Member:
    """A full member of a branch since long ago, with a login."""
    unit_ = unit_ or unit(parent=unit())
    n = next(_number)
    fields = {"name": f"示例{n}", "pinyin": f"shili{n:06}", "code": f"M{n:06}", "unit_id": unit_.id} | fields
    if with_account and "account_id" not in fields:
        fields["account_id"] = account(fields["name"]).id
    row = save(Member(**fields))
    save(Affiliation(member_id=row.id, unit_id=unit_.id, valid_from=LONG_AGO))
    return row


def grant(holder: Account | Member, role: Role, unit_: Unit, **fields: Any) -> RoleGrant:
    """This person holds this role in this unit, since long ago."""
    fields = {"valid_from": LONG_AGO} | fields
    return save(RoleGrant(account_id=account_id(holder), unit_id=unit_.id, role=role, **fields))


def person(role: Role = Role.MEMBER, unit_: Unit | None = None, **fields: Any) -> Account:
    """A login that holds the role there; members and branch secretaries also stand on the branch's roster."""
    if role in (Role.MEMBER, Role.BRANCH_SECRETARY):
        unit_ = unit_ or unit(parent=unit())
        holder = db.session.get_one(Account, member(unit_, **fields).account_id)
    else:
        unit_ = unit_ or unit()
        holder = account(**fields)
    if role is not Role.MEMBER:
        grant(holder, role, unit_)
    return holder


def actor(holder: Account | Member) -> access.Actor:
    """The same person as services want them."""
    found = access.actor_for(account_id(holder))
    assert found is not None
    return found


def login_session(holder: Account | Member | access.Actor, **fields: Any) -> str:
    """The token of a browser that is signed in as this person."""
    token, now = new_token(), clock.now()
    fields = {
        "account_id": account_id(holder),
        "token_hash": fingerprint(token),
        "ends_at": now + timedelta(days=1),
        "idle_minutes": 24 * 60,
    } | fields
    save(LoginSession(**fields))
    return token


def account_id(holder: Account | Member | access.Actor) -> int:
    """Of a login, of the login of a member, of an actor."""
    found = holder.id if isinstance(holder, Account) else holder.account_id
    assert found is not None, f"{holder} has no login"
    return found
