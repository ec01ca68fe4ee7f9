"""Reading who has finished a class, its certificates, and one by its code."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from pbtrain.accounts.models import Account
from pbtrain.audit.models import AuditEvent
from pbtrain.classes.kinds import MODES
from pbtrain.classes.models import (
    Certificate,
    CertificateStyle,
    ClassEnrolment,
    ClassSession,
    TrainingClass,
)
from pbtrain.classes.rules import completion
from pbtrain.classes.rules.enrolment import COMES, TAKES_PART
from pbtrain.core.db import db
from pbtrain.events.models import Attendance, Event, Guest
from pbtrain.hours.models import HourEntry
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Academy, Member, Unit
from pbtrain.org.roles import Perm
from pbtrain.quizzes.models import Attempt


@dataclass(frozen=True)
class Learner:
    """Somebody of a class, how they stand with its rule, and the certificate that stands."""

    enrolment_id: int
    member_id: int | None
    guest_id: int | None
    name: str
    unit_name: str  # the branch of that time; a guest's organisation
    state: str
    attended: completion.Attended
    conditions: tuple[completion.Condition, ...]
    certificate_id: int | None = None
    number: str = ""

    @property
    def met(self) -> bool:
        """Has this person finished the class?"""
        return self.state in TAKES_PART and completion.is_met(self.conditions)

    @property
    def broken(self) -> bool:
        """Stands a certificate whose condition is met no longer, after a correction?"""
        return self.certificate_id is not None and not self.met

    @property
    def kind(self) -> str:
        """What this person is given."""
        return "certificate" if self.member_id is not None else "attendance"


def style_of(unit_id: int) -> CertificateStyle | None:
    """What an academy's certificates look like."""
    return db.session.scalars(select(CertificateStyle).where(CertificateStyle.unit_id == unit_id)).first()


def seal_of(unit_id: int) -> str:
    """SHA-256 of the academy's seal, or ""."""
    return db.session.scalar(select(Academy.seal).where(Academy.unit_id == unit_id)) or ""


def held_sessions(class_id: int) -> list[Row[Any]]:
    """(event_id, minutes, title, day, id) of the sessions that were not cancelled, in the order of time."""
    return list(
        db.session.execute(
            select(ClassSession.event_id, Event.minutes, Event.title, Event.day, ClassSession.id)
            .join(Event, Event.id == ClassSession.event_id)
            .where(ClassSession.class_id == class_id, Event.state != "cancelled")
            .order_by(Event.starts_at, ClassSession.id)
        )
    )


def sat() -> Any:
    """Minutes of an attendance row, joined with its event: all of it, or what the row says."""
    return case((Attendance.present, func.coalesce(Attendance.minutes, Event.minutes)), else_=0)


def _factor() -> Any:
    """Percent of the minutes of a session that are study, as its way of teaching says."""
    return case({key: mode.factor for key, mode in MODES.items()}, value=ClassSession.mode, else_=100)


def learners(
    row: TrainingClass, only: tuple[int, ...] = (), *, events: Sequence[Any] | None = None
) -> list[Learner]:
    """Who takes part in a class, by name, and how each stands with its rule; five statements at most.

    `only`: these enrolments. `events`: its sessions with event_id and minutes, where they were read already.
    Attendance and ledger are read as they are now, whoever asks.
    """
    events = held_sessions(row.id) if events is None else events
    held = sum(each.minutes for each in events)
    people = _people(row.id, only)
    credits = _credits(row.id, [each.event_id for each in events]) if row.rule.get("credit") else {}
    passed = _passed(row.quiz_id) if row.rule.get("exam") and row.quiz_id else set()
    return [
        Learner(
            enrolment_id=one.id,
            member_id=one.member_id,
            guest_id=one.guest_id,
            name=one.name,
            unit_name=one.unit_name,
            state=one.state,
            attended=(attended := _attended(one, credits, passed)),
            conditions=completion.judge(row.rule, held, attended),
            certificate_id=one.certificate_id,
            number=one.number or "",
        )
        for one in people
    ]


def _attended(one: Any, credits: Mapping[int, int], passed: set[int]) -> completion.Attended:
    if one.member_id is None:
        return completion.Attended(one.minutes, None, None, one.study)
    return completion.Attended(one.minutes, credits.get(one.member_id, 0), one.member_id in passed, one.study)


