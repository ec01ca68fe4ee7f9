"""PostgreSQL as pbtrain needs it: waiting for a lock has an end, and what was planned once is kept."""

from typing import Any

from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event


def listen(engine: Engine, *, wait: float) -> None:
    """Every connection of this engine waits that many seconds for a lock, as on SQLite for the one writer."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{int(wait * 1000)}ms"])
        connection.commit()

    keep_plans(engine)


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
