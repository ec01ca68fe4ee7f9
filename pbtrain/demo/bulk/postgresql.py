"""Rows into PostgreSQL: one transaction, by COPY, so that a load that is killed has left nothing at all.

Inside it the loaded tables are empty files anew, without foreign keys, indexes and triggers; at its end all
of them are put back from the catalogue's own words, and the catalogue is compared with what it was before.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from pbtrain.core.db import db
from pbtrain.demo.bulk.make import COLUMNS, Row, Rows
from pbtrain.hours.bulk import LINE

TABLES = (*COLUMNS, "hour_entry")
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
MEMORY = "768MB"  # for building indexes
CATALOGUE = {
    "constraints": """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), contype::text,
        convalidated FROM pg_constraint
        WHERE conrelid = ANY(%(tables)s::regclass[]) OR confrelid = ANY(%(tables)s::regclass[])
        ORDER BY 1, 2""",
    "indexes": """SELECT i.indrelid::regclass::text, c.relname::text, pg_get_indexdef(i.indexrelid),
        EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = ANY(%(tables)s::regclass[]) AND i.indisvalid ORDER BY 1, 2""",
    "triggers": """SELECT t.tgrelid::regclass::text, t.tgname::text, t.tgenabled::text,
        pg_get_triggerdef(t.oid), md5(p.prosrc) FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE NOT t.tgisinternal AND t.tgrelid = ANY(%(tables)s::regclass[]) ORDER BY 1, 2""",
}
ENABLE = {"O": SQL("ENABLE TRIGGER"), "A": SQL("ENABLE ALWAYS TRIGGER"), "R": SQL("ENABLE REPLICA TRIGGER")}
Catalogue = dict[str, list[tuple[Any, ...]]]
Encoded = dict[str, bytes]


class NotRestored(RuntimeError):
    """Guards, keys or indexes are not what they were: nothing was written."""


def encode(rows: Rows) -> Encoded:
    """The rows as COPY takes them, by table; made in the processes that make the rows."""
    found = {name: "".join(map(_line, some)) for name, some in rows.tables.items() if some}
    lines: list[str] = []
    for shared, some in rows.lines:
        rest = "\t".join(map(_field, shared))
        lines.extend(
            f"{a}\t{b}\t{c}\t{d}\t{person}\t{source}\t{prev}\t{digest}\t{rest}\n"
            for a, b, c, d, person, source, prev, digest in some
        )
    if lines:
        found["hour_entry"] = "".join(lines)
    return {name: text.encode() for name, text in found.items()}


def _line(row: Row) -> str:
    return "\t".join(map(_field, row)) + "\n"


def _field(value: object) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(ESCAPES)
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    if isinstance(value, datetime):
        return str(value.astimezone(UTC).replace(tzinfo=None))
    if isinstance(value, date):
        return value.isoformat()
    return str(value)  # bool too: "True" is a boolean to PostgreSQL


class Writer:
    """Writes encoded rows into the tables of one transaction."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self.connection = connection

    def take(self, encoded: Encoded) -> None:
        """Append these rows."""
        for table, data in encoded.items():
            names = LINE if table == "hour_entry" else COLUMNS[table]
            columns = SQL(", ").join(map(Identifier, names))
            statement = SQL("COPY {} ({}) FROM STDIN WITH (FREEZE)").format(Identifier(table), columns)
            with self.connection.cursor().copy(statement) as copy:
                copy.write(data)


@contextmanager
def writing(tell: Callable[[str], None]) -> Iterator[Writer]:
    """A writer into the empty tables; at the end everything is committed, or after an error nothing."""
    address = os.environ.get("PBTRAIN_MIGRATE_DATABASE_URL") or db.engine.url.render_as_string(False)
    address = address.replace("postgresql+psycopg://", "postgresql://", 1)
    db.session.remove()  # what it has read so far would be in the way of the lock
    with psycopg.connect(address) as connection:
        connection.execute(f"SET LOCAL maintenance_work_mem = '{MEMORY}'")
        connection.execute("SET LOCAL lock_timeout = '10s'")
        before = catalogue(connection)
        _take_off(connection, before)
        yield Writer(connection)
        _put_back(connection, before, tell)
        _follow_ids(connection)
        if catalogue(connection) != before:
            raise NotRestored("the tables are not what they were before the load; nothing was written")
        tell("Statistics for the planner")
        connection.execute(SQL("ANALYZE {}").format(_names(TABLES)))


def catalogue(connection: "psycopg.Connection[Any]") -> Catalogue:
    """Constraints, indexes and triggers of the tables, in the catalogue's own words."""
    return {
        name: connection.execute(query, {"tables": list(TABLES)}).fetchall()
        for name, query in CATALOGUE.items()
    }


def _names(tables: tuple[str, ...]) -> Composed:
    return SQL(", ").join(map(Identifier, tables))


def _take_off(connection: "psycopg.Connection[Any]", found: Catalogue) -> None:
    """Foreign keys, unique constraints, indexes and triggers away; primary keys and checks stay."""
    connection.execute(SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(_names(TABLES)))
    for table, name, _text, kind, _valid in sorted(found["constraints"], key=lambda row: row[3] != "f"):
        if kind in "fu":
            connection.execute(
                SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(Identifier(table), Identifier(name))
            )
    for _table, name, _text, of_constraint in found["indexes"]:
        if not of_constraint:
            connection.execute(SQL("DROP INDEX {}").format(Identifier(name)))
    for table, name, *_rest in found["triggers"]:
        connection.execute(
            SQL("ALTER TABLE {} DISABLE TRIGGER {}").format(Identifier(table), Identifier(name))
        )
    for table in TABLES:
        if connection.execute(SQL("SELECT 1 FROM {} LIMIT 1").format(Identifier(table))).fetchone():
            raise NotRestored(f"table {table} is not empty; nothing was written")
    connection.execute(SQL("TRUNCATE {}").format(_names(TABLES)))  # a new file, whose rows may be frozen


def _put_back(connection: "psycopg.Connection[Any]", found: Catalogue, tell: Callable[[str], None]) -> None:
    tell("Unique keys")
    for table, name, text, kind, _valid in found["constraints"]:
        if kind == "u":
            _add(connection, table, name, text)
    tell("Indexes")
    for _table, _name, text, of_constraint in found["indexes"]:
        if not of_constraint:
            connection.execute(text)
    tell("Foreign keys")
    for table, name, text, kind, _valid in found["constraints"]:
        if kind == "f":
            _add(connection, table, name, text)
    for table, name, enabled, *_rest in found["triggers"]:
        if enabled in ENABLE:
            connection.execute(
                SQL("ALTER TABLE {} {} {}").format(Identifier(table), ENABLE[enabled], Identifier(name))
            )


def _add(connection: "psycopg.Connection[Any]", table: str, name: str, text: str) -> None:
    connection.execute(
        SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(Identifier(table), Identifier(name), SQL(text))  # type: ignore[arg-type]
    )


def _follow_ids(connection: "psycopg.Connection[Any]") -> None:
    """The next row made by the application gets the next id."""
    for table in TABLES:
        connection.execute(
            SQL(
                "SELECT setval(pg_get_serial_sequence({}, 'id'), (SELECT coalesce(max(id), 1) FROM {}))"
                " WHERE pg_get_serial_sequence({}, 'id') IS NOT NULL"
            ).format(table, Identifier(table), table)
        )
