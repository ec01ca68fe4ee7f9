"""Which classes somebody can still attend: those they have a seat in, and those that still take them."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select, true

from pbtrain.classes.kinds import AUDIENCES
from pbtrain.classes.models import ClassEnrolment, ClassSession, TrainingClass
from pbtrain.classes.queries import audience
from pbtrain.classes.rules.enrolment import ASKED, OVER
from pbtrain.events.models import Event
from pbtrain.org.models import Member


def attendable(who: ColumnElement[bool], today: date) -> Select[tuple[int, int]]:
    """(class_id, member_id) for each member `who` is true of and each class to come in which they have a
    seat, or which takes them: it is open, has a seat left, serves their branch and is for such as them.

    Quotas are not looked at: whose quota is full goes on the waiting list.
    """
    own = and_(ClassEnrolment.class_id == TrainingClass.id, ClassEnrolment.member_id == Member.id)
    meant = or_(
        *(and_(TrainingClass.audience == key, audience.fits(key, today)) for key in sorted(AUDIENCES))
    )
    takes = and_(
        TrainingClass.state == "open",
        TrainingClass.starts_on > today,
        or_(TrainingClass.enrol_until.is_(None), TrainingClass.enrol_until >= today),
        TrainingClass.taken < TrainingClass.capacity,
        or_(ClassEnrolment.id.is_(None), ClassEnrolment.state.in_((*ASKED, *OVER))),
        audience.served(TrainingClass.unit_id),
        audience.on_roster(today),
        meant,
    )
    return (
        select(TrainingClass.id.label("class_id"), Member.id.label("member_id"))
        .select_from(TrainingClass)
        .join(Member, true())
        .outerjoin(ClassEnrolment, own)
        .where(who, TrainingClass.state.in_(("open", "running")), TrainingClass.ends_on >= today)
        .where(or_(ClassEnrolment.state.in_(("offered", "enrolled")), takes))
    )


def sessions_to_come(classes: Any, since: date, until: date) -> Select[Any]:
    """The sessions of these classes (ids, or a statement for them) on these days, both included, that have
    not been held: class_id, title and activity of the class, mode (a key of kinds.MODES), minutes, day."""
    return (
        select(
            TrainingClass.id.label("class_id"),
            TrainingClass.title,
            TrainingClass.activity,
            ClassSession.mode,
            Event.minutes,
            Event.day,
        )
        .join(ClassSession, ClassSession.class_id == TrainingClass.id)
        .join(Event, Event.id == ClassSession.event_id)
        .where(TrainingClass.id.in_(classes), Event.state == "planned", Event.day.between(since, until))
    )
