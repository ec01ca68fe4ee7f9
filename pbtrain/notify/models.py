"""What people are told, and how far it has got to them outside the page."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from pbtrain.core import clock
from pbtrain.core.db import BigId, Model

UNREAD = text("read_at IS NULL")


class Message(Model):
    """One thing one person is told. The row is the inbox; the same occasion is told once."""

    __table_args__ = (
        Index("uq_message_occasion", "account_id", "about", unique=True),
        Index(None, "account_id", "id"),
        Index("ix_message_unread", "account_id", sqlite_where=UNREAD, postgresql_where=UNREAD),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    about: Mapped[str] = mapped_column(String(80))  # the occasion: "behind:2026-09"
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text, default="")
    link: Mapped[str] = mapped_column(String(200), default="")  # a path of this site
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    read_at: Mapped[datetime | None]


class Delivery(Model):
    """A message on its way by one channel. A worker claims it for a while, sends, then marks it."""

    __table_args__ = (
        Index("uq_delivery_once", "message_id", "channel", unique=True),
        Index(None, "state", "next_at", "id"),
        CheckConstraint("state IN ('new', 'claimed', 'sent', 'parked')", name="state"),
    )

    message_id: Mapped[int] = mapped_column(BigId, ForeignKey("message.id"))
    channel: Mapped[str] = mapped_column(String(12))  # a key of channels.CHANNELS
    state: Mapped[str] = mapped_column(String(8), default="new")
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]  # not before
    lease_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(String(300), default="")
