"""What is stored of courses, and how far each member is."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from pbtrain.core import clock
from pbtrain.core.db import BigId, Model


class Course(Model):
    """A course of an academy. `minutes` is the time it really takes; the ledger's policy converts it."""

    __table_args__ = (
        CheckConstraint("state IN ('draft', 'published', 'withdrawn')", name="state"),
        CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes"),
        Index(None, "state", "published_at", "id"),
        Index(None, "state", "due_on", "id"),
    )

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)  # the academy
    title: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(Text, default="")
    minutes: Mapped[int]
    state: Mapped[str] = mapped_column(String(12), default="draft")
    quiz_id: Mapped[int | None] = mapped_column(ForeignKey("quiz.id"), unique=True)
    due_on: Mapped[date | None]
    lang: Mapped[str] = mapped_column(String(12), default="zh")  # a key of rules.LANGS
    version: Mapped[int] = mapped_column(default=1)  # against two editors at once
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    published_at: Mapped[datetime | None]  # the first time


class Lesson(Model):
    """One lesson, in Markdown. It can be completed once `min_seconds` have been spent on it."""

    __table_args__ = (
        Index(None, "course_id", "position", "id"),
        CheckConstraint("minutes BETWEEN 0 AND 600", name="minutes"),
        CheckConstraint("min_seconds BETWEEN 0 AND 36000", name="min_seconds"),
    )

    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(100))
    body: Mapped[str] = mapped_column(Text, default="")
    minutes: Mapped[int] = mapped_column(default=0)  # what the author expects it to take
    min_seconds: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)


class Enrolment(Model):
    """A member in a course: begun, how far, and when finished."""

    __table_args__ = (
        Index("uq_enrolment_pair", "course_id", "member_id", unique=True),
        Index(None, "member_id", "state", "id"),
        CheckConstraint("state IN ('active', 'finished')", name="state"),
    )

    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    state: Mapped[str] = mapped_column(String(10), default="active")
    last_lesson_id: Mapped[int | None] = mapped_column(ForeignKey("lesson.id"))  # completed last
    enrolled_at: Mapped[datetime] = mapped_column(default=clock.now)
    finished_at: Mapped[datetime | None]


class LessonDone(Model):
    """This lesson is completed by this enrolment."""

    __table_args__ = (Index("uq_lesson_done_pair", "enrolment_id", "lesson_id", unique=True),)

    enrolment_id: Mapped[int] = mapped_column(BigId, ForeignKey("enrolment.id"))
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id"), index=True)
    done_at: Mapped[datetime] = mapped_column(default=clock.now)


class StudyClock(Model):
    """When a member was last seen studying: one row a person, so that two windows never count twice."""

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), unique=True)
    beat_at: Mapped[datetime]  # whole seconds
    previous_at: Mapped[datetime]  # what `beat_at` was before the last beat


class LessonTime(Model):
    """Seconds a member has spent on a lesson, by the server's clock."""

    __table_args__ = (Index("uq_lesson_time_pair", "member_id", "lesson_id", unique=True),)

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id"), index=True)
    seconds: Mapped[int] = mapped_column(default=0)
