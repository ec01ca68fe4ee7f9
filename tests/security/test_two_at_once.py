"""Two people, or one twice, at the same moment: one of them wins, the other is told, nothing counts twice."""

import threading

import pytest
from sqlalchemy import func, select

from pbtrain.classes.models import ClassSession, Teacher, TrainingClass
from pbtrain.core import clock
from pbtrain.core.db import db as database
from pbtrain.core.db import transaction
from pbtrain.courses.models import Course, Lesson
from pbtrain.events.models import Attendance, Event, EventSeries, LearningPoint, Theme
from pbtrain.hours import services as hours
from pbtrain.hours import verify
from pbtrain.hours.models import HourClaim, HourEntry
from pbtrain.org.models import DataReport
from pbtrain.org.roles import Role
from tests.support.fuzz import Shot, encoded

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FORM_ID = "9b2f2b34-5a3b-4e59-9a6f-0a4f3f0b8b11"


@pytest.fixture(autouse=True)
def stands_still(frozen):
    """Nothing here depends on today."""


NAMES = ("示例王建国", "示例李爱华")


@pytest.fixture
def secretaries(make, branch):
    return [make.person(Role.BRANCH_SECRETARY, branch, name=name) for name in NAMES]


@pytest.fixture
def two(app, secretaries, cookie):
    """The cookies of two secretaries of one branch, called NAMES."""
    return tuple(cookie(app, person) for person in secretaries)


@pytest.fixture
def person(make, branch):
    return make.member(branch)


def line(member, hour, occurrence="event:1"):
    day = clock.today()
    return hours.Line(
        member_id=member.id,
        day=day,
        activity="theme_day",
        minutes=90,
        occurrence=occurrence,
        title="示例主题党日",
        starts_at=clock.at(day, hour),
        ends_at=clock.at(day, hour + 1, 30),
    )


