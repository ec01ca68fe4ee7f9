"""Enrolment: nominate, apply, admit, offer, answer, withdraw. Nothing here commits.

Who may do what from which state stands in `rules.enrolment.ACTS`; `who` says as what the actor acts: the
person, the branch, the academy, the system. The caller has made sure that the class and the people are in
the actor's reach.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import and_, select

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.classes.models import ClassEnrolment, TrainingClass
from pbtrain.classes.queries import audience
from pbtrain.classes.rules import enrolment as rules
from pbtrain.classes.services.seats import (
    FULL,
    Person,
    Room,
    fill,
    locked,
    move,
    persons,
    quotas_for,
    step,
    tell,
)
from pbtrain.core import bulk, clock
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.org.access import Actor
from pbtrain.org.models import Member

FASTER = N_("%(name)s has decided on this enrolment already, at %(when)s.")
MOVED = N_("Somebody has changed this enrolment meanwhile. Look again.")
NOT_SERVED = N_("%(name)s stands in no branch that this academy serves.")
ALREADY = N_("%(name)s is in this class already.")
TOO_MANY = N_("At most %(count)s people at a time.")


@dataclass(frozen=True)
class Outcome:
    """What an act did: ids of enrolments by the state they came into, and who moved up for it."""

    after: dict[str, int]
    promoted: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """How many were moved, without those who moved up."""
        return sum(self.after.values())


def put_forward(actor: Actor, class_id: int, member_ids: Collection[int], act: str, *, who: str) -> Outcome:
    """Nominate these members, or apply; RuleError naming who cannot be, with nothing written.

    A constant number of statements. Two at once: one writes, the other hears that it is done.
    """
    room = locked(class_id)
    rules.check_open(room.row.state, room.row.enrol_until, room.row.starts_on, clock.today())
    people = _candidates(room, member_ids, act, who)
    after = rules.ACTS[act].after
    move(actor, room, act, after, people)
    audit.record(
        actor, f"class.{act}", f"class:{class_id}", unit_id=room.row.unit_id,
        members=[one.member_id for one in people],
    )  # fmt: skip
    return Outcome({after: len(people)})


def _candidates(room: Room, member_ids: Collection[int], act: str, who: str) -> list[Person]:
    """These members as people of the class, fit to be put forward; RuleError for the first who is not."""
    wanted = sorted(set(member_ids))
    if not wanted:
        raise RuleError(N_("Tick at least one person."), "members")
    if len(wanted) > rules.PEOPLE_A_TIME:
        raise RuleError(TOO_MANY, "members", count=rules.PEOPLE_A_TIME)
    people = []
    for row in fitness(room.row, wanted):
        check_fit(row)
        if row.state and row.state not in rules.OVER:
            raise RuleError(ALREADY, "members", name=row.name)
        rules.check_act(act, row.state or rules.NEW, who)
        people.append(person_of(row))
    quotas = quotas_for(room, (one.unit_id for one in people))
    return [one if one.id is not None else replace(one, quota_id=quotas[one.unit_id]) for one in people]


def check_fit(row: Any) -> None:
    """RuleError unless this row of `fitness` is somebody the class is for."""
    for fine, message in ((row.served, NOT_SERVED), (row.fits, rules.NOT_MEANT)):
        if not fine:
            raise RuleError(message, "members", name=row.name)


def person_of(row: Any) -> Person:
    """A row of `fitness` as somebody who may be enrolled."""
    return Person(
        id=row.enrolment_id,
        state=row.state or "",
        version=row.version or 1,
        member_id=row.id,
        guest_id=None,
        unit_id=row.unit_id,
        quota_id=row.quota_id,
        name=row.name,
        account_id=row.account_id,
    )


def fitness(row: TrainingClass, member_ids: Collection[int]) -> list[Any]:
    """These members: id, name, unit_id, account_id, served, fits, and their enrolment in the class if any."""
    today = clock.today()
    return list(
        db.session.execute(
            select(
                Member.id,
                Member.name,
                Member.code,
                Member.unit_id,
                Member.account_id,
                and_(audience.served(row.unit_id), audience.on_roster(today)).label("served"),
                audience.fits(row.audience, today).label("fits"),
                ClassEnrolment.id.label("enrolment_id"),
                ClassEnrolment.state,
                ClassEnrolment.version,
                ClassEnrolment.quota_id,
            )
            .outerjoin(
                ClassEnrolment,
                (ClassEnrolment.member_id == Member.id) & (ClassEnrolment.class_id == row.id),
            )
            .where(Member.id.in_(bulk.among(sorted(member_ids))))
            .order_by(Member.pinyin, Member.id)
        )
    )


def act_on(
    actor: Actor | None,
    class_id: int,
    wanted: Sequence[tuple[int, int]],
    act: str,
    *,
    who: str,
    reason: str = "",
) -> Outcome:
    """Do this to enrolments of a class, as (id, version) the person saw: all or none.

    Conflict naming who was faster where one of them was moved meanwhile. What is freed goes to the next of
    the waiting list at once. A constant number of statements, however many they are.
    """
    reason = rules.check_reason(act, reason)
    versions = dict(wanted)
    if not versions:
        raise RuleError(N_("Tick at least one person."), "members")
    if len(versions) > rules.PEOPLE_A_TIME:
        raise RuleError(TOO_MANY, "members", count=rules.PEOPLE_A_TIME)
    room = locked(class_id)
    rules.check_lives(room.row.state)
    people = persons(room, ClassEnrolment.id.in_(bulk.among(sorted(versions))))
    for one in people:
        if one.version != versions[one.id or 0]:
            raise faster(class_id)
        rules.check_act(act, one.state, who)
    if len(people) != len(versions):
        raise faster(class_id)
    groups = _groups(room, act, people)
    if act == "remind":
        _remind(actor, room, people)
    else:
        for after, some in groups.items():
            move(actor, room, act, after, some, reason=reason)
    freed = any(one.state in rules.SEATED for one in people) and not set(groups) & rules.SEATED
    audit.record(
        actor, f"class.{act}", f"class:{class_id}", unit_id=room.row.unit_id,
        enrolments=sorted(versions), reason=reason, who=who,
    )  # fmt: skip
    lucky = fill(actor, room) if freed else []
    return Outcome({after: len(some) for after, some in groups.items()}, tuple(lucky))


def _groups(room: Room, act: str, people: Sequence[Person]) -> dict[str, list[Person]]:
    """Into which state each of them comes; who gets the free seats is said by the order of their ids."""
    groups: dict[str, list[Person]] = {}
    for one in people:
        after = rules.ACTS[act].after
        if act == "approve":
            after = rules.granted(one.state, seat=room.seats.take(one.quota_id))
        elif act == "offer" and not room.seats.take(one.quota_id):
            raise RuleError(FULL)
        elif act == "enrol":
            if one.state not in rules.SEATED and not room.seats.take(one.quota_id):
                raise RuleError(FULL)
            after = "enrolled"
        groups.setdefault(after, []).append(one)
    return groups


def _remind(actor: Actor | None, room: Room, people: Sequence[Person]) -> None:
    """Ask once more for an answer, at most once a day; the day by which to answer stays."""
    step(actor, "remind", people)
    by_day: dict[date | None, list[Person]] = {}
    for one in people:
        by_day.setdefault(one.answer_until, []).append(one)
    for until, some in by_day.items():
        tell(room, rules.ACTS["remind"].done, some, occasion=f"remind:{clock.today()}", until=until)


def enrol_many(
    actor: Actor,
    room: Room,
    people: Sequence[Person],
    *,
    answer: bool,
    overflow: bool,
    note: str = "",
) -> Outcome:
    """The academy enrols these people in their order: seats as far as they reach, the rest waits.

    `answer`: members are offered the seat and answer; else they are enrolled at once, guests always are.
    `overflow`: who finds no seat joins the waiting list, else is left out. `note` stands in their histories.
    `people` are new to the class, or stand there in a state from which the academy enrols. A constant number
    of statements.
    """
    quotas = quotas_for(room, (one.unit_id for one in people))
    groups: dict[str, list[Person]] = {}
    for one in people:
        rules.check_act("enrol", one.state, "academy")
        one = replace(one, quota_id=one.quota_id if one.id is not None else quotas[one.unit_id])
        after = "offered" if answer and one.member_id is not None else "enrolled"
        if not room.seats.take(one.quota_id):
            if not overflow or one.state == "waiting":
                continue
            after = "waiting"
        groups.setdefault(after, []).append(one)
    for after, some in groups.items():
        move(actor, room, "enrol", after, some, note=note)
    return Outcome({after: len(some) for after, some in groups.items()})


def faster(class_id: int) -> Conflict:
    """The refusal for whoever came second."""
    return races.lost_to(FASTER, MOVED, f"class:{class_id}", *(f"class.{name}" for name in rules.ACTS))


def expire_offers() -> int:
    """Give on the seats that were not answered in time, and fill what is free; how many offers ended.

    A timed job: a transaction for each class. Two at once find each other's work done. Of a cancelled class
    everybody has heard already.
    """
    today, ended = clock.today(), 0
    late = (ClassEnrolment.state == "offered") & (ClassEnrolment.answer_until < today)
    classes = db.session.scalars(
        select(ClassEnrolment.class_id)
        .join(TrainingClass, TrainingClass.id == ClassEnrolment.class_id)
        .where(late, TrainingClass.state != "cancelled")
        .group_by(ClassEnrolment.class_id)
    ).all()
    for class_id in sorted(classes):
        with transaction():
            room = locked(class_id)
            people = persons(room, late)
            move(None, room, "expire", "declined", people)
            audit.record(
                None, "class.expire", f"class:{class_id}", unit_id=room.row.unit_id,
                enrolments=[one.id for one in people],
            )  # fmt: skip
            fill(None, room)
            ended += len(people)
    return ended
