"""The evaluation of a class, anonymous: that somebody answered is kept in one table, the answer in another.

Neither has a time, and answers have random numbers, so that their order does not tell who gave which. For the
same reason the audit trail is told that evaluation was opened, never that somebody answered.
"""

import secrets
from collections.abc import Mapping

from sqlalchemy import insert, select, update

from pbtrain.audit import services as audit
from pbtrain.classes.models import (
    ClassEnrolment,
    ClassSession,
    Evaluation,
    EvaluationDone,
    TrainingClass,
)
from pbtrain.classes.rules import evaluation as rules
from pbtrain.core.db import db, insert_new
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.forms import clean
from pbtrain.core.marks import N_
from pbtrain.org.access import Actor

LARGEST = 2**52  # numbers of answers: exact in every program that reads them
LONGEST = 500


def set_open(actor: Actor, class_id: int, on: bool) -> None:
    """Learners may answer from now on, or no more. Nothing happens where it is so already."""
    done = db.session.execute(
        update(TrainingClass)
        .where(TrainingClass.id == class_id, TrainingClass.evaluated.is_(not on))
        .values(evaluated=on)
        .returning(TrainingClass.unit_id)
        .execution_options(synchronize_session=False)
    ).first()
    if done is not None:
        action = "evaluation.opened" if on else "evaluation.ended"
        audit.record(actor, action, f"class:{class_id}", unit_id=done.unit_id)


def answer(member_id: int, class_id: int, given: Mapping[str, str], comment: str) -> None:
    """Keep what this learner thinks, once. Conflict for a second answer, RuleError when none is asked."""
    enrolment = db.session.execute(
        select(ClassEnrolment.id, TrainingClass.evaluated)
        .join(TrainingClass, TrainingClass.id == ClassEnrolment.class_id)
        .where(
            ClassEnrolment.class_id == class_id,
            ClassEnrolment.member_id == member_id,
            ClassEnrolment.state.in_(("enrolled", "completed")),
        )
    ).first()
    if enrolment is None or not enrolment.evaluated:
        raise RuleError(N_("No evaluation is asked for now."))
    sessions = db.session.scalars(
        select(ClassSession.id).where(ClassSession.class_id == class_id).order_by(ClassSession.id)
    ).all()
    scores = rules.checked(given, sessions)
    text = clean(comment)
    if len(text) > LONGEST:
        raise RuleError(N_("At most %(most)s characters."), field="comment", most=LONGEST)
    new = insert_new(EvaluationDone).values(enrolment_id=enrolment.id).returning(EvaluationDone.id)
    if db.session.execute(new).first() is None:
        raise Conflict(N_("You have evaluated this class already."))
    number = secrets.randbelow(LARGEST) + 1
    db.session.execute(insert(Evaluation).values(id=number, class_id=class_id, scores=scores, comment=text))
