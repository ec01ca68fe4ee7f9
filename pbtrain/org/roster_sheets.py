"""Rosters as xlsx: the template, the roster itself, the lines that were refused. Every cell is text."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

import xlsxwriter

from pbtrain.org.roster_columns import COLUMNS, OWN_SHEETS
from pbtrain.org.roster_rules import WORDS
from pbtrain.org.roster_zip import MAX_ROWS

WIDTHS = {
    "name": 14, "id_number": 22, "branch": 30, "phone": 15, "code": 14, "category": 18, "flow_place": 24,
}  # fmt: skip
EXPLAINED = (
    "“姓名”和“所在支部”必须填；其他列可以空着，空着的不改动已有资料。",
    "所在支部填全称或代码，可以从下拉列表里选。",
    "日期写成 2024-07-01。身份证号、手机号列已设为文本，请不要改成数字。",
    "身份证号显示为 150102********1231 的，是已经登记过的，不用改。",
    "党内职务：书记、副书记、委员、轮值书记；填“无”表示不再任职。",
    "职业类别从下拉列表里选；流动情况填流入、流出，填“无”表示不再流动；流动地点写从哪里来或到哪里去。",
    "进入支部日期不填的：新增的人从今年1月1日算起，转入的人从导入那天算起。",
    "已有的人请保留党员编号；新增的人党员编号空着，由系统给。",
)


def sheet(
    rows: Iterable[dict[str, str]],
    *,
    branches: Sequence[str] = (),
    reasons: str = "",
    guide: bool = False,
    mark: str = "",
) -> BytesIO:
    """The rows under the headers of the template, drop-downs included; `reasons` heads one more column,
    `mark`, who took the file and why, stands above them, at the foot of every printed page and in the
    properties; readers of rosters pass over a line above the headers."""
    out = BytesIO()
    book = xlsxwriter.Workbook(
        out,
        {"in_memory": True, "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    )
    page = book.add_worksheet("党员名册")
    text = book.add_format({"num_format": "@"})
    head = book.add_format({"bold": True, "bg_color": "#F1ECE3", "border": 1})
    for index, name in enumerate(COLUMNS):
        page.set_column(index, index, WIDTHS.get(name, 13), text)
    top = 1 if mark else 0
    page.freeze_panes(top + 1, 0)
    if mark:
        book.set_properties({"comments": mark})
        page.set_footer("&L" + mark[:240].replace("&", "＆"))
        page.write_string(0, 0, mark, book.add_format({"bold": True, "font_color": "#9B1C1C"}))
        page.repeat_rows(0, top)
    headers = [column.header for column in COLUMNS.values()] + ([reasons] if reasons else [])
    for index, header in enumerate(headers):
        page.write_string(top, index, header, head)
    if reasons:
        page.set_column(len(COLUMNS), len(COLUMNS), 60)
    for number, row in enumerate(rows, top + 1):
        for index, name in enumerate((*COLUMNS, "reasons") if reasons else COLUMNS):
            if value := row.get(name, ""):
                page.write_string(number, index, value, text)
    _choices(book, page, branches)
    if guide:
        notes = book.add_worksheet(OWN_SHEETS[1])
        notes.set_column(0, 0, 90)
        for number, line in enumerate(EXPLAINED):
            notes.write_string(number, 0, line)
    book.close()
    out.seek(0)
    return out


def _choices(book: Any, page: Any, branches: Sequence[str]) -> None:
    """Drop-downs for the columns with few words, and for the branches from a sheet of their own."""
    lists: dict[str, Any] = {name: list(offered) for name, (_, offered) in WORDS.items()}
    if branches:
        names = book.add_worksheet(OWN_SHEETS[0])
        names.set_column(0, 0, 40)
        for number, name in enumerate(branches):
            names.write_string(number, 0, name)
        lists["branch"] = f"='{OWN_SHEETS[0]}'!$A$1:$A${len(branches)}"
    for name, source in lists.items():
        index = list(COLUMNS).index(name)
        page.data_validation(
            1, index, MAX_ROWS, index, {"validate": "list", "source": source, "error_type": "warning"}
        )
