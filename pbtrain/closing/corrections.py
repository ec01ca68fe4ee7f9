"""Corrections of a closed year: recorded by the level above, in the branch's open book, with a reason.

Part of the services of closing. The member reads of it.
"""

import hashlib
from dataclasses import replace

from sqlalchemy import select

from pbtrain.accounts.models import Account
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.formatting import hours as shown
from pbtrain.core.formatting import long_day
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
from pbtrain.hours import rules, sealed, services
from pbtrain.hours.corrections import check_not_own
from pbtrain.hours.models import Book, HourEntry
from pbtrain.hours.persons import people
from pbtrain.hours.services import Line
from pbtrain.notify.services import Note, enqueue_many
from pbtrain.org.access import Actor, may
from pbtrain.org.models import Member
from pbtrain.org.roles import Perm

NOT_YOURS = N_("Only the level above the branch corrects a closed year.")


def reverse(actor: Actor, entry_id: int, *, reason: str) -> int:
    """Cancel a line of a closed year; returns the id of the line that cancels it, in the open book."""
    found = db.session.execute(
        select(HourEntry.member_id, HourEntry.credit_year, Book.unit_id)
        .join(Book, Book.id == HourEntry.book_id)
        .where(HourEntry.id == entry_id)
    ).first()
    if found is None:
        raise RuleError(N_("This line is not in the ledger."))
    _check(actor, found.member_id, found.unit_id, found.credit_year)
    return services.reverse_many(actor, [entry_id], reason=reason, after_seal=True)[0]


def add(actor: Actor, unit_id: int, line: Line, *, reason: str) -> int:
    """Add a line that a closed year lacks, for a day on which the member stood in that branch; its id.

    `line` brings everything but occurrence and reason. The very same sent again is the line that stands.
    """
    reason = rules.check_reason(reason)
    _check(actor, line.member_id, unit_id, line.day.year)
    person = people([line.member_id]).get(line.member_id)
    if person is None or person.branch_on(line.day) != unit_id:
        raise RuleError(N_("On that day the member was not in this branch."), field="day")
    line = replace(line, occurrence=_occurrence(line, reason), correction=reason)
    posted = services.post_many(actor, [line])
    if posted.already:
        return services.live_entries(line.occurrence)[line.member_id]
    if not posted.entry_ids:
        raise RuleError(N_("This line overlaps another one of the member."), field="day")
    _tell(line.member_id, posted.entry_ids[0], reason)
    return posted.entry_ids[0]


def _occurrence(line: Line, reason: str) -> str:
    """What the ledger calls a correction that says this: a double click, or a lost answer, posts it once."""
    told = "|".join(str(part) for part in (line.day, line.activity, line.minutes, line.title, reason))
    return f"correction:{hashlib.sha256(told.encode()).hexdigest()[:32]}"


def _check(actor: Actor, member_id: int, unit_id: int, year: int) -> None:
    """Not one's own, from above the branch, and of a year that is closed."""
    check_not_own(actor, member_id)
    if not may(actor, Perm.YEAR_CORRECT, unit_id):
        raise RuleError(NOT_YOURS)
    if (unit_id, year) not in sealed.closed([unit_id], [year]):
        raise RuleError(
            N_("The year %(year)s of this branch is open: the branch puts it right itself."),
            year=year,
            field="day",
        )


def _tell(member_id: int, entry_id: int, reason: str) -> None:
    """The member hears what was added and why; of a reversal the ledger itself tells."""
    row = db.session.execute(
        select(Account.id, HourEntry.title, HourEntry.day, HourEntry.credit, HourEntry.credit_year)
        .join(Member, Member.account_id == Account.id)
        .join(HourEntry, HourEntry.member_id == Member.id)
        .where(HourEntry.id == entry_id, Member.id == member_id, Account.disabled_at.is_(None))
    ).first()
    if row is None:
        return
    subject = in_chinese(
        N_("Your hours of %(year)s were corrected: %(change)s"),
        year=row.credit_year,
        change=f"+{shown(row.credit)}",
    )
    body = in_chinese(
        N_("%(title)s, %(day)s. Reason: %(why)s"), title=row.title, day=long_day(row.day), why=reason
    )
    enqueue_many([Note(row.id, f"correction:{entry_id}", subject, body, f"/hours?year={row.credit_year}")])
