"""Each home answers its first question, and takes at most six statements, session and grants included."""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import update

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.courses.models import Course, Enrolment, Lesson
from pbtrain.events.models import Attendance, Event
from pbtrain.hours import services as hours
from pbtrain.hours.models import MemberYear
from pbtrain.hours.services import Line
from pbtrain.notify.models import Message
from pbtrain.org.models import CareSpan, Post
from pbtrain.org.roles import Role
from tests.hours.conftest import refresh
from tests.support.pages import said

DAY = date(2026, 3, 2)


def post(member, minutes=90, occurrence="event:1", **more):
    with transaction():
        hours.post_many(None, [Line(member.id, DAY, "theme_day", minutes, occurrence, "主题党日", **more)])


def course(make, academy, title="总体国家安全观", minutes=360, lessons=3, **fields):
    fields = {"state": "published", "published_at": clock.now()} | fields
    made = make.save(Course(unit_id=academy.id, title=title, minutes=minutes, **fields))
    for n in range(1, lessons + 1):
        make.save(Lesson(course_id=made.id, position=n, title=f"第 {n} 课"))
    return made


def test_a_member_who_is_behind_sees_what_is_missing_and_a_way(make, root, branch, client_for):
    member = make.member(branch, name="示例苏日娜")
    academy = make.unit(parent=root, kind="academy")
    post(member, 900)
    page = said(client_for(member).get("/"))
    assert "示例苏日娜同志" in page
    assert "8.0 / 32 学时" in page  # at most 8 a day
    assert "比进度少 15.5" in page
    assert "今天应有 23.5" in page
    assert "再学 15.5 学时，就能赶上进度。" in page
    course(make, academy, minutes=720)
    assert "学完“总体国家安全观”（预计 16.0 学时）后，就能赶上进度。" in said(client_for(member).get("/"))


def test_courses_that_were_begun_come_first_with_what_is_next(make, root, branch, client_for):
    member = make.member(branch)
    academy = make.unit(parent=root, kind="academy")
    course(make, academy, "示例新课")
    begun = course(make, academy, "示例旧课", due_on=clock.today() + timedelta(days=2))
    late = course(make, academy, "示例逾期课", lessons=0, due_on=clock.today() - timedelta(days=1))
    finished = course(make, academy, "示例学完的课")
    make.save(
        Enrolment(course_id=begun.id, member_id=member.id),
        Enrolment(course_id=late.id, member_id=member.id),
        Enrolment(course_id=finished.id, member_id=member.id, state="finished", finished_at=clock.now()),
    )
    page = said(client_for(member).get("/"))
    assert page.index("示例逾期课") < page.index("示例旧课") < page.index("示例新课")
    assert "继续学第 1 课 示例旧课" in page
    assert "还剩 2 天" in page
    assert "已逾期 1 天" in page
    assert "示例学完的课" not in page


@pytest.mark.parametrize("courses", [0, 12])
def test_a_members_home_takes_at_most_five_statements(make, root, branch, client_for, statements, courses):
    """Fresh caches: four. Stale caches, a post within the year, no year at all: five."""
    steady, promoted, new = make.member(branch), make.member(branch), make.member(branch)
    make.save(Post(member_id=promoted.id, unit_id=branch.id, kind="deputy", valid_from=date(2026, 6, 12)))
    academy = make.unit(parent=root, kind="academy")
    for number in range(courses):
        course(make, academy, f"示例课程 {number}")
        make.save(Message(account_id=steady.account_id, about=f"x:{number}", subject="示例提醒"))
        post(steady, 10, f"event:{number}")
    refresh(steady, promoted)
    for member, most in ((steady, 4), (promoted, 5), (new, 5)):
        client = client_for(member)
        with statements() as sent:
            said(client.get("/"))
        assert sent.of_page.count == most, str(sent)


def test_stale_caches_never_reach_the_page(make, branch, client_for):
    member = make.member(branch)
    post(member)
    with transaction() as session:
        session.execute(update(MemberYear).values(due_on=date(2026, 1, 31), due=270, target=3200))
    assert "今天应有 23.5" in said(client_for(member).get("/"))


def test_a_post_within_the_year_moves_target_and_months(make, branch, client_for):
    member = make.member(branch)
    make.save(
        Post(member_id=member.id, unit_id=branch.id, kind="committee_member", valid_from=date(2026, 6, 12))
    )
    refresh(member)
    page = client_for(member).get("/")
    assert "/ 45.5 学时" in said(page)
    january = re.search(r'x1="([\d.]+)%"', page.get_data(as_text=True)).group(1)
    assert float(january) == pytest.approx(100 * 32 * 31 / (32 * 162 + 56 * 203), abs=0.01)


def test_care_is_not_failure(make, branch, client_for):
    member = make.member(branch)
    make.save(CareSpan(member_id=member.id, reason="住院", valid_from=date(2026, 1, 1)))
    refresh(member)
    page = said(client_for(member).get("/"))
    assert "你在照护名单上，不作硬性要求。" in page
    assert "住院" not in page
    assert "比进度少" not in page


