"""Reading quizzes. Only `released_key` and the author's queries ever select a key or an explanation."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, ScalarSelect, Select, and_, func, select

from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.quizzes.grading import shuffled
from pbtrain.quizzes.kinds import KINDS, LETTERS
from pbtrain.quizzes.models import Answer, Attempt, Question, Quiz, QuizVersion

GRACE = timedelta(seconds=30)  # for slow lines: answers and submissions this late still count


def published_version(quiz_id: int) -> ScalarSelect[int | None]:
    """The id of the version a new attempt gets, as a subquery."""
    return (
        select(QuizVersion.id)
        .where(QuizVersion.quiz_id == quiz_id, QuizVersion.published_at.is_not(None))
        .order_by(QuizVersion.number.desc())
        .limit(1)
        .scalar_subquery()
    )


def terms(quiz_id: int) -> Row[Any] | None:
    """Title and conditions of a quiz, and how many questions and points its published version has."""
    version = published_version(quiz_id)
    questions = select(func.count()).select_from(Question).where(Question.quiz_version_id == version)
    return db.session.execute(
        select(
            Quiz.id,
            Quiz.unit_id,
            Quiz.title,
            Quiz.pass_mark,
            Quiz.max_attempts,
            Quiz.time_limit,
            Quiz.release,
            Quiz.version,
            version.label("current_id"),
            questions.scalar_subquery().label("questions"),
        ).where(Quiz.id == quiz_id)
    ).first()


@dataclass(frozen=True)
class Tries:
    """A member's attempts at one quiz, the latest first."""

    rows: list[Row[Any]]

    @property
    def open(self) -> Row[Any] | None:
        """The attempt that is not submitted yet."""
        return next((row for row in self.rows if row.submitted_at is None), None)

    @property
    def passed(self) -> bool:
        return any(row.passed for row in self.rows)

    def left(self, max_attempts: int) -> int:
        """How many may still be begun; none once passed."""
        return 0 if self.passed else max(max_attempts - len(self.rows), 0)


def tries(member_id: int, quiz_id: int) -> Tries:
    """All attempts of this member at this quiz."""
    rows = db.session.execute(
        select(
            Attempt.id,
            Attempt.number,
            Attempt.started_at,
            Attempt.deadline_at,
            Attempt.submitted_at,
            Attempt.by_clock,
            Attempt.score,
            Attempt.possible,
            Attempt.passed,
        )
        .where(Attempt.member_id == member_id, Attempt.quiz_id == quiz_id)
        .order_by(Attempt.number.desc(), Attempt.id)
    ).all()
    return Tries(list(rows))


@dataclass(frozen=True)
class Place:
    """One question on the answer sheet of an attempt."""

    number: int  # counted from 1
    answered: bool
    flagged: bool


@dataclass(frozen=True)
class Paper:
    """An attempt as its owner sees it while it runs: the sheet, and the question that is open."""

    id: int
    quiz_id: int
    title: str
    number: int
    max_attempts: int
    deadline_at: datetime | None
    submitted_at: datetime | None
    seed: int
    places: list[Place]

    @property
    def answered(self) -> int:
        return sum(place.answered for place in self.places)

    @property
    def flagged(self) -> int:
        return sum(place.flagged for place in self.places)

    def seconds_left(self, now: datetime) -> int | None:
        """Whole seconds to the deadline, 0 when it is over, None without a limit."""
        if self.deadline_at is None:
            return None
        return max(int((self.deadline_at - now).total_seconds()), 0)

    def is_over(self, now: datetime) -> bool:
        """Is nothing saved any more?"""
        return self.deadline_at is not None and now > self.deadline_at + GRACE


