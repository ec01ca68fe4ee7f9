"""Each hostile file gets its sentence in Chinese, quickly; nothing of it reaches the roster."""

import json
import resource
import subprocess
import sys
from datetime import date
from io import BytesIO

import pytest
from sqlalchemy import func, select

from pbtrain.audit.models import AuditEvent
from pbtrain.core import queue
from pbtrain.org.models import Member, RosterImport, RosterRow
from tests.roster import hostile, sheets

# How a file is read does not depend on the database its refusal goes to; one of each kind goes to both.
one_database = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

MOST_CPU = 10  # seconds
MOST_MEMORY = 300 * 1024  # kB
MEASURED = """
import re, sys
from pathlib import Path
from pbtrain.org.uploads import child
child.main()
print("peak", re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1], file=sys.stderr)
"""


@pytest.fixture(autouse=True)
def own_child():
    """Here a process of its own reads each file, as on a site."""


@pytest.fixture
def peaks(monkeypatch):
    """The most memory each reading child had, in kB."""
    found, run = [], subprocess.run

    def measured(command, **options):
        ended = run([sys.executable, "-c", MEASURED, *command[3:]], **options)
        found.extend(int(line.split()[1]) for line in ended.stderr.splitlines() if line.startswith(b"peak"))
        return ended

    monkeypatch.setattr(subprocess, "run", measured)
    return found


def used():
    """CPU seconds of this process and its children so far, and this process' largest memory in kB."""
    own, below = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + below.ru_utime + below.ru_stime, own.ru_maxrss


@pytest.fixture
def answer(client_for, office, db, peaks):
    """Upload by the page, read, and open the import: its status and text. No more than it may cost."""
    desk = client_for(office.admin)

    def send(data, name="名册.xlsx"):
        cpu, memory = used()
        first = desk.post("/roster", data={"unit_id": office.committee.id, "file": (BytesIO(data), name)})
        first.request.environ["wsgi.input"].close()  # the test client's own temporary file
        if first.status_code != 303:
            return first
        queue.run_waiting()
        page = desk.get(first.location)
        spent, largest = used()
        assert spent - cpu < MOST_CPU
        assert largest - memory < MOST_MEMORY
        assert peaks
        assert max(peaks) < MOST_MEMORY
        return page

    return send


def test_each_database_keeps_what_was_refused(answer, db):
    for build, sentence, name in (
        (*hostile.WORKBOOKS["cut"], "名册.xlsx"),
        (*hostile.TEXTS["zero byte"], "名册.csv"),
        (lambda: hostile.AT_THE_DOOR["old xls"][0], hostile.AT_THE_DOOR["old xls"][1], "名册.xls"),
    ):
        assert sentence in answer(build(), name).text
    assert db.session.scalar(select(func.count(RosterRow.id))) == 0


@one_database
@pytest.mark.parametrize("case", hostile.WORKBOOKS)
def test_a_hostile_workbook_gets_its_sentence(answer, db, case):
    build, sentence = hostile.WORKBOOKS[case]
    page = answer(build())
    assert page.status_code == 200
    assert sentence in page.text
    assert "一条也没有读入" in page.text
    assert db.session.scalar(select(func.count(RosterRow.id))) == 0


@one_database
def test_a_part_whose_name_leads_out_refuses_the_whole_workbook(answer, db, instance):
    for name in hostile.BAD_NAMES:
        before = set(instance.rglob("*"))
        page = answer(hostile.misnamed(name))
        assert "文件已损坏" in page.text, name
        assert {path for path in set(instance.rglob("*")) - before if path.is_file()} == set(), name
    assert db.session.scalar(select(func.count(RosterRow.id))) == 0


@one_database
@pytest.mark.parametrize("case", hostile.AT_THE_DOOR)
def test_what_is_no_roster_is_refused_at_the_door(answer, case):
    data, sentence = hostile.AT_THE_DOOR[case]
    page = answer(data, "名册.xls")
    assert page.status_code == 422
    assert sentence in page.text


@one_database
@pytest.mark.parametrize("case", hostile.TEXTS)
def test_a_hostile_text_gets_its_sentence(answer, db, case):
    build, sentence = hostile.TEXTS[case]
    page = answer(build(), "名册.csv")
    assert page.status_code in (200, 422)
    assert sentence in page.text
    assert db.session.scalar(select(func.count(RosterRow.id))) == 0


def test_mixed_encodings_name_the_byte(answer):
    data = hostile.mixed()
    offset = next(at for at in range(len(data)) if not _decodes(data[: at + 1]))
    assert f"从第 {offset} 个字节（第 3 行）起" in answer(data, "a.csv").text


def _decodes(data):
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.end == len(data) and error.reason == "unexpected end of data"
    return True


def test_a_stray_cell_changes_nothing_but_is_said(send, state):
    found = state(send(data=hostile.stray_cell()))
    assert found.outcomes == ["new", "new"]
    assert "far outside" in found.remarks


