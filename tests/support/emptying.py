"""Emptying a PostgreSQL database between two tests: a fifth of what a fresh copy of the template costs.

Only what was written is deleted, and connections stay open with what they have planned. Whatever a test may
have done beyond writing rows (the schema changed, a connection left busy or broken) is noticed and answered
by False: then the database is made anew.
"""

from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

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
            self._delete([name for (name,) in self.connection.execute(self.probe)])
        except psycopg.Error:
            return False
        return True

    def _delete(self, written: list[str]) -> None:
        steps = [SQL("SET LOCAL session_replication_role = replica"), SQL("SET LOCAL lock_timeout = '2s'")]
        guards = [(table, trigger) for table in written for trigger in self.always.get(table, ())]
        for words in ("DISABLE", None, "ENABLE ALWAYS"):
            if words is None:
                steps += [SQL("DELETE FROM {}").format(Identifier(table)) for table in written]
            else:
                command = SQL("ALTER TABLE {} " + words + " TRIGGER {}")
                steps += [command.format(Identifier(t), Identifier(name)) for t, name in guards]
        with self.connection.transaction():
            self.connection.execute(SQL("; ").join([*steps, SQL(COUNTERS)]))

    def close(self) -> None:
        self.connection.close()
