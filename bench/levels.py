"""What the levels above wait for, at the size of the region: the end of a year, the figures of units, new
secretaries, how far a theme has come, what waits at the desk above. In databases that are made for it and
thrown away.

`python -m bench.levels [--scale 1] [--database both]` prints seconds, the median of three. Units, books,
signatures, years, leaders, claims and a theme are there; lines and other members are not: nothing that is
measured reads them.
"""

import argparse
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
from sqlalchemy import Select

from bench import servers
from bench.floors import NAMES
from pbtrain.app import create_app
from pbtrain.claims import queries as claims
from pbtrain.closing import ready, years
from pbtrain.core import clock, keys, schema
from pbtrain.core.db import db, transaction
from pbtrain.demo.bulk.shapes import ROOT, SHAPES, SINCE, Shape
from pbtrain.events import themes
from pbtrain.home import queries as home
from pbtrain.hours import figures, lacking
from pbtrain.hours import services as hours
from pbtrain.hours.policy import PolicyRules
from pbtrain.org.access import Actor, Grant
from pbtrain.org.roles import Role
from tests import factories

PEOPLE, LEADERS, PAGE = 20, 3, 51  # of a branch; rows that a page reads
FIRST = 1_000  # number of the first member
UNSIGNED, CLAIMED, NEW = 10, 30, 5  # one branch of so many
HELD, PLANNED = 6, 2  # of ten branches, of a theme; each holds so many other activities:
OTHERS = 12
SETTLED, OPEN, APPEALED = 20, 2, 400  # claims of a branch that are settled, that wait for its secretary; and
# one branch of so many has an appeal: the level above looks for a few among what waits for others
ZEROS = {"boolean": False, "timestamp without time zone": "2015-07-01", "bytea": b""}


