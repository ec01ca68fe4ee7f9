"""Long work: what a new version changes for everybody below, and what a draft would change."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import func, select

from pbtrain.core import clock, queue, storage
from pbtrain.core.db import db, transaction
from pbtrain.core.storage import StoredFile
from pbtrain.hours import custody
from pbtrain.hours import services as hours
from pbtrain.org.models import Member, UnitClosure
from pbtrain.policies.queries import RECOMPUTE, TRIAL
from pbtrain.policies.trial import Trial

BATCH = 500
TRIAL_FILE = "policy-trial-"  # what the stored files of trials are called


def people_below(unit_id: int) -> Any:
    """Everybody who stands in a unit or below it."""
    return select(Member.id, Member.unit_id).where(
        Member.unit_id.in_(select(UnitClosure.below_id).where(UnitClosure.above_id == unit_id))
    )


def counted(people: Any) -> int:
    """How many these are."""
    return db.session.scalar(select(func.count()).select_from(people.subquery())) or 0


def batches(people: Any, *, by_branch: bool) -> Iterator[list[Any]]:
    """These people some at a time, branch by branch or by their ids; each time a statement that ends before
    the work on them begins, so that nobody waits for it."""
    order = (Member.unit_id, Member.id) if by_branch else (Member.id,)
    asked = people.order_by(*order).limit(BATCH)
    rows = db.session.execute(asked).all()
    while rows:
        last = rows[-1]
        yield list(rows)
        beyond = Member.id > last.id
        if by_branch:
            beyond = (Member.unit_id > last.unit_id) | ((Member.unit_id == last.unit_id) & beyond)
        rows = db.session.execute(asked.where(beyond)).all()


@queue.handler(RECOMPUTE)
def recompute(running: queue.Running) -> dict[str, Any]:
    """Judge the years of all whose days these new rules may judge, from their first year to this one; a
    second run does the same again."""
    unit_id, done = running.args["unit_id"], 0
    years = range(running.args["year"], clock.today().year + 1)
    people = custody.judged_by([unit_id], date(years[0], 1, 1))
    of = counted(people)
    for rows in batches(people, by_branch=False):
        for year in years:
            with transaction():
                hours.refresh_years([row.id for row in rows], year)
        done += len(rows)
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
    people, done = people_below(unit_id), 0
    of = counted(people)
    for rows in batches(people, by_branch=True):
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
            name=f"{TRIAL_FILE}{running.job_id}",
            unit_id=unit_id,
            made_by_id=running.owner_id,
        )
        session.add(file)
    return found | {"file": sha256, "on": clock.today().isoformat()}
