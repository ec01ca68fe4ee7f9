"""Lists as xlsx: the template with its drop-downs and guide, rows under it, the lines that were refused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import xlsxwriter

from pbtrain.core.i18n import _, say_kept
from pbtrain.core.sheets import SAFE
from pbtrain.org.uploads.columns import BRANCHES, GUIDE, Column

WIDTH, REASONS_WIDTH, BRANCHES_WIDTH, GUIDE_WIDTH = 14, 60, 40, 90  # of columns, in characters
FOOTER = 240  # characters of a printed footer; a sheet takes 255


@dataclass(frozen=True)
class Template:
    """A kind of list: the name of its sheet, its columns and the wider or narrower of them, the words offered
    in a column, the lines of its guide, and the most rows that are read."""

    name: str
    columns: Mapping[str, Column]
    widths: Mapping[str, int]
    offered: Mapping[str, Sequence[str]]
    guide: Sequence[str]
    max_rows: int


def written(
    template: Template,
    rows: Iterable[Mapping[str, str]] = (),
    *,
    branches: Sequence[str] = (),
    reasons: str = "",
    guide: bool = True,
    mark: str = "",
) -> BytesIO:
    """The rows under the headers of the template, every cell text, as a workbook.

    `branches` are offered in the column of branches; `reasons` heads one more column, of the same name in the
    rows. `mark`, who took the file and why, stands above the headers, at the foot of every printed page and
    in the properties; whoever reads lists passes over a line above the headers.
    """
    out = BytesIO()
    with xlsxwriter.Workbook(out, SAFE | {"in_memory": True}) as book:
        page = book.add_worksheet(template.name)
        text = book.add_format({"num_format": "@"})
        for index, name in enumerate(template.columns):
            page.set_column(index, index, template.widths.get(name, WIDTH), text)
        top = 1 if mark else 0
        if mark:
            _mark(book, page, mark)
        page.freeze_panes(top + 1, 0)
        headers = {name: column.header for name, column in template.columns.items()}
        if reasons:
            page.set_column(len(headers), len(headers), REASONS_WIDTH)
            headers["reasons"] = reasons
        head = book.add_format({"bold": True, "bg_color": "#F1ECE3", "border": 1})
        for index, header in enumerate(headers.values()):
            page.write_string(top, index, header, head)
        for number, row in enumerate(rows, top + 1):
            for index, name in enumerate(headers):
                if value := row.get(name, ""):
                    page.write_string(number, index, str(value), text)
        _offer(book, page, template, branches)
        if guide:
            _lines(book, GUIDE, GUIDE_WIDTH, template.guide)
    out.seek(0)
    return out


def refused(template: Template, lines: Iterable[Sequence[Any]], *, branches: Sequence[str] = ()) -> BytesIO:
    """Lines that were refused, to be corrected and sent again, each with its reasons in one more column.

    A line is its number, what the sheet held by the names of columns, and its errors as a `Row` has them.
    """

    def reasons(number: int, errors: Sequence[Any]) -> str:
        said = (
            f"{_(template.columns[name].label)}：{say_kept(text, params)}"
            for name, text, params, _seen in errors
        )
        return _("Line %(line)s", line=number) + "：" + "；".join(said)

    rows = ({**held, "reasons": reasons(number, errors)} for number, held, errors in lines)
    return written(template, rows, branches=branches, reasons=_("Why not, and what to do"))


def _mark(book: Any, page: Any, mark: str) -> None:
    book.set_properties({"comments": mark})
    page.set_footer("&L" + mark[:FOOTER].replace("&", "＆"))  # a single & begins a command there
    page.write_string(0, 0, mark, book.add_format({"bold": True, "font_color": "#9B1C1C"}))
    page.repeat_rows(0, 1)


def _offer(book: Any, page: Any, template: Template, branches: Sequence[str]) -> None:
    """Drop-downs for the columns with few words, and for the branches from a sheet of their own."""
    lists: dict[str, Any] = {name: list(words) for name, words in template.offered.items()}
    if branches:
        _lines(book, BRANCHES, BRANCHES_WIDTH, branches)
        lists["branch"] = f"='{BRANCHES}'!$A$1:$A${len(branches)}"
    for index, name in enumerate(template.columns):
        if name in lists:
            choice = {"validate": "list", "source": lists[name], "error_type": "warning"}
            page.data_validation(1, index, template.max_rows, index, choice)


def _lines(book: Any, name: str, width: int, lines: Sequence[str]) -> None:
    """One more sheet, of one column."""
    page = book.add_worksheet(name)
    page.set_column(0, 0, width)
    for number, line in enumerate(lines):
        page.write_string(number, 0, line)
