"""The pages: send, watch, check, write; what stands in the downloads; who is turned away."""

from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select, update

from pbtrain.audit.models import AuditEvent
from pbtrain.core import clock, queue
from pbtrain.core.db import transaction
from pbtrain.org.models import Member, RosterImport
from pbtrain.org.roles import Role
from tests.roster import sheets
from tests.support.pages import turned


@pytest.fixture
def desk(client_for, office):
    return client_for(office.admin)


@pytest.fixture
def upload(desk, office, db):
    """Send a file by the page and read it; the address of its import."""

    def send(rows, **more):
        data = rows if isinstance(rows, bytes) else sheets.xlsx(rows)
        answer = desk.post(
            "/roster", data={"unit_id": office.committee.id, "file": (BytesIO(data), "名册.xlsx"), **more}
        )
        assert answer.status_code == 303, answer.text
        queue.run_waiting()
        return answer.location

    return send


def cells(answer):
    assert answer.status_code == 200
    return CalamineWorkbook.from_filelike(BytesIO(answer.data)).get_sheet_by_index(0).to_python()


def test_send_check_write(desk, upload, db):
    wrong = sheets.person(2, 身份证号="150102199003071230")
    address = upload([sheets.person(1), wrong])
    text = desk.get(address).text
    assert "不能导入 1 行" in text
    assert "最后一位校验码不对，请核对原件。" in text
    assert "150102********1230" in text
    assert "150102199003071230" not in text
    assert "写入 1 人" in text
    assert "取消，一条也不写" in text
    answer = desk.post(f"{address}/write", data={"mode": "good_rows"})
    assert answer.status_code == 303
    assert "已写入：1 人" in desk.get(address).text
    assert db.session.scalar(select(func.count(Member.id))) == 1


def test_writing_all_while_a_line_is_refused_writes_nothing(desk, upload, db):
    address = upload([sheets.person(1), sheets.person(2, 手机号="139")])
    answer = desk.post(f"{address}/write", data={"mode": "all_or_nothing"})
    assert answer.status_code == 422
    assert "有 1 行不能导入" in answer.text
    assert db.session.scalar(select(func.count(Member.id))) == 0


def test_writing_twice_says_who_was_faster(desk, upload, office):
    address = upload([sheets.person(1)])
    assert desk.post(f"{address}/write", data={"mode": "all_or_nothing"}).status_code == 303
    again = desk.post(f"{address}/write", data={"mode": "all_or_nothing"})
    assert again.status_code == 409
    assert f"这次导入已由{office.admin.name}于" in again.text


def test_a_file_that_is_no_roster_is_refused_beside_its_field(desk, office):
    answer = desk.post(
        "/roster", data={"unit_id": office.committee.id, "file": (BytesIO(b"<html><table>"), "名册.xls")}
    )
    assert answer.status_code == 422
    assert "另存为 .xlsx" in answer.text


def test_a_refused_file_says_why(desk, upload):
    text = desk.get(upload([{"姓名": "示例王五", "性别": "男"}])).text
    assert "缺少“所在支部”列" in text


def test_while_it_is_read_the_page_watches(desk, office):
    answer = desk.post(
        "/roster",
        data={"unit_id": office.committee.id, "file": (BytesIO(sheets.xlsx([sheets.person(1)])), "a.xlsx")},
    )
    assert 'hx-trigger="every 2s"' in desk.get(answer.location).text
    assert "HX-Refresh" not in desk.get(f"{answer.location}/progress").headers
    queue.run_waiting()
    assert desk.get(f"{answer.location}/progress").headers["HX-Refresh"] == "true"


def test_the_same_file_leads_to_its_earlier_import(desk, upload):
    data = sheets.xlsx([sheets.person(1)])
    first = upload(data)
    assert upload(data) == first
    assert "这份文件以前导入过" in desk.get(first).text
    assert upload(data, again="y") != first


def test_the_refused_lines_come_back_with_their_reasons(desk, upload, db):
    number = sheets.id_number()
    address = upload([sheets.person(1), sheets.person(2, 身份证号=number, 手机号="139")])
    head, line = cells(desk.get(f"{address}/refused.xlsx"))[:2]
    given = dict(zip(head, line, strict=False))
    assert (given["身份证号"], given["手机号"]) == (number, "139")
    assert "手机号：只有 3 位，应为 11 位。" in line[-1]
    assert db.session.scalar(
        select(func.count(AuditEvent.id)).where(AuditEvent.action == "roster.refused_lines")
    )


