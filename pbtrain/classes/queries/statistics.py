"""Statistics of an academy: 期数, 人次 and 人, and the rows behind every number.

人次 counts places in classes that were taken up, 人 counts people; neither is ever added to the other, and 人
of months do not add up to 人 of the year.
"""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, String, and_, cast, extract, func, select

from pbtrain.classes.models import ClassEnrolment, TrainingClass
from pbtrain.classes.rules.enrolment import TAKES_PART
from pbtrain.core.db import db
from pbtrain.events.models import Guest
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Member, Unit
from pbtrain.org.roles import Perm

HELD = ("running", "closed")
MONTH = extract("month", TrainingClass.starts_on)
YEAR = extract("year", TrainingClass.starts_on)
GROUPS: dict[str, Any] = {"year": YEAR, "month": MONTH, "audience": TrainingClass.audience}


def _held(actor: Actor, year: int | None, month: int = 0, audience: str = "") -> list[ColumnElement[bool]]:
    """The classes of one's academies that were held or are under way, by the day they began."""
    found = [
        TrainingClass.unit_id.in_(units_where(actor, Perm.CLASS_MANAGE)),
        TrainingClass.state.in_(HELD),
    ]
    if year is not None:
        found += [TrainingClass.starts_on >= date(year, 1, 1), TrainingClass.starts_on < date(year + 1, 1, 1)]
    if month:
        found.append(month == MONTH)
    if audience:
        found.append(TrainingClass.audience == audience)
    return found


def _seat() -> ColumnElement[bool]:
    return and_(ClassEnrolment.class_id == TrainingClass.id, ClassEnrolment.state.in_(TAKES_PART))


def _person() -> ColumnElement[str]:
    """One value for one human being: a guest who was found on the roster is that member."""
    member_id = func.coalesce(ClassEnrolment.member_id, Guest.member_id)
    return func.coalesce("m" + cast(member_id, String), "g" + cast(ClassEnrolment.guest_id, String))


def figures(actor: Actor, by: str, year: int | None) -> list[Row[Any]]:
    """(key, classes, times, people) by year, month or audience; one statement. `by` "": one row of all."""
    key = GROUPS.get(by)
    found = (
        select(
            *([key.label("key")] if by else []),
            func.count(TrainingClass.id.distinct()).label("classes"),
            func.count(ClassEnrolment.id).label("times"),
            func.count(_person().distinct()).label("people"),
        )
        .select_from(TrainingClass)
        .outerjoin(ClassEnrolment, _seat())
        .outerjoin(Guest, Guest.id == ClassEnrolment.guest_id)
        .where(*_held(actor, year))
    )
    return list(db.session.execute(found.group_by(key).order_by(key) if by else found))


def classes(actor: Actor, year: int | None, month: int = 0, audience: str = "") -> Select[Any]:
    """The classes behind a number, with their 人次: id, number, year, title, starts_on, times."""
    times = select(func.count(ClassEnrolment.id)).where(_seat()).correlate(TrainingClass).scalar_subquery()
    return (
        select(
            TrainingClass.id, TrainingClass.number, TrainingClass.year, TrainingClass.title,
            TrainingClass.starts_on, TrainingClass.audience, times.label("times"),
        )
        .where(*_held(actor, year, month, audience))
        .order_by(TrainingClass.starts_on.desc(), TrainingClass.id.desc())
    )  # fmt: skip


def people(actor: Actor, year: int | None, month: int = 0, audience: str = "") -> Select[Any]:
    """The people behind a number, each once, with how many classes: name, unit_name, times."""
    member_id = func.coalesce(ClassEnrolment.member_id, Guest.member_id)
    seats = (
        select(
            func.min(member_id).label("member_id"),
            func.min(ClassEnrolment.guest_id).label("guest_id"),
            func.min(ClassEnrolment.id).label("id"),
            func.count(ClassEnrolment.id).label("times"),
        )
        .select_from(TrainingClass)
        .join(ClassEnrolment, _seat())
        .outerjoin(Guest, Guest.id == ClassEnrolment.guest_id)
        .where(*_held(actor, year, month, audience))
        .group_by(_person())
        .subquery()
    )
    return (
        select(
            seats.c.id,
            func.coalesce(Member.name, Guest.name).label("name"),
            func.coalesce(Unit.name, Guest.organisation, "").label("unit_name"),
            seats.c.times,
        )
        .outerjoin(Member, Member.id == seats.c.member_id)
        .outerjoin(Guest, and_(Guest.id == seats.c.guest_id, Member.id.is_(None)))
        .outerjoin(Unit, Unit.id == Member.unit_id)
        .order_by(seats.c.times.desc(), seats.c.id)
    )
