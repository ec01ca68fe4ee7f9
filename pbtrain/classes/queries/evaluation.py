"""Reading evaluations: what a learner may still answer, and what many answered."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, func, or_, select

from pbtrain.classes.models import (
    ClassEnrolment,
    ClassSession,
    Evaluation,
    EvaluationDone,
    Teacher,
    TrainingClass,
)
from pbtrain.classes.rules import evaluation as rules
from pbtrain.classes.rules.enrolment import TAKES_PART
from pbtrain.core.db import db
from pbtrain.events.models import Event

COMMENTS = 200  # are shown


def waiting(member_id: int) -> list[Row[Any]]:
    """The classes this member is asked to evaluate, the latest first: id, title, number, year."""
    return list(
        db.session.execute(
            select(TrainingClass.id, TrainingClass.title, TrainingClass.number, TrainingClass.year)
            .join(ClassEnrolment, ClassEnrolment.class_id == TrainingClass.id)
            .outerjoin(EvaluationDone, EvaluationDone.enrolment_id == ClassEnrolment.id)
            .where(
                ClassEnrolment.member_id == member_id,
                ClassEnrolment.state.in_(TAKES_PART),
                TrainingClass.evaluated,
                EvaluationDone.id.is_(None),
            )
            .order_by(TrainingClass.starts_on.desc(), TrainingClass.id.desc())
            .limit(20)
        )
    )


def sessions(class_id: int) -> list[Row[Any]]:
    """What was taught by whom: id, title, day, teacher, in the order of time."""
    return list(
        db.session.execute(
            select(
                ClassSession.id,
                Event.title,
                Event.day,
                func.coalesce(Teacher.name, Event.speaker, "").label("teacher"),
            )
            .join(Event, Event.id == ClassSession.event_id)
            .outerjoin(Teacher, Teacher.id == ClassSession.teacher_id)
            .where(ClassSession.class_id == class_id, Event.state != "cancelled")
            .order_by(Event.starts_at, ClassSession.id)
        )
    )


@dataclass(frozen=True)
class Found:
    """What is shown of an evaluation: answers of so many asked; by question, session and teacher."""

    answers: int
    asked: int
    questions: dict[str, rules.Result]
    sessions: list[tuple[Row[Any], rules.Result]]
    teachers: list[tuple[str, rules.Result]]
    comments: list[str]


def found(class_id: int) -> Found:
    """The results of a class; comments only when there are enough answers. Three statements.

    Asked are the members who take part, and who had answered before they left: guests have no page for it.
    """
    rows = db.session.execute(
        select(Evaluation.scores, Evaluation.comment)
        .where(Evaluation.class_id == class_id)
        .order_by(Evaluation.id)
    ).all()
    takes_part = and_(ClassEnrolment.state.in_(TAKES_PART), ClassEnrolment.member_id.is_not(None))
    asked = db.session.scalar(
        select(func.count(ClassEnrolment.id))
        .outerjoin(EvaluationDone, EvaluationDone.enrolment_id == ClassEnrolment.id)
        .where(ClassEnrolment.class_id == class_id, or_(takes_part, EvaluationDone.id.is_not(None)))
    )
    taught = sessions(class_id)
    by_teacher: dict[str, list[str]] = {}
    for one in taught:
        if one.teacher:
            by_teacher.setdefault(one.teacher, []).append(f"session:{one.id}")
    answers = [row.scores for row in rows]
    units = rules.results(answers, {f"session:{one.id}": [f"session:{one.id}"] for one in taught})
    enough = len(rows) >= rules.FEWEST
    return Found(
        answers=len(rows),
        asked=asked or 0,
        questions=rules.results(answers, {key: [key] for key in rules.QUESTIONS}),
        sessions=[(one, units[f"session:{one.id}"]) for one in taught],
        teachers=list(rules.results(answers, by_teacher).items()),
        comments=[row.comment for row in rows if row.comment][:COMMENTS] if enough else [],
    )
