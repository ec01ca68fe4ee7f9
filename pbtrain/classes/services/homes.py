"""Members who changed their branch while they stand in a class: branch and quota follow; who left the roster
frees the seat. Nothing here commits but the timed job."""

from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, or_, select
from sqlalchemy.orm import aliased

from pbtrain.audit import services as audit
from pbtrain.classes.models import ClassEnrolment, EnrolmentStep, TrainingClass
from pbtrain.classes.rules import enrolment as rules
from pbtrain.classes.services.seats import Room, fill, locked, move, persons, quotas_for
from pbtrain.core import bulk, clock
from pbtrain.core.db import db, transaction
from pbtrain.org.models import Member, Unit

OPEN = (*rules.ASKED, "waiting", "offered", "enrolled")
MOVED = and_(
    ClassEnrolment.state.in_(OPEN),
    Member.unit_id.is_not(None),
    func.coalesce(ClassEnrolment.unit_id, 0) != Member.unit_id,
)


def _gone() -> ColumnElement[Any]:
    """An open enrolment of a `Member` who died, left or is no member any more."""
    return and_(ClassEnrolment.state.in_(OPEN), Member.left_on <= clock.today())


def follow_moves() -> int:
    """Bring the enrolments of members who moved to their branch of today, and withdraw those of members who
    are gone; how many.

    A timed job: a transaction for each class that is not over. Who holds a seat is counted against the quota
    of the new branch where that has one free, else goes on with the old one, as the page of the learner says.
    """
    followed = 0
    classes = db.session.scalars(
        select(ClassEnrolment.class_id)
        .join(Member, Member.id == ClassEnrolment.member_id)
        .join(TrainingClass, TrainingClass.id == ClassEnrolment.class_id)
        .where(or_(MOVED, _gone()), TrainingClass.ends_on >= clock.today())
        .group_by(ClassEnrolment.class_id)
    ).all()
    db.session.rollback()
    for class_id in sorted(classes):
        with transaction():
            room = locked(class_id)
            followed += _withdraw(room) + _follow(room)
    return followed


def _withdraw(room: Room) -> int:
    """Those of one class, which is locked, who are gone: nobody waits for them; free seats go to the next."""
    people = persons(room, _gone())
    move(None, room, "gone", "withdrawn", people)
    if people:
        audit.record(
            None, "class.gone", f"class:{room.row.id}", unit_id=room.row.unit_id,
            enrolments=[one.id for one in people],
        )  # fmt: skip
        fill(None, room)
    return len(people)


def _follow(room: Room) -> int:
    """Those of one class, which is locked; free seats go to the next."""
    old, new = aliased(Unit), aliased(Unit)
    people = db.session.execute(
        select(
            ClassEnrolment.id, ClassEnrolment.seat, ClassEnrolment.quota_id, Member.unit_id,
            old.name.label("old"), new.name.label("new"),
        )
        .join(Member, Member.id == ClassEnrolment.member_id)
        .join(new, new.id == Member.unit_id)
        .outerjoin(old, old.id == ClassEnrolment.unit_id)
        .where(ClassEnrolment.class_id == room.row.id, MOVED)
        .order_by(ClassEnrolment.id)
    ).all()  # fmt: skip
    nearest, rows, steps = quotas_for(room, (one.unit_id for one in people)), [], []
    for one in people:
        quota_id = nearest[one.unit_id]
        if one.seat and quota_id != one.quota_id and not room.seats.change(one.quota_id, quota_id):
            quota_id = one.quota_id
        rows.append((one.id, one.unit_id, quota_id))
        told = f"{one.old} → {one.new}" if one.old else one.new
        steps.append({"enrolment_id": one.id, "act": "follow", "at": clock.now(), "reason": told[:300]})
    if rows:
        table = ClassEnrolment.__table__
        columns = ["unit_id", "quota_id"]
        bulk.update(table, columns, bulk.native(table, ["id", *columns], rows))
        db.session.execute(insert(EnrolmentStep), steps)
        audit.record(
            None, "class.followed", f"class:{room.row.id}", unit_id=room.row.unit_id,
            enrolments=[one.id for one in people],
        )  # fmt: skip
        fill(None, room)
    return len(rows)
