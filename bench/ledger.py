"""Posting against the bare limit: eight clients at once, each with books of its own, on PostgreSQL.

The limit is what any ledger has to do: one row with the columns of a line, and its member's and its branch's
sums, in one transaction. Beside it stand the same line by SQL through the guards, `hours.post_many` of one
line, and `hours.post_many` of 500. All in lines a second.
"""

import multiprocessing
import secrets
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from pbtrain.app import create_app
from pbtrain.core import clock, keys, schema
from pbtrain.core.db import db, micros, transaction
from pbtrain.hours import chain
from pbtrain.hours import services as hours
from pbtrain.hours.services import Line
from pbtrain.org import services, tree
from tests.support import postgres

CLIENTS, BATCH = 8, 500
WAYS = ("bare", "sql", "batch", "single")
SUMS = ("branch", "member")
PLAIN = [
    "CREATE TABLE plain_line (id BIGSERIAL PRIMARY KEY, branch BIGINT NOT NULL, member BIGINT NOT NULL,"
    " day DATE NOT NULL, activity TEXT NOT NULL, minutes INT NOT NULL, credit INT NOT NULL,"
    " source TEXT NOT NULL UNIQUE, title TEXT NOT NULL, posted_at BIGINT NOT NULL)",
    "CREATE INDEX ON plain_line (member, day)",
    *(f"CREATE TABLE plain_{of} (id BIGINT PRIMARY KEY, lines INT NOT NULL, credit INT NOT NULL)"
      for of in SUMS),
]  # fmt: skip
COLUMNS = (
    "id", "book_id", "seq", "member_id", "person", "day", "credit_year", "activity", "channel", "mode",
    "minutes", "credit", "policy_id", "proof", "source", "title", "note", "posted_by", "posted_at", "prev",
    "hash",
)  # fmt: skip
Step = Callable[[int], int]


def measure(server: postgres.Server, folder: Path, rounds: int, seconds: float) -> dict[str, Any]:
    """Lines a second of each way, medians of the rounds, and how many times faster the bare limit is."""
    server.run("DROP DATABASE IF EXISTS bench_ledger", "CREATE DATABASE bench_ledger")
    address = server.address("bench_ledger")
    instance = folder / "instance-ledger"
    keys.ensure(instance / "keys")
    settings = {"INSTANCE_PATH": str(instance), "SQLALCHEMY_DATABASE_URI": address}
    cast = _prepare(settings)
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way in WAYS:
            found[way].append(_at_once(settings, way, cast, seconds))
    rates = {way: statistics.median(each) for way, each in found.items()}
    return {
        way: {"rate": round(rate), "ratio": round(rates["bare"] / max(rate, 1), 2)}
        for way, rate in rates.items()
    }


def _prepare(settings: dict[str, Any]) -> list[list[int]]:
    """The tables, a policy, and for each client the members of a branch of its own."""
    app = create_app(**settings, MAY_CHANGE_SCHEMA=True)
    with app.app_context():
        schema.migrate()
        with transaction() as session:
            root = tree.add_unit(None, name="示例市委", kind="committee", parent_id=None)
            hours.publish_default_policy(None, root.id, clock.today().year)
            cast = []
            for number in range(CLIENTS):
                branch = tree.add_unit(None, name=f"示例第{number}党支部", kind="branch", parent_id=root.id)
                since = clock.today().replace(month=1, day=1)
                cast.append([
                    services.add_member(None, unit_id=branch.id, name=f"示例{n}", since=since).id
                    for n in range(BATCH)
                ])  # fmt: skip
            for statement in PLAIN:
                session.connection().exec_driver_sql(statement)
        for members in cast:  # every book and every year is there
            with transaction():
                hours.post_many(None, [line_of(one, f"event:{secrets.token_hex(6)}") for one in members])
        db.session.remove()
        db.engine.dispose()
    return cast


