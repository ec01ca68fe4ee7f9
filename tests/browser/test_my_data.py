"""One's own data: a wrong phone number is reported and mended; who opens a number in full is seen."""

import re

import pytest
from python_calamine import CalamineWorkbook

from pbtrain.core.db import db, transaction
from pbtrain.home import retention
from pbtrain.org import members, services
from pbtrain.org.models import Member
from tests.browser.conftest import PASSWORD

OLD, NEW, NUMBER = "13800000012", "13900000034", "150102199003074526"


def arrive(page, title):
    """Wait until the page with this heading is there."""
    page.get_by_role("heading", level=1, name=title).wait_for()


@pytest.fixture
def surina(town):
    """The member whose numbers are recorded, one of them wrong."""
    one = town.members[0]
    with transaction():
        members.change_member(
            None, one.id, phone=OLD, id_number=NUMBER, category="farmer", flow="out", flow_place="示例市"
        )
    return one


def test_my_data(town, surina, enter, look, accessible, work):
    """A member reports a wrong number on a phone; the secretary mends and answers; an administrator opens the
    ID number with a reason; the member reads the answer and who looked."""
    member = enter("surina")
    member.goto("/me")
    member.get_by_role("link", name=re.compile("我的资料")).click()
    member.get_by_text("没有人看过").wait_for()
    assert OLD in member.locator("main").inner_text()
    assert NUMBER not in member.content()
    look(member, "mine")
    accessible(member)
    member.get_by_role("link", name="信息有误").first.click()
    arrive(member, "信息有误")
    member.get_by_label("哪一项不对").select_option(label="手机号")
    member.get_by_label("应该是怎样").fill(f"5月起换成 {NEW}，旧号已停")
    look(member, "report")
    accessible(member)
    member.get_by_role("button", name="发送").click()
    member.get_by_text("已发出").wait_for()
    look(member, "sent")

    page = enter("shuji")
    look(page, "secretary-home")
    page.get_by_role("link", name=re.compile("1 条信息有误")).click()
    arrive(page, "信息有误")
    look(page, "list")
    accessible(page)
    page.get_by_role("link", name=re.compile("示例苏日娜")).click()
    arrive(page, "示例苏日娜")
    look(page, "one")
    accessible(page)
    page.get_by_role("link", name="打开党员页").click()
    page.locator("summary", has_text="更正").wait_for()
    assert OLD not in page.content()
    look(page, "member-as-secretary")
    accessible(page)
    page.locator("summary", has_text="更正").click()
    page.locator("#phone").fill(NEW)
    look(page, "mending")
    page.get_by_role("button", name="保存").click()
    page.get_by_text("已保存").first.wait_for()
    db.session.rollback()
    assert db.session.get(Member, surina.id).phone == NEW
    page.goto("/wrong-data")
    page.get_by_role("link", name=re.compile("示例苏日娜")).click()
    page.get_by_role("button", name="发出答复").click()
    page.get_by_text("要改").first.wait_for()
    look(page, "no-answer")
    page.get_by_role("radio", name="已更正").check()
    page.get_by_label("给党员的一句话").fill("已改好，请核对")
    page.get_by_role("button", name="发出答复").click()
    page.get_by_text("已答复，并已告知示例苏日娜").wait_for()
    page.get_by_role("link", name="已答复").click()
    page.get_by_text("已改好，请核对").wait_for()
    look(page, "answered")

    admin = enter("guanli")
    admin.goto(f"/people/{surina.id}")
    look(admin, "member-as-administrator")
    accessible(admin)
    admin.locator("summary", has_text="看完整号码").click()
    admin.get_by_role("checkbox", name="身份证号").check()
    admin.get_by_role("button", name="记录并显示").click()
    admin.get_by_text("请写明理由").first.wait_for()
    assert NUMBER not in admin.content()
    look(admin, "no-reason")
    admin.get_by_label("原因").locator("visible=true").first.fill("与档案室核对身份证号")
    admin.get_by_role("button", name="记录并显示").click()
    admin.get_by_text(NUMBER).wait_for()
    assert NEW not in admin.locator("main").inner_text()
    look(admin, "in-full")
    accessible(admin)

    work()
    member.goto("/inbox")
    member.get_by_text("已改好，请核对").wait_for()
    look(member, "answer")
    member.get_by_role("button", name="查看").first.click()
    member.wait_for_url("**/me/data")
    text = member.locator("main").inner_text()
    assert "示例管理员" in text
    assert "与档案室核对身份证号" in text
    assert NEW in text
    look(member, "who-looked")
    accessible(member)
    member.get_by_role("link", name="导出我的资料").click()
    arrive(member, "导出我的资料")
    look(member, "take-home")
    accessible(member)
    member.get_by_label("当前密码").or_(member.get_by_label("现在的密码")).fill(PASSWORD)
    with member.expect_download() as sent:
        member.get_by_role("button", name="取得文件").click()
    book = CalamineWorkbook.from_path(sent.value.path())
    assert NUMBER in str(book.get_sheet_by_index(0).to_python())
    member.goto("/privacy")
    look(member, "privacy")
    accessible(member)


