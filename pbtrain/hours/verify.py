"""`flask hours verify`: recompute chains, sums and caches, and name what differs from what is stored.

A changed byte, a deleted or swapped line, a dropped trigger show here. A chain that somebody recomputed
from end to end is consistent again: only an anchor kept outside the database shows that.

A large ledger is read in spans of books, then of members, by several processes; findings come in order.
"""

import ctypes
import gc
import hashlib
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice, pairwise
from multiprocessing import get_context
from typing import Any

from flask import Flask, current_app
from sqlalchemy import func, select, text

from pbtrain.core.db import db, is_postgresql
from pbtrain.hours.checks import Finding, check_books, check_members, check_mirrors, one_moment
from pbtrain.hours.judge import Judge
from pbtrain.hours.models import Book, MemberYear
from pbtrain.hours.shipped import TRIGGERS
from pbtrain.hours.sound import Span

LINES = 50_000  # in the books of one span
MEMBERS = 2_000  # years in one span
LARGE = 300_000  # lines from which several processes are worth their start
MOST = 100  # findings named of one span, when several processes look
Work = tuple[str, Span]

MORE: list[Callable[[], Iterator[Finding]]] = []  # what features above add

__all__ = ["Finding", "check_triggers", "installed_triggers", "more", "verify"]


def more(check: Callable[[], Iterator[Finding]]) -> Callable[[], Iterator[Finding]]:
    """Have `verify` run this check too, after its own: for features above that keep figures of the ledger."""
    MORE.append(check)
    return check


def verify(processes: int | None = None, tell: Callable[[int, int], None] | None = None) -> Iterator[Finding]:
    """Every difference found: triggers, book by book, reversals, then the years of the members.

    `processes`: None is as many as a ledger of this size deserves. `tell` hears how many spans are done, of
    how many. One process names every difference; several name at most a hundred of each span.
    """
    yield from check_triggers()
    work: list[Work] = [("books", span) for span in _book_spans()]
    lines = db.session.scalar(select(func.coalesce(func.sum(Book.entries), 0))) or 0
    work += [("mirrors", (None, None)), *(("members", span) for span in _member_spans())]
    if processes is None:
        processes = min(os.cpu_count() or 1, 8) if lines >= LARGE else 1
    judge = Judge()
    found = _together(work, processes) if processes > 1 else (_look(each, judge) for each in work)
    for done, findings in enumerate(found, 1):
        yield from findings
        if tell is not None:
            tell(done, len(work))
    for check in MORE:
        yield from check()
    db.session.rollback()


def _look(work: Work, judge: Judge) -> Iterator[Finding]:
    subject, span = work
    if subject == "books":
        return check_books(span)
    return check_mirrors() if subject == "mirrors" else check_members(span, judge)


def _book_spans() -> Iterator[Span]:
    """Ids of books, cut where so many lines have come together; the first and the last have no bound."""
    one_moment()
    cuts: list[int | None] = [None]
    lines = 0
    rows = db.session.execute(
        select(Book.id, Book.entries).order_by(Book.id).execution_options(yield_per=5000)
    )
    with rows:
        for book_id, entries in rows:
            if lines >= LINES:
                cuts.append(book_id)
                lines = 0
            lines += entries
    yield from pairwise([*cuts, None])


def _member_spans() -> Iterator[Span]:
    """Ids of members, cut where so many years have come together."""
    one_moment()
    number = func.row_number().over(order_by=(MemberYear.member_id, MemberYear.credit_year)).label("number")
    rows = select(MemberYear.member_id.label("id"), number).subquery()
    cuts = db.session.scalars(
        select(rows.c.id).where(rows.c.number % MEMBERS == 0).distinct().order_by(rows.c.id)
    ).all()
    yield from pairwise([None, *cuts, None])


# --- Several processes ------------------------------------------------------------------------------

_own: dict[str, Any] = {}  # of a process that looks


def _together(work: list[Work], processes: int) -> Iterator[list[Finding]]:
    """The findings of each piece of work, in order; never many more pieces begun than named."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    db.session.remove()
    waiting: deque[Future[list[Finding]]] = deque()
    with ProcessPoolExecutor(
        processes, mp_context=get_context("fork"), initializer=_begin, initargs=(app,)
    ) as pool:
        try:
            for each in work:
                waiting.append(pool.submit(_look_apart, each))
                if len(waiting) > 2 * processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _begin(app: Flask) -> None:
    """A process of its own: it uses none of the connections it was born with, and ends with its parent. What
    it was born with stays: the collector of garbage need not look through it again and again."""
    gc.freeze()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    app.app_context().push()
    db.engine.dispose(close=False)
    _own["judge"] = Judge()


def _look_apart(work: Work) -> list[Finding]:
    try:
        return list(islice(_look(work, _own["judge"]), MOST))
    finally:
        db.session.rollback()


# --- Triggers ---------------------------------------------------------------------------------------


def installed_triggers() -> dict[str, str]:
    """The ledger's triggers as the database has them: name -> SHA-256 of their text."""
    if is_postgresql():
        rows = db.session.execute(
            text(
                "SELECT t.tgname, pg_get_triggerdef(t.oid) || t.tgenabled::text || p.prosrc FROM pg_trigger t"
                " JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid"
                " WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace"
            )
        )
    else:
        rows = db.session.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    normal = {name: " ".join(body.replace("public.", "").split()) for name, body in rows.tuples()}
    return {name: hashlib.sha256(body.encode()).hexdigest() for name, body in normal.items()}


def check_triggers() -> Iterator[Finding]:
    """A trigger that is missing, switched off or not the shipped one."""
    found = installed_triggers()
    for name, digest in TRIGGERS["postgresql" if is_postgresql() else "sqlite"].items():
        if name not in found:
            yield Finding(f"trigger {name}", "is missing")
        elif found[name] != digest:
            yield Finding(f"trigger {name}", "is switched off or not the shipped one")
