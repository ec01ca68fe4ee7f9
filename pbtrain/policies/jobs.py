"""Long work: what a new version changes for everybody below, and what a draft would change."""

from collections.abc import Iterator
from datetime import date
from itertools import chain
from typing import Any

from sqlalchemy import func, select

from pbtrain.core import clock, queue, storage
from pbtrain.core.batches import batched
from pbtrain.core.db import db, transaction
from pbtrain.core.storage import StoredFile
from pbtrain.hours import custody
from pbtrain.hours import services as hours
from pbtrain.org.models import Member, UnitClosure
from pbtrain.policies.queries import RECOMPUTE, TRIAL
from pbtrain.policies.trial import Trial

BATCH = 500


def people_below(unit_id: int) -> Any:
    """Everybody who stands in a unit or below it."""
    return select(Member.id, Member.unit_id).where(
        Member.unit_id.in_(select(UnitClosure.below_id).where(UnitClosure.above_id == unit_id))
    )


def counted(unit_id: int) -> int:
    """How many people that is."""
    return db.session.scalar(select(func.count()).select_from(people_below(unit_id).subquery())) or 0


def batches(unit_id: int) -> Iterator[list[Any]]:
    """These people some at a time, branch by branch; each time a statement that ends before the work on them
    begins, so that nobody waits for it."""
    at = (0, 0)
    while True:
        rows = db.session.execute(
            people_below(unit_id)
            .where((Member.unit_id > at[0]) | ((Member.unit_id == at[0]) & (Member.id > at[1])))
            .order_by(Member.unit_id, Member.id)
            .limit(BATCH)
        ).all()
        if not rows:
            return
        at = (rows[-1].unit_id, rows[-1].id)
        yield list(rows)


@queue.handler(RECOMPUTE)
def recompute(running: queue.Running) -> dict[str, Any]:
    """Judge the years of all whose days these new rules judge, from their first year to this one: who stands
    below the unit, and who stood there and went on. A second run does the same again."""
    unit_id, done = running.args["unit_id"], 0
    years = range(running.args["year"], clock.today().year + 1)
    gone = db.session.scalars(custody.moved_on([unit_id], date(years[0], 1, 1))).all()
    of = counted(unit_id) + len(gone)
    standing = ([row.id for row in rows] for rows in batches(unit_id))
    for ids in chain(standing, batched(gone, BATCH)):
        for year in years:
            with transaction():
                hours.refresh_years(ids, year)
        done += len(ids)
        running.progress(done, of)
    return {"members": done}


@queue.handler(TRIAL)
def trial(running: queue.Running) -> dict[str, Any]:
    """Judge everybody below a unit twice, by the published rules and by the draft; reads only. What changes
    for whom is kept in a file, a piece for each branch; a second run writes the same again."""
    unit_id = running.args["unit_id"]
    work = Trial(
        unit_id,
        running.args["rules"],
        date.fromisoformat(running.args["effective_on"]),
        running.args["ledger_year"],
        clock.today(),
    )
    of, done = counted(unit_id), 0
    for rows in batches(unit_id):
        work.judge([row.id for row in rows])
        done += len(rows)
        running.progress(done, of)
    found, content = work.result()
    sha256 = storage.put(content)
    with transaction() as session:
        file = StoredFile(
            sha256=sha256,
            size=len(content),
            mime="application/octet-stream",
            name=f"policy-trial-{running.job_id}",
            unit_id=unit_id,
            made_by_id=running.owner_id,
        )
        session.add(file)
    return found | {"file": sha256, "on": clock.today().isoformat()}
