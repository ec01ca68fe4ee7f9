"""Rows into SQLite: a new file beside the empty one takes its place when it is whole.

While it is filled it has neither journal nor guards; a load that is killed leaves the site's own file as it
was, empty and guarded, and a file that the next load removes. The other core makes the rows, in files of
their own, so that the one writer only moves them over inside the database.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from pbtrain.core.db import db
from pbtrain.core.sqlite import sha256
from pbtrain.demo.bulk.make import COLUMNS, Rows
from pbtrain.hours.bulk import LINE

TABLES = COLUMNS | {"hour_entry": LINE}
CACHE = 3 * 1024**3  # bytes at most: the index of hashes is written in no order, and should fit
FAST = ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "locking_mode=EXCLUSIVE")
ENDINGS = ("-wal", "-shm", "-journal")


class NotRestored(RuntimeError):
    """The new file is not what the old one was; the old one stays."""


def encode(rows: Rows, folder: str, number: int) -> str:
    """A file that holds these rows, without any key; made in the processes that make the rows."""
    path = Path(folder, f"part-{number}.sqlite3")
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in FAST:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        for table, names in COLUMNS.items():
            if found := rows.tables[table]:
                _fill(connection, table, names, (tuple(map(_value, row)) for row in found))
        lines = (
            (*own, *shared)
            for shared, some in ((tuple(map(_value, shared)), some) for shared, some in rows.lines)
            for own in some
        )
        if rows.lines:
            _fill(connection, "hour_entry", LINE, lines)
        connection.execute("COMMIT")
    return str(path)


def _fill(
    connection: sqlite3.Connection, table: str, names: tuple[str, ...], rows: Iterator[tuple[object, ...]]
) -> None:
    connection.execute(f"CREATE TABLE {table} ({', '.join(names)})")
    marks = ", ".join("?" * len(names))
    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - names of our own


def _value(value: object) -> object:
    """As SQLAlchemy stores it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if isinstance(value, bool) else value


class Writer:
    """Moves parts over into the new file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def take(self, part: str) -> None:
        """Append the rows of this part, and remove it."""
        self.connection.execute("ATTACH ? AS part", (part,))
        self.connection.execute("BEGIN")
        for (table,) in self.connection.execute("SELECT name FROM part.sqlite_master").fetchall():
            names = ", ".join(TABLES[table])
            self.connection.execute(
                f"INSERT INTO main.{table} ({names}) SELECT {names} FROM part.{table} ORDER BY rowid"  # noqa: S608
            )
        self.connection.execute("COMMIT")
        self.connection.execute("DETACH part")
        Path(part).unlink()


@contextmanager
def writing(tell: Callable[[str], None]) -> Iterator[Writer]:
    """A writer into a new file; at the end it becomes the site's file, or after an error nothing changes."""
    target = Path(str(db.engine.url.database))
    loading = target.with_name(target.name + ".loading")
    db.session.remove()
    db.engine.dispose()
    with closing(sqlite3.connect(target, isolation_level=None)) as old:
        busy, *_pages = old.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise NotRestored("somebody uses the database; stop the site first")
        before = _schema(old)
    _remove(loading)
    shutil.copy(target, loading)
    try:
        with closing(sqlite3.connect(loading, isolation_level=None)) as connection:
            _begin(connection)
            yield Writer(connection)
            _finish(connection, before, tell)
        _exchange(loading, target)
    finally:
        _remove(loading)


def _schema(connection: sqlite3.Connection) -> list[tuple[str, ...]]:
    return sorted(
        connection.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master").fetchall()
    )


def _begin(connection: sqlite3.Connection) -> None:
    connection.create_function("pb_sha256", 1, sha256, deterministic=True)
    connection.execute("PRAGMA journal_mode=DELETE")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for pragma in (*FAST, f"cache_size=-{min(CACHE, memory // 4) // 1024}"):
        connection.execute(f"PRAGMA {pragma}")
    for table in TABLES:
        if connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():  # noqa: S608 - names of our own
            raise NotRestored(f"table {table} is not empty; nothing was written")
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
    for name in names:
        connection.execute(f"DROP TRIGGER {name}")


def _finish(
    connection: sqlite3.Connection, before: list[tuple[str, ...]], tell: Callable[[str], None]
) -> None:
    tell("Foreign keys")
    for table in TABLES:
        if wrong := connection.execute(f"PRAGMA foreign_key_check({table})").fetchone():
            raise NotRestored(f"a row of {table} names one of {wrong[2]} that does not exist")
    for kind, _name, _table, sql in before:
        if kind == "trigger":
            connection.execute(sql)
    if _schema(connection) != before:
        raise NotRestored("the tables are not what they were before the load; nothing was written")
    connection.execute("PRAGMA locking_mode=NORMAL")
    connection.execute("PRAGMA journal_mode=DELETE")


def _exchange(loading: Path, target: Path) -> None:
    """The new file in the old one's place, safely on disk."""
    with loading.open("rb+") as file:
        os.fsync(file.fileno())
    with closing(sqlite3.connect(loading)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    for ending in ENDINGS:
        target.with_name(target.name + ending).unlink(missing_ok=True)
    loading.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _remove(path: Path) -> None:
    for ending in ("", *ENDINGS):
        path.with_name(path.name + ending).unlink(missing_ok=True)
