"""Writing the audit trail: a row of the same transaction as the deed."""

from typing import Any, Protocol

from sqlalchemy import insert
from sqlalchemy.orm import Session

from pbtrain.audit.models import AuditEvent
from pbtrain.core import clock
from pbtrain.core.db import insert_of, prepared


class HasAccount(Protocol):
    """Anyone who acts: signed-in people have an account id."""

    @property
    def account_id(self) -> int: ...


def record(
    actor: HasAccount | None,
    action: str,
    target: str,
    *,
    unit_id: int | None = None,
    session: Session | None = None,
    **detail: Any,
) -> None:
    """Add one event in the caller's transaction; `target` is "event:12", details are JSON without secrets."""
    event = {
        "at": clock.now(),
        "actor_id": actor.account_id if actor else None,
        "unit_id": unit_id,
        "action": action,
        "target": target,
        "detail": detail,
    }
    if session is None:
        _add(**event)
    else:
        session.execute(insert(AuditEvent), [event])


@prepared
def _add() -> Any:
    return insert_of(AuditEvent, "at", "actor_id", "unit_id", "action", "target", "detail")