def _at_once(settings: dict[str, Any], way: str, cast: list[list[int]], seconds: float) -> float:
    """Lines a second of all clients together."""
    context = multiprocessing.get_context("spawn")
    start, told = context.Barrier(CLIENTS), context.Queue()
    clients = [
        context.Process(target=_client, args=(settings, way, cast[number], seconds, start, told))
        for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    rates = [told.get(timeout=60 + 10 * seconds) for _ in clients]
    for client in clients:
        client.join()
    return float(sum(rates))


def _client(
    settings: dict[str, Any], way: str, members: list[int], seconds: float, start: Any, told: Any
) -> None:
    """One client: warm up, wait for the others, go on for so long, tell the rate."""
    address = settings["SQLALCHEMY_DATABASE_URI"].replace("+psycopg", "")
    if way in ("bare", "sql"):
        with psycopg.connect(address) as connection:
            told.put(_paced((_bare if way == "bare" else _guarded)(connection, members), seconds, start))
        return
    app = create_app(**settings)
    with app.app_context():
        told.put(_paced(_posting(members, BATCH if way == "batch" else 1), seconds, start))
        db.session.remove()
        db.engine.dispose()


def _paced(step: Step, seconds: float, start: Any) -> float:
    for number in range(3):
        step(number)
    start.wait()
    begun, lines, number = time.perf_counter(), 0, 3
    while (taken := time.perf_counter() - begun) < seconds:
        lines += step(number)
        number += 1
    return lines / taken


def _bare(connection: psycopg.Connection, members: list[int]) -> Step:
    """One row and two sums."""
    branch, mark, today = members[0], secrets.token_hex(6), clock.today()
    line = (
        "INSERT INTO plain_line (branch, member, day, activity, minutes, credit, source, title, posted_at)"
        " VALUES (%s, %s, %s, 'self_study', 20, 44, %s, '示例自学', %s)"
    )
    sums = [
        f"INSERT INTO plain_{of} VALUES (%s, 1, 44) ON CONFLICT (id)"
        f" DO UPDATE SET lines = plain_{of}.lines + 1, credit = plain_{of}.credit + 44"
        for of in SUMS
    ]

    def step(number: int) -> int:
        member = members[number % len(members)]
        with closing(connection.cursor()) as cursor:
            now = micros(datetime.now(UTC))
            cursor.execute(line, (branch, member, today, f"bench:{mark}-{number}", now))
            for statement, key in zip(sums, (branch, member), strict=True):
                cursor.execute(statement, (key,))
        connection.commit()
        return 1

    return step


def _guarded(connection: psycopg.Connection, members: list[int]) -> Step:
    """One line, numbered and hashed here, checked and added up by the triggers."""
    cursor, mark, today = connection.cursor(), secrets.token_hex(6), clock.today()
    book = cursor.execute(
        "SELECT b.id FROM book b JOIN member m ON m.unit_id = b.unit_id WHERE m.id = %s AND b.year = %s",
        (members[0], today.year),
    ).fetchone()[0]  # type: ignore[index]
    policy = cursor.execute("SELECT max(id) FROM policy").fetchone()[0]  # type: ignore[index]
    keyed = cursor.execute("SELECT id, pseudonym_key FROM member WHERE id = ANY(%s)", (members,)).fetchall()
    names = {key: chain.pseudonym(bytes(secret)) for key, secret in keyed}
    places = ", ".join(["%s"] * len(COLUMNS))
    command = f"INSERT INTO hour_entry ({', '.join(COLUMNS)}) VALUES ({places})"

    def step(number: int) -> int:
        seq, prev = cursor.execute(
            "SELECT entries + 1, head FROM book WHERE id = %s FOR NO KEY UPDATE", (book,)
        ).fetchone()  # type: ignore[misc]
        member = members[number % len(members)]
        row = {
            "book_id": book, "seq": seq, "prev": prev, "person": names[member], "day": today,
            "credit_year": today.year, "activity": "self_study", "channel": "web", "mode": "self",
            "minutes": 20, "credit": 44, "policy_id": policy, "proof": "B",
            "source": f"bench:{mark}-{number}/member:{member}#1", "title": "示例自学", "note": "",
            "posted_by": chain.NOBODY, "posted_at": micros(datetime.now(UTC)),
        }  # fmt: skip
        digest = chain.digest(chain.line(**row, reverses_id=None, starts_at=None, ends_at=None))
        row |= {"id": chain.entry_id(book, seq), "member_id": member, "hash": digest}
        cursor.execute(command, [row[name] for name in COLUMNS])
        connection.commit()
        return 1

    return step


def _posting(members: list[int], size: int) -> Step:
    """`hours.post_many` as an occasion calls it: locks, rules, caches and the audit event with it."""
    mark = secrets.token_hex(6)

    def step(number: int) -> int:
        lines = [
            line_of(members[(number + place) % len(members)], f"bench:{mark}-{number}-{place}")
            for place in range(size)
        ]
        with transaction():
            hours.post_many(None, lines)
        return size

    return step


def line_of(member_id: int, occurrence: str) -> Line:
    """A line of self-study of today, whose minutes no other line covers."""
    return Line(member_id, clock.today(), "self_study", 20, occurrence, "示例自学")
