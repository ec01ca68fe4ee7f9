"""What was lost comes back: a second factor reset from above, a password set anew by mail."""

import re

import pytest
from sqlalchemy import func, select, update

from pbtrain.accounts import factors
from pbtrain.accounts.models import SecondFactor
from pbtrain.core import clock
from pbtrain.core.db import transaction
from tests.browser.conftest import PASSWORD
from tests.support.mail import MailServer

NEW = "草原长风 2027 abc"


@pytest.fixture
def card(make, town):
    """The secretary's card, which is lost."""
    with transaction() as session:
        codes = factors.print_card(make.actor(town.secretary))
        session.execute(update(SecondFactor).values(confirmed_at=clock.now()))
    return codes


def test_a_lost_factor(db, page, town, card, sign_in, look, accessible):
    page.goto("/login")
    page.get_by_label("手机号或用户名").fill("shuji")
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_text("手机和验证码卡都不在身边").click()
    page.get_by_text("示例管理员").wait_for()
    look(page, "whom-to-ask")

    sign_in(town.admin)
    page.goto(f"/accounts/{town.secretary.account_id}")
    page.get_by_role("link", name="二次验证与登录设备").click()
    accessible(page)
    page.get_by_label("原因").fill("手机和卡都丢了，持身份证到办公室")
    page.get_by_label("我已核实本人身份").check()
    look(page, "reset")
    page.get_by_role("button", name="重置二次验证").click()
    page.get_by_text("二次验证已重置").wait_for()

    sign_in(town.secretary)
    page.goto("/inbox")
    page.get_by_text("您的二次验证已被重置").first.wait_for()
    db.session.rollback()
    left = select(func.count()).where(SecondFactor.account_id == town.secretary.account_id)
    assert db.session.scalar(left) == 0


def test_a_forgotten_password(page, town, post_office, work, look, accessible, live_server):
    with MailServer() as server:
        post_office(
            SMTP_HOST="127.0.0.1", SMTP_PORT=server.port, MAIL_FROM="djy@example.cn", SITE_URL=live_server
        )
        page.goto("/login")
        page.get_by_role("link", name="忘记密码 登记过邮箱的").click()
        accessible(page)
        page.get_by_label("用户名或手机号").fill("surina")
        look(page, "ask")
        page.get_by_role("button", name="发送邮件").click()
        page.get_by_text("邮件已经发出").wait_for()
        work()
        ((_address, mail),) = server.mails
    page.goto(re.search(r"http://\S+/reset#\S+", mail.get_content()).group(0))
    assert "#" not in page.evaluate("location.href")  # the code does not stay in the address
    accessible(page)
    page.get_by_label("新密码", exact=True).fill(NEW)
    page.get_by_label("再输一次新密码").fill(NEW)
    look(page, "set")
    page.get_by_role("button", name="设置密码并登录").click()
    page.wait_for_url(lambda url: url.endswith("/"))
