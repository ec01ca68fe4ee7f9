"""A member's year with claims and the forecast, who cannot reach the target, how units below stand."""

import re
from datetime import date

import pytest

from pbtrain.core.db import db, transaction
from pbtrain.courses.models import Course
from pbtrain.hours import figures
from pbtrain.hours import services as hours
from pbtrain.hours.jobs import refresh_pace
from pbtrain.hours.models import HourClaim
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.services import Line
from pbtrain.org.models import Post, Unit
from pbtrain.org.roles import Role


@pytest.fixture
def year(town, make):
    """Lines of all kinds for the first member, a claim that waits and one that came back, two courses."""
    secretary, member = make.actor(town.secretary), town.members[0]
    kinds = [
        (date(2026, 3, 5), "theme_day", 135, "3月主题党日", "B"),
        (date(2026, 4, 17), "online_course", 360, "线上课程：纪律处分条例", "C"),
        (date(2026, 5, 8), "self_study", 90, "“学习强国”自学", "C"),
        (date(2026, 6, 26), "party_lecture", 135, "书记讲党课（原记）", "B"),
        (date(2026, 7, 20), "training_class", 390, "支委培训班", "A"),
    ]
    with transaction():
        posted = hours.post_many(
            secretary,
            [
                Line(member.id, day, activity, minutes, f"event:{n + 900}", title, proof=proof)
                for n, (day, activity, minutes, title, proof) in enumerate(kinds)
            ],
        )
        hours.reverse_many(secretary, [posted.entry_ids[3]], reason="把 90 分钟误记为 135 分钟")
    usual = {
        "member_id": member.id, "unit_id": town.branch.id, "kind": "paper", "activity": "theme_day",
        "channel": "paper", "proof": "C", "minutes": 90, "uncovered": 90, "credit": 200,
    }  # fmt: skip
    make.save(
        HourClaim(**usual, state="submitted", occurrence="claim:1", title="纸上课堂", day=date(2026, 9, 14)),
        HourClaim(
            **usual, state="returned", occurrence="claim:2", title="空中课堂", day=date(2026, 8, 3),
            reason="照片看不清，请重拍",
        ),
        *(
            Course(unit_id=town.academy.id, title=title, minutes=minutes, state="published")
            for title, minutes in (("中国共产党历史专题", 300), ("基层治理案例", 135))
        ),
    )  # fmt: skip
    refresh_pace()
    return member


def test_year_page(town, year, make, enter, look, accessible):
    """The member, the secretary and the auditor look at the same year."""
    member = enter("surina")
    member.goto("/hours")
    reach = member.get_by_role("region", name="年底能完成吗")
    assert "中国共产党历史专题" in reach.inner_text()
    claims = member.get_by_role("region", name=re.compile("2026年的申报"))
    assert "照片看不清，请重拍" in claims.inner_text()
    look(member, "member")
    accessible(member)

    page = enter("shuji")
    page.get_by_role("link", name=re.compile("2026年已经够不到的")).click()
    look(page, "out-of-reach")
    accessible(page)
    page.get_by_role("row").get_by_role("link").first.click()
    look(page, "as-the-secretary-sees-it")


@pytest.mark.at("desktop")
def test_levels(town, year, make, sign_in, page, look, accessible):
    """How the units below stand, with the claims that wait."""
    with transaction():
        hours.publish_policy(None, town.root.id, 2026, PolicyRules(new_post_months=6))
    new = town.members[4]
    make.save(Post(member_id=new.id, unit_id=town.branch.id, kind="secretary", valid_from=date(2026, 2, 9)))
    figures.refresh(2026)
    top = db.session.get(Unit, town.branch.parent_id)
    sign_in(make.person(Role.UNIT_AUDITOR, top))
    page.goto(f"/units/{top.id}/hours")
    assert "待审核" in page.get_by_role("table").inner_text()
    look(page, "levels")
    accessible(page)
    page.get_by_role("link", name="未参加任职培训的新任书记").click()
    assert "已逾期" in page.get_by_role("row", name=new.name).inner_text()
    look(page, "new-secretaries")
    accessible(page)
    page.go_back()
    page.get_by_role("row", name=town.branch.name).get_by_role("link", name="1", exact=True).click()
    page.get_by_role("heading", name="待审核的申报").wait_for()
    look(page, "claims-that-wait")
    accessible(page)
