"""Can the year still be met: what the pages of a member and of the branch say, and what they cost."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from pbtrain.classes.models import ClassEnrolment, ClassSession, TrainingClass
from pbtrain.closing import services as closing
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.courses.models import Course, Enrolment
from pbtrain.events.models import Event
from pbtrain.hours import services as hours
from pbtrain.hours.policy import PolicyRules
from pbtrain.org.models import Academy, CareSpan
from pbtrain.org.roles import Role
from tests.hours.conftest import line, post, refresh

YEAR = 2026


@pytest.fixture
def course(make, root):
    """`course(minutes)`: a published course."""
    academy = make.unit("示例党校", parent=root, kind="academy")

    def published(minutes, title="示例课程"):
        found = Course(unit_id=academy.id, title=title, minutes=minutes, state="published")
        make.save(found)
        return found

    return published


def make_event(**fields):
    """A planned event; its id."""
    with transaction() as session:
        session.add(event := Event(form_id=str(uuid4()), form_hash="", **fields))
        session.flush()
        return event.id


def done(member, days):
    """So many days of eight hours."""
    post(*[line(member, f"event:{n}", 360, date(YEAR, 3, 1 + n)) for n in range(days)])


def test_a_published_course_that_is_enough(make, branch, course, client_for):
    member = make.member(branch)
    done(member, 3)
    course(360, "示例长课")
    short = course(45, "示例短课")
    page = client_for(member).get("/hours").text
    assert "年底能完成吗" in page
    assert "还差 8.0 学时，已公布的课程、培训班和支部活动最多可计 9.0" in page
    assert "完成下面 1 项就够" in page
    assert "示例长课" in page
    assert short.title not in page


def test_a_finished_course_and_the_usual_theme_days(make, branch, course, client_for):
    member, other = make.member(branch), make.member(branch)
    done(member, 3)
    long, title = course(360, "示例长课"), "主题党日（估计）"
    make.save(Enrolment(course_id=long.id, member_id=member.id, state="finished"))
    make.save(
        Event(unit_id=branch.id, activity="theme_day", title="示例", day=date(YEAR, 9, 11), minutes=135,
              starts_at=datetime(YEAR, 9, 11, 1, 0, tzinfo=UTC), form_id="x" * 36, form_hash="x" * 64)
    )  # fmt: skip
    page = client_for(member).get("/hours").text
    assert "示例长课" not in page
    assert "能，加上以后的主题党日" in page or "仍差" in page
    assert f"10月11日 {title}" in page
    assert f"9月25日 {title}" not in page, "September's was held"
    assert "12月11日" in page
    assert "示例长课" in client_for(other).get("/hours").text


def planned(unit, activity, day, minutes, hour=9, title="示例活动"):
    return make_event(unit_id=unit.id, activity=activity, title=title, day=day, minutes=minutes,
                      starts_at=clock.at(day, hour), state="planned")  # fmt: skip


def test_classes_and_planned_meetings_join_with_their_days(make, root, branch, client_for):
    """A class of a day and a half that takes three kinds of people, one seat; a meeting and a theme day."""
    academy = make.unit("示例学院", parent=root, kind="academy")
    make.save(Academy(unit_id=academy.id, service_unit_id=root.id))
    kept = {"year": 0, "ends_on": date(YEAR, 10, 15), "capacity": 1, "state": "open", "rule": {}}
    rows = [
        TrainingClass(unit_id=academy.id, number=n, title=title, form_id=f"class-{n}", audience=audience,
                      starts_on=date(YEAR, 10, 14), **kept)
        for n, (title, audience) in enumerate([("示例轮训班", "all"), ("示例书记班", "secretaries")], 1)
    ]  # fmt: skip
    for row in rows:
        make.save(row)
        for day, hour, minutes in ((14, 9, 180), (14, 14, 180), (15, 9, 90)):
            event_id = planned(academy, "training_class", date(YEAR, 10, day), minutes, hour)
            make.save(ClassSession(class_id=row.id, event_id=event_id, mode="lecture"))
    planned(branch, "committee_meeting", date(YEAR, 10, 20), 300)  # business, no study
    planned(branch, "topic_study", date(YEAR, 10, 21), 90, title="示例专题学习")
    planned(branch, "theme_day", date(YEAR, 10, 28), 90, title="示例主题党日")
    member, other = make.member(branch, name="示例甲"), make.member(branch, name="示例乙")
    for one in (member, other):
        done(one, 3)
    page = client_for(member).get("/hours").text
    assert "已公布的课程、培训班和支部活动最多可计 14.0" in page, "8 and 2 of the class, 2 and 2 of meetings"
    assert "10月14日 <a href" in page
    assert "示例轮训班" in page
    assert "示例书记班" not in page
    assert "培训班要参加全程" in page
    make.save(
        ClassEnrolment(
            class_id=rows[0].id, member_id=other.id, unit_id=branch.id, state="enrolled", seat=True
        )
    )
    page = client_for(member).get("/hours").text
    assert "示例轮训班" not in page, "the only seat is another's"
    assert "示例专题学习" in page
    assert "10月28日 示例主题党日" in page
    assert "10月25日" not in page, "no second theme Party day is assumed in October"
    assert "示例轮训班" in client_for(other).get("/hours").text, "who has a seat comes"
    refresh(member, other)
    hard = make.member(branch, name="示例丙")
    refresh(hard)
    listed = client_for(make.person(Role.BRANCH_SECRETARY, branch)).get(f"/branches/{branch.id}/out-of-reach")
    assert [name in listed.text for name in ("示例甲", "示例乙", "示例丙")] == [False, False, True]
    assert ">22.0<" in listed.text, "32, less 4 of meetings and 6 of usual theme days"


def test_out_of_reach_stands_on_the_list_of_the_branch_only_then(make, branch, course, client_for):
    near, far, care, met = [make.member(branch, name=f"示例{name}") for name in ("甲", "乙", "丙", "丁")]
    done(near, 3)
    done(met, 4)
    make.save(CareSpan(member_id=care.id, valid_from=date(YEAR, 1, 1)))
    refresh(near, far, care, met)
    course(360)
    client = client_for(make.person(Role.BRANCH_SECRETARY, branch))
    page = client.get(f"/branches/{branch.id}/out-of-reach").text
    assert [name in page for name in ("示例甲", "示例乙", "示例丙", "示例丁")] == [False, True, False, False]
    assert "示例乙" in page
    own = client_for(far).get("/hours").text
    assert "按目前安排，完不成" in own
    assert "仍差 16.0" in own, "32, less 8 of the course and 2 on each of four theme days"
    assert ">16.0<" in page
    assert f"/branches/{branch.id}/out-of-reach" in client.get("/").text


def test_the_list_costs_the_same_for_any_number(make, root, branch, course, client_for, statements):
    course(90)
    client = client_for(make.person(Role.BRANCH_SECRETARY, branch))
    first = make.member(branch)
    refresh(first)
    path = f"/branches/{branch.id}/out-of-reach"
    client.get(path)
    with statements() as few:
        assert client.get(path).status_code == 200
    refresh(*[make.member(branch, with_account=False) for _ in range(12)])
    with statements() as many:
        assert client.get(path).text.count('role="rowheader"') == 13
    assert many.count == few.count <= 11, many


def test_caps_of_the_year_are_held_against_what_counted_before(make, root, branch, course, client_for):
    with transaction():
        hours.publish_policy(None, root.id, YEAR, PolicyRules(proof_caps={"C": 500}))
    member = make.member(branch)
    post(line(member, "course:9", 180, date(YEAR, 4, 1), "online_course", proof="C"))
    refresh(member)
    for n in range(3):
        course(360, f"示例课{n}")
    page = client_for(member).get("/hours").text
    assert "<td>9.0</td>" in page, "four of the five hours of courses are used"
    client = client_for(make.person(Role.BRANCH_SECRETARY, branch))
    listed = client.get(f"/branches/{branch.id}/out-of-reach").text
    assert ">9.0<" in listed, "1 of a course and 2 on each of four theme days"


def test_who_owes_nothing_or_has_a_closed_year_sees_no_forecast(make, branch, client_for):
    care = make.member(branch)
    make.save(CareSpan(member_id=care.id, valid_from=date(YEAR, 1, 1)))
    refresh(care)
    assert "年底能完成吗" not in client_for(care).get("/hours").text
    assert "年底能完成吗" not in client_for(make.member(branch)).get("/hours?year=2025").text


def test_a_line_after_the_sign_off_is_marked_late(make, branch, client_for, frozen):
    member, secretary = make.member(branch), make.person(Role.BRANCH_SECRETARY, branch)
    post(line(member, "event:1", 90, date(YEAR, 8, 3)))
    client = client_for(member)
    assert "迟报" not in client.get("/hours").text
    with transaction():
        closing.sign(make.actor(secretary), branch.id, YEAR, 8, since=date(2026, 8, 1), seen=1)
    assert "迟报" not in client.get("/hours").text
    post(line(member, "event:2", 90, date(YEAR, 8, 4)))
    assert client.get("/hours").text.count("迟报") == 1
