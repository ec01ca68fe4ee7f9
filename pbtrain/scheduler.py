"""All timed work, in one table, run by one process: `flask scheduler`.

Several may be started; one leads, the others wait until its lock is free. What is due is decided by unique
keys in our own tables, so that a job which fires twice does nothing twice.
"""

import fcntl
import logging
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import IO, Any

import psycopg
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from pbtrain.accounts import services as accounts
from pbtrain.classes.services import enrolment, homes
from pbtrain.core import clock, queue, storage
from pbtrain.core.db import transaction
from pbtrain.courses import sweep as courses
from pbtrain.home import retention
from pbtrain.home.reshaping import services as reshaping
from pbtrain.hours import figures
from pbtrain.hours import jobs as hours
from pbtrain.notify import delivery
from pbtrain.reminders import jobs as reminders


def end_stale_sessions() -> None:
    """Sessions idle or open for too long end; old slips and failures are forgotten."""
    with transaction():
        accounts.sweep_expired()


JOBS: tuple[tuple[Callable[[], Any], str, dict[str, Any]], ...] = (  # function, trigger, its arguments
    (queue.sweep, "interval", {"seconds": 30}),
    (delivery.nudge, "interval", {"seconds": 30}),
    (courses.hand_in_overdue, "interval", {"seconds": 60}),
    (figures.refresh_if_due, "interval", {"seconds": 60}),
    (end_stale_sessions, "interval", {"minutes": 10}),
    (hours.refresh_pace, "cron", {"minute": 2}),  # a new day or year; before the reminders, which go by it
    (enrolment.expire_offers, "cron", {"minute": 5}),  # the day of an offer ends at midnight
    (homes.follow_moves, "cron", {"minute": 6}),  # a branch that got a learner sees them within the hour
    (reshaping.end_due_units, "cron", {"minute": 1}),  # just after midnight; again where it was missed
    (reminders.enqueue_due, "cron", {"hour": "8-20", "minute": 30}),
    (hours.anchor_daily, "cron", {"hour": 23, "minute": 50}),
    (retention.sweep_old, "cron", {"hour": 3, "minute": 20}),
    (storage.sweep_orphans, "cron", {"hour": 3, "minute": 40}),
)
PAUSE = timedelta(seconds=5)  # after the start, so that the first page comes first
ADVISORY_KEY = 0x7062_7472_6169_6E  # "pbtrain"
log = logging.getLogger(__name__)


def build(app: Flask) -> BackgroundScheduler:
    """The table as a scheduler that has not been started."""
    scheduler = BackgroundScheduler(
        timezone=clock.SHANGHAI,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for function, trigger, arguments in JOBS:
        name = f"{function.__module__}.{function.__name__}"
        first = {"next_run_time": clock.now() + PAUSE} if trigger == "interval" else {}
        scheduler.add_job(in_context(app, function), trigger, id=name, name=name, **arguments, **first)
    return scheduler


def in_context(app: Flask, function: Callable[[], Any]) -> Callable[[], None]:
    """A job gets an application context, hence a database session of its own."""

    def run() -> None:
        with app.app_context():
            function()

    return run


class FileLock:
    """Leads on one machine: a lock the kernel frees when its holder dies."""

    def __init__(self, path: Path) -> None:
        self.path, self.file = path, None

    file: IO[str] | None

    def acquire(self) -> bool:
        """Lead if nobody else does."""
        file = self.path.open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self.file = file
        return True

    def held(self) -> bool:
        """Still leading?"""
        return self.file is not None

    def release(self) -> None:
        """Let another lead."""
        if self.file is not None:
            self.file.close()
            self.file = None


class DatabaseLock:
    """Leads on many machines: an advisory lock that PostgreSQL frees with its connection."""

    def __init__(self, address: str) -> None:
        self.address = address.replace("+psycopg", "", 1)
        self.connection: psycopg.Connection[Any] | None = None

    def acquire(self) -> bool:
        """Lead if nobody else does; a database that is away means not now."""
        try:
            if self.connection is None:
                self.connection = psycopg.connect(self.address, autocommit=True, connect_timeout=5)
            row = self.connection.execute("SELECT pg_try_advisory_lock(%s)", (ADVISORY_KEY,)).fetchone()
        except psycopg.Error as error:
            log.warning("the lock cannot be asked for: %s", error)
            self.release()
            return False
        return bool(row and row[0])

    def held(self) -> bool:
        """Still leading? Asks the connection, for the lock lives as long as it."""
        try:
            return self.connection is not None and bool(self.connection.execute("SELECT 1").fetchone())
        except psycopg.Error:
            return False

    def release(self) -> None:
        """Let another lead, at once: a closed connection keeps its lock until the server notices."""
        if self.connection is not None:
            with suppress(psycopg.Error):
                self.connection.execute("SELECT pg_advisory_unlock_all()")
            self.connection.close()
            self.connection = None


def lock_for(app: Flask) -> FileLock | DatabaseLock:
    """The lock that fits the site's database."""
    address = app.config["SQLALCHEMY_DATABASE_URI"]
    if address.startswith("postgresql"):
        return DatabaseLock(address)
    return FileLock(Path(app.instance_path, "scheduler.lock"))


def run(app: Flask, stop: threading.Event) -> None:
    """Lead whenever nobody else does, until told to stop."""
    lock, scheduler = lock_for(app), None
    while not stop.is_set():
        if scheduler is None and lock.acquire():
            scheduler = build(app)
            scheduler.start()
            log.info("leading: %s jobs", len(JOBS))
        elif scheduler is not None and not lock.held():
            log.warning("the lock is lost: another may lead")
            scheduler.shutdown(wait=False)
            scheduler = None
            lock.release()
        stop.wait(1 if scheduler else 0.5)
    if scheduler is not None:
        scheduler.shutdown(wait=False)
    lock.release()


def run_until_signal(app: Flask) -> None:
    """What the process `flask scheduler` does; SIGINT and SIGTERM end it."""
    stop = threading.Event()

    def asked(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, asked)
    run(app, stop)
