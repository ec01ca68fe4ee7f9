"""A claim with three photos: returned, refused, appealed, decided above; five decided at a sitting."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from pbtrain.claims.models import Platform
from pbtrain.claims.presets import PRESETS
from pbtrain.core.db import db
from pbtrain.hours.models import HourClaim, HourEntry
from pbtrain.org.roles import Role
from tests.claims.conftest import handed_in, picture, piece


def shots(*numbers):
    return [
        {"name": f"答卷第{n}页.jpg", "mimeType": "image/jpeg", "buffer": picture(n, size=(1200, 900))}
        for n in numbers
    ]


@pytest.fixture
def above(town, make):
    """Who decides on appeals."""
    return make.person(Role.UNIT_AUDITOR, town.root)


def state():
    db.session.rollback()
    return db.session.scalars(select(HourClaim.state).order_by(HourClaim.id.desc())).first()


def test_a_claim_from_the_phone_to_the_level_above(town, above, page, sign_in, look, accessible, trouble):
    trouble.expect("422")  # too many minutes; a return without a reason
    trouble.expect("ERR_INTERNET_DISCONNECTED")  # the line breaks between two photos
    sign_in(town.members[0])
    page.goto("/hours")
    page.get_by_role("link", name="申报学时").click()
    look(page, "new")
    accessible(page)
    page.get_by_label("学习内容").fill("党员教育管理工作条例 答卷第 2 期")
    page.get_by_label("用时（分钟）").fill("4500")
    page.locator('input[type="file"]').set_input_files(shots(1, 2, 3))
    page.get_by_role("button", name="提交").click()
    page.locator("[data-refusal] a", has_text="用时").click()  # the words of the refusal, not its whole page
    assert page.locator("#minutes-error").count() == 1
    assert (page.locator("h1").count(), page.get_by_label("学习内容").count()) == (1, 1)
    look(page, "refused")
    page.get_by_label("用时（分钟）").fill("45")
    page.get_by_text("1.0 学时").wait_for()
    look(page, "chosen")
    broken = []

    def breaks(route):
        broken.append(route.request.url)
        if len(broken) == 2:
            route.abort("internetdisconnected")
        else:
            route.continue_()

    page.route("**/claims/*/files", breaks)
    page.get_by_role("button", name="提交").click()
    page.get_by_text("网络恢复后自动接着传").wait_for()
    look(page, "the-line-is-down")
    page.get_by_text("已提交，审核后会告诉你").wait_for()
    assert len(broken) == 4, "three photos, one of them twice"
    look(page, "handed-in")
    accessible(page)
    assert state() == "submitted"

    sign_in(town.secretary)
    page.goto("/")
    page.get_by_role("link", name=re.compile("学时申报待审")).click()
    page.get_by_text("还有 2 张照片没看").wait_for()
    look(page, "desk")
    accessible(page)
    page.get_by_role("button", name="退回补充").click()
    page.locator("#reason-error").wait_for()
    assert page.evaluate("document.activeElement.id") == "reason"
    page.get_by_role("combobox", name=re.compile("意见")).fill("照片看不清，请补拍答卷第 2 页")
    page.get_by_role("button", name="退回补充").click()
    page.get_by_text("没有等你审核的申报").wait_for()
    assert state() == "returned"

    sign_in(town.members[0])
    page.goto("/claims")
    look(page, "returned-list")
    page.get_by_role("link", name=re.compile("答卷第 2 期")).click()
    page.get_by_role("link", name="修改").click()
    look(page, "returned")
    page.locator('input[type="file"]').set_input_files(shots(4))
    page.get_by_role("button", name="重新提交").click()
    page.get_by_text("已提交，审核后会告诉你").wait_for()

    sign_in(town.secretary)
    page.goto("/desk")
    page.get_by_role("combobox", name=re.compile("意见")).fill("不是本支部印发的答卷")
    page.get_by_role("button", name="不予认定").click()
    page.get_by_text("未予认定，理由已告知本人").wait_for()

    sign_in(town.members[0])
    page.goto("/claims")
    page.get_by_role("link", name=re.compile("答卷第 2 期")).click()
    look(page, "rejected")
    page.get_by_label("申诉理由").fill("是支部 9 月印发的，请核对编号")
    page.get_by_role("button", name="申诉", exact=True).click()
    page.get_by_text("已申诉，由上级党组织再审一次").wait_for()

    sign_in(above)
    page.goto("/appeals")
    look(page, "appeal")
    accessible(page)
    page.get_by_role("combobox", name=re.compile("意见")).fill("经核对属实")
    page.get_by_role("button", name=re.compile("申诉成立")).click()
    page.get_by_text("申诉成立，学时已记入台账").wait_for()
    assert state() == "approved"

    sign_in(town.members[0])
    page.goto("/claims")
    page.get_by_role("link", name=re.compile("答卷第 2 期")).click()
    page.get_by_text("已认定 1.0 学时").wait_for()
    look(page, "approved")
    db.session.rollback()
    assert db.session.scalars(select(HourEntry.credit)).all() == [100]


@pytest.mark.at("phone", "desktop")
def test_five_claims_on_the_desk_without_a_reload(town, page, sign_in, make, look, screen):
    for n in range(5):
        handed_in(make.actor(town.members[n % 2]), None, piece(n), title=f"答卷第 {n} 期", minutes=40 + n)
    sign_in(town.secretary)
    page.goto("/desk")
    page.evaluate("window.stayed = true")
    for n in range(3):
        page.get_by_text(f"答卷第 {n} 期").first.wait_for()
        if screen == "desktop":
            page.keyboard.press("a")
        else:
            page.get_by_role("button", name=re.compile("^通过")).click()
        page.get_by_text("已通过，学时记入台账").wait_for()
        page.get_by_text(f"答卷第 {n + 1} 期").first.wait_for()
    look(page, "sitting")
    if screen == "desktop":
        page.keyboard.press("u")
    else:
        page.get_by_role("button", name=re.compile("撤回上一步")).click()
    page.get_by_text("已撤回，重新待审").wait_for()
    if screen == "desktop":
        page.get_by_label("使用快捷键").uncheck()
        page.locator("h1").click()
        page.keyboard.press("a")
        page.wait_for_timeout(300)
    assert page.evaluate("window.stayed") is True
    db.session.rollback()
    states = db.session.scalars(select(HourClaim.state).order_by(HourClaim.id)).all()
    assert states == ["approved", "approved", "submitted", "submitted", "submitted"]


def swipe(page, across):
    """A finger that goes `across` pixels to the right, or to the left where that is negative."""
    page.evaluate(
        """(across) => {
          const part = document.querySelector('[data-desk] h1');
          const at = (x) => [new Touch({ identifier: 1, target: part, clientX: x, clientY: 300 })];
          const fire = (name, touches, changedTouches) =>
            part.dispatchEvent(new TouchEvent(name, { bubbles: true, touches, changedTouches }));
          fire('touchstart', at(200), at(200));
          fire('touchend', [], at(200 + across));
        }""",
        across,
    )


def test_a_swipe_turns_to_the_next_claim_and_back(town, page, sign_in, make):
    for n in range(2):
        handed_in(make.actor(town.members[n]), None, piece(n), title=f"答卷第 {n} 期")
    sign_in(town.secretary)
    page.goto("/desk")
    name = page.get_by_role("heading", level=2, name=re.compile("纸上课堂"))
    first, second = (re.compile(one.name) for one in town.members[:2])
    expect(name).to_have_text(first)
    swipe(page, 40)  # too short
    expect(name).to_have_text(first)
    swipe(page, -120)
    expect(name).to_have_text(second)
    swipe(page, 120)
    expect(name).to_have_text(first)


def test_the_pages_of_platforms(town, make, page, sign_in, look, accessible):
    sign_in(make.person(Role.UNIT_ADMIN, town.root))
    page.goto(f"/units/{town.root.id}/platforms")
    look(page, "none-yet")
    accessible(page)
    page.get_by_role("button", name="添加常用平台").click()
    page.get_by_role("row").nth(1).wait_for()
    look(page, "usual-ones")
    accessible(page)
    page.get_by_role("row").get_by_role("link").first.click()
    page.get_by_role("button", name="保存").wait_for()
    look(page, "one")
    accessible(page)
    db.session.rollback()
    names = db.session.scalars(select(Platform.name).where(Platform.unit_id == town.root.id)).all()
    assert sorted(names) == sorted(one["name"] for one in PRESETS)