def test_a_hidden_sheet_and_others_are_said(send, state):
    found = state(send([sheets.person(1)], hidden=("旧名册",), more_sheets=("封面",), above=3))
    assert found.outcomes == ["new"]
    assert '"names": "旧名册"' in found.remarks
    assert '"names": "封面"' in found.remarks


@one_database
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_texts_in_every_encoding_are_read_right(send, state, encoding, delimiter):
    name = "示例ᠪᠠᠲᠤ𠮷" if encoding != "gbk" else "示例镕"
    data = sheets.text([sheets.person(1, 姓名=name)], delimiter).encode(encoding)
    found = state(send(data=data))
    assert (found.outcomes, found.rows[2].name) == (["new"], name)


BAD_CELLS = [
    ("姓名", "w" * 10_000_000, "Too long: 10000000"),
    ("姓名", "王" * 61, "Too long: 61"),
    ("姓名", lambda page, row, column: page.write_string(row, column, "王" * 32_000), "Too long: 32000"),
    ("姓名", "示例\x00王", "unreadable character"),
    ("姓名", "\u202e\u200b\u200d", "name is missing"),
    ("姓名", "·····", "at least one letter"),
    ("姓名", "示例\x0b王", "unreadable character"),
    ("姓名", 12345, "cannot be a number"),
    ("姓名", "  ", "name is missing"),
    ("身份证号", 150102199003071231, "ID number column to text"),
    ("身份证号", "1.50102E+17", "ID number column to text"),
    ("身份证号", "150102900307123", "15 digits"),
    ("身份证号", "150102199003071230", "last digit"),
    ("身份证号", sheets.id_number("20990307"), "cannot be right"),
    ("身份证号", "150102********1231", "masked"),
    ("出生日期", "2023-02-29", "no such day"),
    ("出生日期", "7/1/2024", "unclear"),
    ("出生日期", "1990.03", "unclear"),
    ("出生日期", 1990, "unclear"),
    ("出生日期", "2027-01-01", "after today"),
    ("出生日期", 3.5e300, "unclear"),
    ("出生日期", "NaN", "unclear"),
    ("出生日期", "1e3", "unclear"),
    ("出生日期", "²", "unclear"),
    ("出生日期", -45474, "unclear"),
    ("出生日期", "8小时", "unclear"),
    ("出生日期", "1899-12-31", "before 1900"),
    ("手机号", "NaN", "digits only"),
    ("手机号", 1390000000.5, "decimals"),
    ("手机号", -13900000001, "not a mobile number"),
    ("手机号", "1e3", "digits only"),
    ("手机号", True, "TRUE or FALSE"),
    ("身份证号", "①50102199003071231", "last digit"),
    ("手机号", "1390000001", "10 digits"),
    ("手机号", "0471-1234567", "not a mobile number"),
    ("手机号", "²39000000011", "12 digits"),
    ("党员编号", 1e17, "digits are lost"),
    ("性别", "unknown", "Choose one of"),
    ("党内职务", "村主任", "Choose one of"),
    ("入党日期", "1950-01-01", "before the birth date"),
    ("党员编号", "M999", "None of your members"),
]


def test_a_bad_cell_refuses_its_line_only(send, state, frozen):
    """All of them in one workbook, but those no workbook can hold, which stand in a text."""
    texts = [
        one for one in BAD_CELLS if isinstance(one[1], str) and (len(one[1]) > 30_000 or "\x0b" in one[1])
    ]
    for cases in ([one for one in BAD_CELLS if one not in texts], texts):
        rows = []
        for number, (header, cell, _) in enumerate(cases, 1):
            rows += [sheets.person(2 * number), sheets.person(2 * number + 1) | {header: cell}]
            if header == "出生日期":
                rows[-1]["身份证号"] = ""
        found = state(send(rows, data=sheets.text(rows).encode() if cases is texts else None))
        for line, (header, _, sentence) in enumerate(cases, 1):
            where = f"{header}: {sentence}"
            assert found.rows[2 * line].outcome == "new", (where, found.errors.get(2 * line))
            assert found.rows[2 * line + 1].outcome == "refused", where
            [[_, message, params, shown]] = json.loads(found.errors[2 * line + 1])
            assert sentence in message % params
            assert len(shown) <= 80


def test_formulas_are_refused_and_texts_that_look_like_them_are_texts(send, state):
    found = state(
        send(
            [
                sheets.person(
                    1, 姓名=lambda page, row, column: page.write_formula(row, column, "=1+1", None, "示例甲")
                ),
                sheets.person(2, 姓名="=HYPERLINK(示例)"),
                sheets.person(3, 姓名="@示例乙"),
            ]
        )
    )
    assert found.outcomes == ["refused", "new", "new"]
    assert "is a formula" in found.errors[2]
    assert found.rows[3].name == "=HYPERLINK(示例)"


