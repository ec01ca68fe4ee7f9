"""Guests of a class: people of no roster here, taken in by the academy. `merging` makes members of them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from pbtrain.audit import services as audit
from pbtrain.classes.models import ClassEnrolment, TrainingClass
from pbtrain.classes.rules import enrolment as rules
from pbtrain.classes.services.enrolment import Outcome, enrol_many
from pbtrain.classes.services.seats import FULL, Person, Room, locked, persons
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.models import Guest
from pbtrain.org.access import Actor
from pbtrain.org.names import pinyin

MOST_OFFERED = 8
OTHER = 0  # somebody else of that name
WHO = N_("A guest of this name is known already. Choose who it is.")


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


def known(academy_id: int, name: str) -> list[Row[Any]]:
    """Guests of this name whom the academy knows and who are nobody's member, the newest first: id, name,
    organisation, title of their last class (None: of none)."""
    last = (
        select(TrainingClass.title)
        .join(ClassEnrolment, ClassEnrolment.class_id == TrainingClass.id)
        .where(ClassEnrolment.guest_id == Guest.id)
        .order_by(TrainingClass.starts_on.desc(), TrainingClass.id.desc())
        .limit(1)
        .correlate(Guest)
        .scalar_subquery()
    )
    return list(
        db.session.execute(
            select(Guest.id, Guest.name, Guest.organisation, last.label("last"))
            .where(Guest.unit_id == academy_id, Guest.name == name.strip(), Guest.member_id.is_(None))
            .order_by(Guest.id.desc())
            .limit(MOST_OFFERED)
        )
    )


def enrol_guest(
    actor: Actor, class_id: int, *, name: str, organisation: str, phone: str, guest_id: int | None = None
) -> Outcome:
    """The academy takes a guest into a class: one it knows (`guest_id`), somebody OTHER of a known name, or,
    without an id, one whose name nobody known bears.

    RuleError where no seat is free for guests, who is known stands in the class already, or somebody of that
    name is known meanwhile.
    """
    room = locked(class_id)
    rules.check_takes(room.row.state, room.row.ends_on, clock.today())
    if guest_id is None and known(room.row.unit_id, name):
        raise RuleError(WHO, "known")
    if not guest_id:
        _check_new(room, name, organisation, phone)
        told = [{"name": name, "branch": organisation, "phone": phone}]
        (guest_id,) = add_many(actor, room.row.unit_id, told)
        guest = Person(None, "", 1, None, guest_id, None, None)
    else:
        guest = _again(room, guest_id, phone)
    done = enrol_many(actor, room, [guest], answer=False, overflow=False)
    if not done.count:
        raise RuleError(FULL)
    audit.record(actor, "class.guest", f"class:{class_id}", unit_id=room.row.unit_id, guest=guest_id)
    return done


def _check_new(room: Room, name: str, organisation: str, phone: str) -> None:
    """RuleError where a guest who is told the same in everything stands in the class: sent twice."""
    same = (Guest.name == name, Guest.organisation == organisation, Guest.phone == phone)
    twin = select(Guest.id).where(Guest.unit_id == room.row.unit_id, Guest.member_id.is_(None), *same)
    if persons(room, ClassEnrolment.guest_id.in_(twin), ClassEnrolment.state.not_in(rules.OVER)):
        raise RuleError(N_("This person is in the class already."), "known")


def _again(room: Room, guest_id: int, phone: str) -> Person:
    """A guest the academy knows, with the number to reach them for this class."""
    found = db.session.execute(
        update(Guest)
        .where(Guest.id == guest_id, Guest.unit_id == room.row.unit_id, Guest.member_id.is_(None))
        .values(phone=phone or Guest.phone)
        .returning(Guest.id)
        .execution_options(synchronize_session=False)
    ).first()
    if found is None:
        raise RuleError(N_("This guest is not known any more. Enter name and organisation anew."), "known")
    here = persons(room, ClassEnrolment.guest_id == guest_id)
    if here and here[0].state not in rules.ACTS["enrol"].before:
        raise RuleError(N_("This person is in the class already."), "known")
    return here[0] if here else Person(None, "", 1, None, guest_id, None, None)


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
