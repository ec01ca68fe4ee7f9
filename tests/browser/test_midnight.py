"""At midnight in Shanghai one secretary's post ends and the next one's begins, on open pages too."""

import re
from datetime import date

from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.events.models import Event
from pbtrain.org import posts

FORM = {
    "activity": "theme_day",
    "title": "示例主题党日",
    "day": "2026-09-30",
    "time": "15:00",
    "minutes": "90",
}


def test_midnight(town, enter, frozen, look, accessible, trouble):
    """An administrator names the new one with what that ends in view; the night changes who may act."""
    with transaction():
        posts.hand_over(None, town.branch.id, town.secretary.id, on=date(2026, 1, 1))

    admin = enter("guanli")
    admin.goto(f"/units/{town.branch.id}/secretary")
    accessible(admin)
    admin.get_by_label("新任书记").fill("示例苏日娜")
    admin.get_by_label("起始日期").first.fill("2026-10-01")
    look(admin, "name-a-secretary")
    admin.get_by_role("button", name="核对变动").click()
    shown = admin.locator("main").inner_text()
    assert "示例苏日娜任书记" in shown
    assert "示例王建国不再任书记" in shown
    look(admin, "what-changes")
    accessible(admin)
    admin.get_by_role("button", name="任命示例苏日娜为书记").click()
    admin.get_by_text("示例苏日娜自2026年10月1日起任书记").wait_for()
    look(admin, "named")

    frozen.move_to(clock.at(date(2026, 9, 30), 23, 50))
    old, next_one = enter("shuji"), enter("surina")
    old.get_by_role("heading", name="示例青松社区党支部", level=1).wait_for()  # still the secretary's home
    next_one.get_by_role("heading", name="示例苏日娜同志", level=1).wait_for()  # a member's, until midnight
    query = "&".join(f"{name}={value}" for name, value in FORM.items())
    old.goto(f"/events/new/people?unit={town.branch.id}&{query}&form_id=9b2f2b34-5a3b-4e59-9a6f-0a4f3f0b8b11")
    save = old.get_by_role("button", name=re.compile("^确认|^保存|^登记|^记录"))
    save.wait_for()

    frozen.move_to(clock.at(date(2026, 10, 1), 0, 0))
    trouble.expect("403")
    save.click()
    old.get_by_text("你没有这项权限").wait_for()
    db.session.rollback()
    assert db.session.query(Event).count() == 0
    old.goto("/")
    old.get_by_role("heading", name="示例王建国同志", level=1).wait_for()
    look(old, "a-member-again")

    next_one.goto("/")
    next_one.get_by_role("heading", name="示例青松社区党支部", level=1).wait_for()
    assert next_one.get_by_role("link", name="记录活动").count() == 1
    look(next_one, "the-new-secretary")


def test_one_person_changes_the_view_by_one_link(town, enter, look):
    """Who is member and secretary opens on the secretary's home, and the member's is one link away."""
    page = enter("shuji")
    page.get_by_role("heading", name="示例青松社区党支部", level=1).wait_for()
    look(page, "secretary")
    page.get_by_role("button", name="我的学习").click()
    page.get_by_role("heading", name="示例王建国同志", level=1).wait_for()
    look(page, "member")
    page.get_by_role("button", name="支部工作").click()
    page.get_by_role("heading", name="示例青松社区党支部", level=1).wait_for()
    assert page.get_by_role("button", name="我的学习").count() == 1
    assert page.get_by_role("button", name="支部工作").count() == 0
