"""PostgreSQL as pbtrain needs it: waiting and working have an end, and what was planned once is kept."""

from collections.abc import Mapping
from typing import Any

from flask import g, has_request_context
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event

STOPPED = "57014"  # query_canceled
JOB = "JOB_STATEMENT_WAIT"


def listen(engine: Engine, config: Mapping[str, Any]) -> None:
    """Every connection of this engine waits DATABASE_WAIT seconds for a lock, as SQLite's writers do.

    Whoever takes one gives its statements the time that fits: a page little, an export more, a job most. For
    a job alone they are compiled: a page's are over before that (half a second at a desk of the region).
    """

    @event.listens_for(engine, "connect")
    def connected(connection: Any, record: Any) -> None:
        _set(connection, "lock_timeout", config["DATABASE_WAIT"])

    @event.listens_for(engine, "checkout")
    def taken(connection: Any, record: Any, proxy: Any) -> None:
        patience = _patience()
        if record.info.get("pb_patience") != patience:
            _set(connection, "statement_timeout", config[patience])
            _compiles(connection, patience == JOB)
            record.info["pb_patience"] = patience

    keep_plans(engine)


def _patience() -> str:
    """The setting that says how long a statement may take here."""
    if not has_request_context():
        return JOB
    return "EXPORT_STATEMENT_WAIT" if g.get("unhurried") else "STATEMENT_WAIT"


def _set(connection: Any, name: str, seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, false)", [name, f"{int(seconds * 1000)}ms"])
    connection.commit()


def _compiles(connection: Any, allowed: bool) -> None:
    """May statements of this connection be compiled, as the server is set?"""
    with connection.cursor() as cursor:
        cursor.execute("SET jit TO DEFAULT" if allowed else "SET jit TO off")
    connection.commit()


def was_stopped(error: Any) -> bool:
    """Did the server stop this statement, because its time was over?"""
    return getattr(getattr(error, "orig", None), "sqlstate", None) == STOPPED


def keep_plans(engine: Engine) -> None:
    """Readers end with COMMIT: at each ROLLBACK psycopg throws away the statements it has prepared, and the
    server would plan every page's again. A transaction that only reads has nothing to take back.
    """
    dialect = engine.dialect
    rollback = dialect.do_rollback

    def end(connection: Any) -> None:
        driver = getattr(connection, "dbapi_connection", connection)  # the pool hands out a wrapper
        if driver.read_only and driver.info.transaction_status == TransactionStatus.INTRANS:
            driver.commit()
        else:
            rollback(connection)

    dialect.do_rollback = end  # type: ignore[method-assign, assignment]
