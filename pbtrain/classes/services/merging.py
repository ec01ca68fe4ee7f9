"""A guest turns out to be a member: what stood with the guest goes over, and comes back while it can."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import and_, delete, exists, insert, select, update
from sqlalchemy.orm import aliased

from pbtrain.audit import services as audit
from pbtrain.audit.models import AuditEvent
from pbtrain.classes.models import (
    Certificate,
    ClassEnrolment,
    ClassSession,
    EnrolmentStep,
    TrainingClass,
)
from pbtrain.classes.queries import audience
from pbtrain.classes.rules import enrolment as rules
from pbtrain.classes.services.seats import Room, locked, persons
from pbtrain.core import bulk, clock
from pbtrain.core.db import db
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.events.door.running import credit_guest
from pbtrain.events.models import Attendance, Guest
from pbtrain.hours import held
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourClaim, HourEntry
from pbtrain.org.access import Actor
from pbtrain.org.models import Member
from pbtrain.org.uploads.cells import name_key

BOTH = N_("The member stands in class “%(title)s”, too. Withdraw the guest there first.")
MERGED = "guest.merged"


def merge(actor: Actor, guest_id: int, member_id: int) -> int:
    """A guest turns out to be this member: enrolments, attendance and hours go over; how many enrolments.

    RuleError where the member stands in one of these classes, too; an enrolment of the guest that is over
    stays the guest's then. Hours of sessions whose door is closed
    are posted where the member's book of that year is open. The records of the door are append-only: they
    keep naming the guest, whose row names the member. `part` takes it back.
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
    theirs = db.session.scalars(
        select(ClassEnrolment.class_id)
        .where(ClassEnrolment.member_id == member_id)
        .order_by(ClassEnrolment.id)
    ).all()
    home = select(Member.unit_id).where(Member.id == member_id).scalar_subquery()
    enrolments = db.session.execute(
        update(ClassEnrolment)
        .where(ClassEnrolment.guest_id == guest_id, ClassEnrolment.class_id.not_in(theirs))
        .values(guest_id=None, member_id=member_id, unit_id=home, version=ClassEnrolment.version + 1)
        .returning(ClassEnrolment.id)
        .execution_options(synchronize_session=False)
    ).all()
    dropped = _move_attendance(guest_id, member_id)
    ids = sorted(row.id for row in enrolments)
    _step(actor, "merge", ids)
    audit.record(
        actor, MERGED, f"guest:{guest_id}", unit_id=moved.unit_id, member=member_id, enrolments=ids,
        lines=len(posted.entry_ids), dropped=dropped,
    )  # fmt: skip
    return len(ids)


def _check_apart(guest_id: int, member_id: int) -> None:
    """RuleError naming the class in which both stand."""
    member = aliased(ClassEnrolment)
    clash = db.session.scalar(
        select(TrainingClass.title)
        .join(ClassEnrolment, ClassEnrolment.class_id == TrainingClass.id)
        .join(member, and_(member.class_id == TrainingClass.id, member.member_id == member_id))
        .where(ClassEnrolment.guest_id == guest_id, ClassEnrolment.state.not_in(rules.OVER))
        .order_by(TrainingClass.id)
        .limit(1)
    )
    if clash is not None:
        raise RuleError(BOTH, title=clash)


