"""Signing in and out by the code on the chair's screen. One row for a person, whatever is sent."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import exists, select, update

from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.door import queries, rules
from pbtrain.events.models import Attendance, CheckIn
from pbtrain.org.access import Actor

NOT_LISTED = N_(
    "You are not on the list of “%(title)s” (%(unit)s). Look whether you scanned the code of your own"
    " session; else ask the chair."
)
OTHERWISE = N_("The chair has entered you otherwise since you signed. Scan the code on the screen again.")
NO_MEMBER = N_("Your account belongs to nobody on a roster, so it cannot sign in here. Ask the chair.")


@dataclass(frozen=True)
class Scanned:
    """What came of a scan: a key of rules.STANDINGS, the instant, and whether it was so before."""

    standing: str
    at: datetime | None
    again: bool = False
    out: bool = False


def check_in(actor: Actor, event_id: int, *, out: bool, device: str, ticket: str) -> Scanned:
    """Sign this person in, or out; once, however often and from however many phones it is sent.

    `device` is the keyed hash of the phone's key, `ticket` what it holds for this session: the caller has
    checked it. Who signs in on a phone that signed in another person is flagged, never refused. RuleError
    with the reason for who is not expected or comes at the wrong time; the server's clock decides. A ticket
    says a thing once: sent again after the chair said otherwise it changes nothing, a new scan does.
    """
    now, event = clock.now(), queries.held_open(event_id)
    session = queries.session_of(event)
    rules.check_scan(session, now, out=out)
    if actor.member_id is None:
        raise RuleError(NO_MEMBER)
    row = queries.own_row(event_id, actor.member_id)
    if row is None:
        named = queries.event_of(event_id)
        raise RuleError(NOT_LISTED, title=named.title, unit=named.unit_name)
    was = rules.presence_of(row)
    if out and not was.present:
        raise RuleError(N_("You have not signed in yet. Sign in first."))
    if was.present and (not out or was.left_at is not None):
        return Scanned(was.standing, was.left_at if out else was.came_at, again=True, out=out)
    act = "out" if out else rules.scanned(now, session)
    new = rules.after(was, act, now, session, how="code")
    still = Attendance.left_at.is_(None) & Attendance.present if out else ~Attendance.present
    moved = db.session.execute(
        update(Attendance)
        .where(Attendance.id == row.id, still)
        .values(vars(new))
        .returning(Attendance.id)
        .execution_options(synchronize_session=False)
    ).first()
    if moved is None:  # the other phone of the same person was faster
        return Scanned(new.standing, now, again=True, out=out)
    _keep(actor, event_id, row, act, now, device=device, ticket=ticket)
    return Scanned(new.standing, now, out=out)


def _keep(
    actor: Actor, event_id: int, row: Any, act: str, now: datetime, *, device: str, ticket: str
) -> None:
    """The record of a scan; RuleError where this ticket has said the same before."""
    record_id = str(uuid5(NAMESPACE_URL, f"{ticket}/{actor.member_id}/{act}"))
    if queries.known(event_id, [record_id]):
        raise RuleError(OTHERWISE)
    db.session.add(
        CheckIn(
            event_id=event_id,
            record_id=record_id,
            member_id=row.member_id,
            guest_id=row.guest_id,
            act=act,
            how="code",
            at=now,
            device=device,
            flag="device" if _signed_in_another(event_id, device, row.member_id) else "",
            by_id=actor.account_id,
        )
    )


def _signed_in_another(event_id: int, device: str, member_id: int | None) -> bool:
    another = exists().where(
        CheckIn.event_id == event_id,
        CheckIn.device == device,
        CheckIn.member_id.is_distinct_from(member_id),
    )
    return bool(db.session.scalar(select(another)))
