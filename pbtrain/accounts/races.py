"""Who was faster: a lost race names winner and time, from the row that was moved or the audit trail."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from pbtrain.accounts.models import Account
from pbtrain.audit.models import AuditEvent
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import Conflict
from pbtrain.core.marks import N_

LOOKED_AT = 20  # deeds on one target, the newest first
CHANGED = N_("Someone else changed this meanwhile. Both versions are shown below.")
CHANGED_BY = N_("%(name)s changed this at %(when)s. Both versions are shown below.")


def lost(message: str, otherwise: str, by: int | None, at: datetime | None) -> Conflict:
    """The refusal for whoever came second; `message` has %(name)s and %(when)s, `otherwise` neither.

    `otherwise` is said where nobody is known to have done it: the system did, or the rows do not tell.
    """
    name = db.session.scalar(select(Account.name).where(Account.id == by)) if by is not None else None
    if not name or at is None:
        return Conflict(otherwise)
    return Conflict(message, name=name, when=_when(at))


def lost_to(message: str, otherwise: str, target: str, *actions: str, **detail: Any) -> Conflict:
    """The same, the winner being whoever did one of these actions to `target` last, with these details."""
    found = db.session.execute(
        select(AuditEvent.actor_id, AuditEvent.at, AuditEvent.detail)
        .where(AuditEvent.target == target, AuditEvent.action.in_(actions))
        .order_by(AuditEvent.id.desc())
        .limit(LOOKED_AT)
    ).all()
    for deed in found:
        if detail.items() <= deed.detail.items():
            return lost(message, otherwise, deed.actor_id, deed.at)
    return Conflict(otherwise)


def changed(target: str, *actions: str, **detail: Any) -> Conflict:
    """The same for a text that was written anew meanwhile: its form shows both versions."""
    return lost_to(CHANGED_BY, CHANGED, target, *actions, **detail)


def _when(at: datetime) -> str:
    """'10:32', with the date before it when that was another day."""
    local = clock.local(at)
    return f"{local:%H:%M}" if local.date() == clock.today() else f"{local:%Y-%m-%d %H:%M}"
