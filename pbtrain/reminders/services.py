"""The secretary reminds those who are behind, at most once a day each."""

from sqlalchemy import select

from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.notify import services as notify
from pbtrain.org.access import Actor
from pbtrain.org.models import Unit
from pbtrain.reminders import queries
from pbtrain.reminders.catalog import behind_note


def remind_behind(actor: Actor, unit_id: int) -> int:
    """Write to everyone of the branch who is behind and was not written to today; returns how many.

    RuleError when nobody is left to write to. The caller has made sure that the unit is in reach.
    """
    today = clock.today()
    about = queries.occasion(unit_id, today)
    waiting = [row for row in queries.who_is_behind(unit_id, today) if row.account_id and not row.told]
    sender = db.session.scalar(select(Unit.name).where(Unit.id == unit_id)) or actor.name
    told = notify.enqueue_many(
        behind_note(row.account_id, about, row.counted, row.due, sender=sender) for row in waiting
    )
    if not told:
        raise RuleError(N_("Everyone who is behind has been reminded today. Tomorrow is early enough."))
    audit.record(actor, "reminder.sent", f"unit:{unit_id}", unit_id=unit_id, people=len(told))
    return len(told)
