"""The learning ledger on screen, on paper and in Excel: what stands on it, what counts, who sees it."""

import io
import re
from datetime import date

from openpyxl import load_workbook

from pbtrain.closing import services as closing
from pbtrain.core.db import transaction
from pbtrain.hours import services as hours
from pbtrain.hours.services import Line
from pbtrain.org.roles import Role
from tests.support.pages import said, turned

DAY = date(2026, 3, 2)


def line(member, occurrence="event:1", minutes=90, title="第一季度党课", activity="party_lecture", day=DAY):
    return Line(member.id, day, activity, minutes, occurrence, title)


def post(*lines):
    with transaction():
        return hours.post_many(None, lines).entry_ids


def reader(make, client_for, branch):
    return client_for(make.person(Role.BRANCH_SECRETARY, branch))


def test_people_and_attendances_stand_apart_and_self_study_beside(make, branch, client_for):
    one, two = make.member(branch), make.member(branch)
    post(line(one), line(two), line(one, "event:2", 45, day=date(2026, 7, 2)))
    post(line(two, "course:9", 135, "学习强国", "self_study"))
    client = reader(make, client_for, branch)
    page = said(client.get(f"/branches/{branch.id}/reports/ledger"))
    assert "3 人次，2 人" in page
    assert "225 5.0" in page
    assert "1 人次，1 人" in page
    assert "135 3.0" in page
    assert "1 学时＝45 分钟，按 2025 年学时办法第 1 版。" in page
    assert re.search(r"核验码 [0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4} 2026 年第 4 笔止", page)
    first_half = said(client.get(f"/branches/{branch.id}/reports/ledger?half=1"))
    assert "2 人次，2 人" in first_half
    assert "7月2日" not in first_half


def test_a_reversed_line_is_struck_and_in_no_total(make, branch, client_for):
    member = make.member(branch)
    (wrong,) = post(line(member, minutes=135))
    with transaction():
        hours.reverse_many(None, [wrong], reason="把 90 分钟误记为 135 分钟")
    post(line(member))
    client = reader(make, client_for, branch)
    page = client.get(f"/branches/{branch.id}/reports/ledger")
    assert '<span class="pb-strike">3.0</span>' in page.get_data(as_text=True)
    assert "已冲正：把 90 分钟误记为 135 分钟" in said(page)
    assert "1 人次，1 人" in said(page)
    sheet = load_workbook(io.BytesIO(client.get(f"/branches/{branch.id}/reports/ledger.xlsx").data)).active
    struck = next(row for row in sheet.iter_rows(min_row=4) if row[0].value == 1)
    assert (struck[6].value, struck[6].data_type, struck[6].font.strike) == ("3.0", "s", True)
    assert struck[10].value == "已冲正：把 90 分钟误记为 135 分钟"


def test_excel_holds_every_line_and_text_stays_text(make, branch, client_for):
    nasty = make.member(branch, name="@SUM(A1)")
    post(line(nasty, title="=1+1"))
    others = [make.member(branch, with_account=False) for _ in range(120)]
    post(*[line(member, "event:2") for member in others])
    answer = reader(make, client_for, branch).get(f"/branches/{branch.id}/reports/ledger.xlsx")
    assert "filename*=UTF-8''%E7%90%86%E8%AE%BA" in answer.headers["Content-Disposition"]
    sheet = load_workbook(io.BytesIO(answer.data)).active
    rows = [row for row in sheet.iter_rows(min_row=4) if isinstance(row[0].value, int)]
    assert len(rows) == 121
    assert [(cell.value, cell.data_type) for cell in (rows[0][2], rows[0][4])] == [
        ("=1+1", "s"),
        ("@SUM(A1)", "s"),
    ]
    assert (rows[0][5].value, rows[0][6].value, rows[0][1].value.date()) == (90, 2, DAY)
    assert sheet.freeze_panes == "A4"
    assert sheet.print_title_rows == "$3:$3"


def test_the_page_turns_and_paper_holds_all(make, branch, client_for):
    members = [make.member(branch, with_account=False) for _ in range(130)]
    post(*[line(member) for member in members])
    client, url = reader(make, client_for, branch), f"/branches/{branch.id}/reports/ledger"
    names = [member.name for member in members]
    first = client.get(url)
    last = client.get(turned(first))
    first, second = said(first), said(last)
    assert sum(name + " " in first for name in names) == 100
    assert sum(name + " " in second for name in names) == 30
    paper = said(client.get(url + "/print"))
    assert all(name + " " in paper for name in names)
    assert "支部书记（签字）" in paper
    assert "130 人次，130 人" in paper
    assert turned(last) is None


