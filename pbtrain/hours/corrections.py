"""Cancelling a single line by hand: never one's own, and never the line of another branch's book."""

from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.hours import services
from pbtrain.hours.models import HourEntry
from pbtrain.org.access import Actor


def check_not_own(actor: Actor, member_id: int) -> None:
    """RuleError when somebody is about to change what they themselves earned."""
    if member_id == actor.member_id:
        raise RuleError(N_("Nobody cancels their own hours. Ask another committee member."))


def reverse_line(actor: Actor, entry_id: int, *, reason: str) -> int:
    """Cancel one line, with a reason; returns the id of the line that cancels it.

    Raises RuleError for one's own line or a reversal, Conflict when it was reversed meanwhile.
    """
    entry = db.session.get(HourEntry, entry_id)
    if entry is None:
        raise RuleError(N_("This line is not in the ledger."))
    check_not_own(actor, entry.member_id)
    return services.reverse_many(actor, [entry_id], reason=reason)[0]
