"""What is stored of academies and training classes.

A **training class** is a timetable of events (`events.models.Event`, one a session) with enrolments and, at
its end, certificates. Who takes a **seat** is counted by triggers in `TrainingClass.taken` and
`ClassQuota.taken`, whose CHECKs no transaction passes: neither is ever written by the application.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from pbtrain.core import clock
from pbtrain.core.db import Model

SEATED = "'offered', 'enrolled', 'completed', 'no_show'"  # the states that hold a seat


class Teacher(Model):
    """Who teaches at an academy."""

    __table_args__ = (Index(None, "unit_id", "pinyin", "id"),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))  # the academy
    name: Mapped[str] = mapped_column(String(60))
    pinyin: Mapped[str] = mapped_column(String(200), default="")
    title: Mapped[str] = mapped_column(String(60), default="")  # 教授, 讲解员 …
    organisation: Mapped[str] = mapped_column(String(100), default="")
    phone: Mapped[str] = mapped_column(String(20), default="")
    topics: Mapped[str] = mapped_column(String(300), default="")
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    open: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)


class Venue(Model):
    """Where an academy teaches: a teaching site, a hall, a room."""

    __table_args__ = (Index(None, "unit_id", "kind", "id"),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))  # the academy
    name: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(8))  # site or room
    place: Mapped[str] = mapped_column(String(100), default="")
    capacity: Mapped[int]  # people
    opens: Mapped[str] = mapped_column(String(5), default="08:00")  # in Asia/Shanghai
    closes: Mapped[str] = mapped_column(String(5), default="18:00")
    closed_on: Mapped[str] = mapped_column(String(13), default="")  # ISO weekdays: "1" is Monday, "1,7"
    list_days: Mapped[int] = mapped_column(
        default=0
    )  # a list of who enters is due so many days before; 0: none
    note: Mapped[str] = mapped_column(String(300), default="")
    open: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)


class ClassTemplate(Model):
    """A class of the catalogue, from which real ones are made."""

    __table_args__ = (Index(None, "unit_id", "id"),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    name: Mapped[str] = mapped_column(String(100))
    theme: Mapped[str] = mapped_column(String(100), default="")
    days: Mapped[int]
    season: Mapped[str] = mapped_column(String(12), default="")  # months as "05-10"; "": the whole year
    language: Mapped[str] = mapped_column(String(8), default="zh")  # zh, mn or both
    audience: Mapped[str] = mapped_column(String(12), default="all")  # a key of classes.kinds.AUDIENCES
    capacity: Mapped[int]
    body: Mapped[str] = mapped_column(Text, default="")
    body_mn: Mapped[str] = mapped_column(Text, default="")
    sessions: Mapped[list[Any]] = mapped_column(
        JSON
    )  # {day, time, minutes, title, mode, venue_id, teacher_id}
    rule: Mapped[dict[str, Any]] = mapped_column(JSON)  # share of attendance in percent, credit, exam
    open: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)


class TrainingClass(Model):
    """One class: 第n期 of an academy."""

    __table_args__ = (
        Index("uq_training_class_number", "unit_id", "year", "number", unique=True),
        Index(None, "unit_id", "starts_on", "id"),
        Index(None, "state", "starts_on"),
        CheckConstraint("taken BETWEEN 0 AND capacity", name="seats"),
        CheckConstraint("ends_on >= starts_on", name="dates"),
    )

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))  # the academy
    template_id: Mapped[int | None] = mapped_column(ForeignKey("class_template.id"))
    year: Mapped[int]  # 0: the academy numbers its classes without regard to the year
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(100))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    capacity: Mapped[int]
    taken: Mapped[int] = mapped_column(default=0, server_default="0")  # kept by triggers
    state: Mapped[str] = mapped_column(String(10), default="draft")  # a key of classes.kinds.STATES
    audience: Mapped[str] = mapped_column(String(12), default="all")
    language: Mapped[str] = mapped_column(String(8), default="zh")
    body: Mapped[str] = mapped_column(Text, default="")
    body_mn: Mapped[str] = mapped_column(Text, default="")
    notice: Mapped[str] = mapped_column(Text, default="")  # 通知: what the joining card and the sheet say
    contact: Mapped[str] = mapped_column(String(100), default="")
    enrol_until: Mapped[date | None]
    answer_days: Mapped[int] = mapped_column(default=3)  # to accept an offered seat
    party_branch: Mapped[str] = mapped_column(String(100), default="")  # 临时党支部
    branch_leader: Mapped[str] = mapped_column(String(60), default="")
    activity: Mapped[str] = mapped_column(String(32), default="training_class")
    rule: Mapped[dict[str, Any]] = mapped_column(JSON)
    quiz_id: Mapped[int | None] = mapped_column(ForeignKey("quiz.id"))  # the exam the rule asks for
    evaluated: Mapped[bool] = mapped_column(default=False)  # learners may fill in the evaluation
    form_id: Mapped[str] = mapped_column(String(36), unique=True)  # of the form that was sent: one class
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class ClassSession(Model):
    """A unit of the timetable: one event with its teacher, site and way of teaching."""

    __table_args__ = (Index(None, "class_id", "id"), Index(None, "teacher_id"), Index(None, "venue_id"))

    class_id: Mapped[int] = mapped_column(ForeignKey("training_class.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), unique=True)
    mode: Mapped[str] = mapped_column(String(8))  # a key of classes.kinds.MODES: 体验 研讨 案例 讲授 测验
    teacher_id: Mapped[int | None] = mapped_column(ForeignKey("teacher.id"))
    venue_id: Mapped[int | None] = mapped_column(ForeignKey("venue.id"))


class ClassQuota(Model):
    """How many seats of a class are for a unit and all below it; without a unit, for guests."""

    __table_args__ = (
        Index("uq_class_quota_unit", "class_id", "unit_id", unique=True),
        CheckConstraint("taken BETWEEN 0 AND seats", name="seats"),
    )

    class_id: Mapped[int] = mapped_column(ForeignKey("training_class.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    seats: Mapped[int]
    taken: Mapped[int] = mapped_column(default=0, server_default="0")  # kept by triggers


class ClassEnrolment(Model):
    """Somebody's place in a class, from nomination to completion. `seat` says whether it takes a seat."""

    __table_args__ = (
        Index("uq_class_enrolment_member", "class_id", "member_id", unique=True),
        Index("uq_class_enrolment_guest", "class_id", "guest_id", unique=True),
        Index(None, "class_id", "state", "waits_since", "id"),
        Index(None, "member_id", "id"),
        Index(None, "state", "answer_until"),
        CheckConstraint(f"seat = (state IN ({SEATED}))", name="seat"),
        CheckConstraint("(member_id IS NULL) <> (guest_id IS NULL)", name="one_person"),
    )

    class_id: Mapped[int] = mapped_column(ForeignKey("training_class.id"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    guest_id: Mapped[int | None] = mapped_column(ForeignKey("guest.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)  # the branch at that time
    quota_id: Mapped[int | None] = mapped_column(ForeignKey("class_quota.id"))
    state: Mapped[str] = mapped_column(String(10))  # a key of rules.enrolment.STATES
    seat: Mapped[bool] = mapped_column(default=False)
    waits_since: Mapped[datetime | None]  # on the waiting list: who waits longest is first
    answer_until: Mapped[date | None]  # of an offered seat
    reason: Mapped[str] = mapped_column(String(300), default="")
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    version: Mapped[int] = mapped_column(default=1)


class EnrolmentStep(Model):
    """What happened to an enrolment: who did what, when and why. Append-only."""

    __table_args__ = (Index(None, "enrolment_id", "id"),)

    enrolment_id: Mapped[int] = mapped_column(ForeignKey("class_enrolment.id"))
    act: Mapped[str] = mapped_column(String(10))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(default=clock.now)
    reason: Mapped[str] = mapped_column(String(300), default="")


class ClassLeave(Model):
    """Leave from sessions of a class: above 1/7 of its hours a cadre is withdrawn (D.6)."""

    __table_args__ = (Index("uq_class_leave_session", "enrolment_id", "session_id", unique=True),)

    enrolment_id: Mapped[int] = mapped_column(ForeignKey("class_enrolment.id"))
    session_id: Mapped[int] = mapped_column(ForeignKey("class_session.id"))
    reason: Mapped[str] = mapped_column(String(300))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(default=clock.now)


class ClassImport(Model):
    """A list of people for a class, from Excel or from the tree, as a preview until it is applied."""

    __table_args__ = (Index(None, "class_id", "id"),)

    class_id: Mapped[int] = mapped_column(ForeignKey("training_class.id"))
    kind: Mapped[str] = mapped_column(String(8))  # sheet or tree
    state: Mapped[str] = mapped_column(String(10))  # reading, preview, applied, dropped, failed
    file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id"))
    name: Mapped[str] = mapped_column(String(200))
    good: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    version: Mapped[int] = mapped_column(default=1)


class ClassImportRow(Model):
    """One row of such a list, as it was read."""

    __table_args__ = (Index("uq_class_import_row", "import_id", "line", unique=True),)

    import_id: Mapped[int] = mapped_column(ForeignKey("class_import.id"))
    line: Mapped[int]
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    outcome: Mapped[str] = mapped_column(String(10))  # seat, waiting, guest, already, refused
    values: Mapped[dict[str, Any]] = mapped_column(JSON)
    errors: Mapped[list[Any] | None] = mapped_column(JSON)


class CertificateStyle(Model):
    """What an academy's certificates look like, and their numbers."""

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), unique=True)
    title: Mapped[str] = mapped_column(String(40), default="")
    body: Mapped[str] = mapped_column(String(500), default="")  # with {姓名} {班次} {开始} {结束} {学时}
    signer: Mapped[str] = mapped_column(String(60), default="")
    signature: Mapped[str | None] = mapped_column(String(64))  # SHA-256 of the stored picture
    series: Mapped[str] = mapped_column(String(20), default="")  # "国门{年份}" stands before the number
    valid_years: Mapped[int] = mapped_column(default=0)  # 0: for good
    last: Mapped[int] = mapped_column(default=0)  # number given out last
    version: Mapped[int] = mapped_column(default=1)


class Certificate(Model):
    """One certificate. Its facts are those of the day it was issued; it is revoked, never changed."""

    __table_args__ = (
        Index("uq_certificate_number", "unit_id", "number", unique=True),
        Index("uq_certificate_standing", "enrolment_id", unique=True,
              sqlite_where=text("revoked_at IS NULL"), postgresql_where=text("revoked_at IS NULL")),
        Index(None, "class_id", "id"),
        Index(None, "member_id", "id"),
    )  # fmt: skip

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    class_id: Mapped[int] = mapped_column(ForeignKey("training_class.id"))
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("class_enrolment.id"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    guest_id: Mapped[int | None] = mapped_column(ForeignKey("guest.id"))
    kind: Mapped[str] = mapped_column(String(12))  # certificate, or attendance: for who is of another region
    number: Mapped[str] = mapped_column(String(40))
    code: Mapped[str] = mapped_column(String(32), unique=True)  # 128 random bits: the public address
    facts: Mapped[dict[str, Any]] = mapped_column(
        JSON
    )  # name, class, dates, hours, seal, signer: what it says
    valid_until: Mapped[date | None]
    issued_on: Mapped[date]
    issued_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    revoked_why: Mapped[str] = mapped_column(String(300), default="")


class Evaluation(Model):
    """What one learner thought of a class; nothing here says who."""

    __table_args__ = (Index(None, "class_id", "id"),)

    class_id: Mapped[int] = mapped_column(ForeignKey("training_class.id"))
    scores: Mapped[dict[str, Any]] = mapped_column(JSON)  # question or "session:12" -> 1 to 5
    comment: Mapped[str] = mapped_column(String(500), default="")


class EvaluationDone(Model):
    """Who has filled in the evaluation of a class: once each, and not what."""

    __table_args__ = (Index("uq_evaluation_done_enrolment", "enrolment_id", unique=True),)

    enrolment_id: Mapped[int] = mapped_column(ForeignKey("class_enrolment.id"))


class EntryList(Model):
    """The list of who enters a restricted site (限定管理区), with the minimum; purged after the visit."""

    __table_args__ = (Index(None, "purge_on", "purged_at"),)

    session_id: Mapped[int] = mapped_column(ForeignKey("class_session.id"), unique=True)
    due_on: Mapped[date]
    purge_on: Mapped[date]
    sent_at: Mapped[datetime | None]
    sent_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    purged_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class EntryPerson(Model):
    """One person of such a list; `sealed` holds the ID number, encrypted, until the purge."""

    __table_args__ = (Index("uq_entry_person", "list_id", "enrolment_id", unique=True),)

    list_id: Mapped[int] = mapped_column(ForeignKey("entry_list.id"))
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("class_enrolment.id"))
    sealed: Mapped[str | None] = mapped_column(String(200))
