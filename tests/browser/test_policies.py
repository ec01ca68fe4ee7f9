"""Who edits the rules changes next year's self-study cap, and the dry run lists who is affected."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from pbtrain.core import clock, queue
from pbtrain.core.db import transaction
from pbtrain.core.queue import Job
from pbtrain.hours import services as hours
from pbtrain.hours.services import Line
from pbtrain.org.roles import Role
from pbtrain.policies import queries

pytestmark = pytest.mark.at("desktop")


@pytest.fixture
def league(make, town):
    """Besides the town's members one who has studied a lot alone this year; who administers the top."""
    who = make.member(town.branch, name="示例乌云", with_account=False)
    day = clock.today()
    lines = [
        Line(who.id, day, "self_study", 180, f"test:{n}", "示例自学", channel="web", proof="C")
        for n in range(2)
    ]
    with transaction():
        hours.post_many(None, lines)
    return town, who, make.person(Role.UNIT_ADMIN, town.root)


def test_the_cap_of_self_study_is_changed_and_tried(db, league, page, sign_in, accessible, look):
    town, _who, admin = league
    sign_in(admin)
    page.goto(f"/units/{town.root.id}")
    page.get_by_role("link", name="学时办法").last.click()
    look(page, "policies-unit")
    accessible(page)
    page.get_by_label("哪一年").select_option(str(clock.today().year + 1))
    page.get_by_role("button", name="起草").click()

    page.get_by_label("自学计入全年学时").check()
    field = page.get_by_label("自学全年最多计几学时")
    field.fill("6")
    field.press("Tab")
    page.locator("#example").get_by_text("计入 6.0 学时").wait_for()
    page.set_viewport_size({"width": 390, "height": 844})  # on a phone a bar stays in sight, and opens
    bar = page.locator("#peek")
    expect(bar).to_be_in_viewport()
    look(page, "policies-bar", whole=False)
    bar.locator("summary").click()
    bar.get_by_text("计入 6.0 学时").wait_for()
    bar.locator("summary").click()
    page.set_viewport_size({"width": 1440, "height": 900})
    look(page, "policies-draft")
    accessible(page)
    page.get_by_role("button", name="保存草案").click()
    page.get_by_text("草案已保存").wait_for()

    page.get_by_label("用哪一年的台账").select_option(str(clock.today().year))
    page.get_by_role("button", name="试算这份草案").click()
    page.get_by_text("马上开始试算").wait_for()
    db.session.rollback()
    job_id = db.session.scalars(select(Job.id).where(Job.kind == queries.TRIAL)).one()
    assert queue.run(job_id)
    page.get_by_text("由达标变未达标").first.wait_for()
    look(page, "policies-trial")
    accessible(page)
    page.get_by_role("link", name=town.branch.name).click()
    page.get_by_text("示例乌云").wait_for()
    page.get_by_text("0.0 → 6.0").wait_for()
    look(page, "policies-names")
    accessible(page)

    page.get_by_role("link", name="学时办法").last.click()
    page.get_by_role("link", name=f"{clock.today().year + 1} 年草案").click()
    page.get_by_role("button", name="发布这份办法").click()
    page.get_by_text("这一版改了什么").wait_for()
    look(page, "policies-version")
    accessible(page)
