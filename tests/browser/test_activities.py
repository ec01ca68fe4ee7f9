"""A branch's calendar on a phone: 18 of 21 were there, what one entry fills, what a level sees."""

import re
from datetime import date

import pytest
from sqlalchemy import func, select

from pbtrain.core.db import db, transaction
from pbtrain.events import themes
from pbtrain.hours import services as hours
from pbtrain.hours.models import Book, HourEntry
from pbtrain.org.roles import Role
from tests.browser.test_secretary import photo


@pytest.fixture
def twenty_one(town, make):
    """The branch of the town with 21 members."""
    more = [make.member(town.branch, name=f"示例党员{number:02}", with_account=False) for number in range(15)]
    with transaction():
        hours.refresh_years([one.id for one in more], 2026)
    return more


def test_a_theme_day_with_18_of_21(town, twenty_one, make, enter, look, accessible):
    """Choose the kind, untick three, one photo, done: the hours stand in the books."""
    make.grant(town.admin, Role.UNIT_ADMIN, town.root)
    page = enter("shuji")
    page.get_by_role("link", name="记录活动").first.click()
    page.get_by_label("主题", exact=True).fill("9月主题党日：重温入党志愿书")
    page.get_by_label("日期").fill("2026-09-24")
    look(page, "which")
    accessible(page)
    page.get_by_role("button", name="下一步：谁来了").click()
    for one in twenty_one[:3]:
        page.get_by_role("checkbox", name=one.name).uncheck()
    assert page.get_by_role("status").filter(has_text="人到会").inner_text().startswith("18")
    page.get_by_label(re.compile("照片")).set_input_files(photo())
    look(page, "who-came")
    page.get_by_role("button", name="保存", exact=True).click()
    filled = page.get_by_role("region", name="这一次登记已经填好")
    assert "17 人，共 34.0" in filled.inner_text(), "the recorder's own line waits for somebody else"
    look(page, "recorded")
    accessible(page)
    db.session.rollback()
    assert db.session.scalar(select(func.count(HourEntry.id))) == 17
    assert db.session.scalar(select(Book.entries).where(Book.unit_id == town.branch.id)) == 17

    page.get_by_role("link", name="补正记录").click()
    page.get_by_label("主讲或领学人").fill("示例王建国")
    page.get_by_label("补正原因").fill("漏填主讲人")
    page.get_by_role("button", name="保存补正").click()
    page.get_by_text("已补正").first.wait_for()
    filled.get_by_role("link", name=re.compile("全程纪实")).click()
    page.get_by_role("heading", name="全程纪实").first.wait_for()
    look(page, "record-page")
    page.goto(page.url.replace("/page", "/files"))
    look(page, "add-photos")
    page.goto(f"/branches/{town.branch.id}/handbook")
    page.get_by_role("heading", name="目录").wait_for()
    look(page, "book")
    accessible(page)
    accessible(page)

    page.goto(f"/branches/{town.branch.id}/plan/year")
    look(page, "plan-year")
    accessible(page)
    page.get_by_role("button", name=re.compile("列入计划 .* 次")).click()
    page.get_by_text("已列入计划").first.wait_for()
    with transaction():
        themes.give_theme(
            make.actor(town.admin), town.root.id, activity="theme_day", title="学党章 守党规", body="",
            from_day=date(2026, 9, 25), due_on=date(2026, 9, 30),
        )  # fmt: skip
    page.reload()
    look(page, "calendar")
    accessible(page)
    page.get_by_role("region", name="接下来").get_by_role("link").first.click()
    page.get_by_role("link", name="改期或取消").click()
    look(page, "move")
    accessible(page)

    page.goto("/calendar?view=month")
    page.emulate_media(media="print")
    assert (
        page.locator(".pb-month").evaluate("e => getComputedStyle(e).gridTemplateColumns.split(' ').length")
        == 7
    )
    assert page.get_by_role("navigation").count() == 0, "the frame is no part of a print"
    assert not page.get_by_text("往后").is_visible()
    look(page, "calendar-printed")
    page.emulate_media(media="screen")

    above = enter("guanli")
    for path, name in (("grid", "grid"), ("activities", "activities"), ("themes", "themes")):
        above.goto(f"/units/{town.root.id}/{path}")
        look(above, name)
        accessible(above)
    above.get_by_role("link", name="学党章 守党规").click()
    look(above, "theme")
    accessible(above)
