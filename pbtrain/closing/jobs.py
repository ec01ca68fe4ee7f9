"""Closing a level with many empty units below: long work, asked for once at a time. Part of the services."""

from typing import Any

from sqlalchemy import func, select

from pbtrain.closing import sealing
from pbtrain.core.db import db
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.core.queue import Job, Running, enqueue, handler
from pbtrain.org.access import Actor, actor_for, may
from pbtrain.org.roles import Perm

KIND = "closing.close"


def _keys(unit_id: int, year: int) -> Any:
    return Job.key.startswith(f"{KIND}:{unit_id}:{year}:", autoescape=True)


def latest(unit_id: int, year: int) -> Any:
    """The newest job that closes this unit's year: state, steps, error; or None."""
    return db.session.execute(
        select(Job.id, Job.state, Job.done_steps, Job.all_steps, Job.error)
        .where(_keys(unit_id, year))
        .order_by(Job.id.desc())
        .limit(1)
    ).first()


def ask(actor: Actor, unit_id: int, year: int) -> int:
    """Ask for it, unless it is under way; inside the caller's transaction."""
    newest = latest(unit_id, year)
    if newest is not None and newest.state in ("queued", "running"):
        return int(newest.id)
    tries = db.session.scalar(select(func.count(Job.id)).where(_keys(unit_id, year))) or 0
    key = f"{KIND}:{unit_id}:{year}:{tries + 1}"
    return enqueue(KIND, {"unit_id": unit_id, "year": year}, owner_id=actor.account_id, key=key)


@handler(KIND)
def close(running: Running) -> dict[str, Any]:
    """Close what is empty, then the level; again after a crash goes on where it stopped."""
    unit_id, year = running.args["unit_id"], running.args["year"]
    actor = actor_for(running.owner_id) if running.owner_id else None
    if actor is None or not may(actor, Perm.YEAR_SEAL, unit_id):
        raise RuleError(N_("Whoever asked for this may not do it any more."))
    try:
        return {"code": sealing.close(actor, unit_id, year, running.progress)}
    except Conflict:  # it was done before the crash, or by somebody else
        return {}
