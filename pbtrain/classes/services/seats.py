"""The seats of one class: its row is locked first, then they are given in the order of the waiting list.

Every change of an enrolment begins with `locked`, so that two at once stand one behind the other. The counts
`taken` are kept by triggers, whose CHECKs refuse one too many whatever is written here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import case, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from pbtrain.audit import services as audit
from pbtrain.classes.models import (
    ClassEnrolment,
    ClassLeave,
    ClassQuota,
    ClassSession,
    EnrolmentStep,
    TrainingClass,
)
from pbtrain.classes.rules import enrolment as rules
from pbtrain.classes.rules.enrolment import Seats
from pbtrain.core import bulk, clock
from pbtrain.core.db import UNKEYED, db, insert_new
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.formatting import long_day
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
from pbtrain.events.door.people import unexpect
from pbtrain.events.models import Attendance, Event
from pbtrain.notify.services import Note, enqueue_many
from pbtrain.org.access import Actor
from pbtrain.org.models import Member, UnitClosure

TITLE = N_("No. %(number)s, %(title)s")
WHERE = N_("From %(first)s to %(last)s. Open the page of the class for what to do next.")
BY = N_("Please answer by %(day)s, or the seat goes to the next.")
FULL = N_("No seat is free.")


@dataclass
class Room:
    """A class whose row is locked until the transaction ends, with its free seats."""

    row: TrainingClass
    seats: Seats
    quotas: dict[int | None, int]  # unit -> quota


@dataclass(frozen=True)
class Person:
    """Whom an enrolment is about: as it stands, or about to be made (no id)."""

    id: int | None
    state: str
    version: int
    member_id: int | None
    guest_id: int | None
    unit_id: int | None
    quota_id: int | None
    answer_until: date | None = None
    name: str | None = None
    account_id: int | None = None


def locked(class_id: int) -> Room:
    """Lock the class; nobody else changes its seats until this transaction ends."""
    row = db.session.scalars(
        select(TrainingClass)
        .where(TrainingClass.id == class_id)
        .with_for_update(**UNKEYED)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise RuleError(N_("This class is not there any more."))
    quotas = db.session.execute(
        select(ClassQuota.id, ClassQuota.unit_id, ClassQuota.seats, ClassQuota.taken)
        .where(ClassQuota.class_id == class_id)
        .order_by(ClassQuota.id)
    ).all()
    return Room(
        row,
        Seats(row.capacity, row.taken, {one.id: (one.seats, one.taken) for one in quotas}),
        {one.unit_id: one.id for one in quotas},
    )


def quotas_for(room: Room, unit_ids: Iterable[int | None]) -> dict[int | None, int | None]:
    """The quota of each branch: that of the nearest unit above it. Of guests (None): theirs."""
    wanted = sorted({unit_id for unit_id in unit_ids if unit_id is not None})
    found: dict[int | None, int | None] = {None: room.quotas.get(None)}
    if wanted and room.quotas:
        rows = db.session.execute(
            select(UnitClosure.below_id, UnitClosure.above_id)
            .where(
                UnitClosure.below_id.in_(bulk.among(wanted)),
                UnitClosure.above_id.in_([unit_id for unit_id in room.quotas if unit_id is not None]),
            )
            .order_by(UnitClosure.below_id, UnitClosure.depth, UnitClosure.above_id)
        )
        for below, above in rows:
            found.setdefault(below, room.quotas[above])
    return {unit_id: found.get(unit_id) for unit_id in (*wanted, None)}


def persons(room: Room, *where: Any, order: Sequence[Any] = ()) -> list[Person]:
    """Enrolments of the locked class as they stand now, with who is behind them, in this order."""
    rows = db.session.execute(
        select(
            ClassEnrolment.id, ClassEnrolment.state, ClassEnrolment.version, ClassEnrolment.member_id,
            ClassEnrolment.guest_id, ClassEnrolment.unit_id, ClassEnrolment.quota_id,
            ClassEnrolment.answer_until, Member.name, Member.account_id,
        )
        .outerjoin(Member, Member.id == ClassEnrolment.member_id)
        .where(ClassEnrolment.class_id == room.row.id, *where)
        .order_by(*order, ClassEnrolment.id)
    )  # fmt: skip
    return [Person(**row._mapping) for row in rows]


def move(
    actor: Actor | None,
    room: Room,
    act: str,
    after: str,
    people: Sequence[Person],
    *,
    reason: str = "",
    note: str = "",
) -> None:
    """Bring these enrolments into a state: rows, steps, names at the doors, messages; nothing for nobody.

    The class is locked, so what was read of them still holds. A constant number of statements. Conflict in
    words where the database refuses: no seat is free, or the person is in the class already.
    """
    if not people:
        return
    made = [one for one in people if one.id is None]
    ids = [one.id for one in people if one.id is not None]
    values = _values(room, after, reason)
    try:
        if ids:
            db.session.execute(
                update(ClassEnrolment)
                .where(ClassEnrolment.id.in_(bulk.among(ids)))
                .values(**values, version=ClassEnrolment.version + 1)
                .execution_options(synchronize_session=False)
            )
        if made:
            db.session.execute(insert(ClassEnrolment), [_new(actor, room, one, values) for one in made])
    except IntegrityError as error:
        raise Conflict(_said(error)) from error
    people = [one for one in people if one.id is not None] + (_made(room, made) if made else [])
    step(actor, act, people, reason or note)
    _at_the_doors(room, after, people)
    words = rules.ACTS[act].done or rules.TOLD_OF_STATE.get(after, "")
    if words:
        tell(room, words, people, occasion=act, until=values["answer_until"], reason=reason)


def _said(error: IntegrityError) -> str:
    """What a key or CHECK of these tables that was broken means, in words."""
    return FULL if "seats" in str(error.orig) else N_("This person is in the class already.")


def _new(actor: Actor | None, room: Room, one: Person, values: dict[str, Any]) -> dict[str, Any]:
    return {
        "class_id": room.row.id,
        "member_id": one.member_id,
        "guest_id": one.guest_id,
        "unit_id": one.unit_id,
        "quota_id": one.quota_id,
        "made_by_id": actor.account_id if actor else None,
        "made_at": clock.now(),
        **values,
    }


def step(actor: Actor | None, act: str, people: Sequence[Person], reason: str = "") -> None:
    """Write into the history of each of them what was done."""
    by, now = actor.account_id if actor else None, clock.now()
    db.session.execute(
        insert(EnrolmentStep),
        [{"enrolment_id": one.id, "act": act, "by_id": by, "at": now, "reason": reason} for one in people],
    )


def _values(room: Room, after: str, reason: str) -> dict[str, Any]:
    row = room.row
    return {
        "state": after,
        "seat": after in rules.SEATED,
        "waits_since": clock.now() if after == "waiting" else None,
        "answer_until": (
            rules.answer_until(clock.today(), row.answer_days, row.starts_on) if after == "offered" else None
        ),
        "reason": reason,
    }


def _made(room: Room, made: Sequence[Person]) -> list[Person]:
    """The rows that were just inserted, with their ids."""
    members = [one.member_id for one in made if one.member_id is not None]
    guests = [one.guest_id for one in made if one.guest_id is not None]
    known = {(one.member_id, one.guest_id): one for one in made}
    rows = db.session.execute(
        select(ClassEnrolment.id, ClassEnrolment.member_id, ClassEnrolment.guest_id).where(
            ClassEnrolment.class_id == room.row.id,
            ClassEnrolment.member_id.in_(bulk.among(members))
            | ClassEnrolment.guest_id.in_(bulk.among(guests)),
        )
    )
    return [replace(known[row.member_id, row.guest_id], id=row.id, version=1) for row in rows]


def _at_the_doors(room: Room, after: str, people: Sequence[Person]) -> None:
    if after == "enrolled":
        expect(room.row.id)
    elif after not in rules.COMES and any(one.state in rules.COMES for one in people):
        _expect_no_more(room.row.id, people)


def expect(class_id: int) -> None:
    """Put everybody enrolled on the list of each session that is still to be held or open, with their leave;
    one statement.

    Whoever adds a session to a timetable calls this, too: the door goes by these rows of attendance.
    """
    expected = (
        select(
            Event.id,
            ClassEnrolment.member_id,
            ClassEnrolment.guest_id,
            literal(False),
            case((ClassLeave.id.is_(None), ""), else_="leave"),
            func.coalesce(ClassLeave.reason, ""),
        )
        .join(ClassSession, ClassSession.event_id == Event.id)
        .join(ClassEnrolment, ClassEnrolment.class_id == ClassSession.class_id)
        .outerjoin(
            ClassLeave,
            (ClassLeave.session_id == ClassSession.id) & (ClassLeave.enrolment_id == ClassEnrolment.id),
        )
        .where(
            ClassSession.class_id == class_id,
            ClassEnrolment.state == "enrolled",
            Event.state != "cancelled",
            Event.door_closed_at.is_(None),
        )
    )
    columns = ["event_id", "member_id", "guest_id", "present", "status", "reason"]
    db.session.execute(insert_new(Attendance).from_select(columns, expected))


def _expect_no_more(class_id: int, people: Sequence[Person]) -> None:
    """Take these off the lists of sessions whose door is not closed, unless it knows of them already."""
    events = db.session.scalars(
        select(ClassSession.event_id).where(ClassSession.class_id == class_id).order_by(ClassSession.event_id)
    ).all()
    unexpect(
        events,
        [one.member_id for one in people if one.member_id is not None],
        [one.guest_id for one in people if one.guest_id is not None],
    )


def tell(
    room: Room,
    words: str,
    people: Sequence[Person],
    *,
    occasion: str,
    until: date | None = None,
    reason: str = "",
) -> None:
    """A message to each who has a login: what happened, why, by when to answer, when the class is."""
    row = room.row
    title = in_chinese(TITLE, number=row.number, title=row.title)
    body = [reason] if reason else []
    if until is not None:
        body.append(in_chinese(BY, day=long_day(until)))
    body.append(in_chinese(WHERE, first=long_day(row.starts_on), last=long_day(row.ends_on)))
    enqueue_many(
        Note(
            account_id=one.account_id,
            about=f"class:{row.id}:{occasion}:{one.id}:{one.version}",
            subject=in_chinese(words, title=title),
            body="\n".join(body),
            link=f"/classes/open/{row.id}",
        )
        for one in people
        if one.account_id is not None
    )


def fill(actor: Actor | None, room: Room) -> list[int]:
    """Offer the free seats to whoever waits longest, until the class begins; ids of who moved up."""
    if room.row.state != "open" or clock.today() >= room.row.starts_on:
        return []
    room = locked(room.row.id)  # what was freed in this transaction counts
    waiting = persons(room, ClassEnrolment.state == "waiting", order=(ClassEnrolment.waits_since,))
    lucky = set(rules.promoted(room.seats, [(one.id or 0, one.quota_id) for one in waiting]))
    people = [one for one in waiting if one.id in lucky]
    move(actor, room, "offer", "offered", people)
    if people:
        audit.record(
            actor, "class.promoted", f"class:{room.row.id}", unit_id=room.row.unit_id,
            enrolments=sorted(lucky),
        )  # fmt: skip
    return sorted(lucky)
