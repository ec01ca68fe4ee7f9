"""Classes of a hundred whose people stand in shared branches, on PostgreSQL: eight clients at once, each with
classes of its own, against one client that posts the same lines.

A part of `python -m bench`; `python -m bench.crowd` measures this alone. That nothing is lost or doubled is a
test (`tests/hours/test_crowd.py`); here stands how long it takes: `floors.CROWD`.
"""

import argparse
import multiprocessing
import secrets
import statistics
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import func, select

from bench import floors, report, servers
from bench.ledger import line_of
from pbtrain.app import create_app
from pbtrain.core import clock, keys, schema
from pbtrain.core.db import db, transaction
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourEntry
from pbtrain.org import services, tree
from tests.support import postgres

CLIENTS, CLASSES = 8, 5  # classes of each client; one alone posts all forty
SIZE, BRANCHES, EACH = 100, 300, 4  # people of a class; shared branches, members of each


def measure(server: postgres.Server, folder: Path, rounds: int) -> dict[str, Any]:
    """Seconds of one client and of eight, medians of the rounds, their ratio, and how many lines lack."""
    server.run("DROP DATABASE IF EXISTS bench_crowd", "CREATE DATABASE bench_crowd")
    instance = folder / "instance-crowd"
    keys.ensure(instance / "keys")
    settings = {"INSTANCE_PATH": str(instance), "SQLALCHEMY_DATABASE_URI": server.address("bench_crowd")}
    members = _prepare(settings)
    taken: dict[int, list[float]] = {1: [], CLIENTS: []}
    problems: list[str] = []
    for _ in range(rounds):
        for clients, found in taken.items():
            seconds, said = _at_once(settings, members, clients)
            found.append(seconds)
            problems += said
    one, many = (statistics.median(found) for found in taken.values())
    lines = CLIENTS * CLASSES * SIZE
    posted = rounds * sum(lines + clients * SIZE for clients in taken)  # with the class that warms up
    return {
        "one": round(one, 2),
        "many": round(many, 2),
        "ratio": round(statistics.median(b / a for a, b in zip(*taken.values(), strict=True)), 2),
        "lines": lines,
        "lost": posted - _written(settings),
        "problems": problems,
    }


def _prepare(settings: dict[str, Any]) -> list[int]:
    """Three hundred branches and their members; every book and every year is there."""
    app = create_app(**settings, MAY_CHANGE_SCHEMA=True)
    today = clock.today()
    with app.app_context():
        schema.migrate()
        with transaction():
            root = tree.add_unit(None, name="示例市委", kind="committee", parent_id=None)
            hours.publish_default_policy(None, root.id, today.year)
            since, members = today.replace(month=1, day=1), []
            for number in range(BRANCHES):
                branch = tree.add_unit(None, name=f"示例第{number}党支部", kind="branch", parent_id=root.id)
                members += [
                    services.add_member(None, unit_id=branch.id, name=f"示例{number}-{n}", since=since).id
                    for n in range(EACH)
                ]
        for member_id in members:
            with transaction():
                hours.refresh_years([member_id], today.year)
        _close()
    return members


def _at_once(settings: dict[str, Any], members: list[int], clients: int) -> tuple[float, list[str]]:
    """Seconds until the last of so many clients has posted its part of all classes, and what was refused."""
    context = multiprocessing.get_context("spawn")
    start, told, mark = context.Barrier(clients + 1), context.Queue(), secrets.token_hex(4)
    share = CLIENTS * CLASSES // clients
    work = [
        context.Process(target=_client, args=(settings, members, f"{mark}-{number}", share, start, told))
        for number in range(clients)
    ]
    for one in work:
        one.start()
    start.wait(120)
    begun = time.perf_counter()
    said = [told.get(timeout=600) for _ in work]
    taken = time.perf_counter() - begun
    for one in work:
        one.join()
    return taken, [text for text in said if text]


def _client(
    settings: dict[str, Any], members: list[int], mark: str, classes: int, start: Any, told: Any
) -> None:
    """Post one class to warm up, wait for the others, post so many more: each of a hundred people drawn from
    all branches, in any order."""
    draw, problem = Random(mark), ""

    def post(number: int) -> None:
        people = draw.sample(members, SIZE)
        with transaction():
            hours.post_many(None, [line_of(one, f"event:{mark}-{number}") for one in people])

    app = create_app(**settings)
    with app.app_context():
        post(0)
        start.wait(120)
        try:
            for number in range(classes):
                post(1 + number)
        except Exception as error:  # a deadlock, a lock that was waited for too long: told, not hidden
            problem = f"{type(error).__name__}: {error}"[:300]
        told.put(problem)
        _close()


def _written(settings: dict[str, Any]) -> int:
    app = create_app(**settings)
    with app.app_context():
        found = db.session.scalar(select(func.count()).select_from(HourEntry)) or 0
        _close()
    return found


def _close() -> None:
    db.session.remove()
    db.engine.dispose()


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m bench.crowd", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    wanted = parser.parse_args()
    server = servers.postgresql()
    try:
        with tempfile.TemporaryDirectory(prefix="pbtrain-bench-", dir=postgres.memory()) as name:
            found = measure(server, Path(name), wanted.rounds)
    finally:
        server.stop()
    print(report.crowd(found))
    parts = {"databases": {"postgresql": {"crowd": found}}}
    judged = [each for each in floors.judge(parts) if each.floor in floors.CROWD]
    print(report.verdicts(judged))
    for problem in found["problems"]:
        print(f"  FAILED {problem}")
    return 0 if all(each.holds for each in judged) and not found["problems"] else 1


if __name__ == "__main__":
    sys.exit(main())
