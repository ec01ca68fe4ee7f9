"""Sitting a quiz. Unique keys and conditional statements decide; nothing is checked and then done."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, exists, func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import db, is_postgresql
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.org.access import Actor
from pbtrain.quizzes import grading
from pbtrain.quizzes.kinds import KINDS
from pbtrain.quizzes.models import Answer, Attempt, Question
from pbtrain.quizzes.queries import GRACE, Asked, terms, tries

NO_MORE = N_("No attempts are left.")


@dataclass(frozen=True)
class Outcome:
    """What a submission came to; `first` is False when the attempt had been submitted before. `ended_at`:
    when it was submitted, or when its time was over where that was earlier."""

    attempt_id: int
    quiz_id: int
    member_id: int
    passed: bool
    first: bool
    ended_at: datetime


def start(actor: Actor, quiz_id: int) -> int:
    """Begin an attempt, or go back to the one that runs; returns its id.

    Raises RuleError when the quiz is not open, is passed already, or no attempts are left. Twenty at once
    get the same one: only one attempt of a member runs, numbers are unique, and none exceeds the limit.
    """
    member_id = actor.member_id or 0
    quiz = terms(quiz_id)
    if quiz is None or quiz.current_id is None:
        raise RuleError(N_("This quiz is not open yet."))
    before = tries(member_id, quiz_id)
    if before.open is not None:
        return int(before.open.id)
    if before.passed:
        raise RuleError(N_("You have passed this quiz already."))
    if not before.left(quiz.max_attempts):
        raise RuleError(NO_MORE)
    try:
        attempt_id = db.session.scalar(_new_attempt(quiz, member_id))
    except IntegrityError:  # the number would exceed the limit
        raise RuleError(NO_MORE) from None
    if attempt_id is None:  # another window was faster
        running = tries(member_id, quiz_id).open
        if running is None:
            raise Conflict(NO_MORE)
        return int(running.id)
    audit.record(actor, "quiz.started", f"attempt:{attempt_id}", quiz=quiz_id)
    return int(attempt_id)


def _new_attempt(quiz: Any, member_id: int) -> Any:
    """INSERT the next number unless an attempt runs or one was passed; the conditions stand on the row."""
    now = clock.now()
    deadline = now + timedelta(minutes=quiz.time_limit) if quiz.time_limit else None
    own = (Attempt.quiz_id == quiz.id, Attempt.member_id == member_id)
    values: dict[str, Any] = {
        "quiz_id": literal(quiz.id),
        "quiz_version_id": literal(quiz.current_id),
        "member_id": literal(member_id),
        "number": select(func.coalesce(func.max(Attempt.number), 0) + 1).where(*own).scalar_subquery(),
        "max_attempts": literal(quiz.max_attempts),
        "pass_mark": literal(quiz.pass_mark),
        "seed": literal(secrets.randbelow(2**31)),
        "started_at": literal(now, Attempt.started_at.type),
        "deadline_at": literal(deadline, Attempt.deadline_at.type),
        "by_clock": literal(False),
    }
    dialect = postgresql if is_postgresql() else sqlite
    row = select(*values.values()).where(~exists().where(*own, Attempt.passed.is_(True)))
    return (
        dialect.insert(Attempt).from_select(list(values), row).on_conflict_do_nothing().returning(Attempt.id)
    )


def save_answer(
    actor: Actor, question: Asked, letters: Sequence[str], *, flagged: bool | None = None
) -> None:
    """Keep what is chosen, as letters of the page, until the attempt is submitted or its time is over.

    `flagged` None leaves the mark as it is. Raises Conflict when the attempt takes no answers any more.
    The attempt's row is locked against a submission at the same moment.
    """
    meaning = question.letters
    chosen = KINDS[question.kind].parse([meaning.get(letter, "") for letter in letters], question.options)
    now = clock.now()
    still_open = (
        select(
            Attempt.id,
            literal(question.id),
            literal(chosen, Answer.chosen.type),
            literal(bool(flagged)),
            literal(now, Answer.saved_at.type),
        )
        .where(
            Attempt.id == question.attempt_id,
            Attempt.member_id == actor.member_id,
            Attempt.submitted_at.is_(None),
            (Attempt.deadline_at.is_(None)) | (Attempt.deadline_at >= now - GRACE),
        )
        .with_for_update(read=True, of=Attempt)
    )
    dialect = postgresql if is_postgresql() else sqlite
    new = dialect.insert(Answer).from_select(
        ["attempt_id", "question_id", "chosen", "flagged", "saved_at"], still_open
    )
    change = {"chosen": new.excluded.chosen, "saved_at": new.excluded.saved_at}
    if flagged is not None:
        change["flagged"] = new.excluded.flagged
    kept = db.session.scalar(
        new.on_conflict_do_update(index_elements=["attempt_id", "question_id"], set_=change).returning(
            Answer.id
        )
    )
    if kept is None:
        raise Conflict(N_("This attempt takes no answers any more. What was saved before counts."))


def submit(actor: Actor | None, attempt_id: int) -> Outcome | None:
    """Grade what is saved, once; a second submission gets the same outcome. None when it is not theirs.

    An actor of None is the clock. Past the deadline and its grace what was saved in time counts.
    """
    now = clock.now()
    mine: list[Any] = [Attempt.id == attempt_id]
    if actor is not None:
        mine.append(Attempt.member_id == (actor.member_id or 0))
    closed = db.session.execute(
        update(Attempt)
        .where(*mine, Attempt.submitted_at.is_(None))
        .values(submitted_at=now, by_clock=func.coalesce(Attempt.deadline_at < now - GRACE, False))
        .returning(
            Attempt.quiz_id,
            Attempt.member_id,
            Attempt.quiz_version_id,
            Attempt.pass_mark,
            Attempt.deadline_at,
        )
        .execution_options(synchronize_session=False)
    ).first()
    if closed is None:
        return _submitted_before(mine)
    rows = db.session.execute(
        select(Question.id, Question.kind, Question.key, Question.points, Question.partial, Answer.chosen)
        .outerjoin(Answer, (Answer.question_id == Question.id) & (Answer.attempt_id == attempt_id))
        .where(Question.quiz_version_id == closed.quiz_version_id)
        .order_by(Question.position, Question.id)
    ).all()
    marks = {
        row.id: KINDS[row.kind].grade(
            frozenset(row.key), frozenset(row.chosen or ()), row.points, partial=row.partial
        )
        for row in rows
    }
    whole = grading.total(marks.values())
    passed = grading.has_passed(whole, closed.pass_mark)
    db.session.execute(
        update(Attempt)
        .where(Attempt.id == attempt_id)
        .values(score=whole.earned, possible=whole.possible, passed=passed)
        .execution_options(synchronize_session=False)
    )
    _keep_marks(attempt_id, {row.id: marks[row.id].earned for row in rows if row.chosen is not None})
    audit.record(
        actor, "quiz.submitted", f"attempt:{attempt_id}", score=whole.earned, possible=whole.possible
    )
    ended_at = min(now, closed.deadline_at or now)
    return Outcome(attempt_id, closed.quiz_id, closed.member_id, passed, first=True, ended_at=ended_at)


def _submitted_before(mine: list[Any]) -> Outcome | None:
    row = db.session.execute(
        select(
            Attempt.id,
            Attempt.quiz_id,
            Attempt.member_id,
            Attempt.passed,
            Attempt.submitted_at,
            Attempt.deadline_at,
        ).where(*mine)
    ).first()
    if row is None:
        return None
    ended_at = min(row.submitted_at, row.deadline_at or row.submitted_at)
    return Outcome(row.id, row.quiz_id, row.member_id, bool(row.passed), first=False, ended_at=ended_at)


def _keep_marks(attempt_id: int, earned: dict[int, int]) -> None:
    if not earned:
        return
    marks = case(earned, value=Answer.question_id)
    db.session.execute(
        update(Answer)
        .where(Answer.attempt_id == attempt_id)
        .values(earned=marks)
        .execution_options(synchronize_session=False)
    )
