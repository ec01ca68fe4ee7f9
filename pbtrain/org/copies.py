"""Rosters that left with full numbers: when each has to be deleted, and who said that it was.

Nobody can make a file on another computer expire, and no copy of it is kept here. So a copy stays open, for
its taker and for everybody who keeps that roster, until somebody says it is gone; while one is overdue its
taker gets no other.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select, update

from pbtrain.accounts.models import Account
from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import RosterCopy, Unit
from pbtrain.org.roles import Perm

LASTS = timedelta(days=7)
DELETED = "personal.deleted"


def due_on() -> Any:
    """The last day of a copy that is taken now."""
    return clock.today() + LASTS


def check_none_overdue(actor: Actor) -> None:
    """RuleError while a copy this person took should have been deleted and is not known to be."""
    late = db.session.scalar(
        select(func.count()).where(
            RosterCopy.deleted_at.is_(None),
            RosterCopy.due_on < clock.today(),
            RosterCopy.taken_by_id == actor.account_id,
        )
    )
    if late:
        raise RuleError(
            N_("First delete the roster you took before, and say so under “Full rosters given out”.")
        )


def open_copies(actor: Actor) -> Select[Any]:
    """Copies not known to be deleted, the one due first: one's own, and those of rosters the actor keeps."""
    kept = units_where(actor, Perm.ROSTER_MANAGE).where(Unit.id == RosterCopy.unit_id).correlate(RosterCopy)
    named = select(Unit.name).where(Unit.id == RosterCopy.unit_id).scalar_subquery()
    return (
        select(
            RosterCopy.id, RosterCopy.reason, RosterCopy.people, RosterCopy.taken_at, RosterCopy.due_on,
            RosterCopy.taken_by_id, Account.name, named.label("unit_name"),
        )
        .join(Account, Account.id == RosterCopy.taken_by_id)
        .where(
            RosterCopy.deleted_at.is_(None), or_(RosterCopy.taken_by_id == actor.account_id, kept.exists())
        )
        .order_by(RosterCopy.due_on, RosterCopy.id)
    )  # fmt: skip


def confirm_deleted(actor: Actor, copy_id: int) -> bool:
    """The file is gone, the actor says. False for a copy the actor has nothing to do with; Conflict when
    somebody has said so before."""
    row = db.session.execute(
        select(RosterCopy.unit_id, RosterCopy.taken_by_id).where(RosterCopy.id == copy_id)
    ).first()
    if row is None:
        return False
    kept = units_where(actor, Perm.ROSTER_MANAGE).where(Unit.id == row.unit_id)
    if row.taken_by_id != actor.account_id and db.session.scalar(kept) is None:
        return False
    done = db.session.execute(
        update(RosterCopy)
        .where(RosterCopy.id == copy_id, RosterCopy.deleted_at.is_(None))
        .values(deleted_at=clock.now(), deleted_by_id=actor.account_id)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(N_("It has been confirmed already that this file is deleted."))
    audit.record(actor, DELETED, f"unit:{row.unit_id}", unit_id=row.unit_id, copy=copy_id)
    return True
