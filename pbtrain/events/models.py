"""What is stored of a meeting. Its hours stand in the ledger; a wrong tick is corrected there by reversal."""

from datetime import date, datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from pbtrain.core import clock
from pbtrain.core.db import Model


class Event(Model):
    """One meeting that was held."""

    __table_args__ = (
        Index(None, "unit_id", "day", "id"),
        CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes"),
    )

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))  # the branch that held it
    activity: Mapped[str] = mapped_column(String(32))  # a key of hours.activities.ACTIVITIES
    title: Mapped[str] = mapped_column(String(100))
    day: Mapped[date]  # on which it began, in Asia/Shanghai
    starts_at: Mapped[datetime]
    minutes: Mapped[int]  # of study
    place: Mapped[str] = mapped_column(String(100), default="")
    form_id: Mapped[str] = mapped_column(String(36), unique=True)  # of the form that was sent: one record
    form_hash: Mapped[str] = mapped_column(String(64))  # of what it said
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)
    version: Mapped[int] = mapped_column(default=1)  # one more with each correction

    @property
    def ends_at(self) -> datetime:
        """When it was over."""
        return self.starts_at + timedelta(minutes=self.minutes)


class Attendance(Model):
    """Did this member come?"""

    __table_args__ = (
        Index("uq_attendance_person", "event_id", "member_id", unique=True),
        Index(None, "member_id", "event_id"),
    )

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    present: Mapped[bool]


class EventPhoto(Model):
    """A picture of the meeting."""

    __table_args__ = (Index(None, "event_id", "id"),)

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"), unique=True)
