"""What is stored of rules that are being written; published ones are `hours.models.Policy`."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from pbtrain.core import clock
from pbtrain.core.db import Model


class PolicyDraft(Model):
    """Rules that are being written for a unit and a year: one draft at a time, deleted when published."""

    __table_args__ = (Index("uq_policy_draft", "unit_id", "year", unique=True),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    year: Mapped[int]
    effective_on: Mapped[date]
    rules: Mapped[dict[str, Any]] = mapped_column(JSON)
    version: Mapped[int] = mapped_column(default=1)  # one more with each change
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)