def test_the_export_can_be_imported_and_changes_nothing(desk, upload, office, db):
    rows = [sheets.person(number, 党内职务=post) for number, post in ((1, "书记"), (2, "=1+1"), (3, ""))]
    rows[1] |= {"姓名": "=示例cmd", "党内职务": "", "身份证号": "", "出生日期": ""}
    answer = desk.post(f"{upload(rows)}/write", data={"mode": "all_or_nothing"})
    assert answer.status_code == 303, answer.text
    exported = desk.get("/roster/export.xlsx")
    assert "attachment" in exported.headers["Content-Disposition"]
    table = cells(exported)
    assert table[2][1] == "=示例cmd"
    assert "*" in table[1][4]
    address = upload(exported.data)
    text = desk.get(address).text
    assert "无变化 3 人" in text
    assert "还有这些工作表没有读" not in text


def test_the_template_names_the_branches_in_scope(desk, office):
    answer = desk.get("/roster/template.xlsx")
    book = CalamineWorkbook.from_filelike(BytesIO(answer.data))
    assert [row[0] for row in book.get_sheet_by_name("支部").to_python()] == [
        branch.name for branch in office.branches
    ]
    assert desk.get(f"/roster/template.xlsx?unit={office.elsewhere.id}").status_code == 404


@pytest.mark.parametrize("path", ["", "/progress", "/refused.xlsx"])
def test_another_units_import_does_not_exist(upload, make, client_for, office, path):
    address = upload([sheets.person(1)])
    outsider = client_for(make.person(Role.UNIT_ADMIN, office.elsewhere))
    assert outsider.get(address + path).status_code == 404
    for action in ("write", "cancel"):
        assert outsider.post(f"{address}/{action}", data={"mode": "good_rows"}).status_code == 404


def test_a_secretary_has_no_right_here(client_for, make, office):
    secretary = client_for(make.person(Role.BRANCH_SECRETARY, office.branches[0]))
    assert secretary.get("/roster").status_code == 403
    assert secretary.get("/roster/export.xlsx").status_code == 403


def test_somebody_elses_unit_cannot_be_chosen(desk, office, db):
    answer = desk.post(
        "/roster",
        data={"unit_id": office.elsewhere.id, "file": (BytesIO(sheets.xlsx([sheets.person(1)])), "a.xlsx")},
    )
    assert answer.status_code == 422
    assert db.session.scalar(select(func.count(RosterImport.id))) == 0


def test_lists_stay_within_eight_statements(desk, upload, statements):
    address = upload([sheets.person(number) for number in range(1, 60)])
    for path in ("/roster", address, turned(desk.get(f"{address}?show=new")), f"{address}?show=new&q=示例"):
        with statements() as sent:
            assert desk.get(path).status_code == 200
        assert sent.count <= 8, sent


def test_what_was_not_taken_back_is_a_list_too(desk, upload, db, statements):
    address = upload([sheets.person(number) for number in range(1, 60)])
    desk.post(f"{address}/write", data={"mode": "all_or_nothing"})
    with transaction() as session:
        session.execute(update(Member).values(erased_at=clock.now()))
    desk.post(f"{address}/undo")
    with statements() as sent:
        text = desk.get(f"{address}/undo").text
    assert "已经不在名册上" in text
    assert sent.count <= 8, sent
    assert "after=" in text


def test_earlier_imports_are_found_by_file_unit_and_sender(desk, upload, office):
    upload([sheets.person(1)])
    for q in ("名册", office.committee.name[:4], office.admin.name):
        assert "/roster/imports/" in desk.get("/roster", query_string={"q": q}).text
    text = desk.get("/roster", query_string={"q": "100%"}).text
    assert "没有与“100%”相符的导入" in text
    assert "/roster/imports/" not in text


@pytest.mark.parametrize(
    "query", ["show=nonsense", "after=0", "after=abc", "before=99999999999", "show=new&after=W10"]
)
def test_a_preview_that_does_not_exist_is_404(desk, upload, query):
    assert desk.get(f"{upload([sheets.person(1)])}?{query}").status_code == 404