def paper(member_id: int, attempt_id: int) -> Paper | None:
    """This member's attempt and its answer sheet, in one statement; None when it is not theirs."""
    rows = db.session.execute(
        select(
            Attempt.quiz_id,
            Attempt.number,
            Attempt.max_attempts,
            Attempt.deadline_at,
            Attempt.submitted_at,
            Attempt.seed,
            Quiz.title,
            Answer.chosen,
            Answer.flagged,
        )
        .join(Quiz, Quiz.id == Attempt.quiz_id)
        .join(Question, Question.quiz_version_id == Attempt.quiz_version_id)
        .outerjoin(Answer, and_(Answer.attempt_id == Attempt.id, Answer.question_id == Question.id))
        .where(Attempt.id == attempt_id, Attempt.member_id == member_id)
        .order_by(Question.position, Question.id)
    ).all()
    if not rows:
        return None
    first = rows[0]
    return Paper(
        id=attempt_id,
        quiz_id=first.quiz_id,
        title=first.title,
        number=first.number,
        max_attempts=first.max_attempts,
        deadline_at=first.deadline_at,
        submitted_at=first.submitted_at,
        seed=first.seed,
        places=[Place(n, bool(row.chosen), bool(row.flagged)) for n, row in enumerate(rows, 1)],
    )


@dataclass(frozen=True)
class Choice:
    """One option as it is shown: its letter in this attempt, and what it stands for."""

    letter: str
    option: str
    text: str  # a msgid when the options are fixed
    chosen: bool


@dataclass(frozen=True)
class Asked:
    """A question as it is asked in one attempt: its options in their shuffled order, without the key."""

    id: int
    attempt_id: int
    number: int
    kind: str
    text: str
    points: int
    partial: bool
    choices: list[Choice]
    flagged: bool
    saved_at: datetime | None

    @property
    def letters(self) -> dict[str, str]:
        """Which option a letter of this page stands for."""
        return {choice.letter: choice.option for choice in self.choices}

    @property
    def options(self) -> list[str]:
        return [choice.option for choice in self.choices]


def _asked_rows(attempt_id: int, member_id: int) -> Select[Any]:
    return (
        select(
            Attempt.id.label("attempt_id"),
            Attempt.seed,
            Question.id,
            Question.kind,
            Question.text,
            Question.options,
            Question.points,
            Question.partial,
            Answer.chosen,
            Answer.flagged,
            Answer.saved_at,
        )
        .join(Question, Question.quiz_version_id == Attempt.quiz_version_id)
        .outerjoin(Answer, and_(Answer.attempt_id == Attempt.id, Answer.question_id == Question.id))
        .where(Attempt.id == attempt_id, Attempt.member_id == member_id)
        .order_by(Question.position, Question.id)
    )


def arranged(
    kind: str, options: dict[str, str], chosen: list[str] | None, *, seed: int, question_id: int
) -> list[Choice]:
    """The options of a question with their letters, in the order of this attempt."""
    fixed = KINDS[kind].fixed
    texts = dict(fixed) or options
    order = list(fixed) or shuffled(sorted(options), seed, question_id)
    picked = set(chosen or ())
    return [
        Choice(LETTERS[place], option, texts[option], option in picked) for place, option in enumerate(order)
    ]


def _asked(row: Row[Any], number: int) -> Asked:
    return Asked(
        id=row.id,
        attempt_id=row.attempt_id,
        number=number,
        kind=row.kind,
        text=row.text,
        points=row.points,
        partial=row.partial,
        choices=arranged(row.kind, row.options, row.chosen, seed=row.seed, question_id=row.id),
        flagged=bool(row.flagged),
        saved_at=row.saved_at,
    )


def asked(member_id: int, attempt_id: int, number: int) -> Asked | None:
    """Question `number` (from 1) of this member's attempt; None when there is no such thing."""
    if number < 1:
        return None
    row = db.session.execute(_asked_rows(attempt_id, member_id).offset(number - 1).limit(1)).first()
    return None if row is None else _asked(row, number)


@dataclass(frozen=True)
class Result:
    """A submitted attempt. Before release it knows the sum and nothing about single questions."""

    id: int
    quiz_id: int
    title: str
    number: int
    submitted_at: datetime
    by_clock: bool
    score: int  # hundredths of a point
    possible: int
    passed: bool
    pass_mark: int
    left: int  # attempts that may still be begun
    released: bool


