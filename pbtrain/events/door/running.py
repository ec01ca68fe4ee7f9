"""Opening and closing the door: the code is shown; the list is final and its hours stand in the books."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, extract, func, or_, select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.core import bulk, clock
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.door import people, queries, rules, study
from pbtrain.events.models import Attendance, Event, Guest
from pbtrain.hours import services as hours
from pbtrain.hours.models import Book
from pbtrain.hours.services import Line, Posted
from pbtrain.org.access import Actor
from pbtrain.org.kinds import UNIT_KINDS
from pbtrain.org.models import Affiliation

CLOSED = N_("%(name)s has closed this attendance at %(when)s. The list stands as below.")
CLOSED_BY_SOMEBODY = N_("Somebody has closed this attendance meanwhile. The list stands as below.")


@dataclass(frozen=True)
class Closed:
    """What closing did: how many were there, how many of them are members, and what the ledger made of it."""

    here: int
    members: int
    posted: Posted


def open_door(actor: Actor | None, event_id: int) -> None:
    """Show the code of a planned event from now on; opening it again changes nothing.

    At a branch whoever stands on its roster of that day is expected. RuleError when it is too early, or its
    list is final. The caller has made sure that the door is the actor's.
    """
    event = queries.event_of(event_id)
    rules.check_open(queries.session_of(event), clock.now())
    if UNIT_KINDS[event.unit_kind].has_members:
        people.expect_branch(event_id)
    opened = db.session.execute(
        update(Event)
        .where(Event.id == event_id, Event.door_opened_at.is_(None))
        .values(door_opened_at=clock.now())
        .returning(Event.id)
    ).first()
    if opened:
        audit.record(actor, "door.opened", f"event:{event_id}", unit_id=event.unit_id)


def close_door(
    actor: Actor | None,
    event_id: int,
    *,
    version: int,
    witnessed: bool = False,
    ended_early: bool = False,
) -> Closed:
    """Make the list final and post the hours of every member on it, in a fixed number of statements.

    Who scanned gets proof A where the chair says to have seen these people (`witnessed`), except on a phone
    that had signed in another; everybody else B. Guests are on the list and get no hours. The line of whoever
    closes it waits for somebody else. Conflict when somebody closed it since `version` was read. The caller
    has made sure that the door is the actor's.
    """
    event, now = queries.event_of(event_id), clock.now()
    if event.door_closed_at is not None:
        raise races.lost_to(CLOSED, CLOSED_BY_SOMEBODY, f"event:{event_id}", "door.closed")
    session = queries.session_of(event)
    over = rules.check_close(session, now, ended_early=ended_early)
    moved = db.session.execute(
        update(Event)
        .where(Event.id == event_id, Event.version == version, Event.door_closed_at.is_(None))
        .values(version=Event.version + 1, door_closed_at=now, state="held")
        .returning(Event.id)
    ).first()
    if moved is None:
        raise races.lost_to(CLOSED, CLOSED_BY_SOMEBODY, f"event:{event_id}", "door.closed")
    doubtful, share = queries.shared_phones(event_id), study.share_of(event_id)
    short: list[tuple[int, int]] = []
    lines: list[Line] = []
    here = 0
    for row in queries.everybody(event_id):
        since, minutes = rules.span(rules.presence_of(row), session, over)
        here += row.present
        if row.present and minutes != event.minutes:
            short.append((row.id, minutes))
        if row.credited_id is not None and minutes:
            seen = witnessed and row.how == "code" and row.member_id not in doubtful
            lines.append(line_of(event, row.credited_id, since, minutes, "A" if seen else "B", share))
    bulk.update(Attendance.__table__, ["minutes"], short)
    posted = hours.post_many(actor, lines, own_waits=True)
    audit.record(
        actor, "door.closed", f"event:{event_id}", unit_id=event.unit_id, here=here,
        posted=len(posted.entry_ids), witnessed=witnessed, ended_early=over < session.ends_at,
    )  # fmt: skip
    return Closed(here, len(lines), posted)


def line_of(
    event: Any, member_id: int, since: datetime, minutes: int, proof: str, share: study.Share
) -> Line:
    """The hours of one person who was at this event so many minutes, from `since` on."""
    return Line(
        member_id=member_id,
        day=event.day,
        activity=event.activity,
        minutes=share.minutes(minutes),
        occurrence=f"event:{event.id}",
        title=event.title,
        starts_at=since,
        ends_at=since + timedelta(minutes=minutes),
        proof=share.proved(proof),
    )


def credit_guest(actor: Actor | None, guest_id: int) -> Posted:
    """Post what somebody attended as a guest, now that `Guest.member_id` names the member.

    Only lines of days on which the member stood in a branch whose book of that year is open; what stands
    already is not posted twice. RuleError while the guest is nobody's.
    """
    member_id = db.session.scalar(select(Guest.member_id).where(Guest.id == guest_id))
    if member_id is None:
        raise RuleError(N_("This guest has not been merged with a member yet."))
    sealed = (
        exists()
        .where(Affiliation.member_id == member_id, Affiliation.valid_from <= Event.day)
        .where(or_(Affiliation.valid_until.is_(None), Affiliation.valid_until > Event.day))
        .where(Book.unit_id == Affiliation.unit_id, Book.year == extract("year", Event.day))
        .where(Book.sealed_at.is_not(None))
    )
    attended = db.session.execute(
        select(
            Event.id,
            Event.day,
            Event.activity,
            Event.title,
            Event.starts_at,
            Event.minutes,
            Attendance.status,
            Attendance.came_at,
            func.coalesce(Attendance.minutes, Event.minutes).label("there"),
        )
        .join(Attendance, Attendance.event_id == Event.id)
        .where(
            Attendance.guest_id == guest_id, Attendance.present, Event.door_closed_at.is_not(None), ~sealed
        )
        .order_by(Event.id)
    ).all()
    shares = study.shares([row.id for row in attended])
    lines = [
        line_of(row, member_id, _since(row), row.there, "B", shares.get(row.id, study.WHOLE))
        for row in attended
        if row.there > 0
    ]
    return hours.post_many(actor, lines)


def _since(row: Any) -> datetime:
    late = row.status in ("late", "both") and row.came_at is not None
    begun: datetime = max(row.starts_at, row.came_at) if late else row.starts_at
    return begun
