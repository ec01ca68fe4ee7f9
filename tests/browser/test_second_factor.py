"""A secretary on a real site sets up the second factor by steps, prints a card, signs in again with it."""

import re

import pytest

from pbtrain.accounts import totp
from pbtrain.core import clock
from tests.browser.conftest import PASSWORD

SECRETARY = "shuji"


@pytest.fixture
def password(page):
    """The first step: user name and password."""

    def enter():
        page.goto("/login")
        page.get_by_label("手机号或用户名").fill(SECRETARY)
        page.get_by_label("密码", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="登录", exact=True).click()

    return enter


def sign_out(page):
    page.goto("/me")
    page.get_by_role("main").get_by_role("button", name="退出", exact=True).click()
    page.wait_for_url("**/login")


def test_second_factor(page, town, password, look, accessible, trouble, frozen):
    password()
    page.wait_for_url("**/factor")
    accessible(page)
    look(page, "choose")
    page.goto("/events")  # nothing else opens
    page.wait_for_url("**/factor")

    page.get_by_role("link", name="用手机上的身份验证器").click()
    page.get_by_text("无法扫描").click()
    secret = re.sub(r"\s", "", page.locator(".pb-code").inner_text())
    accessible(page)
    look(page, "app")
    trouble.expect("422")
    page.get_by_label("验证码").fill("000000")
    page.get_by_role("button", name="完成").click()
    page.get_by_text("验证码不对，或者已经用过").first.wait_for()
    look(page, "wrong-code")
    page.get_by_label("验证码").fill(totp.code_at(secret, totp.step_at(clock.now())))
    page.get_by_role("button", name="完成").click()
    page.wait_for_url("**/events")  # where the secretary wanted to go

    page.goto("/me/factor")
    accessible(page)
    look(page, "mine")
    page.get_by_role("button", name="打印验证码卡").click()
    codes = page.locator(".pb-codes li").all_inner_texts()
    assert len(codes) == 10
    page.emulate_media(media="print")
    look(page, "card-on-paper")
    page.emulate_media(media="screen")
    accessible(page)
    look(page, "card")
    sign_out(page)

    password()
    page.wait_for_url("**/factor")
    accessible(page)
    look(page, "asked")
    page.get_by_label("验证码").fill(codes[0].lower())
    page.get_by_label("30 天内在本设备上不再询问").check()
    page.get_by_role("button", name="继续").click()
    page.wait_for_url("**/")
    page.get_by_role("heading", level=1).wait_for()
    page.goto("/me/factor")
    page.get_by_text("还剩 9 个验证码").wait_for()
    look(page, "known-device")
    sign_out(page)

    password()
    page.wait_for_url(lambda url: url.endswith("/"))  # this device is not asked
    page.goto("/me/factor")
    page.get_by_role("button", name="恢复询问").click()
    page.get_by_text("在每台设备上都要二次验证").wait_for()