def test_a_member_without_a_branch_or_rules_is_told_why(make, client_for, frozen):
    adrift = make.member(make.unit(parent=make.unit()))
    assert "今年的学时办法还没有发布" in said(client_for(adrift).get("/"))
    with transaction() as session:
        session.merge(adrift).unit_id = None
    assert "你目前不在任何支部" in said(client_for(adrift).get("/"))
    assert "你还没有编入支部" in said(client_for(make.account()).get("/"))


def test_unread_reminders_are_counted_and_the_newest_shown(make, branch, client_for):
    member = make.member(branch)
    for number in range(5):
        make.save(Message(account_id=member.account_id, about=f"x:{number}", subject=f"示例提醒{number}"))
    make.save(Message(account_id=member.account_id, about="old", subject="示例读过的", read_at=clock.now()))
    page = said(client_for(member).get("/"))
    assert "提醒 5" in page
    assert "示例提醒4" in page
    assert "示例提醒0" not in page
    assert "示例读过的" not in page


def test_a_secretarys_home(make, branch, client_for, statements):
    secretary = make.member(branch, name="示例书记")
    make.grant(secretary, Role.BRANCH_SECRETARY, branch)
    people = [make.member(branch, name=f"示例落后{n}", with_account=False) for n in range(7)]
    cared = make.member(branch, name="示例养")
    make.save(CareSpan(member_id=cared.id, valid_from=date(2026, 1, 1)))
    post(people[0], 90)
    refresh(secretary, cared, *people)
    event = make.save(
        Event(unit_id=branch.id, activity="theme_day", title="示例主题党日", day=DAY, starts_at=clock.now(),
              minutes=90, form_id="a", form_hash="b")
    )  # fmt: skip
    make.save(
        Attendance(event_id=event.id, member_id=people[0].id, present=True),
        Attendance(event_id=event.id, member_id=people[1].id, present=False),
    )
    for days, title in ((3, "示例下次党课"), (60, "示例很久以后")):
        day = clock.today() + timedelta(days=days)
        make.save(Event(unit_id=branch.id, activity="party_lecture", title=title, day=day, state="planned",
                        starts_at=clock.at(day, 9), minutes=90, form_id=title, form_hash=""))  # fmt: skip
    client = client_for(secretary)
    with statements() as sent:
        answer = client.get("/")
    assert sent.of_page.count <= 7, str(sent)
    page = said(answer)
    assert "示例下次党课 09:00 已列计划" in page
    assert "示例很久以后" not in page
    assert "0 / 8 人跟上进度" in page
    assert "照护名单 1 人（不作硬性要求，不算落后）" in page
    assert "给 8 人发提醒" in page
    assert "7 人还没有激活账号" in page
    assert "到 1 / 2 人" in page
    assert "看全部 8 名落后党员" in page


def test_a_secretary_of_two_branches_looks_at_each(make, root, branch, client_for):
    other = make.unit("示例另一支部", parent=root)
    secretary = make.person(Role.BRANCH_SECRETARY, branch)
    make.grant(secretary, Role.BRANCH_SECRETARY, other)
    client = client_for(secretary)
    assert "<h1>示例另一支部</h1>" in client.get(f"/?unit={other.id}").get_data(as_text=True)
    assert client.get(f"/?unit={root.id}").status_code == 404


def test_an_academys_home(make, root, client_for, statements):
    academy = make.unit("示例学院", parent=root, kind="academy")
    made = course(make, academy, "示例开放课")
    course(make, academy, "示例草稿", state="draft", lessons=0)
    course(make, make.unit(parent=root, kind="academy"), "示例别家的课")
    member = make.member(make.unit(parent=root))
    make.save(Enrolment(course_id=made.id, member_id=member.id, state="finished", finished_at=clock.now()))
    client = client_for(make.person(Role.ACADEMY_ADMIN, academy))
    with statements() as sent:
        answer = client.get("/")
    assert sent.of_page.count <= 6, str(sent)
    page = said(answer)
    assert "等着发布 1 示例草稿" in page
    assert "还没有课时" in page
    assert "示例开放课 3 1 人 1 人" in page
    assert "示例别家的课" not in page


def test_an_auditors_home(make, root, branch, client_for, statements):
    met, behind = make.member(branch), make.member(branch)
    for number in range(4):
        with transaction():
            day = DAY + timedelta(days=number)
            hours.post_many(None, [Line(met.id, day, "theme_day", 360, f"event:{number}", "集中培训")])
    refresh(met, behind)
    client = client_for(make.person(Role.UNIT_AUDITOR, root))
    with statements() as sent:
        answer = client.get("/")
    assert sent.of_page.count <= 6, str(sent)
    page = said(answer)
    assert "跟上进度（应学的 50%）" in page
    assert "示例第一支部 1 2" in page


def test_an_administrators_home(make, root, branch, client_for, statements):
    led = make.unit("示例有书记的支部", parent=root)
    make.person(Role.BRANCH_SECRETARY, led)
    client = client_for(make.person(Role.SYSTEM_ADMIN, root))
    with statements() as sent:
        answer = client.get("/")
    assert sent.of_page.count <= 6, str(sent)
    page = said(answer)
    assert "没有书记的支部 1 示例第一支部" in page
    assert "后台任务都正常" in page
    assert "后台任务都正常" not in said(client_for(make.person(Role.UNIT_ADMIN, root)).get("/"))
