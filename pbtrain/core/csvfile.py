"""CSV files that are sent while they are read: memory does not grow with the rows.

A download keeps one connection and one reading transaction, so that all of it is of one moment. One person
has two of them at a time: the third waits its turn, and others are still answered.
"""

import csv
import fcntl
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from flask import Response, current_app, request
from sqlalchemy import Connection, Select, func, select

from pbtrain.core.db import db, is_postgresql, reading, unhurried
from pbtrain.core.errors import Busy
from pbtrain.core.headers import attach
from pbtrain.core.marks import N_

AT_ONCE = 2  # downloads of one person
ROWS = 1_000  # fetched and sent at a time
BOM = "\ufeff"  # without it Excel takes UTF-8 for GBK
FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "＝",
    "＋",
    "－",
    "＠",
)  # trust: full-width ones are read alike
Shape = Callable[[Sequence[Any]], Sequence[Any]]


def plain(text: str) -> str:
    """Text that no spreadsheet takes for a formula, also behind blanks."""
    return f"'{text}" if text.lstrip(" \u3000").startswith(FORMULA) else text


def sent(statement: Select[Any], head: Sequence[str], shape: Shape, *, name: str, whose: int) -> Response:
    """A download of the select's rows, each shaped into cells; Busy when two of `whose` are running."""
    unhurried()
    db.session.close()  # its connection is free before another is asked for
    download = Download(whose)
    try:
        parts = download.parts(statement, head, shape)
        response = Response(parts, mimetype="text/csv; charset=utf-8")
    except BaseException:
        download.close()
        raise
    response.call_on_close(download.close)
    attach(response, name, "csv")
    if request.method == "HEAD":  # nobody will read it
        download.close()
    return response


class Download:
    """One connection that reads, and one of a person's two places."""

    def __init__(self, whose: int) -> None:
        self.place: IO[str] | None = None
        self.connection: Connection = reading(db.engine).connect()
        try:
            if not (self._place_in_database(whose) if is_postgresql() else self._place_on_disk(whose)):
                raise Busy(N_("Two of your downloads are still running. Wait until one has ended."))
        except BaseException:
            self.close()
            raise

    def _place_in_database(self, whose: int) -> bool:
        """A lock of the transaction: it ends with it, whatever becomes of the process."""
        key = zlib.crc32(b"download") - 2**31
        return any(
            self.connection.scalar(select(func.pg_try_advisory_xact_lock(key, whose * AT_ONCE + number)))
            for number in range(AT_ONCE)
        )

    def _place_on_disk(self, whose: int) -> bool:
        folder = Path(current_app.instance_path, "downloads")
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(AT_ONCE):
            place = (folder / f"{whose}-{number}.lock").open("w")
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                place.close()
                continue
            self.place = place
            return True
        return False

    def parts(self, statement: Select[Any], head: Sequence[str], shape: Shape) -> Iterator[bytes]:
        """The file, some rows at a time."""
        try:
            result = self.connection.execution_options(stream_results=True, max_row_buffer=ROWS).execute(
                statement
            )
            lines = io.StringIO()
            write = csv.writer(lines, lineterminator="\r\n")
            lines.write(BOM)
            write.writerow(head)
            for rows in result.partitions(ROWS):
                write.writerows(map(shape, rows))
                yield lines.getvalue().encode()
                lines.seek(0)
                lines.truncate()
            if rest := lines.getvalue():
                yield rest.encode()
        finally:
            self.close()

    def close(self) -> None:
        """Give back the connection and the place; again is nothing."""
        self.connection.close()
        if self.place is not None:
            self.place.close()
            self.place = None