def at_once(app, *shots):
    """Send them together; the answers in the order of the shots."""
    database.session.rollback()
    gate, answers = threading.Barrier(len(shots)), [None] * len(shots)

    def fire(place, shot):
        gate.wait()
        answers[place] = shot.send(app)

    threads = [threading.Thread(target=fire, args=pair) for pair in enumerate(shots)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.session.rollback()  # what was read before is old
    return answers


def post(path, cookie, **fields):
    lists = {name: value if isinstance(value, list) else [str(value)] for name, value in fields.items()}
    body = encoded(lists)
    return Shot("POST", path, b"", body, FORM | {"Cookie": cookie})


def settled(answers, done):
    """One 303; the other is told who was faster and when, in words that lead on."""
    codes = [answer.status_code for answer in answers]
    assert sorted(codes) == [303, 409]
    page = answers[codes.index(409)].get_data(as_text=True)
    assert done % NAMES[codes.index(303)] in page
    assert 'href="/"' in page
    assert list(verify.verify()) == []


def test_two_secretaries_reverse_one_line(app, two, person, committee):
    with transaction():
        (entry_id,) = hours.post_many(None, [line(person, 9)]).entry_ids
    path = f"/hours/lines/{entry_id}/reverse"
    answers = at_once(app, *(post(path, cookie, reason="点错了人") for cookie in two))
    settled(answers, "已由%s于 15:00 冲正")
    assert database.session.scalar(select(func.count(HourEntry.id))) == 2


def test_who_reverses_what_is_reversed_is_told_by_whom(app, secretaries, cookie, person, committee, frozen):
    with transaction():
        (entry_id,) = hours.post_many(None, [line(person, 9)]).entry_ids
    path = f"/hours/lines/{entry_id}/reverse"
    post(path, cookie(app, secretaries[0]), reason="点错了人").send(app)
    frozen.shift(days=1)
    page = post(path, cookie(app, secretaries[1]), reason="点错了人").send(app)
    assert page.status_code == 409
    assert "已由示例王建国于 2026-09-25 15:00 冲正" in page.get_data(as_text=True)


def test_two_secretaries_approve_one_overlap(app, two, person, committee):
    with transaction():
        hours.post_many(None, [line(person, 9), line(person, 10, "event:2")])
    claim_id = database.session.scalar(select(HourClaim.id))
    answers = at_once(app, *(post(f"/held/{claim_id}/approve", cookie) for cookie in two))
    settled(answers, "已由%s于 15:00 处理")
    assert database.session.scalar(select(func.count(HourEntry.id))) == 2


def test_one_approves_while_the_other_rejects(app, two, person, committee):
    with transaction():
        hours.post_many(None, [line(person, 9), line(person, 10, "event:2")])
    claim_id = database.session.scalar(select(HourClaim.id))
    answers = at_once(
        app,
        post(f"/held/{claim_id}/approve", two[0]),
        post(f"/held/{claim_id}/reject", two[1], reason="另一场已记"),
    )
    settled(answers, "已由%s于 15:00 处理")
    state = database.session.scalar(select(HourClaim.state))
    lines = database.session.scalar(select(func.count(HourEntry.id)))
    assert (state, lines) in (("approved", 2), ("rejected", 1))


def sheet(branch, person, **more):
    fields = {"unit": branch.id, "activity": "theme_day", "title": "示例主题党日", "day": "2026-09-24"}
    return fields | {"time": "15:00", "minutes": 90, "form_id": FORM_ID, "present": person.id} | more


def test_a_double_click_records_once(app, two, branch, person):
    shots = [post("/events/new/people", two[0], **sheet(branch, person)) for _ in range(4)]
    answers = at_once(app, *shots)
    assert [answer.status_code for answer in answers] == [303] * 4
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert database.session.scalar(select(func.count(Event.id))) == 1
    assert database.session.scalar(select(func.count(HourEntry.id))) == 1
    assert list(verify.verify()) == []


def made_once(app, table, who, path, **fields):
    """Where both clicks of a double click are led: to the one row they made."""
    before = database.session.scalar(select(func.count(table.id)))
    answers = at_once(app, *[post(path, who, **fields)] * 2)
    assert [answer.status_code for answer in answers] == [303, 303], path
    assert answers[0].location == answers[1].location
    assert database.session.scalar(select(func.count(table.id))) == before + 1, path
    return answers[0].location


def test_what_a_branch_and_the_level_above_make_is_made_once(app, two, make, committee, branch, cookie):
    """Forms that have no key of their own."""
    manager = cookie(app, make.person(Role.UNIT_ADMIN, committee))
    meets = {"activity": "theme_day", "title": "示例题目"}
    when = meets | {"time": "15:00", "minutes": 90, "place": "示例活动室"}
    days = {"since": "2026-10-01", "until": "2026-12-31", "every": "day:15"}
    home = f"/branches/{branch.id}"
    made_once(app, Event, two[0], f"{home}/plan/new", **when, day="2026-10-08")
    made_once(app, EventSeries, two[0], f"{home}/series/new", **when, **days)
    assert database.session.scalar(select(func.count(Event.id))) == 4  # one planned, three of the fixed day
    made_once(app, LearningPoint, two[0], f"{home}/points/new", name="示例户", version=0, host=0)
    themes = f"/units/{committee.id}/themes/new"
    made_once(app, Theme, manager, themes, **meets, from_day="2026-09-25", due_on="2026-10-31")
    own = cookie(app, make.member(branch))
    made_once(app, DataReport, own, "/me/data/wrong", subject="phone", text="示例：号码换了")


def test_what_an_academy_makes_is_made_once(app, make, committee, cookie):
    academy = make.unit(parent=committee, kind="academy")
    author, unit = cookie(app, make.person(Role.ACADEMY_ADMIN, academy)), {"unit_id": academy.id}
    course = made_once(
        app, Course, author, "/courses/manage/new", **unit, title="新课", minutes=45, lang="zh"
    )
    made_once(app, Lesson, author, f"{course}/lessons/new", title="一", minutes=10, least=0)
    made_once(app, Teacher, author, "/classes/catalogue/teachers/new", **unit, name="示例教师")
    asked = unit | {"template_id": 0, "title": "示例班", "starts_on": "2026-10-12", "form_id": FORM_ID}
    held = made_once(app, TrainingClass, author, "/classes/new", **asked)
    slot = {"title": "示例讲授", "day": "2026-10-12", "time": "09:00", "minutes": 90, "mode": "lecture"}
    slot |= {"teacher_id": 0, "venue_id": 0, "form_id": f"{FORM_ID[:-1]}2"}
    made_once(app, ClassSession, author, f"{held}/units/new", **slot)


def test_back_and_send_again_changes_nothing(app, two, branch, person):
    first = post("/events/new/people", two[0], **sheet(branch, person)).send(app)
    again = post("/events/new/people", two[0], **sheet(branch, person, title="另一个题目")).send(app)
    assert first.headers["Location"] == again.headers["Location"]
    database.session.rollback()  # what was read before the requests is old
    assert database.session.scalar(select(Event.title)) == "示例主题党日"


def test_two_correct_one_meeting(app, two, make, branch, person):
    other = make.member(branch)
    sent = post("/events/new/people", two[0], **sheet(branch, person)).send(app)
    path = sent.headers["Location"] + "/correct"
    answers = at_once(
        app,
        post(path, two[0], version=1, present=[str(other.id)], reason="点错了人"),
        post(path, two[1], version=1, present=[str(person.id), str(other.id)], reason="漏点一人"),
    )
    settled(answers, "%s于 15:00 更正过")
    present = set(database.session.scalars(select(Attendance.member_id).where(Attendance.present)))
    assert present == set(hours.live_entries(f"event:{database.session.scalar(select(Event.id))}"))
