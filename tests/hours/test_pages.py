"""The pages of hours: the facts that stand on them, who may see them, how many statements they take."""

import io
from datetime import date

from openpyxl import load_workbook
from sqlalchemy import select

from pbtrain.core.db import transaction
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourEntry
from pbtrain.hours.services import Line
from pbtrain.org.models import CareSpan, Post
from pbtrain.org.roles import Role
from tests.hours.conftest import refresh
from tests.support.pages import said

DAY = date(2026, 3, 2)


def post(member, occurrence="event:1", minutes=90, title="主题党日", **more):
    line = Line(
        member.id, more.pop("day", DAY), more.pop("activity", "theme_day"), minutes, occurrence, title, **more
    )
    with transaction():
        return hours.post_many(None, [line]).entry_ids[0]


def text(answer, status=200):
    assert answer.status_code == status, answer.get_data(as_text=True)
    return " ".join(answer.get_data(as_text=True).split())


def test_my_year_says_what_counts_and_why_not(make, branch, client_for):
    member = make.member(branch, name="示例苏日娜")
    post(member, "event:1", 90, "第一季度党课")
    post(member, "course:1", 135, "学习强国", activity="self_study", day=date(2026, 4, 1))
    post(member, "event:2", 450, "集中培训", day=date(2026, 5, 1))
    page = text(client_for(member).get("/hours"))
    assert "第一季度党课" in page
    assert "10.0 <small>/ 32 学时" in page
    assert "自学不计入集中学习" in page
    assert "超过当天最多能计的学时" in page
    assert "32.0 × 365 ÷ 365" in page


def test_a_target_that_changed_shows_its_formula(make, branch, client_for, db):
    member = make.member(branch)
    make.save(
        Post(member_id=member.id, unit_id=branch.id, kind="committee_member", valid_from=date(2026, 6, 12))
    )
    page = text(client_for(member).get("/hours"))
    assert "/ 45.5 学时" in page
    assert "32.0 × 162 ÷ 365" in page
    assert "56.0 × 203 ÷ 365" in page
    assert "45.35" in page


def test_the_ruler_of_a_leap_year_has_366_days(make, root, branch, client_for, frozen):
    frozen.shift(days=800)  # 2028-12-03
    with transaction():
        hours.publish_default_policy(None, root.id, 2028)
    page = text(client_for(make.member(branch)).get("/hours?year=2028"))
    assert "32.0 × 366 ÷ 366" in page
    assert f'x1="{100 * 31 / 366:.2f}%"' in page  # the end of January


def test_a_year_without_rules_or_branch_is_explained(make, branch, client_for):
    client = client_for(make.member(branch))
    assert "还没有发布" in text(client.get("/hours?year=2024"))
    assert client.get("/hours?year=1999").status_code == 404
    assert client.get("/hours?year=2027").status_code == 404
    assert client.get("/hours?year=x").status_code == 404


def test_a_line_says_why_it_counts(make, branch, client_for):
    member = make.member(branch)
    entry = post(member)
    page = text(client_for(member).get(f"/hours/lines/{entry}"))
    assert "为什么计 2.0 学时" in page
    assert "90 ÷ 45" in page
    assert "第 1 笔" in page


def test_a_line_is_hidden_from_outsiders(make, root, branch, client_for):
    member = make.member(branch)
    entry = post(member)
    fellow, elsewhere = make.member(branch), make.unit(parent=root)
    stranger = make.person(Role.BRANCH_SECRETARY, elsewhere)
    secretary, auditor = make.person(Role.BRANCH_SECRETARY, branch), make.person(Role.UNIT_AUDITOR, root)
    for outsider in (fellow, stranger, make.person(Role.SYSTEM_ADMIN, root)):
        assert client_for(outsider).get(f"/hours/lines/{entry}").status_code == 404
    for insider in (member, secretary, auditor):
        assert client_for(insider).get(f"/hours/lines/{entry}").status_code == 200
    assert client_for(secretary).get(f"/hours/lines/{2**62}").status_code == 404


def test_the_branch_list_filters_sorts_and_searches(make, branch, client_for):
    busy, idle = (
        make.member(branch, name="示例勤", pinyin="shili qin"),
        make.member(branch, name="示例闲", pinyin="shili xian"),
    )
    for number in range(4):
        post(busy, f"event:{number}", 360, day=date(2026, 1, 5 + number))
    cared = make.member(branch, name="示例养")
    make.save(CareSpan(member_id=cared.id, reason="住院", valid_from=date(2026, 1, 1)))
    secretary = make.person(Role.BRANCH_SECRETARY, branch, name="示例书记")
    activist = make.member(branch, name="示例积极", stage="activist")
    refresh(busy, idle, cared, activist)
    client = client_for(secretary)
    paced = text(client.get(f"/branches/{branch.id}/members?standing=pace"))
    assert "示例积极" not in paced, "nobody counts them as on pace"
    whole = text(client.get(f"/branches/{branch.id}/members"))
    assert all(name in whole for name in ("示例勤", "示例闲", "示例养", "示例积极"))
    chips = "全部 5 落后 1 已达标 1 照护名单 1 暂不统计 2 按姓名"
    assert chips in said(client.get(f"/branches/{branch.id}/members")), "they add up to the list"
    apart = text(client.get(f"/branches/{branch.id}/members?standing=apart"))
    assert ("示例积极" in apart, "示例闲" in apart) == (True, False)
    assert "住院" not in whole
    behind = text(client.get(f"/branches/{branch.id}/members?standing=behind"))
    assert "示例闲" in behind
    assert "示例勤" not in behind
    assert "示例养" not in behind
    assert "示例养" in text(client.get(f"/branches/{branch.id}/members?standing=care"))
    found = said(client.get(f"/branches/{branch.id}/members?q=qin"))
    assert "示例勤" in found
    assert "全部 落后 已达标" in found, "no counts of everybody beside what was searched"
    by_hours = text(client.get(f"/branches/{branch.id}/members?sort=counted"))
    assert by_hours.index("示例勤") < by_hours.index("示例闲")
    assert client.get(f"/branches/{branch.id}/members?sort=nonsense").status_code == 404


