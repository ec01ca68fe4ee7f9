"""What is measured without a browser: an export, an import, the refresh of the figures, a verification of the
whole ledger, one large posting.

Each stands beside the plain thing it is held against, done with the same driver over the same rows in the
same run. Figures are CPU of all processes that took part, in ms; the database's is counted where it has one.
"""

import csv
import io
import os
import sqlite3
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import func, select

from bench.client import Browser, Person
from bench.machine import cpu_seconds, pss_megabytes
from bench.servers import Server
from pbtrain.core import clock, queue
from pbtrain.core.db import db, transaction
from pbtrain.home import roster_work
from pbtrain.hours import figures
from pbtrain.hours import queries as hours_q
from pbtrain.hours import services as hours
from pbtrain.hours.models import Book
from pbtrain.hours.services import Line
from pbtrain.hours.verify import verify
from pbtrain.org import tree
from pbtrain.org.access import Actor
from pbtrain.org.models import Member, Unit
from pbtrain.org.roster import services

FEW, MANY = 50, 500  # lines of one posting
GROUPED = (
    "SELECT custody_unit_id, count(*),"
    " sum(CASE WHEN NOT on_care AND counted >= target AND target > 0 THEN 1 ELSE 0 END),"
    " sum(CASE WHEN NOT on_care AND counted < due THEN 1 ELSE 0 END),"
    " sum(CASE WHEN on_care THEN 1 ELSE 0 END), sum(counted)"
    " FROM member_year WHERE credit_year = {year} GROUP BY custody_unit_id"
)
SUMMED = (
    "SELECT count(*), sum(whole.minutes), sum(whole.credit) FROM (SELECT sum(minutes) AS minutes,"
    " sum(credit) AS credit FROM hour_entry GROUP BY member_id, credit_year) AS whole"
)
PLAIN = "CREATE TABLE plain_person (code TEXT, name TEXT, id_number TEXT, phone TEXT, branch TEXT)"


class Meter:
    """CPU of this process, of its children and of the database, in ms."""

    def __init__(self, *roots: int) -> None:
        self.roots = roots

    def of(self, work: Callable[[], Any], times: int = 1) -> float:
        """The median of so many times."""
        taken = []
        for _ in range(times):
            before = cpu_seconds(*self.roots)
            work()
            taken.append(1000 * (cpu_seconds(*self.roots) - before))
        return statistics.median(taken)


def plainly(address: str, statement: str) -> int:
    """Fetch every row with the driver alone; how many there were."""
    if address.startswith("sqlite"):
        with closing(sqlite3.connect(address.removeprefix("sqlite:///"))) as connection:
            return len(connection.execute(statement).fetchall())
    with psycopg.connect(address.replace("+psycopg", "")) as connection:
        return len(connection.execute(statement.replace("%", "%%")).fetchall())


def export(app: Flask, server: Server, cast: dict[str, Any], meter: Meter, times: int) -> dict[str, Any]:
    """Everybody below the unit at the top as CSV, against the same rows fetched by the driver."""
    who, unit_id = Person(**cast["auditors"][0]), cast["root"]
    with app.app_context():
        listed = hours_q.members_below(unit_id, clock.today().year)
        asked = str(listed.compile(db.engine, compile_kwargs={"literal_binds": True}))
        address = app.config["SQLALCHEMY_DATABASE_URI"]
        rows = plainly(address, asked)
        raw = meter.of(lambda: plainly(address, asked), times)
        db.session.remove()
        db.engine.dispose()
    with closing(Browser("127.0.0.1", server.port)) as browser, closing(Watch(*server.own)) as watch:
        browser.get(who, f"/units/{unit_id}/members.csv")
        taken = []
        for _ in range(times):
            before = cpu_seconds(*server.roots)
            browser.get(who, f"/units/{unit_id}/members.csv")
            taken.append(1000 * (cpu_seconds(*server.roots) - before))
        own = statistics.median(taken)
    return {
        "rows": rows,
        "raw": raw,
        "own": own,
        "row": 1000 * own / rows,  # µs
        "ratio": round(own / max(raw, 1), 2),
        "added": watch.added,
    }


class Watch(threading.Thread):
    """How far the memory of these processes and all below them rises while something is done."""

    def __init__(self, *roots: int) -> None:
        super().__init__(daemon=True)
        self.roots, self.over = roots, threading.Event()
        self.before = self.most = pss_megabytes(*roots)
        self.start()

    def run(self) -> None:
        """Look twenty times a second."""
        while not self.over.wait(0.05):
            self.most = max(self.most, pss_megabytes(*self.roots))

    def close(self) -> None:
        """Look no more."""
        self.over.set()
        self.join()

    @property
    def added(self) -> float:
        """MB above what it was."""
        return round(self.most - self.before, 1)


