"""From nothing to the first member at work: `flask setup`, units, a roster, slips, a member on a phone.

Here everything is real: the command, the server with its worker, the clock. It runs once, because it shows
both widths itself: the administrator sits at a desk, the member holds a phone.
"""

import re
from datetime import date
from io import BytesIO

import pytest
from openpyxl import load_workbook

from tests.roster.sheets import id_number
from tests.support import browser as support
from tests.support.launched import Run

BRANCH = "示例牧民之家党支部"
PASSWORD = "caoyuan-2026-xuexi"
PEOPLE = [
    {"姓名": "示例白音孟和", "身份证号": id_number("19710412", 117), "手机号": "13900000021"},
    {"姓名": "示例陈志强", "身份证号": id_number("19880903", 231), "入党日期": date(2011, 7, 1)},
]


@pytest.fixture
def site(tmp_path):
    """The site of an office that has just installed it: started, and as empty as it comes."""
    run = Run(tmp_path, PBTRAIN_WEB_PROCESSES="1")
    assert run.answering(), run.said
    yield run
    run.kill()


@pytest.fixture
def browse(browser, site, trouble):
    """`browse("phone")`: a tab of a reader in Shanghai on that site, listened to."""
    opened = []

    def new(screen):
        address = f"http://127.0.0.1:{site.port}"
        context = browser.new_context(
            base_url=address, locale="zh-CN", timezone_id="Asia/Shanghai", **support.SCREENS[screen]
        )
        context.set_default_timeout(20_000)
        opened.append(context)
        page = context.new_page()
        trouble.listen(page, address)
        return page

    yield new
    for context in opened:
        context.close()
    assert not trouble, "\n".join(trouble)


def filled_in(template):
    """The downloaded template as an office fills it in."""
    book = load_workbook(BytesIO(template.read_bytes()))
    sheet = book["党员名册"]
    places = {cell.value: cell.column for cell in sheet[1]}
    for line, person in enumerate(PEOPLE, 2):
        for header, value in ({"所在支部": BRANCH} | person).items():
            sheet.cell(line, places[header], value)
    out = BytesIO()
    book.save(out)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return {"name": "党员名册.xlsx", "mimeType": kind, "buffer": out.getvalue()}


def first_sign_in(page, username, code):
    """What the slip asks for: the code is in the address, a password of one's own is chosen."""
    page.goto(f"/activate#username={username}&code={code}")
    page.get_by_label("新密码", exact=True).fill(PASSWORD)
    page.get_by_label("再输一次新密码").fill(PASSWORD)
    page.get_by_role("button", name="设置密码并登录").click()


def second_factor(page, seen):
    """A printed card: ten codes, the first of which proves that it was printed."""
    page.get_by_role("heading", name="设置二次验证").wait_for()
    seen(page, "second-factor")
    page.get_by_role("button", name="打印验证码卡").click()
    code = page.locator(".pb-codes .pb-code").first.inner_text()
    seen(page, "card")
    page.get_by_role("textbox").fill(code)
    page.get_by_role("button", name="卡已在手，继续").click()


def next_step(page):
    """The step that stands first on the page of first steps."""
    page.goto("/start")
    return page.get_by_role("region", name="下一步")


@pytest.mark.parametrize("screen", ["desktop"])
def test_setup(site, browse, look, screen):
    """Each page says what comes next; nothing but the pages and one command is needed."""
    told = site.flask("setup", "--name", "示例区委员会", "--admin", "示例管理员")
    username = re.search(r"User name +(\S+)", told)[1]
    code = re.search(r"Activation code +(.+?) +\(", told)[1]
    admin = browse("desktop")
    first_sign_in(admin, username, code)
    second_factor(admin, look)
    admin.get_by_role("heading", name="示例区委员会", level=1).wait_for()
    look(admin, "empty-home")

    admin.get_by_role("link", name="全部步骤").click()
    look(admin, "first-steps")
    step = next_step(admin)
    assert "建立组织" in step.inner_text()
    step.get_by_role("link", name="新建组织").click()
    admin.get_by_label("名称").fill(BRANCH)
    admin.get_by_label("类别").select_option(label="党支部")
    look(admin, "new-unit")
    admin.get_by_role("button", name="添加").click()
    admin.get_by_text(f"已添加{BRANCH}").wait_for()

    step = next_step(admin)
    assert "导入党员名册" in step.inner_text()
    step.get_by_role("link", name="去导入名册").click()
    with admin.expect_download() as template:
        admin.get_by_role("link", name="下载模板").click()
    admin.get_by_label("名册文件").set_input_files(filled_in(template.value.path()))
    admin.get_by_role("button", name="上传并核对").click()
    admin.get_by_role("button", name="写入 2 人").click()  # the worker reads, the page asks by itself
    admin.get_by_text("已写入：2 人").first.wait_for()
    look(admin, "roster-written")

    step = next_step(admin)
    assert "打印激活单" in step.inner_text()
    step.get_by_role("link", name="打印激活单").click()
    admin.get_by_role("button", name="名未激活党员").click()
    slip = admin.locator(".pb-slip").filter(has_text="示例白音孟和")
    look(admin, "slips")
    who = slip.locator("p", has_text="用户名").locator("strong").inner_text()
    slip_code = slip.locator(".pb-code").inner_text()
    admin.goto("/start")
    admin.get_by_text("系统已经可以使用").wait_for()
    look(admin, "begun")

    phone = browse("phone")
    first_sign_in(phone, who, slip_code)
    phone.get_by_role("heading", name="示例白音孟和同志", level=1).wait_for()
    wrong = support.shape(phone)
    assert not wrong, f"{phone.url}: {wrong}"
    assert "学时" in phone.locator("main").inner_text()
    admin.goto("/start")
    assert "已有 1 人登录" in admin.locator("main").inner_text()
