"""Closing many units: long work, asked for once at a time. Part of the services.

A level with many empty units below is closed by CLOSE; the branches below that are ready, and the levels
between, by READY.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import case, func, select

from pbtrain.audit import services as audit
from pbtrain.closing import ready, sealing
from pbtrain.closing.models import YearSeal
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.core.queue import Job, Running, enqueue, handler
from pbtrain.org.access import Actor, actor_for, may
from pbtrain.org.models import Unit, UnitClosure
from pbtrain.org.roles import Perm

CLOSE, READY = "closing.close", "closing.ready"
NAMED = 500  # refusals that a result keeps by name


def _keys(kind: str, unit_id: int, year: int) -> Any:
    return Job.key.startswith(f"{kind}:{unit_id}:{year}:", autoescape=True)


def latest(kind: str, unit_id: int, year: int) -> Any:
    """The newest job of this kind for a unit's year: state, steps, error, result; or None."""
    return db.session.execute(
        select(Job.id, Job.state, Job.done_steps, Job.all_steps, Job.error, Job.result)
        .where(_keys(kind, unit_id, year))
        .order_by(Job.id.desc())
        .limit(1)
    ).first()


def ask(kind: str, actor: Actor, unit_id: int, year: int, *, levels: bool = False) -> int:
    """Ask for it, unless it is under way; inside the caller's transaction. `levels`: of READY, the levels
    between as well."""
    newest = latest(kind, unit_id, year)
    if newest is not None and newest.state in ("queued", "running"):
        return int(newest.id)
    tries = db.session.scalar(select(func.count(Job.id)).where(_keys(kind, unit_id, year))) or 0
    key = f"{kind}:{unit_id}:{year}:{tries + 1}"
    audit.record(actor, "year.close_asked", f"unit:{unit_id}", unit_id=unit_id, year=year, job=kind)
    args = {"unit_id": unit_id, "year": year} | ({"levels": True} if levels else {})
    return enqueue(kind, args, owner_id=actor.account_id, key=key)


def _owner(running: Running) -> Actor:
    actor = actor_for(running.owner_id) if running.owner_id else None
    if actor is None or not may(actor, Perm.YEAR_SEAL, running.args["unit_id"]):
        raise RuleError(N_("Whoever asked for this may not do it any more."))
    return actor


@handler(CLOSE)
def close(running: Running) -> dict[str, Any]:
    """Close what is empty, then the level; again after a crash goes on where it stopped."""
    actor = _owner(running)
    try:
        return {"code": sealing.close(actor, running.args["unit_id"], running.args["year"], running.progress)}
    except Conflict:  # it was done before the crash, or by somebody else
        return {}


@handler(READY)
def close_ready(running: Running) -> dict[str, Any]:
    """Close every branch below that is ready, then, where asked, the levels between of which all is closed,
    from below, each in its own transaction; who is refused is named with the reason and stands in nobody's
    way. Again after a crash closes the rest and counts all."""
    actor, unit_id, year = _owner(running), running.args["unit_id"], running.args["year"]

    def branch(branch_id: int) -> None:
        with transaction():
            sealing.seal_unit(actor, branch_id, year)

    def level(level_id: int) -> None:
        sealing.close(actor, level_id, year)

    refused = _each(running, db.session.execute(ready.listed(actor, unit_id, year, ready=True)).all(), branch)
    if running.args.get("levels"):
        refused += _each(running, db.session.execute(ready.levels(actor, unit_id, year)).all(), level)
    return {
        **_closed_by(actor, running.job_id, unit_id, year),
        "refused": refused[:NAMED],
        "more": max(len(refused) - NAMED, 0),
    }


def _each(running: Running, units: Sequence[Any], close: Callable[[int], None]) -> list[Any]:
    """Close one unit after the other; (id, name, msgid, parameters) of those that were refused."""
    refused: list[Any] = []
    for done, unit in enumerate(units):
        if done % 10 == 0:
            running.progress(done, len(units))
        try:
            close(unit.id)
        except Conflict:
            continue  # somebody was faster: closed is closed
        except RuleError as error:
            refused.append([unit.id, unit.name, error.message, error.params])
    return refused


def _closed_by(actor: Actor, job_id: int, unit_id: int, year: int) -> dict[str, int]:
    """How many branches (`closed`) and levels below this person has closed since the job was asked for."""
    since = select(Job.created_at).where(Job.id == job_id).scalar_subquery()
    is_level = case((Unit.kind.in_(ready.WITH_UNITS), 1), else_=0)
    row = db.session.execute(
        select(func.count(YearSeal.id), func.coalesce(func.sum(is_level), 0))
        .join(UnitClosure, UnitClosure.below_id == YearSeal.unit_id)
        .join(Unit, Unit.id == YearSeal.unit_id)
        .where(
            UnitClosure.above_id == unit_id,
            YearSeal.year == year,
            YearSeal.sealed_by_id == actor.account_id,
            YearSeal.sealed_at >= since,
        )
    ).one()
    return {"closed": int(row[0]) - int(row[1]), "levels": int(row[1])}
