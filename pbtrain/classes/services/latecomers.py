"""Who comes to a session without having been enrolled: the academy takes them into the class at the door.

Through the enrolment like everybody: capacity and quotas, audience and service area hold. From then on they
stand on the lists of all sessions that are not closed.
"""

from typing import Any

from sqlalchemy import select

from pbtrain.classes.models import ClassSession, TrainingClass
from pbtrain.classes.queries import audience
from pbtrain.classes.rules import enrolment as rules
from pbtrain.classes.services import enrolment, seats
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.door import adding, people
from pbtrain.org.access import Actor
from pbtrain.org.lists import matching
from pbtrain.org.models import Member, Unit

GONE = N_("This person is not on the roster any more. Search again.")


def _class_of(event_id: int) -> TrainingClass:
    """The class of a session; RuleError where the event is none of a class."""
    row = db.session.scalars(
        select(TrainingClass)
        .join(ClassSession, ClassSession.class_id == TrainingClass.id)
        .where(ClassSession.event_id == event_id)
    ).one_or_none()
    if row is None:
        raise RuleError(N_("This is not a session of a class: nobody can be enrolled here."))
    return row


def find(actor: Actor, event: Any, words: str) -> list[Any]:
    """Members the class may take, by name, number or branch, as `adding.Way` says; nobody without words."""
    if not words:
        return []
    row, today = _class_of(event.id), clock.today()
    wanted = (
        select(Member.id, Member.name, Member.code, Unit.name.label("home"))
        .join(Unit, Unit.id == Member.unit_id)
        .where(audience.served(row.unit_id), audience.on_roster(today), audience.fits(row.audience, today))
        .where(adding.may_be_added(event.id))
    )
    for word in words.split()[:5]:
        wanted = wanted.where(matching(word) | Unit.name.contains(word, autoescape=True))
    return list(db.session.execute(wanted.order_by(Member.pinyin, Member.id).limit(adding.MOST)))


def enrol_at_door(actor: Actor, event: Any, member_id: int) -> bool:
    """Enrol this member, who stands at the door; RuleError where no seat is free, or the class is not for
    them. Who is enrolled already is put on the list of this session; False when they stood there."""
    class_id = _class_of(event.id).id
    room = seats.locked(class_id)
    rules.check_takes(room.row.state, room.row.ends_on, clock.today())
    one = next(iter(enrolment.fitness(room.row, [member_id])), None)
    if one is None:
        raise RuleError(GONE)
    enrolment.check_fit(one)
    if one.state in rules.COMES:
        return people.expect(event.id, [member_id]) > 0
    if one.enrolment_id is not None:
        enrolment.act_on(actor, class_id, [(one.enrolment_id, one.version)], "enrol", who="academy")
        return True
    new = [enrolment.person_of(one)]
    if not enrolment.enrol_many(actor, room, new, answer=False, overflow=False).count:
        raise RuleError(seats.FULL)
    return True


WAY = adding.Way(find, enrol_at_door, asks=True)
