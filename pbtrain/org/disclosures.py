"""Opening what is masked, against a reason; and telling the person who did. Part of the services of org.

The reason is written before the answer is made: if it cannot be written, nothing is shown.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, or_, select

from pbtrain.accounts.models import Account
from pbtrain.audit import services as audit
from pbtrain.audit.models import AuditEvent
from pbtrain.core import clock, crypto
from pbtrain.core.db import db, record_apart
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.org import copies, personal, posts
from pbtrain.org.access import Actor
from pbtrain.org.models import Affiliation, Member, RosterCopy, UnitClosure
from pbtrain.org.roster.match import ID_PURPOSE

SHOWN, EXPORTED = "personal.shown", "personal.exported"
MASKABLE = ("phone", "id_number")
LOOKS = 100  # of these the newest are told


@dataclass(frozen=True)
class Taken:
    """A roster that may leave in full: why, and the last day on which the file may be there."""

    reason: str
    due_on: date


def may_ask(actor: Actor, unit_id: int) -> list[str]:
    """The masked facts that this person may see in full, with a reason, of the members of that branch."""
    roles = posts.roles_in(actor, unit_id)
    return [fact for fact in MASKABLE if personal.shown(roles, fact) >= personal.Shown.ASK]


def open_facts(actor: Actor, member: Any, facts: Collection[str], reason: str) -> dict[str, str]:
    """These facts of a member in full; recorded first, in a transaction of its own. RuleError without a
    reason, or for a fact that this person may not ask for. `member` has id and unit_id."""
    reason = personal.check_reason(reason)
    wanted = [fact for fact in may_ask(actor, member.unit_id) if fact in facts]
    if not wanted or set(facts) - set(wanted):
        raise RuleError(N_("Choose what you need to see."), field="facts")
    with record_apart() as apart:
        audit.record(
            actor, SHOWN, f"member:{member.id}", unit_id=member.unit_id, session=apart,
            facts=wanted, reason=reason,
        )  # fmt: skip
    return {fact: value for fact, value in in_full(member.id).items() if fact in wanted}


def in_full(member_id: int) -> dict[str, str]:
    """Phone and ID number of a member, opened; for the person, or after `open_facts` recorded it."""
    row = db.session.execute(select(Member.phone, Member.id_number).where(Member.id == member_id)).one()
    number = crypto.decrypt(row.id_number, ID_PURPOSE) if row.id_number else ""
    return {"phone": row.phone or "", "id_number": number}


def record_export(actor: Actor, unit_id: int, reason: str, *, people: int) -> Taken:
    """Write down, before it is given out, that a roster leaves with all in full. RuleError without a reason,
    or while an earlier copy is overdue."""
    reason = personal.check_reason(reason)
    copies.check_none_overdue(actor)
    until = copies.due_on()
    with record_apart() as apart:
        copy = RosterCopy(
            unit_id=unit_id, taken_by_id=actor.account_id, reason=reason, people=people, due_on=until
        )
        apart.add(copy)
        apart.flush()  # the trail names it
        audit.record(
            actor, EXPORTED, f"unit:{unit_id}", unit_id=unit_id, session=apart,
            facts=list(MASKABLE), reason=reason, people=people, copy=copy.id,
        )  # fmt: skip
    return Taken(reason, until)


@dataclass(frozen=True)
class Look:
    """Who saw what in full, when and why; `people` is how many were in the same file, 0 for one person. Of a
    file: until when it may be there, and since when it is known to be deleted."""

    at: datetime
    name: str
    facts: tuple[str, ...]
    reason: str
    people: int
    due_on: date | None = None
    deleted_at: datetime | None = None


def looks_of(member_id: int) -> list[Look]:
    """Who saw this member's data in full, the newest first: on a page, or in a file of a unit the member
    stood in on that day (by the tree as it is now). Three statements, a fourth for files."""
    homes = db.session.execute(
        select(Affiliation.valid_from, Affiliation.valid_until, UnitClosure.above_id)
        .join(UnitClosure, UnitClosure.below_id == Affiliation.unit_id)
        .where(Affiliation.member_id == member_id)
        .order_by(Affiliation.id)
    ).all()
    of_unit = AuditEvent.target.in_({f"unit:{row.above_id}" for row in homes})
    found = db.session.execute(
        select(AuditEvent.at, AuditEvent.target, AuditEvent.detail, Account.name)
        .outerjoin(Account, Account.id == AuditEvent.actor_id)
        .where(
            or_(
                and_(AuditEvent.target == f"member:{member_id}", AuditEvent.action == SHOWN),
                and_(of_unit, AuditEvent.action == EXPORTED),
            )
        )
        .order_by(AuditEvent.id.desc())
        .limit(LOOKS)
    ).all()
    spans = [(f"unit:{row.above_id}", row.valid_from, row.valid_until) for row in homes]
    rows = [
        row
        for row in found
        if row.target.startswith("member:") or _stood(spans, row.target, clock.local(row.at).date())
    ]
    files = _files({row.detail["copy"] for row in rows if "copy" in row.detail})
    return [
        Look(row.at, row.name or "", tuple(row.detail["facts"]), row.detail["reason"],
             row.detail.get("people", 0), *files.get(row.detail.get("copy"), ()))
        for row in rows
    ]  # fmt: skip


def _files(copy_ids: Collection[int]) -> dict[int, tuple[date, datetime | None]]:
    """When each copy is due, and when it was said to be deleted."""
    if not copy_ids:
        return {}
    rows = db.session.execute(
        select(RosterCopy.id, RosterCopy.due_on, RosterCopy.deleted_at).where(RosterCopy.id.in_(copy_ids))
    )
    return {row.id: (row.due_on, row.deleted_at) for row in rows}


def _stood(spans: list[tuple[str, date, date | None]], unit: str, day: date) -> bool:
    """Did the member stand in or below that unit on that day?"""
    return any(u == unit and since <= day and (until is None or day < until) for u, since, until in spans)
