"""What is stored of an **event**: a gathering at a time and place, with a roster and attendance.

A branch's activity is one, and so is each session of a training class. Its hours stand in the ledger; a wrong
tick is corrected there by reversal.
"""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from pbtrain.core import clock
from pbtrain.core.db import Model


class Event(Model):
    """A gathering that is planned or was held."""

    __table_args__ = (
        Index(None, "unit_id", "day", "id"),
        Index(None, "theme_id", "unit_id"),
        Index(None, "series_id", "day"),
        Index(None, "day", "state"),
        CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes"),
        CheckConstraint("state IN ('planned', 'held', 'cancelled')", name="state"),
    )

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))  # the branch, or the academy, that holds it
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
    state: Mapped[str] = mapped_column(String(10), default="held", server_default="held")
    channel: Mapped[str] = mapped_column(String(8), default="onsite", server_default="onsite")
    form: Mapped[str] = mapped_column(String(8), default="", server_default="")  # a key of events.kinds.FORMS
    agenda: Mapped[str] = mapped_column(Text, default="", server_default="")
    notes: Mapped[str] = mapped_column(
        Text, default="", server_default=""
    )  # 会议记录: what was said and decided
    speaker: Mapped[str] = mapped_column(String(60), default="", server_default="")
    theme_id: Mapped[int | None] = mapped_column(ForeignKey("theme.id"))
    series_id: Mapped[int | None] = mapped_column(ForeignKey("event_series.id"))
    point_id: Mapped[int | None] = mapped_column(ForeignKey("learning_point.id"))
    late_after: Mapped[int] = mapped_column(default=15, server_default="15")  # minutes after the beginning
    checks_out: Mapped[bool] = mapped_column(default=False, server_default=false())  # who leaves scans again
    door_opened_at: Mapped[datetime | None]  # the first time the code was shown
    door_closed_at: Mapped[datetime | None]  # attendance is final: the hours are posted

    @property
    def ends_at(self) -> datetime:
        """When it was over."""
        return self.starts_at + timedelta(minutes=self.minutes)


class Attendance(Model):
    """Did this person come, and for how long?"""

    __table_args__ = (
        Index("uq_attendance_person", "event_id", "member_id", unique=True),
        Index("uq_attendance_guest", "event_id", "guest_id", unique=True),
        CheckConstraint("(member_id IS NULL) <> (guest_id IS NULL)", name="one_person"),
        Index(None, "member_id", "event_id"),
    )

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    guest_id: Mapped[int | None] = mapped_column(ForeignKey("guest.id"))  # one of the two
    present: Mapped[bool]
    status: Mapped[str] = mapped_column(String(8), default="", server_default="")  # late, left early, leave
    came_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    how: Mapped[str] = mapped_column(String(8), default="", server_default="")  # code, chair, offline, paper
    minutes: Mapped[int | None]  # of study, where not all of it
    reason: Mapped[str] = mapped_column(String(300), default="", server_default="")


class EventPhoto(Model):
    """A picture of the meeting, the photographed sign-in sheet, or a paper that belongs to it."""

    __table_args__ = (Index(None, "event_id", "id"),)

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"), unique=True)
    kind: Mapped[str] = mapped_column(String(8), default="photo", server_default="photo")  # photo sheet paper


class CheckIn(Model):
    """One record of the door as it came: a scan, a tick of the chair, a row of a sheet. Append-only.

    `record_id` is given where it was made, so that sending it again changes nothing. What `flag` names is
    shown to the chair; nobody is turned away for it.
    """

    __table_args__ = (
        Index("uq_check_in_record", "event_id", "record_id", unique=True),
        Index(None, "event_id", "device"),
    )

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    record_id: Mapped[str] = mapped_column(String(36))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    guest_id: Mapped[int | None] = mapped_column(ForeignKey("guest.id"))
    act: Mapped[str] = mapped_column(String(8))  # in, out, late, leave, absent
    how: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime] = mapped_column(default=clock.now)  # of the server
    told_at: Mapped[datetime | None]  # what a phone without a line said; kept, never believed alone
    device: Mapped[str] = mapped_column(String(64), default="")  # keyed hash of the device's key
    flag: Mapped[str] = mapped_column(String(12), default="")  # a key of events.door.rules.FLAGS
    by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class Guest(Model):
    """Somebody who comes and stands on no roster here: another region, no branch yet. Later `member_id`."""

    __table_args__ = (Index(None, "unit_id", "pinyin", "id"),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))  # the academy that knows them
    name: Mapped[str] = mapped_column(String(60))
    pinyin: Mapped[str] = mapped_column(String(200), default="")
    organisation: Mapped[str] = mapped_column(String(100), default="")
    phone: Mapped[str] = mapped_column(String(20), default="")
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)  # merged into
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)