def test_statements_stay_few(make, branch, client_for, statements):
    client, url = reader(make, client_for, branch), f"/branches/{branch.id}/reports/ledger"
    members = [make.member(branch, with_account=False) for _ in range(110)]
    post(*[line(member) for member in members])
    for path in ("", "/print", ".xlsx"):
        with statements() as sent:
            assert client.get(url + path).status_code == 200
        assert sent.of_page.count <= 8, str(sent)


def test_it_is_for_the_branch_and_those_above(make, root, branch, client_for):
    url = f"/branches/{branch.id}/reports/ledger"
    stranger = make.person(Role.BRANCH_SECRETARY, make.unit(parent=root))
    for path in ("", "/print", ".xlsx"):
        assert client_for(stranger).get(url + path).status_code == 404
        assert client_for(make.member(branch)).get(url + path).status_code == 403
        assert client_for(make.person(Role.SYSTEM_ADMIN, root)).get(url + path).status_code == 403
        assert client_for(make.person(Role.UNIT_AUDITOR, root)).get(url + path).status_code == 200
    auditor = client_for(make.person(Role.UNIT_AUDITOR, root))
    assert auditor.get(f"/branches/{root.id}/reports/ledger").status_code == 404
    assert auditor.get(f"/branches/{branch.id}/reports/other").status_code == 404
    for wrong in ("year=1999", "year=2027", "year=x", "half=3", "after=0"):
        assert auditor.get(f"{url}?{wrong}").status_code == 404


def test_an_empty_branch_says_so(make, branch, client_for):
    client, url = reader(make, client_for, branch), f"/branches/{branch.id}/reports/ledger"
    assert "这段时间没有学习记录" in said(client.get(url))
    assert said(client.get(url + "/print"))
    sheet = load_workbook(io.BytesIO(client.get(url + ".xlsx").data)).active
    assert sheet["A3"].value == "序号"


def test_the_list_of_reports_names_ones_branches(make, root, branch, client_for):
    make.unit("示例另一支部", parent=root)
    mine = said(reader(make, client_for, branch).get("/reports"))
    assert "示例第一支部" in mine
    assert "示例另一支部" not in mine
    found = said(client_for(make.person(Role.UNIT_AUDITOR, root)).get("/reports?q=另一"))
    assert "示例另一支部" in found
    assert "示例第一支部" not in found


def test_a_ledger_of_years_keeps_them_apart(make, branch, client_for, frozen):
    member = make.member(branch)
    post(line(member))
    frozen.shift(days=150)
    client, url = reader(make, client_for, branch), f"/branches/{branch.id}/reports/ledger"
    assert "第一季度党课" not in said(client.get(url))
    assert "第一季度党课" in said(client.get(url + "?year=2026"))


def test_only_what_came_late(make, branch, client_for):
    member = make.member(branch)
    on_time = post(line(member, title="按时的党课"))
    signer = make.actor(make.person(Role.BRANCH_SECRETARY, branch))
    with transaction():
        closing.sign(signer, branch.id, 2026, 3, since=date(2020, 1, 1), seen=1)
    client, url = reader(make, client_for, branch), f"/branches/{branch.id}/reports/ledger"
    assert "只看迟报" not in said(client.get(url)), "there is none"
    assert "没有。 看这段时间的全部记录" in said(client.get(url + "?show=late"))
    late_one = post(line(member, "event:2", 45, "迟来的党课", day=date(2026, 3, 9)))
    assert "只看迟报 1" in said(client.get(url))
    late = said(client.get(url + "?show=late"))
    assert "按时的党课" not in late
    assert "迟来的党课" in late
    assert "1 人次，1 人 45 1.0" in late
    assert "按时的党课" not in said(client.get(url + "/print?show=late"))
    sheet = load_workbook(io.BytesIO(client.get(url + ".xlsx?show=late").data)).active
    assert "只看迟报" in sheet["A1"].value
    with transaction():
        hours.reverse_many(None, [*on_time, *late_one], reason="两笔都记错了")
    assert "只看迟报 2" in said(client.get(url))
    late = said(client.get(url + "?show=late"))
    assert "按时的党课 已冲正：两笔都记错了 · 迟冲：该月已于" in late
    assert "迟来的党课 已冲正：两笔都记错了 · 迟报：该月已于" in late
    months = said(client.get(f"/branches/{branch.id}/months?year=2026"))
    assert "迟报 2 笔" in months, "as many as the ledger lists"
    assert client.get(url + "?show=other").status_code == 404
