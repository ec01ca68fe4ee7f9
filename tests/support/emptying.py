"""Emptying a PostgreSQL database between two tests: a fifth of what a fresh copy of the template costs.

Only what was written is deleted, and connections stay open with what they have planned. Whatever a test may
have done beyond writing rows (the schema changed, a connection left busy or broken) is noticed and answered
by False: then the database is made anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg.sql import SQL, Composed, Identifier

USES = 60  # deleted rows leave holes: after so many tests the database is made anew anyway
NOTICE = """
CREATE SCHEMA pb_test;
CREATE TABLE pb_test.changed (what text);
CREATE FUNCTION pb_test.notice() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
  AS $$ BEGIN INSERT INTO pb_test.changed VALUES (tg_tag); END $$;
CREATE EVENT TRIGGER pb_test_changed ON ddl_command_end EXECUTE FUNCTION pb_test.notice();
CREATE EVENT TRIGGER pb_test_dropped ON sql_drop EXECUTE FUNCTION pb_test.notice();
TRUNCATE pb_test.changed
"""
TABLES = (
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1"
)
ALWAYS = "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgenabled = 'A' ORDER BY 1, 2"
STATE = """
SELECT (SELECT count(*) FROM pb_test.changed), count(*), count(*) FILTER (WHERE state <> 'idle')
  FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
COUNTERS = "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)"
COUNTERS += " FROM pg_sequences WHERE last_value IS NOT NULL"
NUMBERS = "SELECT format('%I.%I', schemaname, sequencename), last_value FROM pg_sequences"
NUMBERS += " WHERE last_value IS NOT NULL"
SILENT = (SQL("SET LOCAL session_replication_role = replica"), SQL("SET LOCAL lock_timeout = '2s'"))


@dataclass(frozen=True)
class Rows:
    """What a database held: rows of each table as COPY writes them, and how far its counters were."""

    tables: dict[str, bytes]
    counters: list[tuple[str, int]]


class Emptier:
    """Holds one connection to a worker's database, as a superuser."""

    def __init__(self, address: str) -> None:
        self.connection = psycopg.connect(address.replace("+psycopg", ""), autocommit=True)
        self.connection.execute(NOTICE)
        self.version = self._version()
        self.tables = [name for (name,) in self.connection.execute(TABLES) if name != "alembic_version"]
        self.always: dict[str, list[str]] = {}
        for table, trigger in self.connection.execute(ALWAYS):
            self.always.setdefault(table, []).append(trigger)
        self.probe = SQL(" UNION ALL ").join(
            SQL("SELECT {} WHERE EXISTS (SELECT 1 FROM {})").format(name, Identifier(name))
            for name in self.tables
        )
        self.uses = 0

    @classmethod
    def of(cls, address: str, keeper: psycopg.Connection) -> "Emptier | None":
        """None on a given server where we are not superuser: triggers are its business there."""
        (allowed,) = keeper.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
        return cls(address) if allowed else None

    def _version(self) -> list[Any]:
        return self.connection.execute("SELECT * FROM alembic_version").fetchall()

    def empty(self, idle: int) -> bool:
        """Delete all rows; False where it has to be made anew. `idle`: connections of ours."""
        self.uses += 1
        try:
            changed, others, busy = self.connection.execute(STATE).fetchone()
            if changed or busy or others != idle or self.uses > USES or self._version() != self.version:
                return False
            self._delete(self.written())
        except psycopg.Error:
            return False
        return True

    def written(self) -> list[str]:
        """The tables that have rows."""
        return [name for (name,) in self.connection.execute(self.probe)]

    def rows(self) -> "Rows":
        """All rows as they are now."""
        tables = {}
        for table in self.written():
            with self.connection.cursor().copy(SQL("COPY {} TO STDOUT").format(Identifier(table))) as copy:
                tables[table] = b"".join(bytes(part) for part in copy)
        return Rows(tables, self.connection.execute(NUMBERS).fetchall())

    def fill(self, kept: "Rows") -> None:
        """Put these rows into empty tables; triggers stay silent."""
        with self.connection.transaction():
            self.connection.execute(SQL("; ").join([*SILENT, *self._guards(kept.tables, "DISABLE")]))
            for table, rows in kept.tables.items():
                with self.connection.cursor().copy(
                    SQL("COPY {} FROM STDIN").format(Identifier(table))
                ) as copy:
                    copy.write(rows)
            counters = [SQL("SELECT setval({}, {})").format(name, value) for name, value in kept.counters]
            self.connection.execute(SQL("; ").join([*self._guards(kept.tables, "ENABLE ALWAYS"), *counters]))

    def _guards(self, tables: Iterable[str], words: LiteralString) -> list[Composed]:
        command = SQL("ALTER TABLE {} " + words + " TRIGGER {}")
        return [
            command.format(Identifier(table), Identifier(trigger))
            for table in tables
            for trigger in self.always.get(table, ())
        ]

    def _delete(self, written: list[str]) -> None:
        steps = [
            *SILENT,
            *self._guards(written, "DISABLE"),
            *(SQL("DELETE FROM {}").format(Identifier(table)) for table in written),
            *self._guards(written, "ENABLE ALWAYS"),
        ]
        with self.connection.transaction():
            self.connection.execute(SQL("; ").join([*steps, SQL(COUNTERS)]))

    def close(self) -> None:
        self.connection.close()
