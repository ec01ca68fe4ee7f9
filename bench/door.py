"""Five hundred people at the door: each presses the button once within the time given, a fifth of them twice.

A part of `python -m bench`; `python -m bench.door` measures this alone. How long the answers take and whether
anybody was refused, lost or counted twice: `floors.DOOR` says what must hold.
"""

import argparse
import secrets
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from bench import floors, report, servers
from pbtrain.accounts.models import Account
from pbtrain.app import create_app
from pbtrain.core import clock, keys, schema, site
from pbtrain.core.db import db, transaction
from pbtrain.events.door import people, running, tickets
from pbtrain.events.models import Attendance, CheckIn, Event
from pbtrain.events.views.checkin import PHONE
from pbtrain.hours import services as hours
from pbtrain.org import services, tree
from pbtrain.org.models import Member
from tests import factories
from tests.support import postgres

PEOPLE, TWICE = 500, 5
THREADS = 16  # as many answers at once; a site has 32


@dataclass(frozen=True)
class Scan:
    """One press of the button: when, by whom, with which ticket and phone."""

    at: float  # seconds after the beginning
    cookie: str
    ticket: str
    phone: str


def beside(kind: str, folder: Path, server: postgres.Server | None, seconds: float) -> dict[str, Any]:
    """`measure` on this kind of database, in one of its own."""
    if kind == "sqlite" or server is None:
        return measure(f"sqlite:///{folder / 'door.sqlite3'}", folder, seconds)
    server.run("DROP DATABASE IF EXISTS bench_door", "CREATE DATABASE bench_door")
    return measure(server.address("bench_door"), folder, seconds)


def measure(address: str, folder: Path, seconds: float) -> dict[str, Any]:
    """p50 and p95 of the answers in milliseconds, their ratio, and what was lost or doubled."""
    instance = folder / f"instance-door-{secrets.token_hex(2)}"
    keys.ensure(instance / "keys")
    settings: dict[str, Any] = {"INSTANCE_PATH": str(instance), "SQLALCHEMY_DATABASE_URI": address}
    settings |= {"WTF_CSRF_ENABLED": False}
    event_id, scans = _prepare(create_app(**settings, MAY_CHANGE_SCHEMA=True), seconds)
    app = create_app(**settings)
    taken, answers = _at_once(app, event_id, scans)
    with app.app_context():
        present = db.session.scalar(
            select(func.count()).where(Attendance.event_id == event_id, Attendance.present)
        )
        records = db.session.scalar(select(func.count()).where(CheckIn.event_id == event_id))
        db.session.remove()
        db.engine.dispose()
    p50, p95 = statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
    return {
        "seconds": seconds,
        "p50": round(p50 * 1000, 1),
        "p95": round(p95 * 1000, 1),
        "ratio": round(p95 / p50, 2),
        "refused": sum(answer != 303 for answer in answers),
        "lost": PEOPLE - (present or 0),
        "doubled": (records or 0) - PEOPLE,
    }


def _prepare(app: Flask, seconds: float) -> tuple[int, list[Scan]]:
    """A branch of five hundred, all signed in and holding a ticket, and its meeting that has just begun."""
    draw = Random(7)
    scans: list[Scan] = []
    with app.app_context():
        schema.migrate()
        with transaction() as session:
            site.mark("real")
            root = tree.add_unit(None, name="示例市委", kind="committee", parent_id=None)
            branch = tree.add_unit(None, name="示例党支部", kind="branch", parent_id=root.id)
            hours.publish_default_policy(None, root.id, clock.today().year)
            for number in range(PEOPLE):
                services.add_member(None, unit_id=branch.id, name=f"示例{number}", since=clock.today())
            session.add(event := Event(
                unit_id=branch.id, activity="theme_day", title="示例大会", day=clock.today(),
                starts_at=clock.now() - timedelta(minutes=1), minutes=90, form_id=secrets.token_hex(8),
                form_hash="", state="planned",
            ))  # fmt: skip
            session.flush()
            people.expect_branch(event.id)
            running.open_door(None, event.id)
            event_id = event.id
        serializer: Any = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        key = tickets.derived(app.config["KEYS"]["link"])
        everybody = select(Account).join(Member, Member.account_id == Account.id).order_by(Account.id)
        for account in db.session.scalars(everybody).all():
            phone = secrets.token_urlsafe(8)
            token = factories.login_session(account)
            cookie = serializer.dumps({"_user_id": token, "_fresh": True})
            ticket = tickets.ticket_for(key, event_id, phone, clock.now())
            scan = Scan(draw.uniform(0, seconds), cookie, ticket, phone)
            scans += [scan] * (2 if len(scans) % TWICE == 0 else 1)
        db.session.remove()
        db.engine.dispose()
    return event_id, sorted(scans, key=lambda one: one.at)


def _at_once(app: Flask, event_id: int, scans: list[Scan]) -> tuple[list[float], list[int]]:
    """Seconds and status of each answer, every press at its time."""
    begun, local = time.perf_counter() + 0.5, threading.local()

    def press(scan: Scan) -> tuple[float, int]:
        client = local.__dict__.setdefault("client", app.test_client(use_cookies=False))
        time.sleep(max(0.0, begun + scan.at - time.perf_counter()))
        start = time.perf_counter()
        answer = client.post(
            f"/door/{event_id}/in",
            data={"ticket": scan.ticket, "out": ""},
            headers={"Cookie": f"{app.config['SESSION_COOKIE_NAME']}={scan.cookie}; {PHONE}={scan.phone}"},
        )
        return time.perf_counter() - start, answer.status_code

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(press, scans))
    return [taken for taken, _code in found], [code for _taken, code in found]


def main() -> int:
    """Measure on both databases, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m bench.door", description=__doc__)
    parser.add_argument("--seconds", type=float, default=floors.DOOR_SECONDS, help="within which all press")
    wanted = parser.parse_args()
    server = servers.postgresql()
    parts: dict[str, Any] = {}
    try:
        with tempfile.TemporaryDirectory(prefix="pbtrain-bench-", dir=postgres.memory()) as name:
            for kind in floors.NAMES:
                parts[kind] = {"door": beside(kind, Path(name), server, wanted.seconds)}
                print(f"{floors.NAMES[kind]}: {report.door(parts[kind]['door'])}")
    finally:
        server.stop()
    judged = [each for each in floors.judge({"databases": parts}) if each.floor in floors.DOOR]
    print(report.verdicts(judged))
    return 0 if all(each.holds for each in judged) else 1


if __name__ == "__main__":
    sys.exit(main())