def taken_in(actor: Actor, root: int, count: int, meter: Meter, mark: str) -> dict[str, Any]:
    """A roster of so many new people: read, checked, shown, written; against csv and one plain INSERT."""
    with transaction():
        branch = tree.add_unit(None, name=f"示例导入{mark}", kind="branch", parent_id=root)
        name = branch.name
    file = roster_of(count, name, mark)
    bare = meter.of(lambda: _plain_import(file))
    begun = time.perf_counter()

    def work() -> None:
        with transaction():
            import_id, _fresh = services.start_import(actor, root, "示例.csv", io.BytesIO(file))
        queue.run_waiting()
        written = roster_work.write(actor, import_id, "all_or_nothing")
        if len(written.new) != count:
            raise RuntimeError(f"{len(written.new)} of {count} people were written")

    own = meter.of(work)
    return {
        "rows": count,
        "raw": bare,
        "own": own,
        "row": own / count,
        "wall": 1000 * (time.perf_counter() - begun) / count,
        "ratio": round(own / max(bare, 1), 1),
    }


def roster_of(count: int, branch: str, mark: str) -> bytes:
    """A roster in CSV, as an office sends it."""
    text = io.StringIO()
    write = csv.writer(text)
    write.writerow(["姓名", "手机号", "党员类别", "入党日期", "所在支部", "性别"])
    for number in range(count):
        write.writerow(
            [f"示例{mark}{number}", f"139{mark}{number:06}", "正式党员", "2010-07-01", branch, "男"]
        )
    return text.getvalue().encode()


def _plain_import(file: bytes) -> None:
    rows = list(csv.reader(io.StringIO(file.decode())))[1:]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(PLAIN)
        connection.executemany("INSERT INTO plain_person VALUES (?, ?, ?, ?, ?)", [row[:5] for row in rows])
        connection.commit()


def regroup(app: Flask, meter: Meter, times: int) -> dict[str, Any]:
    """The refresh of a year's figures while nothing has changed, against grouping its rows by branch."""
    with app.app_context():
        year = clock.today().year
        address = app.config["SQLALCHEMY_DATABASE_URI"]
        figures.refresh_year(year)
        raw = meter.of(lambda: plainly(address, GROUPED.format(year=year)), times)
        own = meter.of(lambda: figures.refresh_year(year), times)
        db.session.remove()
        db.engine.dispose()
    return {"raw": raw, "own": own, "ratio": round(own / max(raw, 1), 2)}


def verification(app: Flask) -> dict[str, Any]:
    """The whole ledger verified, in as many processes as it deserves, against its lines added up by member
    and year: seconds of the clock, and MB that all these processes add."""
    with app.app_context():
        address = app.config["SQLALCHEMY_DATABASE_URI"]
        db.session.remove()
        raw = timed(lambda: plainly(address, SUMMED))
        findings: list[Any] = []
        with closing(Watch(os.getpid())) as watch:
            own = timed(lambda: findings.extend(verify()))
        lines = db.session.scalar(select(func.coalesce(func.sum(Book.entries), 0))) or 0
        db.session.remove()
        db.engine.dispose()
    return {
        "lines": int(lines),
        "raw": round(raw, 2),
        "own": round(own, 2),
        "ratio": round(own / raw, 2),
        "added": watch.added,
        "findings": len(findings),
    }


def timed(work: Callable[[], Any]) -> float:
    """Seconds of the clock."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def posting(meter: Meter, mark: str) -> dict[str, Any]:
    """One occasion of 50 and one of 500 people, each posted at once."""
    found = {}
    for number, count in enumerate((FEW, MANY)):
        ids = db.session.scalars(
            select(Member.id)
            .join(Unit, Unit.id == Member.unit_id)
            .where(Member.left_on.is_(None), Unit.kind == "branch")
            .order_by(Member.id)
            .limit(count)
        ).all()
        lines = [
            Line(one, clock.today(), "self_study", 1, f"bench:posting-{mark}-{number}", "示例自学")
            for one in ids
        ]

        def work(lines: list[Line] = lines) -> None:
            with transaction():
                hours.post_many(None, lines)

        found[count] = meter.of(work) if len(ids) == count else float("nan")
    return {"few": found[FEW], "many": found[MANY], "ratio": round(found[MANY] / max(found[FEW], 1), 2)}
