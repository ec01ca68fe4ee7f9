"""Signing months. Nothing here commits, reads the request, or sends."""

from datetime import date
from typing import Any

from sqlalchemy import insert

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.closing import queries, rules
from pbtrain.closing.models import SignOff
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.hours import posting
from pbtrain.org.access import Actor

SIGNED = N_("%(name)s has signed this month already, at %(when)s.")


def sign(actor: Actor, unit_id: int, year: int, month: int, *, since: date, seen: int) -> list[int]:
    """Sign a month, and the months before it that nobody signed, with what the book holds now.

    `since` is the first day of the branch, `seen` how many lines the book had on the page that was read.
    Returns the months. RuleError for a month that is not over, a closed year or a book that has grown since;
    Conflict when somebody signed meanwhile.
    """
    rules.check_month(year, month, clock.today())
    locked = posting.open_books({unit_id}, {year})[unit_id, year]
    if locked.sealed_at is not None:
        raise RuleError(N_("The year %(year)s of this branch is closed."), year=year)
    found = queries.months(unit_id, year, since, clock.today())
    here = found.months[month - 1]
    if here.sign_off is not None:
        raise signed_already(here.sign_off)
    if found.book.entries != seen:
        raise RuleError(N_("Lines have been added since you opened this page. Look at the figures again."))
    signing = [one for one in found.months if one.number <= month and one.state == "due"]
    rows = [_row(actor, found.book, one) for one in signing]
    db.session.execute(insert(SignOff.__table__), rows)  # type: ignore[arg-type]
    audit.record(
        actor,
        "book.signed",
        f"book:{found.book.id}",
        unit_id=unit_id,
        year=year,
        months=[one.number for one in signing],
        entries=found.book.entries,
        head=found.book.head,
    )
    return [one.number for one in signing]


def signed_already(sign_off: Any) -> Conflict:
    """The refusal for whoever signs what is signed: it names who was faster, and when."""
    return races.lost(
        SIGNED, N_("This month has been signed meanwhile."), sign_off.signed_by_id, sign_off.signed_at
    )


def _row(actor: Actor, book: Any, month: queries.Month) -> dict[str, Any]:
    """What is kept of a signature: the whole book at this moment, and what was open in that month."""
    open_things = {"claims": month.claims, "held": month.held}
    return {
        "book_id": book.id,
        "month": month.number,
        "entries": book.entries,
        "person_times": book.person_times,
        "minutes": book.minutes,
        "credit": book.credit,
        "prior_credit": book.prior_credit,
        "head": book.head,
        "exceptions": [[kind, count] for kind, count in open_things.items() if count],
        "signed_by_id": actor.account_id,
        "signed_at": clock.now(),
    }
