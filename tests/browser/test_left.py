"""Who has left the roster signs in once more, reads what is kept and takes it home."""

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.org import services
from tests.browser.conftest import PASSWORD
from tests.support import browser as support


def test_left(town, page, look, accessible):
    with transaction():
        services.set_left(None, town.members[0].id, on=clock.today(), why="moved")
    page.goto("/login")
    page.get_by_label("手机号或用户名").fill("surina")
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_role("heading", name="你已不在党员名册上").wait_for()
    look(page, "left")
    accessible(page)
    page.get_by_label("现在的密码").fill(PASSWORD)
    with page.expect_download() as given:
        page.get_by_role("button", name="取得文件").click()
    assert given.value.suggested_filename.endswith(".xlsx")
    page.get_by_role("button", name="退出").last.click()
    page.get_by_role("heading", name="登录").wait_for()
    support.arrived(page)
