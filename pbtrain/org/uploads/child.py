"""The child process that reads one uploaded list: `python -m pbtrain.org.uploads.child FILE KIND [LAYOUT]`.

LAYOUT is a `columns.Layout` as JSON, that of rosters where none is given. The process may use 1 GB and
60 s and knows neither database nor site. It writes JSON lines: {"meta": …}, then a list [line, cell, …] for
each line of the list, then {"end": lines}; or {"refused": [msgid, params]}.
"""

import csv
import json
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime
from io import StringIO
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.org.roster.columns import ROSTER
from pbtrain.org.uploads import safety
from pbtrain.org.uploads.columns import HEADER_WITHIN, MAX_CELL, Layout, is_header, map_header

MEMORY = 1024**3
SECONDS = 60
MAX_SHEETS = 20

Lines = Iterator[tuple[int, Sequence[Any]]]


def limit() -> None:
    """Give this process its bounds."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))


def main() -> None:
    """Read the file named on the command line; exit 0 also when it was refused."""
    limit()
    path, kind = Path(sys.argv[1]), sys.argv[2]
    layout = Layout(**json.loads(sys.argv[3])) if len(sys.argv) > 3 else ROSTER
    try:
        if kind == "xlsx":
            read_workbook(path, layout)
        else:
            read_csv(path, layout)
    except RuleError as error:
        say({"refused": [error.message, error.params]})
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError):
        say({"refused": [safety.DAMAGED, {}]})
    except MemoryError:
        say({"refused": [safety.TOO_LARGE, {}]})


def told(layout: Layout) -> str:
    """A layout as the command line carries it."""
    return json.dumps(asdict(layout), ensure_ascii=True)


def say(value: Any) -> None:
    """One line of the answer."""
    sys.stdout.write(json.dumps(value, ensure_ascii=True, allow_nan=False) + "\n")


def read_workbook(path: Path, layout: Layout) -> None:
    """The first visible sheet that has a line of headers."""
    archive = safety.opened(path)
    safety.check(archive)
    sheets, system_1904 = safety.workbook(archive)
    visible = [sheet for sheet in sheets if sheet.visible]
    for sheet in visible[:MAX_SHEETS]:
        found = safety.scan(archive, sheet)
        lines = sheet_lines(path, archive, sheet, found)
        head = list(islice(lines, HEADER_WITHIN))
        if (header := find_header(head, layout)) is None:
            continue
        meta = {
            "sheet": sheet.name,
            "hidden": [other.name for other in sheets if not other.visible],
            "others": [other.name for other in visible if other is not sheet],
            "stray": found.stray,
            "system_1904": system_1904,
        }
        emit(header, head, lines, meta, layout)
        return
    raise no_header(layout)


def no_header(layout: Layout) -> RuleError:
    """What is said of a sheet in which no line looks like headers."""
    return RuleError(
        N_("No line of headers in the first %(lines)s lines. It needs at least “%(columns)s”."),
        lines=HEADER_WITHIN,
        columns="”、“".join(layout.needed),
    )


def sheet_lines(path: Path, archive: zipfile.ZipFile, sheet: safety.SheetEntry, found: safety.Scan) -> Lines:
    """The sheet line by line, numbered as people see it; formulas and dates as dicts."""
    from python_calamine import CalamineError, CalamineWorkbook  # only after the scan has passed

    source = safety.without(archive, sheet, found.cuts) if found.cuts else str(path)
    try:
        table = CalamineWorkbook.from_object(source).get_sheet_by_name(sheet.name)
        top, left = table.start or (0, 0)
        rows = table.to_python(skip_empty_area=True) if table.start else []
    except (CalamineError, ValueError, KeyError):
        raise RuleError(safety.DAMAGED) from None
    formulas = found.formulas
    for number, row in enumerate(rows, top + 1):
        cells: list[Any] = [""] * left + [plain(value) for value in row]
        if formulas:
            for index in range(len(cells)):
                if text := formulas.get((number, index + 1)):
                    cells[index] = {"f": True, "text": text}
        yield number, cells


def plain(value: Any) -> Any:
    """A cell as JSON may carry it."""
    if isinstance(value, str):
        return {"long": len(value)} if len(value) > MAX_CELL else value
    if isinstance(value, datetime):
        return {"d": value.date().isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else {"e": str(value)}
    return {"e": str(value)[:40]}  # a time of day, a duration


def find_header(head: list[tuple[int, Sequence[Any]]], layout: Layout = ROSTER) -> int | None:
    """Where in `head` the line of headers stands."""
    return next((index for index, (_, cells) in enumerate(head) if is_header(cells, layout)), None)


def emit(
    header: int,
    head: list[tuple[int, Sequence[Any]]],
    lines: Lines,
    meta: dict[str, Any],
    layout: Layout,
) -> None:
    """Write meta, then the known columns of every line below the header."""
    columns, unknown = map_header(head[header][1], layout)
    say({"meta": {"columns": list(columns.values()), "unknown": unknown[:20], **meta}})
    count = 0
    for part in (head[header + 1 :], lines):
        for number, cells in part:
            row = [cells[index] if index < len(cells) else "" for index in columns]
            if all(cell is None or cell == "" for cell in row):
                continue
            count += 1
            if count > layout.max_rows:
                raise RuleError(safety.TOO_MANY_ROWS, limit=layout.max_rows)
            say([number, *row])
    say({"end": count})


def read_csv(path: Path, layout: Layout) -> None:
    """A list of values separated by commas, semicolons or tabs."""
    data = path.read_bytes()
    text, encoding = decode(data)
    first = text[:4096].split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    lines = csv_lines(text, delimiter)
    head = list(islice(lines, HEADER_WITHIN))
    if (header := find_header(head, layout)) is None:
        raise no_header(layout)
    meta = {"sheet": "", "hidden": [], "others": [], "stray": 0, "system_1904": False, "encoding": encoding}
    emit(header, head, lines, meta, layout)


def csv_lines(text: str, delimiter: str) -> Lines:
    """The records with the number of the line each begins on."""
    csv.field_size_limit(len(text) + 1)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 1
    try:
        for record in reader:
            if len(record) > safety.MAX_COLUMNS:
                raise RuleError(safety.TOO_MANY_COLUMNS, limit=safety.MAX_COLUMNS)
            yield number, [plain(cell) for cell in record]
            number = reader.line_num + 1
    except csv.Error:
        raise RuleError(
            N_(
                "The quotation marks from line %(line)s on do not pair. Save the file as .xlsx and send that."
            ),
            line=number,
        ) from None


def decode(data: bytes) -> tuple[str, str]:
    """The text and its encoding: UTF-8, else GB18030 (which holds GBK), strictly, and never half of each."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise RuleError(N_("This file is in UTF-16. Save it as “CSV UTF-8” or as .xlsx and send that."))
    if (zero := data.find(b"\0")) >= 0:
        raise RuleError(
            N_("Line %(line)s holds a zero byte: the file is damaged. Export it again, best as .xlsx."),
            line=data.count(b"\n", 0, zero) + 1,
        )
    try:
        return data.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError as error:
        broken = error.start
    other = _utf8_among_gbk(data)
    if other is None and not data.startswith(b"\xef\xbb\xbf"):
        try:
            return data.decode("gb18030"), "GB18030"
        except UnicodeDecodeError as error:
            broken = error.start
    elif _begins_with_gbk(data):
        broken = other or 0
    raise RuleError(
        N_(
            "Two encodings are mixed from byte %(offset)s on (line %(line)s). Save it as .xlsx and send that."
        ),
        offset=broken,
        line=data.count(b"\n", 0, broken) + 1,
    )


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The pieces between separators, with their offsets; no separator is part of a GBK or UTF-8 character."""
    at = 0
    table = bytes.maketrans(b',;\t\r\n"', b"\n" * 6)
    for piece in data.translate(table).split(b"\n"):
        if not piece.isascii():
            yield at, piece
        at += len(piece) + 1


def _reads_as_utf8(piece: bytes) -> bool:
    """Two or more common characters in UTF-8, which as GBK would be rare ones."""
    try:
        text = piece.decode("utf-8")
        common = [ch.encode("gb2312") for ch in text if not ch.isascii()]
    except UnicodeError:
        return False
    return len(common) >= 2 and all(0xB0 <= pair[0] <= 0xD7 for pair in common)


def _utf8_among_gbk(data: bytes) -> int | None:
    """Where the first piece in UTF-8 stands in a file that as a whole is not UTF-8, if there is one."""
    return next((at for at, piece in _fields(data) if _reads_as_utf8(piece)), None)


def _begins_with_gbk(data: bytes) -> bool:
    return next((not _reads_as_utf8(piece) for _, piece in _fields(data)), False)


if __name__ == "__main__":
    main()
