"""Count what the application sends to the database, as architecture.md counts: no BEGIN, COMMIT or PRAGMA."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

COUNTED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


class Statements(list[str]):
    """The statements sent inside the block, in order; read it after the block when a count is too high."""

    @property
    def count(self) -> int:
        return len(self)

    @property
    def of_page(self) -> "Statements":
        """Without what a site in production asks once a process: its kind."""
        return Statements(one for one in self if "FROM site" not in one)

    def __str__(self) -> str:
        return f"{len(self)} statements:\n" + "\n".join(f"- {' '.join(line.split())[:300]}" for line in self)


@contextmanager
def counted() -> Iterator[Statements]:
    """`with counted() as sent: ...; assert sent.count <= 6, sent`."""
    sent = Statements()

    def listen(connection, cursor, statement, parameters, context, executemany):
        if statement.lstrip("( \n").upper().startswith(COUNTED):
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", listen)
