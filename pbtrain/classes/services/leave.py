"""Leave from sessions of a class. In the account of cadres more than 1/7 of the hours ends the training."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, or_, select

from pbtrain.audit import services as audit
from pbtrain.classes.models import (
    ClassEnrolment,
    ClassLeave,
    ClassSession,
    EnrolmentStep,
    TrainingClass,
)
from pbtrain.classes.queries import audience
from pbtrain.classes.rules import enrolment as rules
from pbtrain.classes.services.seats import fill, locked, move, persons, step
from pbtrain.core import clock
from pbtrain.core.db import db, insert_new
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.door.people import excuse
from pbtrain.events.models import Attendance, Event
from pbtrain.org.access import Actor
from pbtrain.org.models import Member

WARNED = N_(
    "With this leave %(away)s of %(total)s minutes are missed: more than 1/7, which ends the training. Tick"
    " that this is meant and send it again."
)


@dataclass(frozen=True)
class Left:
    """How much leave stands now, and whether it ended the training."""

    leave: rules.Leave
    withdrawn: bool = False


def take_leave(
    actor: Actor,
    class_id: int,
    enrolment_id: int,
    session_ids: Collection[int],
    *,
    reason: str,
    who: str,
    meant: bool = False,
) -> Left:
    """Somebody enrolled is away from these sessions, with a reason.

    A person may say so until a session begins, the academy until its door is closed. Where leave of more
    than 1/7 ends the training (干部教育培训工作条例, 2023), RuleError warns first, beside `meant`; sent again
    with it the person is withdrawn and the seat goes to the next.
    """
    reason = rules.check_reason("withdraw", reason)
    room = locked(class_id)
    found = persons(room, ClassEnrolment.id == enrolment_id)
    if not found or found[0].state != "enrolled":
        raise RuleError(N_("Leave is for who is enrolled."))
    one, sessions = found[0], _sessions(class_id)
    before = _away([enrolment_id])[enrolment_id]
    leave = rules.check_leave({row.id: row.minutes for row in sessions}, session_ids, before)
    asked = [row for row in sessions if row.id in set(session_ids)]
    if any(row.door_closed_at or (who == "person" and row.starts_at <= clock.now()) for row in asked):
        raise RuleError(N_("One of these sessions has begun. Tell the academy."), "sessions")
    over = leave.too_much and _ends_training(room.row, one.member_id)
    if over and not meant:
        raise RuleError(WARNED, "meant", away=leave.minutes, total=leave.total)
    _keep(actor, enrolment_id, asked, reason)
    audit.record(
        actor, "class.leave", f"class:{class_id}", unit_id=room.row.unit_id, enrolment=enrolment_id,
        sessions=sorted(session_ids), who=who,
    )  # fmt: skip
    if over:
        move(actor, room, "overleave", "withdrawn", [one], reason=reason)
        fill(actor, room)
        return Left(leave, withdrawn=True)
    excuse(
        [row.event_id for row in asked],
        [one.member_id] if one.member_id else [],
        [one.guest_id] if one.guest_id else [],
        reason=reason,
    )
    step(actor, "leave", [one], reason)
    return Left(leave)


def come_back(actor: Actor | None, class_id: int) -> int:
    """A session was taken out: who was withdrawn for too much leave and has no longer too much comes back, to
    a seat or to the waiting list; how many. Their leave from the other sessions stands."""
    room = locked(class_id)
    last = (
        select(EnrolmentStep.act)
        .where(EnrolmentStep.enrolment_id == ClassEnrolment.id)
        .order_by(EnrolmentStep.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    gone = persons(room, ClassEnrolment.state == "withdrawn", last == "overleave")
    if not gone:
        return 0
    minutes = {row.id: row.minutes for row in _sessions(class_id)}
    away = _away([one.id for one in gone])
    back = [one for one in gone if not rules.leave_of(minutes, away[one.id]).too_much]
    seated = [one for one in back if room.seats.take(one.quota_id)]
    move(actor, room, "restore", "enrolled", seated)
    move(actor, room, "restore", "waiting", [one for one in back if one not in seated])
    return len(back)


def _ends_training(row: TrainingClass, member_id: int | None) -> bool:
    """Does too much leave end it for this member, by the rank on the first day? Of a guest none is known."""
    ranked = select(Member.id).where(Member.id == (member_id or 0), audience.cadre(row.starts_on))
    return rules.ends_training(row.activity, row.audience, cadre=db.session.scalar(ranked) is not None)


def _keep(actor: Actor, enrolment_id: int, sessions: Sequence[Any], reason: str) -> None:
    """The leave itself; what was asked for before stays as it is."""
    about = {"enrolment_id": enrolment_id, "reason": reason, "by_id": actor.account_id, "at": clock.now()}
    rows = [about | {"session_id": row.id} for row in sessions]
    db.session.execute(insert_new(ClassLeave).values(rows))


def _away(enrolment_ids: Collection[int | None]) -> dict[int | None, set[int]]:
    """Of which sessions each of them has leave; of one to which they came after all nothing is missed."""
    came = exists().where(
        Attendance.event_id == ClassSession.event_id,
        or_(Attendance.member_id == ClassEnrolment.member_id, Attendance.guest_id == ClassEnrolment.guest_id),
        Attendance.present,
    )
    found: dict[int | None, set[int]] = {one: set() for one in enrolment_ids}
    for row in db.session.execute(
        select(ClassLeave.enrolment_id, ClassLeave.session_id)
        .join(ClassSession, ClassSession.id == ClassLeave.session_id)
        .join(ClassEnrolment, ClassEnrolment.id == ClassLeave.enrolment_id)
        .where(ClassLeave.enrolment_id.in_(enrolment_ids), ~came)
        .order_by(ClassLeave.id)
    ):
        found[row.enrolment_id].add(row.session_id)
    return found


def _sessions(class_id: int) -> list[Any]:
    """The sessions of a class that are held: id, event_id, starts_at, minutes, door_closed_at."""
    return list(
        db.session.execute(
            select(
                ClassSession.id, ClassSession.event_id, Event.starts_at, Event.minutes, Event.door_closed_at
            )
            .join(Event, Event.id == ClassSession.event_id)
            .where(ClassSession.class_id == class_id, Event.state != "cancelled")
            .order_by(Event.starts_at, ClassSession.id)
        )
    )
