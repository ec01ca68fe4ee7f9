"""SQLite as pbtrain needs it: WAL, full synchronisation, immediate writes, and no way round the triggers.

`synchronous=NORMAL` lost acknowledged writes in power cuts, and Python's own deferred BEGIN loses
updates under load: both were measured before this was written.
"""

import hashlib
import sqlite3
from typing import Any

from sqlalchemy import Engine, event

FORBIDDEN = {
    sqlite3.SQLITE_ATTACH,
    sqlite3.SQLITE_DETACH,
    sqlite3.SQLITE_ALTER_TABLE,
    sqlite3.SQLITE_CREATE_TRIGGER,
    sqlite3.SQLITE_CREATE_TEMP_TRIGGER,
    sqlite3.SQLITE_DROP_TABLE,
    sqlite3.SQLITE_DROP_INDEX,
    sqlite3.SQLITE_DROP_TRIGGER,
    sqlite3.SQLITE_DROP_VIEW,
}


def sha256(text: str) -> str:
    """What the ledger's triggers call to check a hash; a plain sqlite3 client does not have it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _authorise(action: int, first: str | None, *rest: str | None) -> int:
    if action in FORBIDDEN or (action == sqlite3.SQLITE_PRAGMA and first == "writable_schema"):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def equip(connection: Any, *, may_change_schema: bool) -> None:
    """Make a new DBAPI connection ours."""
    connection.isolation_level = None  # we send BEGIN ourselves
    connection.create_function("pb_sha256", 1, sha256, deterministic=True)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    if not may_change_schema:
        connection.set_authorizer(_authorise)


def listen(engine: Engine, *, may_change_schema: bool) -> None:
    """Equip every connection of this engine, and begin each transaction as reader or as writer."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, record: Any) -> None:
        equip(connection, may_change_schema=may_change_schema)

    @event.listens_for(engine, "begin")
    def begun(connection: Any) -> None:
        reader = bool(connection.get_execution_options().get("pb_reading"))
        info = connection.info
        if info.get("pb_query_only") is not reader:
            connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reader else 'OFF'}")
            info["pb_query_only"] = reader
        connection.exec_driver_sql("BEGIN" if reader else "BEGIN IMMEDIATE")
