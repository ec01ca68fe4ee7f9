"""Writing quizzes. Questions change only in a draft; publishing freezes it, changing again begins the next.

Whoever calls has made sure that the quiz lies in the actor's scope.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, literal, select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.core import clock, repeats
from pbtrain.core.db import UNKEYED, db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.core.ordering import swap
from pbtrain.org.access import Actor
from pbtrain.quizzes.kinds import KINDS
from pbtrain.quizzes.models import Question, Quiz, QuizVersion

FROZEN = N_("Published questions are not changed. Begin a new version first.")
MOST_QUESTIONS = 200


@dataclass(frozen=True)
class Wanted:
    """What an author wrote: `options` are {"a": text}, `right` their ids, points in hundredths."""

    kind: str
    text: str
    options: Mapping[str, str]
    right: Sequence[str]
    points: int
    partial: bool = True
    explanation: str = ""

    def columns(self) -> dict[str, Any]:
        """The row, after the kind has found nothing wrong with it."""
        kind = KINDS[self.kind]
        options = {} if kind.fixed else {name: text for name, text in self.options.items() if text}
        kind.check(sorted(kind.fixed or options), frozenset(self.right))
        return {
            "kind": self.kind,
            "text": self.text,
            "options": options,
            "key": sorted(set(self.right)),
            "points": self.points,
            "partial": self.partial,
            "explanation": self.explanation,
        }


def create_quiz(actor: Actor | None, unit_id: int, title: str) -> int:
    """A quiz with the usual conditions and an empty draft; returns its id."""
    quiz = Quiz(unit_id=unit_id, title=title)
    db.session.add(quiz)
    db.session.flush()  # the draft and the audit event name quiz.id
    db.session.add(QuizVersion(quiz_id=quiz.id, number=1))
    audit.record(actor, "quiz.created", f"quiz:{quiz.id}", unit_id=unit_id)
    return quiz.id


def edit_terms(actor: Actor | None, quiz_id: int, version: int, **terms: Any) -> None:
    """Change title and conditions; attempts that run keep theirs. Raises Conflict when others were faster."""
    changed = db.session.execute(
        update(Quiz)
        .where(Quiz.id == quiz_id, Quiz.version == version)
        .values(version=version + 1, **terms)
        .returning(Quiz.unit_id)
    ).first()
    if changed is None:
        raise races.changed(f"quiz:{quiz_id}", "quiz.edited")
    audit.record(actor, "quiz.edited", f"quiz:{quiz_id}", unit_id=changed.unit_id, **terms)


def draft_id(quiz_id: int) -> int | None:
    """The id of the version that may be changed; its row is locked: publishing waits for a change."""
    return db.session.scalar(
        select(QuizVersion.id)
        .where(QuizVersion.quiz_id == quiz_id, QuizVersion.published_at.is_(None))
        .with_for_update(**UNKEYED)
    )


def _open_draft(quiz_id: int) -> int:
    found = draft_id(quiz_id)
    if found is None:
        raise RuleError(FROZEN)
    return found


def begin_draft(actor: Actor | None, quiz_id: int) -> int:
    """The draft, made as a copy of the published questions when there is none; returns its id."""
    if (found := draft_id(quiz_id)) is not None:
        return found
    last = db.session.execute(
        select(QuizVersion.id, QuizVersion.number)
        .where(QuizVersion.quiz_id == quiz_id)
        .order_by(QuizVersion.number.desc())
        .limit(1)
    ).one()
    draft = QuizVersion(quiz_id=quiz_id, number=last.number + 1)
    db.session.add(draft)
    db.session.flush()  # the copies name draft.id
    copied = ("position", "kind", "text", "options", "key", "points", "partial", "explanation")
    db.session.execute(
        insert(Question).from_select(
            ["quiz_version_id", *copied, "version"],
            select(literal(draft.id), *(getattr(Question, name) for name in copied), literal(1)).where(
                Question.quiz_version_id == last.id
            ),
        )
    )
    audit.record(actor, "quiz.draft_begun", f"quiz:{quiz_id}", number=draft.number)
    return draft.id


def add_question(actor: Actor | None, quiz_id: int, wanted: Wanted) -> int:
    """Add a question at the end of the draft; returns its id. The very same, sent again, is the one there
    is."""
    columns = wanted.columns()
    version_id = _open_draft(quiz_id)
    known = repeats.earlier(Question, quiz_version_id=version_id, **columns)
    if known is not None:
        return known
    count, last = db.session.execute(
        select(func.count(), func.coalesce(func.max(Question.position), 0)).where(
            Question.quiz_version_id == version_id
        )
    ).one()
    if count >= MOST_QUESTIONS:
        raise RuleError(N_("At most %(most)s questions in a quiz."), most=MOST_QUESTIONS)
    question = Question(quiz_version_id=version_id, position=last + 1, **columns)
    db.session.add(question)
    db.session.flush()  # the audit event names question.id
    audit.record(actor, "question.added", f"question:{question.id}", quiz=quiz_id)
    return question.id


def edit_question(actor: Actor | None, quiz_id: int, question_id: int, version: int, wanted: Wanted) -> None:
    """Change a question of the draft; Conflict when someone changed or published it meanwhile."""
    draft = _open_draft(quiz_id)
    changed = db.session.scalar(
        update(Question)
        .where(Question.id == question_id, Question.version == version, Question.quiz_version_id == draft)
        .values(version=version + 1, **wanted.columns())
        .returning(Question.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        raise races.changed(f"question:{question_id}", "question.edited")
    audit.record(actor, "question.edited", f"question:{question_id}", quiz=quiz_id)


def move_question(actor: Actor | None, quiz_id: int, question_id: int, step: int) -> None:
    """Change places with the neighbour above (-1) or below (+1); at an end nothing happens."""
    draft = _open_draft(quiz_id)
    moved = swap(Question, Question.quiz_version_id == draft, question_id, step)
    if moved is None:
        raise RuleError(FROZEN)
    if moved:
        audit.record(actor, "question.moved", f"question:{question_id}", quiz=quiz_id)


def remove_question(actor: Actor | None, quiz_id: int, question_id: int) -> None:
    """Take a question out of the draft; published versions keep theirs."""
    draft = _open_draft(quiz_id)
    gone = db.session.scalar(
        delete(Question)
        .where(Question.id == question_id, Question.quiz_version_id == draft)
        .returning(Question.id)
        .execution_options(synchronize_session=False)
    )
    if gone is None:
        raise RuleError(FROZEN)
    audit.record(actor, "question.removed", f"question:{question_id}", quiz=quiz_id)


def publish(actor: Actor | None, quiz_id: int) -> bool:
    """Freeze the draft: new attempts get it, running ones keep theirs. False when there is no draft."""
    version_id = draft_id(quiz_id)
    if version_id is None:
        return False
    count, points = db.session.execute(
        select(func.count(), func.coalesce(func.sum(Question.points), 0)).where(
            Question.quiz_version_id == version_id
        )
    ).one()
    if not count:
        raise RuleError(N_("The quiz has no questions yet."))
    if not points:
        raise RuleError(N_("All questions are worth 0 points: nobody could pass."))
    published = db.session.scalar(
        update(QuizVersion)
        .where(QuizVersion.id == version_id, QuizVersion.published_at.is_(None))
        .values(published_at=clock.now(), published_by_id=actor.account_id if actor else None)
        .returning(QuizVersion.number)
        .execution_options(synchronize_session=False)
    )
    if published is None:
        raise races.lost_to(
            N_("%(name)s has published this version already, at %(when)s."),
            N_("Someone else has just published this version."),
            f"quiz:{quiz_id}",
            "quiz.published",
        )
    audit.record(actor, "quiz.published", f"quiz:{quiz_id}", number=published, questions=count)
    return True