class Rows:
    """Writes rows past models and guards; a column that a row leaves out gets its default, else its zero."""

    def add(self, table: str, names: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Write these columns; NOT NULL columns without a default become 0."""
        raise NotImplementedError

    def end(self) -> None:
        """Keep them, with statistics as a site has them."""
        raise NotImplementedError


class SQLiteRows(Rows):
    """Into a file, its triggers dropped."""

    def __init__(self, file: str) -> None:
        self.connection = sqlite3.connect(file, isolation_level=None)
        for (name,) in self.connection.execute(
            "SELECT name FROM sqlite_master WHERE type='trigger'"
        ).fetchall():
            self.connection.execute(f"DROP TRIGGER {name}")
        self.connection.execute("PRAGMA synchronous=OFF")
        self.connection.execute("BEGIN")

    def add(self, table: str, names: str, rows: Iterable[tuple[Any, ...]]) -> None:
        found = self.connection.execute(f"PRAGMA table_info({table})").fetchall()
        given = names.split()
        rest = [
            row[1] for row in found if row[3] and row[4] is None and row[1] not in given and row[1] != "id"
        ]
        marks = ", ".join(["?"] * len(given) + ["0"] * len(rest))
        self.connection.executemany(
            f"INSERT INTO {table} ({', '.join([*given, *rest])}) VALUES ({marks})",
            rows,
        )

    def end(self) -> None:
        self.connection.execute("COMMIT")
        self.connection.execute("ANALYZE")
        self.connection.close()


class PostgresRows(Rows):
    """By COPY; neither triggers nor foreign keys are asked."""

    def __init__(self, address: str) -> None:
        self.connection = psycopg.connect(address, autocommit=True)
        self.connection.execute("SET session_replication_role = replica")

    def add(self, table: str, names: str, rows: Iterable[tuple[Any, ...]]) -> None:
        found = self.connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s"
            " AND is_nullable = 'NO' AND column_default IS NULL AND column_name <> 'id'",
            (table,),
        ).fetchall()
        self.connection.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
        given = names.split()
        rest = {name: ZEROS.get(kind, 0) for name, kind in found if name not in given}
        with (
            self.connection.cursor() as cursor,
            cursor.copy(f'COPY "{table}" ({", ".join([*given, *rest])}) FROM STDIN') as copy,
        ):
            zeros = tuple(rest.values())
            for row in rows:
                copy.write_row((*row, *zeros))

    def end(self) -> None:
        self.connection.execute("ANALYZE")
        self.connection.close()


def units(shape: Shape) -> Iterator[tuple[int, str, str, list[int]]]:
    """(id, name, kind, units above, the nearest first) of all but the root."""
    for unit_id, name, kind, above in shape.committees():
        if unit_id != ROOT and kind != "academy":
            yield unit_id, name, kind, above
    for number in range(shape.branches):
        yield shape.branch_id(number), shape.branch(number)[0], "branch", shape.above(number)


def fill(rows: Rows, shape: Shape, year: int) -> None:
    """A region whose `year` is over: most of it signed, nothing closed."""
    branches = [(n, shape.branch_id(n)) for n in range(shape.branches)]
    tree = list(units(shape))
    rows.add("unit", "id name code kind parent_id valid_from field", (
        (unit_id, name, f"U{unit_id}", kind, above[0], SINCE.isoformat(), "")
        for unit_id, name, kind, above in tree
    ))  # fmt: skip
    rows.add("unit_closure", "above_id below_id depth", (
        (high, unit_id, depth)
        for unit_id, _name, _kind, above in tree
        for depth, high in enumerate([unit_id, *above])
    ))  # fmt: skip
    head = "0" * 64
    rows.add("book", "id unit_id year entries person_times credit head", (
        (number + 1, unit_id, year, 400, 400, 80_000, head) for number, unit_id in branches
    ))  # fmt: skip
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    rows.add("sign_off", "book_id month entries head exceptions signed_at", (
        (number + 1, month, 400, head, "[]", now)
        for number, _unit in branches
        for month in range(1, 12 if number % UNSIGNED == 0 else 13)
    ))  # fmt: skip
    rows.add("hour_claim", "member_id unit_id state occurrence title activity channel proof day made_at", (
        (FIRST + number * PEOPLE, unit_id, "submitted", f"claim:{number}", "", "theme_day", "paper", "C",
         f"{year}-05-04", now)
        for number, unit_id in branches if number % CLAIMED == 0
    ))  # fmt: skip
    rows.add("member_year", "member_id credit_year entries minutes counted target due custody_unit_id", (
        (FIRST + number * PEOPLE + person, year, 20, 900, 3200 if person % 7 else 1000, 3200, 3200, unit_id)
        for number, unit_id in branches
        for person in range(PEOPLE)
    ))  # fmt: skip
    rows.add("member", "id unit_id name code created_at stage account_id", (
        (FIRST + number * PEOPLE + person, unit_id, f"示例{number}", f"M{number}-{person}", now, "full",
         FIRST + number * PEOPLE if person == 0 else None)
        for number, unit_id in branches
        for person in range(LEADERS)
    ))  # fmt: skip
    rows.add("post", "member_id unit_id kind valid_from", (
        (FIRST + number * PEOPLE + person, unit_id, "committee_member" if person else "secretary",
         date(year + 1, 1, 4).isoformat() if number % NEW == 0 else SINCE.isoformat())
        for number, unit_id in branches
        for person in range(LEADERS)
    ))  # fmt: skip
    _claimed(rows, branches, year + 1)
    _themed(rows, branches, year)
    rows.end()


def _claimed(rows: Rows, branches: list[tuple[int, int]], year: int) -> None:
    """Every branch has a secretary with a login, claims that are settled and some that wait; few appeal."""
    rows.add("role_grant", "account_id unit_id role valid_from", (
        (FIRST + number * PEOPLE, unit_id, "branch_secretary", SINCE.isoformat())
        for number, unit_id in branches
    ))  # fmt: skip

    def states() -> Iterator[tuple[int, int, int, str]]:
        """(number of the branch, its id, number of the claim, state)."""
        for number, unit_id in branches:
            yield from ((number, unit_id, n, "approved") for n in range(SETTLED))
            yield from ((number, unit_id, SETTLED + n, "submitted") for n in range(OPEN))
            if number % APPEALED == 0:
                yield number, unit_id, SETTLED + OPEN, "appealed"

    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    names = "member_id unit_id kind state occurrence title activity channel proof day made_at"
    rows.add("hour_claim", names, (
        (FIRST + number * PEOPLE + 1, unit_id, "paper", state, f"own:{number}-{n}", "", "theme_day", "paper",
         "C", f"{year}-01-0{1 + n % 9}", now)
        for number, unit_id, n, state in states()
    ))  # fmt: skip


def _themed(rows: Rows, branches: list[tuple[int, int]], year: int) -> None:
    """Theme 1 of the whole region, theme 2 of one league: most branches have held them, some planned."""
    rows.add("theme", "id unit_id activity title body from_day due_on made_at version", (
        (number, unit_id, "theme_day", "示例主题", "", f"{year}-05-01", f"{year}-05-31", f"{year}-04-30", 1)
        for number, unit_id in ((1, ROOT), (2, ROOT + 1))
    ))  # fmt: skip

    def activities() -> Iterator[tuple[int, int | None, int, str]]:
        """(branch, theme, month, state) of all of them."""
        for number, unit_id in branches:
            for month in range(1, OTHERS + 1):
                yield unit_id, None, month, "held"
            if number % 10 < HELD + PLANNED:
                for theme in (1, 2):
                    yield unit_id, theme, 5, "held" if number % 10 < HELD else "planned"

    names = "unit_id theme_id activity title day starts_at minutes form_id state channel late_after"
    rows.add("event", names, (
        (unit_id, theme, "theme_day", "示例", f"{year}-{month:02}-15", f"{year}-{month:02}-15 07:00:00", 90,
         f"{unit_id}-{theme}-{month}", state, "onsite", 15)
        for unit_id, theme, month, state in activities()
    ))  # fmt: skip


def measured(actors: dict[str, Actor], year: int) -> Iterator[tuple[str, Callable[[], Any]]]:
    """What is timed: its name and how to do it once."""

    def page(statement: Select[Any]) -> Any:
        return db.session.execute(statement.limit(PAGE)).all()

    league = ROOT + 1
    for name, who in actors.items():
        yield f"{name}: what waits above, as its first page counts it", lambda a=who: home.above_waits(a)
        yield f"{name}: the same counted at the desk", lambda a=who: claims.counted(claims.appeals(a))
        yield f"{name}: a page of the desk above", lambda a=who: page(claims.appeals(a))
    actor = actors["region"]
    for number, name, unit_id in ((1, "region", ROOT), (2, "league", league)):
        theme = SimpleNamespace(id=number, unit_id=unit_id)
        yield f"{name}: coverage of a theme", lambda t=theme: themes.coverage(t)
        yield f"{name}: the same for each unit right below", lambda t=theme: themes.coverage_map(t)
        yield f"{name}: who has not opened it, a page", lambda t=theme: page(themes.branches_of(t, "open"))
    yield "UnitYear of the year, everything new", lambda: figures.refresh_year(year)
    yield "UnitYear of the year, nothing new", lambda: figures.refresh_year(year)
    for name, unit_id in (("region", ROOT), ("league", league)):
        yield (
            f"{name}: units below with signatures and seals",
            lambda u=unit_id: page(years.listed(u, year, 12)),
        )
        yield f"{name}: branches ready and open, counted", lambda u=unit_id: ready.counted(actor, u, year)
        yield (
            f"{name}: branches ready, a page",
            lambda u=unit_id: page(ready.listed(actor, u, year, ready=True)),
        )
        yield (
            f"{name}: branches open, a page",
            lambda u=unit_id: page(ready.listed(actor, u, year, ready=False)),
        )
        yield f"{name}: levels between, counted", lambda u=unit_id: ready.levels_counted(actor, u, year)
        yield f"{name}: empty units, found", lambda u=unit_id: years.empty_below(u, year)
        yield f"{name}: new secretaries, a page", lambda u=unit_id: page(lacking.secretaries(u))


def main() -> int:
    """Make a database of each kind, time each, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.levels", description=__doc__)
    parser.add_argument("--scale", type=float, default=1, help="of the region's units")
    parser.add_argument("--database", choices=("both", *NAMES), default="both")
    parser.add_argument("--only", default="", help="time what has these words in its name")
    wanted = parser.parse_args()
    shape = SHAPES["region"].scaled(wanted.scale)
    for kind in NAMES if wanted.database == "both" else (wanted.database,):
        print(f"{shape.branches} branches, {shape.branches * PEOPLE} years of members, {NAMES[kind]}")
        with tempfile.TemporaryDirectory(prefix="pbtrain-bench-") as name:
            if kind == "sqlite":
                file = f"{name}/levels.sqlite3"
                _time(Path(name), f"sqlite:///{file}", lambda to=file: SQLiteRows(to), shape, wanted.only)
                continue
            server = servers.postgresql()
            try:
                server.run("DROP DATABASE IF EXISTS bench_levels", "CREATE DATABASE bench_levels")
                address = server.address("bench_levels")
                plain = address.replace("+psycopg", "")
                _time(Path(name), address, lambda to=plain: PostgresRows(to), shape, wanted.only)
            finally:
                server.stop()
    return 0


def _time(folder: Path, address: str, rows: Callable[[], Rows], shape: Shape, only: str) -> None:
    """Fill this database, time everything, print."""
    keys.ensure(folder / "keys")
    settings: dict[str, Any] = {"INSTANCE_PATH": str(folder), "SQLALCHEMY_DATABASE_URI": address}
    app = create_app(**settings, MAY_CHANGE_SCHEMA=True)
    with app.app_context():
        schema.migrate()
        year = clock.today().year - 1
        root = factories.unit("示例自治区委员会")
        with transaction():
            hours.publish_policy(None, root.id, year, PolicyRules(new_post_months=6, met_share=80))
        above = factories.actor(factories.person(Role.UNIT_AUDITOR, root))
        league = replace(above, grants=(Grant(Role.UNIT_AUDITOR, ROOT + 1),))
        db.session.remove()
        fill(rows(), shape, year)
        for title, once in measured({"region": above, "league": league}, year):
            if only not in title:
                continue
            times = 1 if title.startswith("UnitYear") else 3
            print(f"{statistics.median(timed(once) for _ in range(times)):7.3f} s  {title}", flush=True)
        db.session.remove()
        db.engine.dispose()


def timed(once: Callable[[], Any]) -> float:
    """Seconds of one time."""
    start = time.perf_counter()
    once()
    db.session.rollback()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
