"""PostgreSQL as pbtrain needs it: whoever waits for a lock is told, and does not wait for ever."""

from typing import Any

from sqlalchemy import Engine, event


def listen(engine: Engine, *, wait: float) -> None:
    """Every connection of this engine waits that many seconds for a lock, as on SQLite for the one writer."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{int(wait * 1000)}ms"])
        connection.commit()