class EventHost(Model):
    """A further branch that holds the event: its members are offered, and credited at home."""

    __table_args__ = (Index("uq_event_host_unit", "event_id", "unit_id", unique=True),)

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)


class EventAmendment(Model):
    """A change of what a record said: shown as an amendment, never in place of the first. Append-only."""

    __table_args__ = (Index(None, "event_id", "id"),)

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    field: Mapped[str] = mapped_column(String(20))
    was: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(String(300))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(default=clock.now)


class EventStep(Model):
    """A step before, during or after a meeting that the branch has ticked off; the row goes with the tick."""

    __table_args__ = (Index("uq_event_step_text", "event_id", "phase", "text", unique=True),)

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    phase: Mapped[str] = mapped_column(String(8))  # a key of events.kinds.PHASES
    text: Mapped[str] = mapped_column(String(200))  # as the table of activities has it: the step's own name
    by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(default=clock.now)


class EventSeries(Model):
    """A fixed day (固定党日): the same activity on one day of every month, from which planned events come."""

    __table_args__ = (Index(None, "unit_id", "id"),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    activity: Mapped[str] = mapped_column(String(32))
    title: Mapped[str] = mapped_column(String(100))
    every: Mapped[str] = mapped_column(String(12))  # "day:15", or "nth:2:5": the second Friday
    time: Mapped[str] = mapped_column(String(5))  # "15:00" in Asia/Shanghai
    minutes: Mapped[int]
    place: Mapped[str] = mapped_column(String(100), default="")
    from_day: Mapped[date]
    until_day: Mapped[date]
    open: Mapped[bool] = mapped_column(default=True)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    version: Mapped[int] = mapped_column(default=1)


class Theme(Model):
    """A subject (主题) that a higher level gives out; each branch below opens its own event of it."""

    __table_args__ = (Index(None, "unit_id", "due_on", "id"),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    activity: Mapped[str] = mapped_column(String(32))
    title: Mapped[str] = mapped_column(String(100))
    body: Mapped[str] = mapped_column(Text, default="")
    from_day: Mapped[date]
    due_on: Mapped[date]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    withdrawn_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class LearningPoint(Model):
    """A home where neighbours learn together (党员中心户): host and venue."""

    __table_args__ = (Index(None, "unit_id", "id"),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    name: Mapped[str] = mapped_column(String(60))
    host_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    place: Mapped[str] = mapped_column(String(100), default="")
    open: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)


class ActivityRow(Model):
    """How a unit and all below it name and ask for an activity: over the shipped row of that key."""

    __table_args__ = (Index("uq_activity_row_key", "unit_id", "activity", unique=True),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    activity: Mapped[str] = mapped_column(String(32))  # a key of hours.activities.ACTIVITIES
    label: Mapped[str] = mapped_column(String(30), default="")  # "": as shipped
    per_year: Mapped[int | None]  # how often a branch holds it in a year; None: as shipped
    steps: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # before, during, after: lists of sentences
    open: Mapped[bool] = mapped_column(default=True)
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    version: Mapped[int] = mapped_column(default=1)


class CalendarFeed(Model):
    """An address under which a calendar programme reads somebody's dates; made anew, the old one is void."""

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), unique=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)  # of 128 random bits
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    read_at: Mapped[datetime | None]