def test_what_is_normalised_is_said(send, state, confirm, db):
    number = sheets.id_number("19900307", 13)
    rows = [
        sheets.person(
            1,
            姓名="示例 王\u200b小\u202e红",
            身份证号=f" {number} \u200e".lower(),
            手机号="１３９ ０００１ ０００１",
        ),
        sheets.person(2, 姓名="示例乌云•其木格", 身份证号="", 出生日期=31479.0),
    ]
    import_id = send(rows)
    found = state(import_id)
    assert found.outcomes == ["new", "new"]
    for word in ("Full-width", "Invisible", "day numbers"):
        assert word in found.remarks
    confirm(import_id)
    first, second = db.session.scalars(select(Member).order_by(Member.id)).all()
    assert (first.name, first.phone, first.id_shown[-4:]) == (
        "示例王小红",
        "13900010001",
        number[-4:].upper(),
    )
    assert second.born_on == date(1986, 3, 8)
    again = state(send([sheets.person(2, 姓名="示例乌云·其木格", 身份证号="", 出生日期="1986年3月8日")]))
    assert again.outcomes == ["same"]


def test_the_1904_system_is_read_right(send, state):
    rows = [
        sheets.person(1, 身份证号="", 出生日期=date(1986, 3, 8)),
        sheets.person(2, 身份证号="", 出生日期=30017.0),
    ]
    found = state(send(rows, date_1904=True))
    assert found.outcomes == ["new", "new"]
    assert [json.loads(row.values_json)["born_on"] for row in found.rows.values()] == ["1986-03-08"] * 2


def test_headers_in_any_order_and_by_other_names(send, state):
    number = sheets.id_number()
    found = state(
        send([{"备注": "x", "*支 部（必填）": "B101", "公民身份号码": number, "姓  名": "示例王五"}], above=4)
    )
    assert found.outcomes == ["new"]
    assert "备注" in found.remarks


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd.xlsx",
        "<img src=x onerror=alert(1)>.xlsx",
        "C:\\名册\\2026.xlsx",
        "名册\u202exslx.exe",
        "示" * 300 + ".xlsx",
        ".xlsx",
        " ",
        "学时证明",
    ],
)
def test_a_file_name_is_shown_and_nothing_else(client_for, office, db, instance, name):
    desk = client_for(office.admin)
    sent = desk.post(
        "/roster",
        data={"unit_id": office.committee.id, "file": (BytesIO(sheets.xlsx([sheets.person(1)])), name)},
    )
    if name.strip():
        assert sent.status_code == 303
        text = desk.get("/roster").text + desk.get(sent.location).text
        assert "<img src=x" not in text
        assert "\u202e" not in text
        assert all(set(path.name) <= set("0123456789abcdef-") for path in instance.glob("uploads-roster/*"))
        row = db.session.scalars(select(RosterImport)).one()
        assert 0 < len(row.file_name) <= 200
    else:
        assert sent.status_code in (303, 422)


def test_control_characters_in_excels_own_spelling_never_arrive(send, state):
    """Excel writes them as _x000B_; once stored they would make every later export fail."""
    found = state(send(data=hostile.cell("示例_x000B_王".encode())))
    assert found.outcomes == ["refused"]
    assert "unreadable character" in found.errors[2]


def test_three_bad_lines_among_many_wait_for_a_choice(client_for, office, db, send, state):
    rows = [sheets.person(number, branch=f"B10{number % 3 + 1}", 性别="") for number in range(1, 1_206)]
    for place in (7, 600, 1_204):
        rows[place]["手机号"] = "139"
    import_id = send(rows)
    found = state(import_id)
    assert (found.state, len(found.rows), found.outcomes.count("refused")) == ("preview", 1_205, 3)
    assert db.session.scalar(select(func.count(Member.id))) == 0
    desk = client_for(office.admin)
    address = f"/roster/imports/{import_id}"
    refused = desk.post(f"{address}/write", data={"mode": "all_or_nothing"})
    assert (refused.status_code, "有 3 行不能导入" in refused.text) == (422, True)
    assert db.session.scalar(select(func.count(Member.id))) == 0
    assert desk.post(f"{address}/write", data={"mode": "good_rows"}).status_code == 303
    db.session.rollback()
    assert db.session.scalar(select(func.count(Member.id)).where(Member.unit_id.is_not(None))) == 1_202
    events = select(func.count()).where(AuditEvent.target == f"roster:{import_id}")
    assert db.session.scalar(events.where(AuditEvent.action == "roster.written")) == 1
    assert desk.post(f"{address}/undo").status_code == 303
    db.session.rollback()
    assert db.session.scalar(select(func.count(Member.id)).where(Member.unit_id.is_not(None))) == 0


def test_the_columns_of_a_sheet_may_stand_anyhow(send, state):
    """Renamed, in another order, behind titles, beside a hidden sheet and a cover; a missing one is named."""
    row = {"备注": "x", "联系电话": "13900000001", "所属党支部": "B101", "党员姓名": "示例王五"}
    found = state(send([row], above=2, hidden=("隐藏",), more_sheets=("封面",)))
    assert found.outcomes == ["new"]
    for word in ("备注", "隐藏", "封面", "身份证号"):
        assert word in found.remarks
    found = state(send([{"姓名": "示例王五", "手机号": "13900000001"}]))
    assert (found.state, found.rows) == ("refused", {})
    assert "所在支部" in found.refusal
