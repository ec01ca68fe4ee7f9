"""Writing a roster together with the years of its people: the ledger lies above it, both change at once.

What takes time is worked out before the transaction, so that nobody waits long for the writer.
"""

from typing import Any

from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict
from pbtrain.hours import rosters
from pbtrain.org.access import Actor
from pbtrain.org.roster import back, services
from pbtrain.org.roster import undo as roster_undo
from pbtrain.org.roster.back import Undoing
from pbtrain.org.roster.merge import Written


def write(actor: Actor, import_id: int, mode: str, *, transfers: bool = False) -> Written:
    """Write a preview, all of it in one transaction: people, posts, rights and the years they begin with."""
    plan = services.prepare(actor, import_id, mode, transfers=transfers)
    years = rosters.first_years(
        [
            rosters.Arrival(one.unit_id, one.since, one.stage, one.post, one.post_since, one.joined_on)
            for one in plan.new.people
        ]
    )
    services.number(actor, plan)
    with transaction():
        written = services.confirm(actor, plan)
        rosters.begin_years(written.new, years)
        rosters.settle(written.settle)
    return written


def undo_plan(actor: Actor, import_id: int) -> Undoing:
    """What taking an import back would do, and what would stay; RuleError or Conflict when it cannot be."""
    one = roster_undo.check(actor, import_id)
    return back.plan(actor, import_id, _busy(import_id, one))


def _busy(import_id: int, one: Any) -> set[int]:
    return rosters.with_lines(back.of_import(import_id), one.written_at)


def undo(actor: Actor, import_id: int) -> Undoing:
    """Take an import back in one transaction, years included; who has hours by now stays."""
    one = roster_undo.check(actor, import_id)
    busy = _busy(import_id, one)
    found = back.plan(actor, import_id, busy)
    with transaction():
        roster_undo.undo(actor, found)
        if _busy(import_id, one) != busy:
            raise Conflict(roster_undo.STALE)
        rosters.close_years([member_id for member_id, _, _ in found.gone])
        rosters.settle(found.settle | {member_id for member_id, _, _ in found.left})
    return found
