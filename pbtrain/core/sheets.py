"""Write Excel files: rows go to disk as they come, and text stays text whatever it begins with."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import IO, Any

import xlsxwriter
from flask import Response, request

from pbtrain.core.db import unhurried
from pbtrain.core.headers import attach

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SAFE = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}
NUMBERS = {"hours": "#,##0.0#", "number": "#,##0"}


@dataclass(frozen=True)
class Column:
    """Its heading, its width in characters, and what stands in it: text, hours, number or day.

    Hours are hundredths of a 学时, as everywhere; a day is a date.
    """

    title: str
    width: int = 12
    kind: str = "text"


@dataclass(frozen=True)
class Struck:
    """A value that no longer holds: shown struck out, as text, so that no sum counts it."""

    text: str


def written(
    name: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Any]],
    *,
    above: Sequence[str] = (),
    below: Sequence[Sequence[Any]] = (),
    landscape: bool = False,
) -> IO[bytes]:
    """A workbook of one sheet in a temporary file, for `sent`.

    `above` are lines over the heading, `below` are rows under the last. The heading is frozen and repeated
    on every printed page. Memory does not grow with the rows.
    """
    unhurried()
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever sends it
    with xlsxwriter.Workbook(file, SAFE) as book:
        sheet = book.add_worksheet(name[:31])
        style = _styles(book)
        for index, column in enumerate(columns):
            sheet.set_column(index, index, column.width)
        for number, text in enumerate(above):
            sheet.write_string(number, 0, text, style["title" if number == 0 else "plain"])
        head = len(above)
        for index, column in enumerate(columns):
            sheet.write_string(head, index, column.title, style["head"])
        sheet.freeze_panes(head + 1, 0)
        sheet.repeat_rows(head)
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        if landscape:
            sheet.set_landscape()
        for number, cells in enumerate(chain(rows, below), head + 1):
            _write(sheet, number, columns, cells, style)
    return file


def sent(file: IO[bytes], name: str, ending: str = "xlsx", mimetype: str = XLSX) -> Response:
    """The file as a download under this name; it is closed when it has been read."""
    response = Response(_parts(file), mimetype=mimetype)
    response.content_length = file.seek(0, os.SEEK_END)
    attach(response, name, ending)
    if request.method == "HEAD":  # nobody will read it
        file.close()
    return response


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while part := file.read(64 * 1024):
            yield part


def _styles(book: Any) -> dict[str, Any]:
    kinds = {kind: {"num_format": text, "align": "right"} for kind, text in NUMBERS.items()}
    return {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "plain": book.add_format({}),
        "head": book.add_format({"bold": True, "bottom": 1, "bg_color": "#F1ECE3", "text_wrap": True}),
        "text": book.add_format({"text_wrap": True, "valign": "top"}),
        "day": book.add_format({"num_format": "yyyy-mm-dd", "align": "left", "valign": "top"}),
        "struck": book.add_format({"font_strikeout": True, "align": "right"}),
    } | {kind: book.add_format(look | {"valign": "top"}) for kind, look in kinds.items()}


def _write(
    sheet: Any, row: int, columns: Sequence[Column], cells: Sequence[Any], style: dict[str, Any]
) -> None:
    for index, (column, value) in enumerate(zip(columns, cells, strict=True)):
        if value is None or value == "":
            continue
        if isinstance(value, Struck):
            sheet.write_string(row, index, value.text, style["struck"])
        elif isinstance(value, date) and column.kind == "day":
            sheet.write_datetime(row, index, value, style["day"])
        elif column.kind in NUMBERS and isinstance(value, int | Decimal):
            shown = Decimal(value) / 100 if column.kind == "hours" else value
            sheet.write_number(row, index, float(shown), style[column.kind])
        else:
            sheet.write_string(row, index, str(value), style["text"])
