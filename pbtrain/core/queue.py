"""Long work. The `job` row, written with the action that asked for it, is the truth; huey only nudges.

A handler is claimed by one conditional UPDATE, renews its lease with its progress, and may run again
after a crash: it must repeat harmlessly. Users see state and progress from the row.
"""

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from huey import PostgresHuey, SqliteHuey
from sqlalchemy import JSON, ForeignKey, Index, String, Text, event, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from pbtrain.core import clock
from pbtrain.core.db import Model, db, transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_

LEASE = timedelta(minutes=2)
MAX_ATTEMPTS = 5
STOPPED = N_("The work was stopped %(count)s times before it was done. Tell the administrator.")
log = logging.getLogger(__name__)
HANDLERS: dict[str, Callable[["Running"], dict[str, Any] | None]] = {}


class Job(Model):
    """One piece of long work: what, for whom, how far."""

    __table_args__ = (Index(None, "state", "lease_until"),)

    key: Mapped[str | None] = mapped_column(String(120), unique=True)  # the same work is asked for once
    kind: Mapped[str] = mapped_column(String(60))
    args: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(String(12), default="queued")  # queued running done failed
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    done_steps: Mapped[int] = mapped_column(default=0)
    all_steps: Mapped[int] = mapped_column(default=0)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    error: Mapped[str] = mapped_column(Text, default="")
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    finished_at: Mapped[datetime | None]


class Superseded(Exception):
    """The lease ran out and another worker does this job now: whoever slept stops, and says nothing of it."""


class Running:
    """What a handler knows of its job; `attempt` is the number of this try, by which it holds the lease."""

    def __init__(self, job_id: int, args: dict[str, Any], owner_id: int | None, attempt: int) -> None:
        self.job_id, self.args, self.owner_id, self.attempt = job_id, args, owner_id, attempt

    def progress(self, done: int, of: int) -> None:
        """Say how far it is and renew the lease, in a transaction of its own; Superseded when it is lost."""
        until = clock.now() + LEASE
        if not self._held(done_steps=done, all_steps=of, lease_until=until):
            raise Superseded(self.job_id)

    def finish(self, state: str, *, result: dict[str, Any] | None = None, error: str = "") -> None:
        """Say how it ended; nothing where another worker does it now."""
        ended = None if state == "queued" else clock.now()
        self._held(state=state, result=result, error=error, lease_until=None, finished_at=ended)

    def refuse(self, message: str, params: dict[str, Any]) -> None:
        """It failed, in words for whoever asked; another try would not help."""
        self.finish("failed", error=json.dumps({"message": message, "params": params}))

    def _held(self, **values: Any) -> bool:
        mine = (Job.id == self.job_id, Job.state == "running", Job.attempts == self.attempt)
        with transaction() as session:
            found = session.execute(update(Job).where(*mine).values(**values).returning(Job.id)).first()
        return found is not None


def handler(kind: str) -> Callable[[Any], Any]:
    """Register the function that does this kind of job; it opens its own transactions."""

    def register(function: Any) -> Any:
        HANDLERS[kind] = function
        return function

    return register


def enqueue(kind: str, args: dict[str, Any], *, owner_id: int | None = None, key: str | None = None) -> int:
    """Ask for work inside the caller's transaction; returns the job's id. The same key gives the same job."""
    if key is not None:
        known = db.session.scalar(select(Job.id).where(Job.key == key))
        if known is not None:
            return known
    job = Job(kind=kind, args=args, owner_id=owner_id, key=key)
    db.session.add(job)
    db.session.flush()  # the nudge and the page that watches need job.id
    db.session.info.setdefault("pb_nudges", []).append(job.id)
    return job.id


@event.listens_for(Session, "after_commit")
def _nudge(session: Session) -> None:
    for job_id in session.info.pop("pb_nudges", ()):
        nudge(job_id)


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop("pb_nudges", None)


def nudge(job_id: int) -> None:
    """Tell a worker; a lost nudge is made good by the sweeper."""
    huey = current_app.extensions.get("pbtrain.huey")
    if huey is not None:
        try:
            current_app.extensions["pbtrain.run_job"](job_id)
        except Exception:  # the row stands; the sweeper asks again
            log.warning("job %s could not be nudged", job_id, exc_info=True)


def run(job_id: int) -> bool:
    """Do one job if it can be claimed; True when it was done here."""
    now = clock.now()
    free = or_(Job.state == "queued", (Job.state == "running") & (Job.lease_until < now))
    with transaction() as session:
        claimed = session.execute(
            update(Job)
            .where(Job.id == job_id, free)
            .values(state="running", lease_until=now + LEASE, attempts=Job.attempts + 1)
            .returning(Job.kind, Job.args, Job.owner_id, Job.attempts)
        ).first()
    if claimed is None:
        return False
    running = Running(job_id, claimed.args, claimed.owner_id, claimed.attempts)
    if claimed.attempts > MAX_ATTEMPTS:  # each try took its worker with it: out of memory, or killed
        log.error("job %s was stopped %s times", job_id, MAX_ATTEMPTS)
        running.refuse(STOPPED, {"count": MAX_ATTEMPTS})
        return True
    try:
        result = HANDLERS[claimed.kind](running)
    except RuleError as error:
        running.refuse(error.message, error.params)
    except Superseded:
        log.warning("job %s is done by another worker now", job_id)
    except Exception as error:
        log.exception("job %s failed", job_id)
        gone = claimed.attempts >= MAX_ATTEMPTS
        running.finish("failed" if gone else "queued", error=repr(error)[:2000])
    else:
        running.finish("done", result=result)
    return True


def sweep() -> int:
    """Nudge what waits or whose worker died; returns how many."""
    now = clock.now()
    waiting = db.session.scalars(
        select(Job.id)
        .where(or_(Job.state == "queued", (Job.state == "running") & (Job.lease_until < now)))
        .order_by(Job.id)
        .limit(500)
    ).all()
    for job_id in waiting:
        nudge(job_id)
    return len(waiting)


def run_waiting() -> int:
    """Do everything that waits, here and now: for tests and `flask worker --once`."""
    done = 0
    while ids := db.session.scalars(
        select(Job.id).where(Job.state == "queued").order_by(Job.id).limit(50)
    ).all():
        done += sum(run(job_id) for job_id in ids)
    return done


def work(app: Flask, threads: int = 4) -> None:
    """What the process `flask worker` does until SIGINT (ends when idle) or SIGTERM (ends now)."""
    app.extensions["pbtrain.huey"].create_consumer(workers=threads, periodic=False).run()


def init_app(app: Flask) -> None:
    """Bind huey: a file of its own beside an embedded database, tables in PostgreSQL otherwise."""
    uri = app.config["SQLALCHEMY_DATABASE_URI"]
    if app.testing:
        return
    if uri.startswith("postgresql"):
        dsn = uri.replace("postgresql+psycopg://", "postgresql://", 1)
        huey: Any = PostgresHuey("pbtrain", dsn=dsn, results=False)
    else:
        huey = SqliteHuey(
            "pbtrain", filename=str(Path(app.instance_path, "huey.sqlite3")), results=False, fsync=False
        )

    @huey.task(name="run_job")
    def run_job(job_id: int) -> None:
        with app.app_context():
            run(job_id)

    app.extensions["pbtrain.huey"] = huey
    app.extensions["pbtrain.run_job"] = run_job
