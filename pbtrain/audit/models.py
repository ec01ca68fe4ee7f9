"""The audit trail."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from pbtrain.core import clock
from pbtrain.core.db import Model


class AuditEvent(Model):
    """One deed: actor (None is the system), action ("hours.posted"), target ("event:12"), details."""

    __table_args__ = (
        Index(None, "target", "id"),
        Index(None, "actor_id", "id"),
        Index(None, "unit_id", "id"),
    )

    at: Mapped[datetime] = mapped_column(default=clock.now)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    unit_id: Mapped[int | None]  # whose scope may read it
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(64))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
