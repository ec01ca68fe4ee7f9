"""Sheets of earlier hours as xlsx: the template with its lists, the refused rows to be corrected."""

from collections.abc import Iterable, Sequence
from io import BytesIO

import xlsxwriter

from pbtrain.claims.takeover_rules import COLUMNS, MAX_ROWS, OFFERED, PROOFS

WIDTHS = {"title": 36, "branch": 28, "note": 28, "name": 14, "code": 14}
GUIDE = (
    "一行是一名党员的一次学习。姓名、学习日期必须填；党员编号和身份证后四位至少填一个。",
    "所在支部只在一个党组织填多个支部时才需要。日期写成 2026-03-05，开始时间写成 19:00，也可以空着。",
    "证明等级：B 有人证实，D 本人自述；不填按 D 算。平台导出的证明等级和算不算集中，按平台登记的来。",
    "填了开始时间的，和别的学时重叠的部分会留待支部书记处理。",
)


def sheet(
    kind: str,
    rows: Iterable[dict[str, str]] = (),
    *,
    branches: Sequence[str] = (),
    reasons: str = "",
) -> BytesIO:
    """The rows under the headers of the template, every cell text; `reasons` heads one more column."""
    out = BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "constant_memory": True}) as book:
        page = book.add_worksheet("学时")
        text = book.add_format({"num_format": "@"})
        head = book.add_format({"bold": True, "bg_color": "#F1ECE3", "border": 1})
        columns = COLUMNS[kind]
        for index, name in enumerate(columns):
            page.set_column(index, index, WIDTHS.get(name, 13), text)
        page.freeze_panes(1, 0)
        names = [*columns, "reasons"] if reasons else list(columns)
        if reasons:
            page.set_column(len(columns), len(columns), 60)
        for index, header in enumerate([one.header for one in columns.values()] + [reasons][: bool(reasons)]):
            page.write_string(0, index, header, head)
        for number, row in enumerate(rows, 1):
            for index, name in enumerate(names):
                if value := row.get(name, ""):
                    page.write_string(number, index, value, text)
        lists: dict[str, object] = {"activity": list(OFFERED), "proof": list(PROOFS)}
        if branches:
            other = book.add_worksheet("支部")
            for number, name in enumerate(branches):
                other.write_string(number, 0, name)
            lists["branch"] = f"='支部'!$A$1:$A${len(branches)}"
        for name, source in lists.items():
            if name in columns:
                index = list(columns).index(name)
                page.data_validation(
                    1, index, MAX_ROWS, index, {"validate": "list", "source": source, "error_type": "warning"}
                )
        notes = book.add_worksheet("填写说明")
        notes.set_column(0, 0, 90)
        for number, line in enumerate(GUIDE):
            notes.write_string(number, 0, line)
    out.seek(0)
    return out
