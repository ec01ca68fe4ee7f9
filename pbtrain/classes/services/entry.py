"""Lists of who enters a restricted site: numbers put in and taken from the roster, sent, and gone.

A number is sealed under the data key with a purpose of its own; no file is ever made of it. What is taken
from a member's record is recorded first, so that the member reads who took it and why.
"""

import base64
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, or_, select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.classes.models import ClassEnrolment, ClassSession, EntryList, EntryPerson
from pbtrain.classes.queries import entry as queries
from pbtrain.classes.queries.entry import Visit
from pbtrain.classes.rules import entry as rules
from pbtrain.classes.rules.enrolment import TAKES_PART
from pbtrain.core import clock, crypto
from pbtrain.core.db import db, insert_new, record_apart
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.models import Event
from pbtrain.org import disclosures, personal
from pbtrain.org.access import Actor
from pbtrain.org.models import Member
from pbtrain.org.numbers import read_number
from pbtrain.org.roster.match import ID_PURPOSE

PURPOSE = "entry_person.id_number"
GONE = N_("The visit is over and the list is gone.")
SENT = N_("%(name)s has said already, at %(when)s, that the list was sent.")


def seal(number: str) -> str:
    """An ID number as the list keeps it."""
    return base64.b64encode(crypto.encrypt(number, PURPOSE)).decode()


def unseal(sealed: str | None) -> str:
    """The number again; "" for none."""
    return crypto.decrypt(base64.b64decode(sealed), PURPOSE) if sealed else ""


def fill(actor: Actor, unit_id: int, visit: Visit, numbers: Mapping[int, str]) -> int:
    """Put these numbers, by enrolment, on the list; "" takes one off. Returns how many stand there now.

    RuleError with the field "number-7" for a number that is none; then nothing is written.
    """
    list_id = _list(visit)
    known = {row.id: row for row in queries.people(visit.class_id, list_id)}
    for enrolment_id, text in numbers.items():
        if enrolment_id not in known:
            continue
        number = ""
        if text:
            try:
                number = read_number(text)
            except RuleError as error:
                raise RuleError(error.message, f"number-{enrolment_id}", **error.params) from None
        _put(list_id, enrolment_id, number)
    return _told(actor, unit_id, visit, list_id)


def _told(actor: Actor, unit_id: int, visit: Visit, list_id: int) -> int:
    """How many stand on the list, which the trail is told."""
    count = sum(1 for row in queries.people(visit.class_id, list_id) if row.sealed)
    audit.record(actor, "entry_list.filled", f"session:{visit.id}", unit_id=unit_id, people=count)
    return count


def _list(visit: Visit) -> int:
    """The list of a session, made where there is none, with the days of the visit as it is planned now."""
    days = {"due_on": visit.due, "purge_on": rules.purge_on(visit.day)}
    if days["purge_on"] <= clock.today():
        raise RuleError(GONE)
    db.session.execute(insert_new(EntryList).values(session_id=visit.id, version=1, **days))
    return int(
        db.session.execute(
            update(EntryList)
            .where(EntryList.session_id == visit.id)
            .values(**days, purged_at=None)
            .returning(EntryList.id)
            .execution_options(synchronize_session=False)
        ).scalar_one()
    )


def _put(list_id: int, enrolment_id: int, number: str) -> None:
    of_person = (EntryPerson.list_id == list_id, EntryPerson.enrolment_id == enrolment_id)
    db.session.execute(delete(EntryPerson).where(*of_person))
    if number:
        db.session.add(EntryPerson(list_id=list_id, enrolment_id=enrolment_id, sealed=seal(number)))
        db.session.flush()


def on_record(class_id: int, session_id: int) -> dict[int, int]:
    """{member id: enrolment id} of those who are not on the list yet and have a number in the roster."""
    row = queries.list_of(session_id)
    return {
        one.member_id: one.id
        for one in queries.people(class_id, row.id if row else None)
        if one.on_record and not one.sealed
    }


def disclose(actor: Actor, unit_id: int, visit: Visit, member_ids: Mapping[int, int], reason: str) -> None:
    """Write down, before anything is taken, that the numbers of these members are read and why; in a
    transaction apart. RuleError without a reason."""
    text = personal.check_reason(reason)
    with record_apart() as apart:
        for member_id in member_ids:
            audit.record(
                actor, disclosures.SHOWN, f"member:{member_id}", unit_id=unit_id, session=apart,
                facts=["id_number"], reason=text, entry_list=visit.id,
            )  # fmt: skip


def take_from_roster(actor: Actor, unit_id: int, visit: Visit, member_ids: Mapping[int, int]) -> int:
    """Put the numbers of these members on the list, after `disclose`; how many stand there now."""
    rows = db.session.execute(
        select(Member.id, Member.id_number).where(Member.id.in_(member_ids), Member.id_number.is_not(None))
    ).all()
    list_id = _list(visit)
    for row in rows:
        _put(list_id, member_ids[row.id], crypto.decrypt(row.id_number, ID_PURPOSE))
    return _told(actor, unit_id, visit, list_id)


def sent(actor: Actor, unit_id: int, visit: Visit) -> None:
    """The site has the list. Conflict when somebody said so already."""
    list_id = _list(visit)
    done = db.session.execute(
        update(EntryList)
        .where(EntryList.id == list_id, EntryList.sent_at.is_(None))
        .values(sent_at=clock.now(), sent_by_id=actor.account_id)
        .returning(EntryList.id)
        .execution_options(synchronize_session=False)
    ).first()
    if done is None:
        row = db.session.get_one(EntryList, list_id)
        raise races.lost(SENT, N_("The list was sent meanwhile."), row.sent_by_id, row.sent_at)
    audit.record(actor, "entry_list.sent", f"session:{visit.id}", unit_id=unit_id)


def opened(actor: Actor, unit_id: int, visit: Visit) -> None:
    """Write down that the list was printed in full, before it is shown; in a transaction apart."""
    with record_apart() as apart:
        audit.record(actor, "entry_list.printed", f"session:{visit.id}", unit_id=unit_id, session=apart)


def purge(before: datetime, limit: int) -> int:
    """Remove every number whose visit is so long over, or whose person does not enter; returns how many.

    The row of the list stays, without anybody. A class that was moved is judged by its day of now.
    """
    over = clock.local(before).date()
    gone = (
        select(EntryPerson.id)
        .join(EntryList, EntryList.id == EntryPerson.list_id)
        .join(ClassSession, ClassSession.id == EntryList.session_id)
        .join(Event, Event.id == ClassSession.event_id)
        .join(ClassEnrolment, ClassEnrolment.id == EntryPerson.enrolment_id)
        .where(
            or_(
                Event.day <= over,
                Event.state == "cancelled",
                ClassEnrolment.state.not_in(TAKES_PART),
            )
        )
        .order_by(EntryPerson.id)
        .limit(limit)
    )
    removed = db.session.execute(delete(EntryPerson).where(EntryPerson.id.in_(gone)))
    left = select(EntryPerson.list_id)
    db.session.execute(
        update(EntryList)
        .where(EntryList.purged_at.is_(None), EntryList.purge_on <= clock.today(), EntryList.id.not_in(left))
        .values(purged_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    return int(removed.rowcount)  # type: ignore[attr-defined]


def forget(member_id: int) -> None:
    """Numbers of somebody whose data is erased."""
    own = select(ClassEnrolment.id).where(ClassEnrolment.member_id == member_id)
    db.session.execute(
        delete(EntryPerson)
        .where(EntryPerson.enrolment_id.in_(own))
        .execution_options(synchronize_session=False)
    )
