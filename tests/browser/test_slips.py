"""A secretary prints slips for the branch; a member comes in with one, on a phone, without a mailbox."""

import pytest

from tests.support import browser as support

pytestmark = pytest.mark.at("desktop")


def test_slips(town, make, enter, new_context, new_page, look, accessible, trouble):
    """Printed once, good once: the second try with the same slip is told what to do."""
    asleep = make.account("示例娜仁托娅", username="narentuoya", password_hash=None, activated_at=None)
    make.member(town.branch, name="示例娜仁托娅", account_id=asleep.id)

    secretary = enter("shuji")
    look(secretary, "home")
    secretary.get_by_role("link", name="1 人还没有激活账号").click()
    look(secretary, "whose-slips")
    accessible(secretary)
    secretary.get_by_role("button", name="打印 1 名未激活党员的激活单").click()
    support.arrived(secretary)
    slip = secretary.locator(".pb-slip")
    assert slip.count() == 1
    assert slip.locator("svg").count() == 1  # the square to scan
    look(secretary, "sheet")
    username = slip.locator("p", has_text="用户名").locator("strong").inner_text()
    code = slip.locator(".pb-code").inner_text()
    trouble.expect("409")
    secretary.reload()  # the browser sends the form again: no new code, and the paper stays good
    secretary.get_by_text("打印过").wait_for()
    assert "pb-code" not in secretary.content()
    look(secretary, "printed-before")
    accessible(secretary)
    secretary.get_by_role("link", name="首页").first.click()
    secretary.get_by_text("1 人还没有激活账号").wait_for()
    assert code not in secretary.content()  # shown once

    phone = new_page(new_context(**support.SCREENS["phone"]))
    phone.goto(f"/activate#username={username}&code={code}")
    assert phone.get_by_label("用户名").input_value() == "narentuoya"
    phone.get_by_label("新密码", exact=True).fill("caoyuan-1965-xuexi")
    phone.get_by_label("再输一次新密码").fill("caoyuan-1965-xuexi")
    accessible(phone)
    phone.get_by_role("button", name="设置密码并登录").click()
    phone.get_by_role("heading", name="示例娜仁托娅同志", level=1).wait_for()
    wrong = support.shape(phone)
    assert not wrong, wrong

    again = new_page(new_context(**support.SCREENS["phone"]))
    again.goto(f"/activate#username={username}&code={code}")
    again.get_by_label("新密码", exact=True).fill("caoyuan-1965-lianxi")
    again.get_by_label("再输一次新密码").fill("caoyuan-1965-lianxi")
    again.get_by_role("button", name="设置密码并登录").click()
    again.get_by_text("用户名或激活码不正确").first.wait_for()
    secretary.goto("/")
    assert "还没有激活" not in secretary.locator("main").inner_text()
