"""Reading lists of who enters a site."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select

from pbtrain.classes.models import ClassEnrolment, ClassSession, EntryList, EntryPerson, Venue
from pbtrain.classes.rules import entry as rules
from pbtrain.classes.rules.enrolment import TAKES_PART
from pbtrain.core.db import db
from pbtrain.events.models import Event, Guest
from pbtrain.org.models import Member


@dataclass(frozen=True)
class Visit:
    """A session at a site that wants a list."""

    id: int
    class_id: int
    title: str
    venue: str
    day: date
    due: date


def visits(class_id: int, session_id: int = 0) -> list[Visit]:
    """The sessions of a class at sites that want a list, in the order of time; one statement."""
    found = (
        select(ClassSession.id, ClassSession.class_id, Event.title, Venue.name, Event.day, Venue.list_days)
        .join(Event, Event.id == ClassSession.event_id)
        .join(Venue, Venue.id == ClassSession.venue_id)
        .where(ClassSession.class_id == class_id, Venue.list_days > 0, Event.state != "cancelled")
        .order_by(Event.starts_at, ClassSession.id)
    )
    if session_id:
        found = found.where(ClassSession.id == session_id)
    return [
        Visit(row.id, row.class_id, row.title, row.name, row.day, rules.due_on(row.day, row.list_days))
        for row in db.session.execute(found)
    ]


def list_of(session_id: int) -> EntryList | None:
    """What is kept of the list of a session."""
    return db.session.scalars(select(EntryList).where(EntryList.session_id == session_id)).first()


def people(class_id: int, list_id: int | None) -> Sequence[Row[Any]]:
    """Everybody who enters, by name: id of the enrolment, name, sex, member_id, has a number in the roster,
    and the sealed number of the list."""
    there: ColumnElement[bool] = and_(
        EntryPerson.enrolment_id == ClassEnrolment.id, EntryPerson.list_id == (list_id or 0)
    )
    return db.session.execute(
        select(
            ClassEnrolment.id,
            ClassEnrolment.member_id,
            func.coalesce(Member.name, Guest.name).label("name"),
            func.coalesce(Member.sex, "").label("sex"),
            Member.id_number.is_not(None).label("on_record"),
            EntryPerson.sealed,
        )
        .outerjoin(Member, Member.id == ClassEnrolment.member_id)
        .outerjoin(Guest, Guest.id == ClassEnrolment.guest_id)
        .outerjoin(EntryPerson, there)
        .where(ClassEnrolment.class_id == class_id, ClassEnrolment.state.in_(TAKES_PART))
        .order_by(func.coalesce(Member.pinyin, Guest.pinyin), ClassEnrolment.id)
    ).all()
