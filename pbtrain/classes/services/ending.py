"""What the end of a class does to its enrolments."""

from sqlalchemy import select

from pbtrain.audit import services as audit
from pbtrain.classes.models import ClassEnrolment, ClassSession
from pbtrain.classes.rules import enrolment as rules
from pbtrain.classes.services.enrolment import Outcome
from pbtrain.classes.services.seats import locked, move, persons
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.models import Attendance
from pbtrain.org.access import Actor


def finish(actor: Actor | None, class_id: int) -> Outcome:
    """Mark who was at one session or more as having completed the class, who never came as absent.

    Whoever closes the class calls this in that transaction. Unanswered offers and the waiting list end with
    the class and keep their state. RuleError before the last day. A constant number of statements.
    """
    room = locked(class_id)
    if clock.today() < room.row.ends_on:
        raise RuleError(N_("The class lasts until %(day)s."), day=room.row.ends_on.isoformat())
    came = set(
        db.session.execute(
            select(Attendance.member_id, Attendance.guest_id)
            .join(ClassSession, ClassSession.event_id == Attendance.event_id)
            .where(ClassSession.class_id == class_id, Attendance.present)
            .distinct()
        ).tuples()
    )
    people = persons(room, ClassEnrolment.state == "enrolled")
    count: dict[str, int] = {}
    for act in ("complete", "absent"):
        some = [one for one in people if rules.finished(came=(one.member_id, one.guest_id) in came) == act]
        after = rules.ACTS[act].after
        move(actor, room, act, after, some)
        count |= {after: len(some)} if some else {}
    audit.record(actor, "class.finish", f"class:{class_id}", unit_id=room.row.unit_id, people=count)
    return Outcome(count)