def _people(class_id: int, only: tuple[int, ...]) -> list[Row[Any]]:
    came = (
        select(
            Attendance.member_id,
            Attendance.guest_id,
            func.sum(sat()).label("minutes"),
            func.sum((sat() * _factor() + 50) // 100).label("study"),
        )
        .join(Event, Event.id == Attendance.event_id)
        .join(ClassSession, ClassSession.event_id == Event.id)
        .where(ClassSession.class_id == class_id, Event.state != "cancelled")
        .group_by(Attendance.member_id, Attendance.guest_id)
        .subquery()
    )
    same = or_(came.c.member_id == ClassEnrolment.member_id, came.c.guest_id == ClassEnrolment.guest_id)
    stands = and_(Certificate.enrolment_id == ClassEnrolment.id, Certificate.revoked_at.is_(None))
    name = func.coalesce(Member.name, Guest.name)
    found = (
        select(
            ClassEnrolment.id,
            ClassEnrolment.member_id,
            ClassEnrolment.guest_id,
            ClassEnrolment.state,
            name.label("name"),
            func.coalesce(Unit.name, Guest.organisation, "").label("unit_name"),
            func.coalesce(came.c.minutes, 0).label("minutes"),
            func.coalesce(came.c.study, 0).label("study"),
            Certificate.id.label("certificate_id"),
            Certificate.number,
        )
        .outerjoin(Member, Member.id == ClassEnrolment.member_id)
        .outerjoin(Guest, Guest.id == ClassEnrolment.guest_id)
        .outerjoin(Unit, Unit.id == ClassEnrolment.unit_id)
        .outerjoin(came, same)
        .outerjoin(Certificate, stands)
        .where(ClassEnrolment.class_id == class_id, ClassEnrolment.state.in_(COMES))
        .order_by(func.coalesce(Member.pinyin, Guest.pinyin), ClassEnrolment.id)
    )
    if only:
        found = found.where(ClassEnrolment.id.in_(only))
    return list(db.session.execute(found))


def _credits(class_id: int, event_ids: list[int]) -> dict[int, int]:
    """{member id: hundredths} that stand in the ledger from these sessions."""
    if not event_ids:
        return {}
    reversal = aliased(HourEntry)
    of_class = or_(
        *(and_(HourEntry.source >= f"event:{one}/", HourEntry.source < f"event:{one}0") for one in event_ids)
    )
    rows = db.session.execute(
        select(HourEntry.member_id, func.sum(HourEntry.credit))
        .outerjoin(reversal, reversal.reverses_id == HourEntry.id)
        .where(of_class, HourEntry.minutes > 0, reversal.id.is_(None))
        .group_by(HourEntry.member_id)
        .order_by(HourEntry.member_id)
    )
    return {member_id: int(credit) for member_id, credit in rows}


def credits_of(row: TrainingClass) -> dict[int, int]:
    """{member id: hundredths} of a class as the ledger has them now; two statements."""
    return _credits(row.id, [each.event_id for each in held_sessions(row.id)])


def _passed(quiz_id: int) -> set[int]:
    return set(
        db.session.scalars(
            select(Attempt.member_id)
            .where(Attempt.quiz_id == quiz_id, Attempt.passed.is_(True))
            .distinct()
            .order_by(Attempt.member_id)
        )
    )


_CERTIFICATE = (
    Certificate.id,
    Certificate.unit_id,
    Certificate.class_id,
    Certificate.enrolment_id,
    Certificate.member_id,
    Certificate.kind,
    Certificate.number,
    Certificate.code,
    Certificate.facts,
    Certificate.valid_until,
    Certificate.issued_on,
    Certificate.revoked_at,
    Certificate.revoked_why,
)


def issued(
    actor: Actor, *, class_id: int = 0, words: str = "", state: str = "", unit_id: int = 0, year: int = 0
) -> Select[Any]:
    """The certificates of one's academies, the newest first; a word is a number, or part of a name.

    `state` is "standing" or "revoked"."""
    found = (
        select(*_CERTIFICATE, Account.name.label("issuer"))
        .outerjoin(Account, Account.id == Certificate.issued_by_id)
        .where(Certificate.unit_id.in_(units_where(actor, Perm.CLASS_MANAGE)))
        .order_by(Certificate.id.desc())
    )
    if class_id:
        found = found.where(Certificate.class_id == class_id)
    if unit_id:
        found = found.where(Certificate.unit_id == unit_id)
    if year:
        found = found.where(
            Certificate.issued_on >= date(year, 1, 1), Certificate.issued_on < date(year + 1, 1, 1)
        )
    if words:
        member = select(Member.id).where(Member.name.contains(words, autoescape=True))
        guest = select(Guest.id).where(Guest.name.contains(words, autoescape=True))
        found = found.where(
            or_(
                Certificate.number == words,
                Certificate.member_id.in_(member),
                Certificate.guest_id.in_(guest),
            )
        )
    if state:
        found = found.where(Certificate.revoked_at.is_not(None) == (state == "revoked"))
    return found


def in_reach(actor: Actor, certificate_id: int) -> Row[Any] | None:
    """One of them."""
    return db.session.execute(issued(actor).where(Certificate.id == certificate_id)).first()


def standing(class_id: int, only: tuple[int, ...] = ()) -> list[Row[Any]]:
    """The certificates of a class that stand, by their numbers."""
    found = (
        select(*_CERTIFICATE)
        .where(Certificate.class_id == class_id, Certificate.revoked_at.is_(None))
        .order_by(Certificate.id)
    )
    return list(db.session.execute(found.where(Certificate.id.in_(only)) if only else found))


def of_member(member_id: int) -> Select[Any]:
    """A member's own certificates, the newest first."""
    return select(*_CERTIFICATE).where(Certificate.member_id == member_id).order_by(Certificate.id.desc())


def looks(certificate_ids: Collection[int]) -> dict[int, int]:
    """How often the public page of each of these was opened, by the audit trail; one statement."""
    targets = {f"certificate:{one}": one for one in certificate_ids}
    rows = db.session.execute(
        select(AuditEvent.target, func.count())
        .where(AuditEvent.target.in_(sorted(targets)), AuditEvent.action == "certificate.looked")
        .group_by(AuditEvent.target)
        .order_by(AuditEvent.target)
    )
    return {targets[target]: count for target, count in rows}


def by_code(code: str) -> Row[Any] | None:
    """The certificate whose paper has this code."""
    return db.session.execute(select(*_CERTIFICATE).where(Certificate.code == code)).first()
