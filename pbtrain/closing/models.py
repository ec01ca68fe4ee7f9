"""What is stored of sign-offs, sealed years and signed statements."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from pbtrain.core import clock
from pbtrain.core.db import Model


class SignOff(Model):
    """The secretary's word at the end of a month: what the book held then. Append-only."""

    __table_args__ = (
        Index("uq_sign_off", "book_id", "month", unique=True),
        CheckConstraint("month BETWEEN 1 AND 12", name="month"),
    )

    book_id: Mapped[int] = mapped_column(ForeignKey("book.id"))
    month: Mapped[int]
    entries: Mapped[int]
    person_times: Mapped[int]
    minutes: Mapped[int]
    credit: Mapped[int]  # hundredths
    prior_credit: Mapped[int]
    head: Mapped[str] = mapped_column(String(64))
    exceptions: Mapped[list[Any]] = mapped_column(JSON)  # what was open: kind and count
    signed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    signed_at: Mapped[datetime] = mapped_column(default=clock.now)


class YearSeal(Model):
    """A year that a unit has closed, with what it looked like. Append-only."""

    __table_args__ = (Index("uq_year_seal", "unit_id", "year", unique=True),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    year: Mapped[int]
    code: Mapped[str] = mapped_column(String(16), unique=True)  # short form of `digest`, printed on reports
    digest: Mapped[str] = mapped_column(String(64))  # SHA-256 of the manifest's canonical text
    manifest: Mapped[dict[str, Any]] = mapped_column(JSON)
    sealed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    sealed_at: Mapped[datetime] = mapped_column(default=clock.now)


class Statement(Model):
    """A signed statement of somebody's hours for a period; its code leads to a page with the minimum."""

    __table_args__ = (Index(None, "member_id", "id"),)

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))  # the branch on that day
    since: Mapped[date]
    until: Mapped[date]  # the last day
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)  # what the paper says
    digest: Mapped[str] = mapped_column(String(64))  # SHA-256 of the PDF
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str] = mapped_column(String(300), default="")


class StatementLook(Model):
    """Somebody opened the page of a statement; the address only as a keyed hash."""

    __table_args__ = (Index(None, "statement_id", "id"),)

    statement_id: Mapped[int] = mapped_column(ForeignKey("statement.id"))
    at: Mapped[datetime] = mapped_column(default=clock.now)
    visitor: Mapped[str] = mapped_column(String(16))
