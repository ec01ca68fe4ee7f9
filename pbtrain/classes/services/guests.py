"""Guests of a class: people of no roster here, taken in by the academy, later merged with a member."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, delete, exists, func, insert, select, update
from sqlalchemy.orm import aliased

from pbtrain.audit import services as audit
from pbtrain.classes.models import ClassEnrolment, TrainingClass
from pbtrain.classes.queries import audience
from pbtrain.classes.rules import enrolment as rules
from pbtrain.classes.services.enrolment import Outcome, enrol_many
from pbtrain.classes.services.seats import FULL, Person, locked
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.door.running import credit_guest
from pbtrain.events.models import Attendance, Guest
from pbtrain.org.access import Actor
from pbtrain.org.list_cells import name_key
from pbtrain.org.models import Member
from pbtrain.org.names import pinyin

BOTH = N_("The member stands in class “%(title)s”, too. Withdraw one of the two there first.")


def add_many(actor: Actor, academy_id: int, people: Sequence[dict[str, Any]]) -> list[int]:
    """New guests of an academy, {name, branch, phone} each; their ids in that order."""
    if not people:
        return []
    now = clock.now()
    rows = [
        {
            "unit_id": academy_id,
            "name": one["name"],
            "pinyin": pinyin(one["name"]),
            "organisation": one.get("branch", ""),
            "phone": one.get("phone", ""),
            "made_by_id": actor.account_id,
            "made_at": now,
        }
        for one in people
    ]
    made = db.session.scalars(insert(Guest).returning(Guest.id, sort_by_parameter_order=True), rows)
    return list(made)


def enrol_guest(actor: Actor, class_id: int, *, name: str, organisation: str, phone: str) -> Outcome:
    """The academy takes a guest into a class; RuleError where no seat is free for guests."""
    room = locked(class_id)
    rules.check_takes(room.row.state, room.row.ends_on, clock.today())
    (guest_id,) = add_many(actor, room.row.unit_id, [{"name": name, "branch": organisation, "phone": phone}])
    guest = Person(None, "", 1, None, guest_id, None, None)
    done = enrol_many(actor, room, [guest], answer=False, overflow=False)
    if not done.count:
        raise RuleError(FULL)
    audit.record(actor, "class.guest", f"class:{class_id}", unit_id=room.row.unit_id, guest=guest_id)
    return done


def merge(actor: Actor, guest_id: int, member_id: int) -> int:
    """A guest turns out to be this member: enrolments, attendance and hours go over; how many enrolments.

    RuleError where the member stands in one of these classes, too. Hours of sessions whose door is closed
    are posted where the member's book of that year is open. The records of the door are append-only: they
    keep naming the guest, whose row names the member.
    """
    _check_apart(guest_id, member_id)
    moved = db.session.execute(
        update(Guest)
        .where(Guest.id == guest_id, Guest.member_id.is_(None))
        .values(member_id=member_id, phone="")
        .returning(Guest.unit_id)
        .execution_options(synchronize_session=False)
    ).first()
    if moved is None:
        raise RuleError(N_("This guest has been merged already."))
    posted = credit_guest(actor, guest_id)  # by the rows of the guest, before they are the member's
    home = select(Member.unit_id).where(Member.id == member_id).scalar_subquery()
    enrolments = db.session.execute(
        update(ClassEnrolment)
        .where(ClassEnrolment.guest_id == guest_id)
        .values(guest_id=None, member_id=member_id, unit_id=home, version=ClassEnrolment.version + 1)
        .returning(ClassEnrolment.id)
        .execution_options(synchronize_session=False)
    ).all()
    _move_attendance(guest_id, member_id)
    audit.record(
        actor, "guest.merged", f"guest:{guest_id}", unit_id=moved.unit_id, member=member_id,
        enrolments=len(enrolments), lines=len(posted.entry_ids),
    )  # fmt: skip
    return len(enrolments)


def _check_apart(guest_id: int, member_id: int) -> None:
    """RuleError naming the class in which both stand."""
    member = aliased(ClassEnrolment)
    clash = db.session.scalar(
        select(TrainingClass.title)
        .join(ClassEnrolment, ClassEnrolment.class_id == TrainingClass.id)
        .join(member, and_(member.class_id == TrainingClass.id, member.member_id == member_id))
        .where(ClassEnrolment.guest_id == guest_id)
        .order_by(TrainingClass.id)
        .limit(1)
    )
    if clash is not None:
        raise RuleError(BOTH, title=clash)


def _move_attendance(guest_id: int, member_id: int) -> None:
    """The rows of the guest become the member's; where the member has one already, the guest's goes."""
    twice, quiet = aliased(Attendance), {"synchronize_session": False}
    known = exists().where(twice.event_id == Attendance.event_id, twice.member_id == member_id)
    db.session.execute(
        delete(Attendance).where(Attendance.guest_id == guest_id, known).execution_options(**quiet)
    )
    db.session.execute(
        update(Attendance)
        .where(Attendance.guest_id == guest_id)
        .values(guest_id=None, member_id=member_id)
        .execution_options(**quiet)
    )


def forget_phones(before: datetime, limit: int) -> int:
    """Empty the phones of guests whose last class ended before that moment, or who never came into one."""
    day = clock.local(before).date()
    ends = (
        select(func.max(TrainingClass.ends_on))
        .join(ClassEnrolment, ClassEnrolment.class_id == TrainingClass.id)
        .where(ClassEnrolment.guest_id == Guest.id)
        .correlate(Guest)
        .scalar_subquery()
    )
    some = (
        select(Guest.id)
        .where(Guest.phone != "", Guest.made_at < before, func.coalesce(ends, date.min) < day)
        .order_by(Guest.id)
        .limit(limit)
    )
    gone = db.session.execute(
        update(Guest).where(Guest.id.in_(some)).values(phone="").execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def member_named(academy_id: int, code: str, name: str) -> int:
    """The member of this number in the academy's area who bears the guest's name; RuleError otherwise."""
    found = db.session.execute(
        select(Member.id, Member.name).where(
            Member.code == code.strip().upper(),
            audience.served(academy_id),
            audience.on_roster(clock.today()),
        )
    ).first()
    if found is None:
        raise RuleError(N_("No member of this number stands in the area of this academy."), "code")
    if name_key(found.name) != name_key(name):
        raise RuleError(N_("This number belongs to somebody of another name."), "code")
    return int(found.id)