def result(member_id: int, attempt_id: int) -> Result | None:
    """How this member's attempt went; None when it is not theirs or still runs."""
    every = (
        select(
            func.count().label("count"),
            func.count(Attempt.submitted_at).label("submitted"),
            func.count().filter(Attempt.passed.is_(True)).label("passes"),
            Attempt.quiz_id,
        )
        .where(Attempt.member_id == member_id)
        .group_by(Attempt.quiz_id)
        .subquery()
    )
    row = db.session.execute(
        select(Attempt, Quiz.title, Quiz.max_attempts, Quiz.release, every)
        .join(Quiz, Quiz.id == Attempt.quiz_id)
        .join(every, every.c.quiz_id == Attempt.quiz_id)
        .where(Attempt.id == attempt_id, Attempt.member_id == member_id, Attempt.submitted_at.is_not(None))
    ).first()
    if row is None:
        return None
    attempt = row.Attempt
    over = row.passes > 0 or row.submitted >= row.max_attempts
    return Result(
        id=attempt.id,
        quiz_id=attempt.quiz_id,
        title=row.title,
        number=attempt.number,
        submitted_at=attempt.submitted_at,
        by_clock=attempt.by_clock,
        score=attempt.score or 0,
        possible=attempt.possible or 0,
        passed=bool(attempt.passed),
        pass_mark=attempt.pass_mark,
        left=0 if row.passes else max(row.max_attempts - row.count, 0),
        released=row.release == "done" and over,
    )


@dataclass(frozen=True)
class Marked:
    """A question after release: what was chosen, what is right, what it earned."""

    asked: Asked
    right: frozenset[str]  # options
    explanation: str
    earned: int


def released_key(member_id: int, outcome: Result) -> list[Marked]:
    """Every question of a released attempt with its key; nothing before release."""
    if not outcome.released:
        return []
    rows = db.session.execute(
        _asked_rows(outcome.id, member_id).add_columns(Question.key, Question.explanation, Answer.earned)
    )
    return [
        Marked(_asked(row, number), frozenset(row.key), row.explanation, row.earned or 0)
        for number, row in enumerate(rows, 1)
    ]


def overdue_attempts(limit: int) -> list[Row[Any]]:
    """Running attempts whose time is over: (id, quiz_id, member_id), the oldest deadline first."""
    return list(
        db.session.execute(
            select(Attempt.id, Attempt.quiz_id, Attempt.member_id)
            .where(Attempt.submitted_at.is_(None), Attempt.deadline_at < clock.now() - GRACE)
            .order_by(Attempt.deadline_at, Attempt.id)
            .limit(limit)
        ).all()
    )


# ---- for authors


def versions(quiz_id: int) -> list[Row[Any]]:
    """(id, number, published_at) of every version, the newest first."""
    return list(
        db.session.execute(
            select(QuizVersion.id, QuizVersion.number, QuizVersion.published_at)
            .where(QuizVersion.quiz_id == quiz_id)
            .order_by(QuizVersion.number.desc(), QuizVersion.id)
        ).all()
    )


def questions_of(version_id: int) -> list[Question]:
    """The questions of a version with their keys, for their authors."""
    return list(
        db.session.scalars(
            select(Question)
            .where(Question.quiz_version_id == version_id)
            .order_by(Question.position, Question.id)
        ).all()
    )


def question_of(quiz_id: int, question_id: int) -> Question | None:
    """A question of the draft of this quiz; None when it stands in a published version or elsewhere."""
    return db.session.scalar(
        select(Question)
        .join(QuizVersion, QuizVersion.id == Question.quiz_version_id)
        .where(
            Question.id == question_id,
            QuizVersion.quiz_id == quiz_id,
            QuizVersion.published_at.is_(None),
        )
    )
