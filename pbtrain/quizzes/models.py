"""What is stored of quizzes. The database itself limits attempts: each number once, none above the limit."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from pbtrain.core import clock
from pbtrain.core.db import BigId, Model


class Quiz(Model):
    """What is sat, and under which conditions; its questions stand in a version."""

    __table_args__ = (
        CheckConstraint("pass_mark BETWEEN 0 AND 100", name="percent"),
        CheckConstraint("max_attempts BETWEEN 1 AND 20", name="attempts"),
        CheckConstraint("time_limit BETWEEN 1 AND 600", name="time_limit"),
        CheckConstraint("release IN ('done', 'never')", name="release"),
    )

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)  # the academy
    title: Mapped[str] = mapped_column(String(100))
    pass_mark: Mapped[int] = mapped_column(default=60)  # percent
    max_attempts: Mapped[int] = mapped_column(default=3)
    time_limit: Mapped[int | None]  # minutes
    release: Mapped[str] = mapped_column(
        String(8), default="done"
    )  # the key: done (passed or last try), never
    version: Mapped[int] = mapped_column(default=1)  # of this row, against two editors at once


class QuizVersion(Model):
    """A set of questions: a draft while `published_at` is empty, then never changed again.

    The published one with the highest number is what a new attempt gets.
    """

    __table_args__ = (
        Index("uq_quiz_version_number", "quiz_id", "number", unique=True),
        Index("uq_quiz_version_one_draft", "quiz_id", unique=True,
              sqlite_where=text("published_at IS NULL"), postgresql_where=text("published_at IS NULL")),
    )  # fmt: skip

    quiz_id: Mapped[int] = mapped_column(ForeignKey("quiz.id"))
    number: Mapped[int]
    published_at: Mapped[datetime | None]
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class Question(Model):
    """One question of one version. `key` and `explanation` leave the server only after release."""

    __table_args__ = (
        Index(None, "quiz_version_id", "position", "id"),
        CheckConstraint("points BETWEEN 0 AND 100000", name="points"),
    )

    quiz_version_id: Mapped[int] = mapped_column(ForeignKey("quiz_version.id"))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))  # a key of kinds.KINDS
    text: Mapped[str] = mapped_column(Text)
    options: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)  # {"a": "…"}; empty for fixed ones
    key: Mapped[list[str]] = mapped_column(JSON)
    points: Mapped[int]  # hundredths
    partial: Mapped[bool] = mapped_column(default=True)  # 少选得部分分
    explanation: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)


class Attempt(Model):
    """One member's one try at one version, with the conditions that held when it began."""

    __table_args__ = (
        Index("uq_attempt_number", "quiz_id", "member_id", "number", unique=True),
        Index("uq_attempt_one_open", "quiz_id", "member_id", unique=True,
              sqlite_where=text("submitted_at IS NULL"), postgresql_where=text("submitted_at IS NULL")),
        Index(None, "submitted_at", "deadline_at"),
        Index(None, "member_id", "id"),
        CheckConstraint("number BETWEEN 1 AND max_attempts", name="limit"),
        CheckConstraint("score BETWEEN 0 AND possible", name="score"),
    )  # fmt: skip

    quiz_id: Mapped[int] = mapped_column(ForeignKey("quiz.id"))
    quiz_version_id: Mapped[int] = mapped_column(ForeignKey("quiz_version.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    number: Mapped[int]
    max_attempts: Mapped[int]
    pass_mark: Mapped[int]
    seed: Mapped[int]  # of the order of options
    started_at: Mapped[datetime] = mapped_column(default=clock.now)
    deadline_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    by_clock: Mapped[bool] = mapped_column(default=False)  # the time was over: what was saved is graded
    score: Mapped[int | None]  # hundredths of a point
    possible: Mapped[int | None]
    passed: Mapped[bool | None]


class Answer(Model):
    """What is chosen for one question of one attempt, and what it earned once graded."""

    __table_args__ = (Index("uq_answer_question", "attempt_id", "question_id", unique=True),)

    attempt_id: Mapped[int] = mapped_column(BigId, ForeignKey("attempt.id"))
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), index=True)
    chosen: Mapped[list[Any]] = mapped_column(JSON)
    flagged: Mapped[bool] = mapped_column(default=False)  # 标记: the member wants to look again
    saved_at: Mapped[datetime] = mapped_column(default=clock.now)
    earned: Mapped[int | None]  # hundredths of a point