def _move_attendance(guest_id: int, member_id: int) -> int:
    """The rows of the guest become the member's; where the member has one already, the guest's goes: how
    many of those."""
    twice, quiet = aliased(Attendance), {"synchronize_session": False}
    known = exists().where(twice.event_id == Attendance.event_id, twice.member_id == member_id)
    gone = db.session.execute(
        delete(Attendance).where(Attendance.guest_id == guest_id, known).execution_options(**quiet)
    )
    db.session.execute(
        update(Attendance)
        .where(Attendance.guest_id == guest_id)
        .values(guest_id=None, member_id=member_id)
        .execution_options(**quiet)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Merge:
    """How a guest became a member: what the audit trail tells of it."""

    guest_id: int
    name: str
    organisation: str
    member_id: int
    enrolments: tuple[int, ...]
    whole: bool  # nothing of the guest's was dropped for what the member had already


def merge_of(academy_id: int, member_id: int | None, enrolment_id: int) -> Merge | None:
    """The merge that brought this enrolment to this member, while it stands; two statements at most."""
    guests = db.session.execute(
        select(Guest.id, Guest.name, Guest.organisation)
        .where(Guest.unit_id == academy_id, Guest.member_id == (member_id or 0))
        .order_by(Guest.id)
    ).all()
    if not guests:
        return None
    by_target = {f"guest:{one.id}": one for one in guests}
    told = db.session.execute(
        select(AuditEvent.target, AuditEvent.detail)
        .where(AuditEvent.target.in_(sorted(by_target)), AuditEvent.action == MERGED)
        .order_by(AuditEvent.id.desc())
    )
    for row in told:
        moved = row.detail.get("enrolments")
        if isinstance(moved, list) and enrolment_id in moved and row.detail.get("member") == member_id:
            one = by_target[row.target]
            return Merge(one.id, one.name, one.organisation, row.detail["member"], tuple(moved),
                         not row.detail.get("dropped"))  # fmt: skip
    return None


def part(actor: Actor, merged: Merge, *, reason: str) -> int:
    """Take a merge back: enrolments and attendance are the guest's again, hours of the member from these
    sessions are reversed with the reason; how many lines.

    RuleError without a reason, once a certificate was given for one of these classes, where the merge dropped
    rows of the guest, or where a line stands in a closed year.
    """
    reason = rules.check_reason("withdraw", reason)
    if not merged.whole:
        raise RuleError(N_("The member was on the lists of these sessions, too: it cannot be undone."))
    given = select(Certificate.id).where(Certificate.enrolment_id.in_(merged.enrolments)).limit(1)
    if db.session.scalar(given) is not None:
        raise RuleError(N_("A certificate was given since: it names the member, and cannot be undone."))
    rooms = [locked(class_id) for class_id in _classes(merged.enrolments)]
    freed = db.session.execute(
        update(Guest)
        .where(Guest.id == merged.guest_id, Guest.member_id == merged.member_id)
        .values(member_id=None)
        .returning(Guest.unit_id)
        .execution_options(synchronize_session=False)
    ).first()
    if freed is None:
        raise Conflict(N_("Somebody has undone this already."))
    events = _events([room.row.id for room in rooms])
    lines = _lines(merged.member_id, events)
    hours.reverse_many(actor, lines, reason=reason)
    for occurrence in _waiting(merged.member_id, events):
        held.withdraw(actor, occurrence, [merged.member_id], reason=reason)
    for room in rooms:
        _give_back(room, merged)
    db.session.execute(
        update(Attendance)
        .where(Attendance.member_id == merged.member_id, Attendance.event_id.in_(bulk.among(events)))
        .values(guest_id=merged.guest_id, member_id=None)
        .execution_options(synchronize_session=False)
    )
    _step(actor, "part", merged.enrolments, reason)
    audit.record(
        actor, "guest.parted", f"guest:{merged.guest_id}", unit_id=freed.unit_id, member=merged.member_id,
        enrolments=list(merged.enrolments), lines=len(lines), reason=reason,
    )  # fmt: skip
    return len(lines)


def _classes(enrolments: Collection[int]) -> list[int]:
    """The classes of these enrolments in the order in which they are locked."""
    found = select(ClassEnrolment.class_id).where(ClassEnrolment.id.in_(enrolments)).distinct()
    return sorted(db.session.scalars(found))


def _events(classes: Collection[int]) -> list[int]:
    """The events of the sessions of these classes."""
    found = select(ClassSession.event_id).where(ClassSession.class_id.in_(classes))
    return list(db.session.scalars(found.order_by(ClassSession.event_id)))


def _lines(member_id: int, events: Collection[int]) -> list[int]:
    """The lines of a member from these events that nothing reverses yet."""
    undo = aliased(HourEntry)
    found = db.session.execute(
        select(HourEntry.id, HourEntry.source)
        .outerjoin(undo, undo.reverses_id == HourEntry.id)
        .where(HourEntry.member_id == member_id, HourEntry.minutes > 0, undo.id.is_(None))
        .where(HourEntry.source.startswith("event:", autoescape=True))
        .order_by(HourEntry.id)
    )
    wanted = {f"event:{one}" for one in events}
    return [row.id for row in found if row.source.partition("/")[0] in wanted]


def _waiting(member_id: int, events: Collection[int]) -> list[str]:
    """Those of the events of which a line of the member waits for a decision, as the ledger calls them."""
    found = select(HourClaim.occurrence).where(HourClaim.member_id == member_id, HourClaim.state == "held")
    wanted = {f"event:{one}" for one in events}
    return [one for one in db.session.scalars(found.order_by(HourClaim.id)) if one in wanted]


def _give_back(room: Room, merged: Merge) -> None:
    """The enrolment in one class is the guest's again, with the guests where one is free."""
    (one,) = persons(room, ClassEnrolment.id.in_(merged.enrolments))
    quota_id = room.quotas.get(None)
    held = one.state in rules.SEATED
    if held and quota_id != one.quota_id and not room.seats.change(one.quota_id, quota_id):
        quota_id = one.quota_id
    db.session.execute(
        update(ClassEnrolment)
        .where(ClassEnrolment.id == one.id)
        .values(guest_id=merged.guest_id, member_id=None, unit_id=None, quota_id=quota_id,
                version=ClassEnrolment.version + 1)
        .execution_options(synchronize_session=False)
    )  # fmt: skip


def _step(actor: Actor, act: str, enrolments: Collection[int], reason: str = "") -> None:
    """Write it into their histories."""
    if enrolments:
        about = {"act": act, "by_id": actor.account_id, "at": clock.now(), "reason": reason}
        db.session.execute(insert(EnrolmentStep), [about | {"enrolment_id": one} for one in enrolments])


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
