"""What is stored of claims beside the claim itself, which is `hours.models.HourClaim`."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from pbtrain.core import clock
from pbtrain.core.db import Model


class ClaimStep(Model):
    """What happened to a claim: who did what, when and why. Append-only."""

    __table_args__ = (Index(None, "claim_id", "id"),)

    claim_id: Mapped[int] = mapped_column(ForeignKey("hour_claim.id"))
    act: Mapped[str] = mapped_column(String(12))  # a key of claims.rules.ACTS
    by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(default=clock.now)
    reason: Mapped[str] = mapped_column(String(300), default="")


class Platform(Model):
    """An outside platform whose records may be claimed in a unit and all below it (学习强国, 法宣在线 …)."""

    __table_args__ = (Index("uq_platform_name", "unit_id", "name", unique=True),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    name: Mapped[str] = mapped_column(String(60))
    link: Mapped[str] = mapped_column(String(200), default="")
    counts_in: Mapped[str] = mapped_column(String(12))  # minutes, points or lessons
    per_hour: Mapped[int]  # so many of them are one 学时
    year_cap: Mapped[int]  # hundredths a year from this platform
    proof: Mapped[str] = mapped_column(String(1))
    mode: Mapped[str] = mapped_column(String(8))  # group or self
    open: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)


class Takeover(Model):
    """A sheet of this year's earlier hours (期初): a row an occasion, confirmed by the level above."""

    __table_args__ = (Index(None, "unit_id", "id"), Index(None, "state", "id"))

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    kind: Mapped[str] = mapped_column(String(12))  # takeover, or platform: an export of a whole organisation
    platform_id: Mapped[int | None] = mapped_column(ForeignKey("platform.id"))
    year: Mapped[int]
    state: Mapped[str] = mapped_column(String(12))  # reading, preview, submitted, confirmed, refused, undone
    file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id"))
    name: Mapped[str] = mapped_column(String(200))  # of the file, as shown
    reason: Mapped[str] = mapped_column(String(300), default="")  # instead of a scan
    scan_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id"))
    rows: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class TakeoverRow(Model):
    """One row of such a sheet, as it was read."""

    __table_args__ = (Index("uq_takeover_row", "takeover_id", "line", unique=True),)

    takeover_id: Mapped[int] = mapped_column(ForeignKey("takeover.id"))
    line: Mapped[int]  # of the sheet
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    outcome: Mapped[str] = mapped_column(String(10))  # good, refused
    values: Mapped[dict[str, Any]] = mapped_column(JSON)
    errors: Mapped[list[Any] | None] = mapped_column(JSON)


class Evidence(Model):
    """A picture or a paper that belongs to a claim. `sha256` is that of what was sent, before re-encoding."""

    __table_args__ = (
        Index(None, "claim_id", "id"),
        Index(None, "sha256"),
        *(Index(None, f"band{n}") for n in range(4)),
    )

    claim_id: Mapped[int] = mapped_column(ForeignKey("hour_claim.id"))
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    band0: Mapped[int | None]  # the perceptual hash in four bands of 16 bits: two pictures that differ in
    band1: Mapped[int | None]  # at most three bits share a band
    band2: Mapped[int | None]
    band3: Mapped[int | None]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)


class EvidenceLook(Model):
    """Who has looked at a picture before deciding."""

    __table_args__ = (Index("uq_evidence_look", "evidence_id", "account_id", unique=True),)

    evidence_id: Mapped[int] = mapped_column(ForeignKey("evidence.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(default=clock.now)
