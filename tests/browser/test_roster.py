"""A roster from a real workbook, the slips of the new people, and the first sign-in of one of them."""

from datetime import date
from io import BytesIO

import pytest
from openpyxl import load_workbook

from tests.roster.sheets import id_number

pytestmark = pytest.mark.at("desktop")

BRANCH = "示例青松社区党支部"
GOOD = [
    {
        "姓名": "示例白音孟和",
        "性别": "男",
        "身份证号": id_number("19710412", 117),
        "手机号": "13900000021",
        "党员类别": "正式党员",
        "入党日期": date(1996, 7, 1),
        "党内职务": "委员",
    },
    {"姓名": "示例陈志强", "身份证号": id_number("19880903", 231), "手机号": "13900000022"},
    {"姓名": "示例娜仁托娅", "身份证号": id_number("19650120", 342), "党员类别": "预备党员"},
]
BAD = [
    {"姓名": "示例王小红", "身份证号": "150102199003071230"},
    {"姓名": "示例刘建军", "手机号": "1390000001"},
    {"姓名": "示例李文斌", "所在支部": "示例第四网格党支部"},
    {"手机号": "13900000023"},
]


def filled_in(template):
    """The downloaded template as an office fills it in: three lines are right, four are not."""
    book = load_workbook(BytesIO(template.read_bytes()))
    sheet = book["党员名册"]
    places = {cell.value: cell.column for cell in sheet[1]}
    for line, person in enumerate([GOOD[0], BAD[0], GOOD[1], *BAD[1:], GOOD[2]], 2):
        for header, value in ({"所在支部": BRANCH} | person).items():
            sheet.cell(line, places[header], value)
    out = BytesIO()
    book.save(out)
    return {
        "name": "示例区党员名册.xlsx",
        "mimeType": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "buffer": out.getvalue(),
    }


def test_roster(town, enter, new_context, new_page, work, look, accessible):
    """Template, upload, preview with sentences, good rows written, slips, first sign-in."""
    page = enter("guanli")
    look(page, "home")
    page.get_by_role("link", name="导入党员名册").click()
    look(page, "before")
    with page.expect_download() as template:
        page.get_by_role("link", name="下载模板").click()
    page.get_by_label("名册文件").set_input_files(filled_in(template.value.path()))
    page.get_by_role("button", name="上传并核对").click()
    page.get_by_text("马上开始读取").or_(page.get_by_role("progressbar")).first.wait_for()
    look(page, "reading")
    work()
    page.get_by_role("heading", name="不能导入 4 行").wait_for()  # the page asks by itself
    look(page, "preview")
    accessible(page)
    shown = page.locator("main").inner_text()
    for sentence in ("最后一位校验码不对，请核对原件。", "只有 10 位", "没有这个支部", "姓名没有填"):
        assert sentence in shown
    refused = page.get_by_role("row").filter(has_text="示例刘建军")
    assert refused.get_by_role("cell").first.inner_text().split()[-1] == "5"
    assert "手机号" in refused.inner_text()

    page.get_by_role("button", name="写入 3 人").click()
    page.get_by_text("已写入：3 人").first.wait_for()
    look(page, "written")
    page.get_by_role("link", name="打印首次登录的激活单").click()
    look(page, "slips")
    page.get_by_role("button", name="名未激活党员").click()
    look(page, "sheet")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 794, "height": 1123})  # A4
    look(page, "sheet-printed")
    slip = page.locator(".pb-slip").filter(has_text="示例白音孟和")
    username = slip.locator("p", has_text="用户名").locator("strong").inner_text()
    code = slip.locator(".pb-code").inner_text()

    phone = new_page(new_context())
    phone.goto(f"/activate#username={username}&code={code}")  # what the square on the slip says
    assert phone.get_by_label("激活码").input_value() == code
    phone.get_by_label("新密码", exact=True).fill("12345678")
    phone.get_by_label("再输一次新密码").fill("12345678")
    phone.get_by_role("button", name="设置密码并登录").click()
    phone.get_by_text("这个密码太常见").first.wait_for()
    look(phone, "password-refused")
    accessible(phone)
    phone.get_by_label("激活码").fill(code)
    phone.get_by_label("新密码", exact=True).fill("caoyuan-1971-xuexi")
    phone.get_by_label("再输一次新密码").fill("caoyuan-1971-xuexi")
    phone.get_by_role("button", name="设置密码并登录").click()
    phone.get_by_role("heading", name="示例白音孟和同志", level=1).wait_for()
    look(phone, "member-home")
    assert "已完成" in phone.locator("main").inner_text()
