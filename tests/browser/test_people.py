"""Journeys around people: an old branch's meeting put right, a borrowed secretary, a reason seen once."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.events import services as events
from pbtrain.home.reshaping import services as reshaping
from pbtrain.hours.models import HourEntry
from pbtrain.org.models import CareSpan, Post
from pbtrain.org.roles import Role

pytestmark = pytest.mark.at("desktop")


def test_the_meeting_of_a_merged_branch_is_put_right(db, make, town, page, sign_in, look, accessible):
    old = make.unit("示例梧桐社区党支部", parent=town.root)
    keeper = make.person(Role.BRANCH_SECRETARY, old, name="示例老书记")
    came = [make.member(old, name=f"示例居民{n}").id for n in range(3)]
    meeting = events.Meeting(
        old.id, "theme_day", "示例重温入党志愿书", clock.at(clock.today() - timedelta(days=2), 9), 90
    )
    with transaction():
        event_id = events.record_event(make.actor(keeper), meeting, came, form_id=str(uuid4())).event_id
    with transaction():
        reshaping.merge(None, [old.id], town.branch.id)
    sign_in(town.secretary)
    page.goto("/events")
    page.get_by_text("示例梧桐社区党支部").wait_for()
    look(page, "events")
    page.goto(f"/events/{event_id}")
    look(page, "meeting")
    accessible(page)
    page.get_by_role("link", name="更正到会名单").click()
    page.get_by_text("示例梧桐社区党支部已由示例青松社区党支部接续").wait_for()
    page.get_by_text("示例居民0").click()
    page.get_by_label("更正原因").fill("示例：误勾")
    look(page, "correct")
    accessible(page)
    page.get_by_role("button", name="保存更正").click()
    page.wait_for_url(f"**/events/{event_id}")
    db.session.rollback()
    turned = select(HourEntry.member_id).where(HourEntry.reverses_id.is_not(None))
    assert db.session.scalars(turned).all() == [came[0]]


def test_a_temporary_branch_borrows_its_secretary(db, make, town, page, sign_in, look, accessible):
    squad = make.unit("示例突击队临时党支部", parent=town.root, kind="temporary_branch")
    sign_in(make.person(Role.UNIT_ADMIN, town.root))
    page.goto(f"/units/{squad.id}/secretary")
    page.get_by_text("本人留在原支部").wait_for()
    look(page, "leading")
    accessible(page)
    page.get_by_label("新任书记").fill("示例苏日娜")
    page.get_by_role("button", name="核对变动").click()
    look(page, "handover")
    page.get_by_role("button", name="任命示例苏日娜为书记").click()
    page.wait_for_url(f"**/units/{squad.id}/secretary")
    db.session.rollback()
    assert db.session.scalars(select(Post.unit_id)).all() == [squad.id]


def test_a_reason_is_seen_once_and_written_anew(db, make, town, page, sign_in, look, accessible):
    member = town.members[2]
    sign_in(make.person(Role.UNIT_ADMIN, town.root))
    page.goto(f"/people/{member.id}")
    page.get_by_text("列入照护名单").click()
    page.get_by_role("textbox", name="原因").fill("示例：骨折静养")
    page.get_by_role("button", name="列入", exact=True).click()
    page.get_by_text("您填的原因：示例：骨折静养").wait_for()
    look(page, "once")
    accessible(page)
    page.goto(f"/people/{member.id}")
    assert page.get_by_text("骨折静养").count() == 0
    page.get_by_role("link", name="重写原因").click()
    look(page, "anew")
    accessible(page)
    page.get_by_label("原因").fill("示例：年老体弱")
    page.get_by_role("button", name="保存").click()
    page.get_by_text("您填的原因：示例：年老体弱").wait_for()
    db.session.rollback()
    assert db.session.scalars(select(CareSpan.reason)).all() == ["示例：年老体弱"]
