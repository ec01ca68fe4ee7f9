"""What tests of the ledger share: a branch with a policy, lines, and a way behind the ledger's back."""

import sqlite3
from datetime import date, datetime

import psycopg
import pytest

from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.hours import services as hours
from pbtrain.hours.services import Line

DAY = date(2026, 3, 2)


def line(member, occurrence="event:1", minutes=90, day=DAY, activity="theme_day", **more) -> Line:
    """A line of that member; 90 minutes of 主题党日 unless told otherwise."""
    member_id = member if isinstance(member, int) else member.id
    return Line(member_id, day, activity, minutes, occurrence, "主题党日", **more)


def post(*lines: Line, actor=None) -> hours.Posted:
    """Post in a transaction of its own."""
    with transaction():
        return hours.post_many(actor, lines)


def at(hour: int, minute: int = 0) -> datetime:
    """A moment of that day."""
    return clock.at(DAY, hour, minute)


def refresh(*members) -> None:
    """Work their totals of 2026 out anew."""
    with transaction():
        hours.refresh_years([member.id for member in members], 2026)


class Back:
    """A direct connection to the database, past the application: what an owner of the file could do."""

    def __init__(self, backend) -> None:
        self.backend = backend

    def run(self, *statements: str) -> None:
        """Run the statements with the triggers out of the way, then put the triggers back."""
        db.session.rollback()
        if self.backend.name == "sqlite":
            connection = sqlite3.connect(self.backend.file, isolation_level=None)
            triggers = connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type='trigger'"
            ).fetchall()
            for name, _sql in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            try:
                for statement in statements:
                    connection.execute(statement)
            finally:
                for _name, sql in triggers:
                    connection.execute(sql)
                connection.close()
            return
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")  # foreign keys
            tables = ("hour_entry", "book", "member_year", "policy", "sign_off", "year_seal")
            for table in tables:
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            try:
                for statement in statements:
                    connection.execute(statement)
            finally:
                self._arm(connection, tables)

    def _arm(self, connection: psycopg.Connection, tables: tuple[str, ...]) -> None:
        """Switch every trigger back on, as the migration did."""
        for table in tables:
            names = connection.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", (table,)
            ).fetchall()
            for (name,) in names:
                connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")

    @property
    def address(self) -> str:
        return self.backend.address.replace("postgresql+psycopg://", "postgresql://")

    def plain(self, statement: str) -> None:
        """Run one statement as any client would, triggers in place."""
        db.session.rollback()
        if self.backend.name == "sqlite":
            connection = sqlite3.connect(self.backend.file)
            try:
                connection.execute(statement)
                connection.commit()
            finally:
                connection.close()
            return
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture
def back(backend, db):
    """Behind the application's back."""
    return Back(backend)
