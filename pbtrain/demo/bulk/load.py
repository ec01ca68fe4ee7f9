"""Conducting a bulk load: some processes make rows, one writes them; then figures, courses, verification."""

import ctypes
import os
import shutil
import signal
import sqlite3
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import select

from pbtrain.accounts import passwords
from pbtrain.accounts.models import Account
from pbtrain.audit import services as audit
from pbtrain.core import clock, site
from pbtrain.core.db import db, is_postgresql, transaction
from pbtrain.demo import meetings, study
from pbtrain.demo.bulk import postgresql, sqlite
from pbtrain.demo.bulk.make import Maker, Rows, runs
from pbtrain.demo.bulk.shapes import Shape
from pbtrain.demo.roster import LOGINS, PASSWORD, STAFF, World
from pbtrain.hours import figures
from pbtrain.hours.verify import verify
from pbtrain.org import counts
from pbtrain.org.access import Actor, actor_for
from pbtrain.org.roles import Role

Tell = Callable[[str], None]
Part = Any  # what the writer at hand takes: bytes by table, or the path of a file
RUN = 100  # branches made at a time: some 40,000 lines
SMALL = 20_000  # members that one process makes sooner than two
EVERY = 2.0  # seconds between two lines of progress


class Broken(RuntimeError):
    """What was loaded does not verify; the site stays closed."""


PROBLEMS = (  # of which somebody at a terminal needs the sentence, not the traceback
    Broken, postgresql.NotRestored, sqlite.NotRestored, BrokenProcessPool, OSError, psycopg.Error,
    sqlite3.Error,
)  # fmt: skip


def load(shape: Shape, tell: Tell, processes: int | None = None) -> None:
    """Fill an empty site; it stays closed ("loading") until all is written and verified."""
    begun = time.monotonic()
    maker = Maker(shape, clock.today(), clock.now(), passwords.make(PASSWORD))
    if processes is None:
        processes = 1 if shape.members <= SMALL else max(os.cpu_count() or 1, 2)
    _write(maker, tell, processes)
    with transaction():
        meetings.hold_lately(_secretary(), shape.branch_id(0), maker.today)
    tell(f"Figures of {shape.academy + shape.branches} units")
    for year in maker.years.numbers:
        figures.refresh(year)
    counts.refresh()
    with transaction():
        _write_courses(maker, tell)
        audit.record(None, "demo.loaded", f"preset:{shape.name}", members=shape.members)
    tell("flask hours verify")
    if finding := next(verify(processes, _verified(tell)), None):
        raise Broken(str(finding))
    with transaction():
        site.change("demo")
    tell(f"Loaded and verified in {time.monotonic() - begun:.0f} s")


def _secretary() -> Actor:
    """Who leads the first branch: the secretary people sign in as."""
    account_id = db.session.scalars(
        select(Account.id).where(Account.username == LOGINS[Role.BRANCH_SECRETARY])
    ).one()
    actor = actor_for(account_id)
    if actor is None:
        raise Broken("nobody leads the first branch")
    return actor


def _write(maker: Maker, tell: Tell, processes: int) -> None:
    with _parts(maker, processes) as parts:
        first = next(parts)  # the processes stand before the first connection
        writing = postgresql.writing if is_postgresql() else sqlite.writing
        with writing(tell) as writer:
            writer.take(first)
            told = Progress(tell, maker.shape)
            for part in parts:
                writer.take(part)
                told.step()
            told.end()


def _verified(tell: Tell) -> Callable[[int, int], None]:
    """Tells now and then how much is verified."""
    last = time.monotonic()

    def step(done: int, of: int) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY:
            last = time.monotonic()
            tell(f"Verified {done:,} of {of:,} parts")

    return step


class Progress:
    """Tells how many branches and members are written, and how fast."""

    def __init__(self, tell: Tell, shape: Shape) -> None:
        self.tell, self.shape, self.done = tell, shape, 0
        self.begun = self.last = time.monotonic()

    def step(self) -> None:
        """One more run is written."""
        self.done = min(self.done + RUN, self.shape.branches)
        if time.monotonic() - self.last >= EVERY:
            self.end()

    def end(self) -> None:
        """How far it is now."""
        self.last = time.monotonic()
        members = self.shape.starts[self.done]
        rate = members / max(self.last - self.begun, 0.001)
        self.tell(
            f"Branches {self.done:,} of {self.shape.branches:,}, members {members:,}"
            f" of {self.shape.members:,}, {rate:,.0f} members a second"
        )


@contextmanager
def _parts(maker: Maker, processes: int) -> Iterator[Iterator[Part]]:
    """All rows, encoded for the database at hand: first the head, then the branches in their order."""
    folder = ""
    if not is_postgresql():
        place = Path(str(db.engine.url.database) + ".parts")
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        folder = str(place)
    tasks = [None, *runs(maker.shape, RUN)]
    try:
        if processes == 1:
            yield (_encode(_rows(maker, task), folder, n) for n, task in enumerate(tasks))
            return
        with ProcessPoolExecutor(
            processes, mp_context=get_context("fork"), initializer=_begin, initargs=(maker, folder)
        ) as pool:
            try:
                yield _ahead(pool, tasks, 2 * processes)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
    finally:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


def _ahead(pool: ProcessPoolExecutor, tasks: list[range | None], most: int) -> Iterator[Part]:
    """Results in order, never more than so many made and not yet written."""
    waiting: deque[Future[Part]] = deque()
    for number, task in enumerate(tasks):
        waiting.append(pool.submit(_make, number, task))
        if len(waiting) > most:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


_own: list[tuple[Maker, str]] = []  # of a process that makes rows


def _begin(maker: Maker, folder: str) -> None:
    _own[:] = [(maker, folder)]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # a killed loader leaves no orphans


def _make(number: int, task: range | None) -> Part:
    maker, folder = _own[0]
    return _encode(_rows(maker, task), folder, number)


def _rows(maker: Maker, task: range | None) -> Rows:
    return maker.head() if task is None else maker.branches(task)


def _encode(rows: Rows, folder: str, number: int) -> Part:
    return sqlite.encode(rows, folder, number) if folder else postgresql.encode(rows)


def _write_courses(maker: Maker, tell: Tell) -> None:
    """The courses of the small demo, in the academy of this one."""
    world = World(maker.today)
    world.units["academy"] = maker.shape.academy
    world.staff = {role: number for number, role in enumerate(STAFF, 1)}
    study.write_courses(world, tell)
