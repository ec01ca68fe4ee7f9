"""What follows the finished class of the small demo: look, evaluation, certificates, one of them revoked."""

from datetime import date

from sqlalchemy import select

from pbtrain.classes.models import Certificate, ClassEnrolment, TrainingClass
from pbtrain.classes.queries import certificates as queries
from pbtrain.classes.queries import entry as visits
from pbtrain.classes.services import certificates, evaluation
from pbtrain.classes.services import entry as lists
from pbtrain.core.db import db
from pbtrain.demo.details import id_number
from pbtrain.demo.roster import World
from pbtrain.org.roles import Role

WORDS = ("示例：现场教学很有收获。", "", "示例：希望多安排研讨。", "", "示例：食宿安排得好。")


def give_certificates(world: World) -> None:
    """After `classes.hold_classes`, in the same transaction."""
    actor, academy = world.actor(world.staff[Role.ACADEMY_ADMIN]), world.units["academy"]
    certificates.save_style(
        actor, academy, version=0,
        values={"title": "结业证书", "body": "", "signer": "院长 示例白塔娜", "series": "国门{年份}-",
                "valid_years": 0},
    )  # fmt: skip
    closed, opened = (_class(academy, state) for state in ("closed", "open"))
    if closed is not None:
        _evaluate(world, closed.id)
        if certificates.issue(actor, closed.id):
            first = queries.standing(closed.id)[0]
            certificates.reissue(actor, first.id, closed.id, reason="示例：姓名用字有误，重新发证")
            last = db.session.scalars(
                select(Certificate.id)
                .where(Certificate.class_id == closed.id, Certificate.revoked_at.is_(None))
                .order_by(Certificate.id)
                .limit(1)
            ).one()
            certificates.revoke(actor, last, reason="示例：考勤更正后不符合结业条件")
    if opened is not None:
        for visit in visits.visits(opened.id)[:1]:
            people = visits.people(opened.id, None)
            numbers = {
                one.id: id_number(date(1970 + n, 3, 7), "MF"[n % 2], 100 + n)
                for n, one in enumerate(people[1:])  # of one person it is still missing
            }
            lists.fill(actor, academy, visit, numbers)


def _class(academy: int, state: str) -> TrainingClass | None:
    found = select(TrainingClass).where(TrainingClass.unit_id == academy, TrainingClass.state == state)
    return db.session.scalars(found.order_by(TrainingClass.id).limit(1)).first()


def _evaluate(world: World, class_id: int) -> None:
    """Most learners say what they think; evaluation stays open for the others."""
    evaluation.set_open(world.actor(world.staff[Role.ACADEMY_ADMIN]), class_id, True)
    learners = db.session.scalars(
        select(ClassEnrolment.member_id)
        .where(ClassEnrolment.class_id == class_id, ClassEnrolment.member_id.is_not(None))
        .where(ClassEnrolment.state.in_(("enrolled", "completed")))
        .order_by(ClassEnrolment.id)
    ).all()
    for number, member_id in enumerate(learners[:5]):
        scores = {"content": str(5 - number % 2), "teaching": "5", "order": str(4 + number % 2)}
        evaluation.answer(member_id or 0, class_id, scores, WORDS[number])