def test_two_tabs(town, surina, enter, look, accessible, trouble):
    """The slower of two tabs sees both versions and saves again."""
    trouble.expect("409")
    page = enter("guanli")
    page.goto(f"/people/{surina.id}")
    page.locator("summary", has_text="更正").click()
    page.get_by_label("姓名").fill("示例苏日那")
    page.get_by_label("从哪里来、到哪里去").fill("示例旗")
    with transaction():
        members.change_member(None, surina.id, flow_place="示例县", category="student")
    page.get_by_role("button", name="保存").click()
    page.get_by_role("heading", name="两边对照").wait_for()
    look(page, "both-versions")
    accessible(page)
    page.get_by_role("button", name="保存").click()
    page.get_by_text("已保存").first.wait_for()
    db.session.rollback()
    row = db.session.get(Member, surina.id)
    assert (row.name, row.flow_place) == ("示例苏日那", "示例旗")


def test_erasing(town, surina, enter, look, accessible):
    """Somebody who left is erased after a page that says what goes and what stays; the job's page beside."""
    with transaction():
        services.set_left(None, surina.id, on=retention.clock.today(), why="left")
    retention.sweep_old()
    page = enter("guanli")
    page.goto(f"/people/{surina.id}")
    page.get_by_role("link", name="注销个人信息…").click()
    arrive(page, "注销个人信息")
    look(page, "preview")
    accessible(page)
    page.get_by_label("原因").fill("本人书面申请")
    page.get_by_role("button", name="永久注销").click()
    page.get_by_text(re.compile("此人的个人信息已于")).wait_for()
    look(page, "erased")
    accessible(page)
    page.goto("/retention")
    look(page, "kept")
    accessible(page)
    page.goto(f"/units/{town.root.id}/members")
    look(page, "members")
    page.get_by_role("link", name="导出完整号码的名册").click()
    arrive(page, "导出完整号码的名册")
    look(page, "in-full")
    accessible(page)
    page.get_by_label("原因").fill("与档案室核对")
    with page.expect_download():
        page.get_by_role("button", name="记录并取得文件").click()
    page.get_by_role("link", name="已取走的完整名册").click()
    arrive(page, "已取走的完整名册")
    look(page, "copies")
    accessible(page)
    page.get_by_role("button", name="我已删除").click()
    page.get_by_text("记下了：文件已删除。").wait_for()
    page.goto("/people/find")
    look(page, "find")
    accessible(page)
    db.session.rollback()
    row = db.session.get(Member, surina.id)
    assert row.erased_at is not None
    assert (row.phone, row.born_on) == (None, None)
    assert "苏日娜" not in row.name + row.pinyin