def test_the_branch_list_is_for_its_secretary_and_those_above(make, root, branch, client_for):
    member = make.member(branch)
    elsewhere = make.unit(parent=root)
    for path in ("members", "members.xlsx", f"members/{member.id}"):
        url = f"/branches/{branch.id}/{path}"
        assert client_for(member).get(url).status_code == 403
        assert client_for(make.person(Role.BRANCH_SECRETARY, elsewhere)).get(url).status_code == 404
        assert client_for(make.person(Role.UNIT_AUDITOR, root)).get(url).status_code == 200
    secretary = client_for(make.person(Role.BRANCH_SECRETARY, branch))
    assert secretary.get(f"/branches/{branch.id}/members/{make.member(elsewhere).id}").status_code == 404
    assert (
        client_for(make.person(Role.UNIT_AUDITOR, root)).get(f"/branches/{root.id}/members").status_code
        == 404
    )


def test_an_empty_branch_says_so(make, root, branch, client_for):
    assert "这个支部还没有党员" in text(
        client_for(make.person(Role.UNIT_AUDITOR, root)).get(f"/branches/{branch.id}/members")
    )


def test_statements_of_the_list_do_not_grow(make, branch, client_for, statements):
    secretary = client_for(make.person(Role.BRANCH_SECRETARY, branch))
    url = f"/branches/{branch.id}/members"
    with statements() as few:
        text(secretary.get(url))
    members = [make.member(branch, with_account=False) for _ in range(60)]
    refresh(*members)
    url_of_one = f"{url}/{members[0].id}"
    with statements() as many:
        text(secretary.get(url))
    assert many.of_page.count == few.of_page.count <= 8, str(many)
    with statements() as one:
        text(secretary.get(url_of_one))
    assert one.of_page.count <= 12, str(one)


def test_the_list_as_excel_keeps_text_as_text(make, branch, client_for):
    nasty = make.member(branch, name="=HYPERLINK(1)", code="-1+1")
    post(nasty)
    answer = client_for(make.person(Role.BRANCH_SECRETARY, branch)).get(f"/branches/{branch.id}/members.xlsx")
    assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]
    sheet = load_workbook(io.BytesIO(answer.data)).active
    rows = {row[0].value: row for row in sheet.iter_rows(min_row=4)}
    assert (rows["-1+1"][1].value, rows["-1+1"][1].data_type) == ("=HYPERLINK(1)", "s")
    assert (rows["-1+1"][3].value, rows["-1+1"][4].value) == (2, 32)
    assert sheet.freeze_panes == "A4"


def test_a_line_is_reversed_with_a_reason(db, make, branch, client_for):
    member = make.member(branch, name="示例巴图")
    entry = post(member)
    client = client_for(make.person(Role.BRANCH_SECRETARY, branch))
    url = f"/hours/lines/{entry}/reverse"
    asked = text(client.get(url))
    assert "示例巴图的 2.0 学时不再计入" in asked
    assert "说明原因" in text(client.post(url, data={"reason": " "}), 422)
    answer = client.post(url, data={"reason": "把 45 分钟误记为 90 分钟"})
    assert (answer.status_code, answer.location) == (
        303,
        f"/branches/{branch.id}/members/{member.id}?year=2026",
    )
    assert "已冲正：把 45 分钟误记为 90 分钟" in text(client.get(answer.location))
    assert db.session.scalars(select(HourEntry.credit).order_by(HourEntry.seq)).all() == [200, -200]
    assert client.get(url).status_code == 409
    assert client.post(url, data={"reason": "再来一次"}).status_code == 409


def test_nobody_reverses_their_own_or_elsewhere(db, make, root, branch, client_for):
    secretary = make.member(branch)
    make.grant(secretary, Role.BRANCH_SECRETARY, branch)
    entry, other = post(secretary), post(make.member(branch))
    stranger = make.person(Role.BRANCH_SECRETARY, make.unit(parent=root))
    refused = client_for(secretary).post(f"/hours/lines/{entry}/reverse", data={"reason": "自己改"})
    assert "请其他支部委员办理" in text(refused, 422)
    assert (
        client_for(stranger).post(f"/hours/lines/{other}/reverse", data={"reason": "不相干"}).status_code
        == 404
    )
    assert (
        client_for(make.person(Role.UNIT_AUDITOR, root)).post(f"/hours/lines/{other}/reverse").status_code
        == 403
    )
    assert db.session.query(HourEntry).count() == 2


def test_units_are_drilled_down_to_the_branch(make, root, branch, client_for):
    behind = make.member(branch)
    refresh(behind)
    auditor = client_for(make.person(Role.UNIT_AUDITOR, root))
    page = text(auditor.get(f"/units/{root.id}/hours"))
    assert "示例第一支部" in page
    assert f"/branches/{branch.id}/members?standing=behind" in page
    assert auditor.get(f"/units/{branch.id}/hours").location == f"/branches/{branch.id}/members"
    assert auditor.get(f"/units/{make.unit().id}/hours").status_code == 404
    assert client_for(make.member(branch)).get(f"/units/{root.id}/hours").status_code == 403
    assert (
        client_for(make.person(Role.SYSTEM_ADMIN, root)).get(f"/units/{branch.id}/hours").status_code == 403
    )
