"""Lists of people for a class as xlsx: the template with its drop-downs, the refused rows to be corrected."""

from collections.abc import Iterable, Sequence
from io import BytesIO

import xlsxwriter

from pbtrain.classes.rules.imports import COLUMNS, MAX_ROWS

WIDTHS = {"name": 16, "code": 14, "branch": 34, "phone": 15}
GUIDE = (
    "一行一名学员。姓名必须填；党员编号、身份证后四位、所在支部至少填一个，有重名时以党员编号为准。",
    "所在支部可以从下拉列表里选，也可以写全称或代码。",
    "外地学员（不在本学院服务范围内的）：“外地学员”选“是”，“所在支部或单位”写单位，手机号可以填。",
    "手机号只用于联系外地学员，结束后 90 天自动清除。",
)


def sheet(rows: Iterable[dict[str, str]] = (), *, branches: Sequence[str] = (), reasons: str = "") -> BytesIO:
    """The rows under the headers of the template, every cell text; `reasons` heads one more column."""
    out = BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "constant_memory": True}) as book:
        page = book.add_worksheet("学员")
        text = book.add_format({"num_format": "@"})
        head = book.add_format({"bold": True, "bg_color": "#F1ECE3", "border": 1})
        for index, name in enumerate(COLUMNS):
            page.set_column(index, index, WIDTHS.get(name, 14), text)
        page.freeze_panes(1, 0)
        if reasons:
            page.set_column(len(COLUMNS), len(COLUMNS), 60)
        headers = [column.header for column in COLUMNS.values()] + ([reasons] if reasons else [])
        for index, header in enumerate(headers):
            page.write_string(0, index, header, head)
        for number, row in enumerate(rows, 1):
            for index, name in enumerate((*COLUMNS, "reasons")[: len(headers)]):
                if value := row.get(name, ""):
                    page.write_string(number, index, str(value), text)
        lists: dict[str, object] = {"outside": ["是", "否"]}
        if branches:
            other = book.add_worksheet("支部")
            for number, name in enumerate(branches):
                other.write_string(number, 0, name)
            lists["branch"] = f"='支部'!$A$1:$A${len(branches)}"
        for name, source in lists.items():
            index = list(COLUMNS).index(name)
            page.data_validation(
                1, index, MAX_ROWS, index, {"validate": "list", "source": source, "error_type": "warning"}
            )
        notes = book.add_worksheet("填写说明")
        notes.set_column(0, 0, 90)
        for number, line in enumerate(GUIDE):
            notes.write_string(number, 0, line)
    out.seek(0)
    return out
