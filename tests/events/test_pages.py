"""The pages of meetings: two steps without script, one record, nothing of another branch."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from io import BytesIO

import pytest
from sqlalchemy import func, select

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.storage import StoredFile
from pbtrain.events.models import ActivityRow, Attendance, Event, EventPhoto, EventStep
from pbtrain.hours.models import HourClaim, HourEntry, MemberYear
from pbtrain.org.roles import Role
from tests.events.test_photos import picture


@pytest.fixture
def desk(client_for, secretary):
    """The secretary's browser."""
    return client_for(secretary)


@pytest.fixture
def outsider(make, client_for, committee):
    """The secretary of the branch beside."""
    return client_for(make.person(Role.BRANCH_SECRETARY, make.unit(parent=committee)))


def test_two_steps_lead_to_the_record(desk, sheet, people, db):
    assert desk.get("/events/new").status_code == 200
    step = {key: value for key, value in sheet([]).items() if key not in ("form_id", "present")}
    page = desk.get("/events/new/people", query_string=step).text
    assert page.count("checked") == 4, "everybody is ticked beforehand"
    answer = desk.post("/events/new/people", data=sheet(people[:2]))
    assert answer.status_code == 303
    shown = desk.get(answer.location).text
    assert "重温入党志愿书" in shown
    assert "4.0" in shown, "two people with 2.0 each"
    assert db.session.scalar(select(func.count(HourEntry.id))) == 2


def test_photos_that_come_later_show_as_such(desk, outsider, record, people, db):
    event_id = record(people).event_id
    address = f"/events/{event_id}/files"
    said = {"reason": "照片后来才收到", "version": "1"}

    def send(content):
        return desk.post(address, data=said | {"photos": (BytesIO(content), "会场.jpg")}).status_code

    assert desk.post(address, data=said).status_code == 422
    assert (send(b"no picture"), send(picture())) == (422, 303)
    for path in (f"/events/{event_id}", f"/events/{event_id}/page"):
        page = desk.get(path).text
        assert "照片 1（后补）" in page
        assert "照片后来才收到" in page
    assert send(picture()) == 409, "the record has moved on"
    assert outsider.get(address).status_code == 404
    assert db.session.scalar(select(func.count(EventPhoto.id))) == 1


def test_a_photo_added_by_mistake_goes_and_the_record_says_so(desk, outsider, record, people, db):
    event_id = record(people).event_id
    sent = {"reason": "会后补拍", "version": "1", "photos": (BytesIO(picture()), "误传.jpg")}
    assert desk.post(f"/events/{event_id}/files", data=sent).status_code == 303
    uuid = db.session.scalar(select(StoredFile.uuid))
    address = f"/events/{event_id}/files/{uuid}"
    assert address in desk.get(f"/events/{event_id}/files").text
    assert outsider.get(address).status_code == 404
    assert desk.post(address, data={"version": "2", "reason": ""}).status_code == 422
    assert desk.post(address, data={"version": "1", "reason": "放错了"}).status_code == 409
    assert desk.post(address, data={"version": "2", "reason": "放错了"}).status_code == 303
    assert db.session.scalar(select(func.count(EventPhoto.id))) == 0
    assert db.session.scalar(select(func.count(StoredFile.id))) == 0
    for path in (f"/events/{event_id}", f"/events/{event_id}/page"):
        page = desk.get(path).text
        assert "误传.jpg" in page
        assert "放错了" in page
    assert desk.get(address).status_code == 404


def test_what_shows_that_it_was_held_is_named_and_what_is_missing(desk, sheet, record, people, db):
    """By activity and channel; nothing is refused for it, and the level of the hours follows the channel."""
    bare = record(people, activity="members_meeting").event_id
    page = desk.get(f"/events/{bare}").text
    assert "缺：会议记录" in page
    assert "缺：现场照片" not in page
    heard = record(people, hour=11, channel="air", agenda="7:30 广播《党课》", title="收听广播").event_id
    page = desk.get(f"/events/{heard}/page").text
    assert "哪个节目、什么时间（写在议程里）" in page
    assert "缺：小测答卷（照片或附件）" in page
    looked = record(people, hour=13, channel="web", title="看网课").event_id
    found = select(HourEntry.proof).where(HourEntry.source.startswith(f"event:{looked}/")).distinct()
    assert db.session.scalars(found).all() == ["C"]
    step = {key: value for key, value in sheet([]).items() if key not in ("form_id", "present")}
    form = desk.get("/events/new/people", query_string=step).text
    assert "到会名单、现场照片" in form
    assert "空中课堂：哪个节目" in form


def test_steps_are_ticked_off(desk, outsider, make, branch, record, people, db):
    """As shipped or as the branch's own words have them; twice is once, and the tick can be taken back."""
    make.save(
        ActivityRow(
            unit_id=branch.id, activity="theme_day", steps={"before": ["100% 通知到人"], "after": ["归档"]}
        )
    )
    event_id = record(people).event_id
    address = f"/events/{event_id}/steps"
    assert "100% 通知到人" in desk.get(f"/events/{event_id}").text
    tick = {"phase": "before", "place": "0", "done": "1"}
    assert [desk.post(address, data=tick).status_code for _ in range(2)] == [303, 303]
    page = desk.get(f"/events/{event_id}").text
    assert "已完成 1 / 2 步" in page
    assert outsider.post(address, data=tick).status_code == 404
    assert desk.post(address, data=tick | {"phase": "during"}).status_code == 422
    assert db.session.scalar(select(func.count(EventStep.id))) == 1
    desk.post(address, data=tick | {"done": "0"})
    assert "已完成 0 / 2 步" in desk.get(f"/events/{event_id}").text


def test_the_book_of_a_year_is_read_at_once(desk, outsider, branch, record, people, statements):
    """Cover, roster and every page, in as many statements for four meetings as for one."""
    record(people, title="示例第一次")
    address = f"/branches/{branch.id}/handbook?year=2026"
    with statements() as one:
        assert "示例第一次" in desk.get(address).text
    for hour in (11, 13, 15):
        record(people[:2], title=f"示例 {hour} 点", hour=hour - 5)
    with statements() as four:
        page = desk.get(address).text
    assert len(one) == len(four)
    assert page.count('id="h-record-') == 4
    assert "4 次" in page
    assert "示例第一次" not in desk.get(f"{address}&part=1").text, "it is September"
    assert desk.get(f"{address}&part=3").status_code == 404
    assert outsider.get(address).status_code == 404


def test_a_double_click_gives_one_record_and_the_same_answer(desk, sheet, people, db):
    form = sheet(people)
    first, second = (desk.post("/events/new/people", data=form) for _ in range(2))
    assert (
        (first.status_code, first.location) == (second.status_code, second.location) == (303, first.location)
    )
    assert db.session.scalar(select(func.count(Event.id))) == 1
    assert db.session.scalar(select(func.count(HourEntry.id))) == 3
    changed = desk.post("/events/new/people", data=form | {"present": people[:1]})
    assert changed.location == first.location
    assert db.session.scalar(select(func.count(HourEntry.id))) == 3


def test_two_clicks_at_once_give_one_record(app, client_for, secretary, sheet, people, db):
    form, browsers = sheet(people), [client_for(secretary) for _ in range(4)]

    def click(browser):
        with app.app_context():
            answer = browser.post("/events/new/people", data=form)
            db.session.remove()
            return answer

    with ThreadPoolExecutor(len(browsers)) as pool:
        answers = list(pool.map(click, browsers))
    assert {(answer.status_code, answer.location) for answer in answers} == {(303, answers[0].location)}
    assert db.session.scalar(select(func.count(Event.id))) == 1
    assert db.session.scalar(select(func.count(HourEntry.id))) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"day": "2026-09-26"},
        {"day": "2026-02-30"},
        {"day": ""},
        {"time": "25:00"},
        {"minutes": "1e3"},
        {"minutes": "10" * 20},
        {"title": "x" * 200},
        {"title": "\u200b\u200b\u200b"},
        {"activity": "nonsense"},
        {"present": ["abc"]},
        {"present": ["9" * 30]},
        {"present": []},
        {"form_id": "no"},
        {"form_id": ""},
    ],
)
def test_a_wrong_form_comes_back_with_its_ticks(desk, sheet, people, db, wrong):
    data = sheet(people) | wrong
    answer = desk.post("/events/new/people", data=data)
    assert answer.status_code == 422, answer.text
    assert db.session.scalar(select(func.count(Event.id))) == 0


def test_the_first_step_refuses_before_anyone_ticks(desk, sheet):
    step = sheet([]) | {"day": "2026-10-01"}
    answer = desk.get("/events/new/people", query_string=step)
    assert answer.status_code == 422
    assert 'name="present"' not in answer.text


def test_a_host_that_is_no_sister_shows_nobody_of_it(desk, make, sheet, people):
    """The form is refused for the wrong id; the page it comes back with lists nobody of that branch."""
    far = make.unit(parent=make.unit())
    stranger = make.member(far, name="示例别处的人")
    for hosts in (far.id, 10**9, stranger.id):
        page = desk.post("/events/new/people", data=sheet(people) | {"hosts": hosts})
        assert (page.status_code, "示例别处的人" in page.text) == (422, False)


def test_another_branch_cannot_be_named(desk, make, committee, sheet, people):
    other = make.unit(parent=committee)
    for unit in (other.id, 10**9):
        assert desk.post("/events/new/people", data=sheet(people, unit=unit)).status_code == 404
        assert desk.get("/events/new/people", query_string=sheet([], unit=unit)).status_code == 404


def test_the_branch_beside_sees_nothing(outsider, record, people, db):
    event_id = record(people).event_id
    assert "重温" not in outsider.get("/events").text
    assert outsider.get(f"/events/{event_id}").status_code == 404
    assert outsider.get(f"/events/{event_id}/correct").status_code == 404
    form = {"version": 1, "present": people[:1], "reason": "误勾"}
    assert outsider.post(f"/events/{event_id}/correct", data=form).status_code == 404
    assert db.session.scalar(select(Event.version)) == 1


def test_a_member_records_nothing(make, client_for, branch):
    assert client_for(make.member(branch)).get("/events").status_code == 403


def test_the_list_is_cheap_searched_and_paged(desk, record, people, statements):
    for hour in range(0, 12, 2):
        record(people, hour=hour, title=f"第{hour}次学习")
    with statements() as sent:
        page = desk.get("/events")
    assert sent.count <= 8, sent
    assert page.text.count("pb-date") == 6
    assert desk.get("/events?q=第4次").text.count("pb-date") == 1
    assert desk.get("/events?year=2025").text.count("pb-date") == 0
    for wrong in ("after=2", "before=x", "year=abc", "year=10000"):
        assert desk.get(f"/events?{wrong}").status_code == 404


def test_one_meeting_is_cheap(desk, record, people, statements):
    event_id = record(people).event_id
    with statements() as sent:
        assert desk.get(f"/events/{event_id}").status_code == 200
    assert sent.count <= 9, sent


def test_a_correction_from_the_page(desk, record, people, db):
    event_id = record(people).event_id
    assert desk.get(f"/events/{event_id}/correct").text.count("checked") == 3
    form = {"version": 1, "present": people[:1], "reason": "两位同志请假"}
    assert desk.post(f"/events/{event_id}/correct", data=form).status_code == 303
    assert "两位同志请假" in desk.get(f"/events/{event_id}").text
    assert db.session.scalar(select(func.count()).where(Attendance.present)) == 1


def test_a_lost_race_shows_both_versions(desk, record, people, db):
    event_id = record(people).event_id
    desk.post(f"/events/{event_id}/correct", data={"version": 1, "present": people[:2], "reason": "误勾一人"})
    mine = {"version": 1, "present": [people[0], people[2]], "reason": "我看到的是这样"}
    answer = desk.post(f"/events/{event_id}/correct", data=mine)
    assert answer.status_code == 409
    assert "我看到的是这样" in answer.text
    assert 'value="2"' in answer.text, "saving again decides"
    again = desk.post(f"/events/{event_id}/correct", data=mine | {"version": 2})
    assert again.status_code == 303


def test_a_held_line_is_decided_once(make, desk, outsider, record, people, db):
    record(people[:2], hour=9)
    record(people, hour=10)
    one, other = db.session.scalars(select(HourClaim.id).order_by(HourClaim.id)).all()
    assert desk.get("/held").text.count("60") >= 2
    assert outsider.post(f"/held/{one}/approve").status_code == 404
    assert desk.post(f"/held/{one}/approve").status_code == 303
    assert desk.post(f"/held/{one}/approve").status_code == 409
    assert desk.post(f"/held/{other}/reject", data={"reason": ""}).status_code == 422
    assert desk.post(f"/held/{other}/reject", data={"reason": "当时在乡镇开会"}).status_code == 303
    assert desk.post(f"/held/{other}/approve").status_code == 409
    minutes = db.session.scalars(select(MemberYear.minutes).order_by(MemberYear.member_id)).all()
    assert sorted(minutes) == [90, 90, 150]
    assert desk.post("/held/999/approve").status_code == 404
    assert clock.today().year == 2026


def test_a_year_that_is_only_planned_is_not_offered(desk, record, people, branch, make):
    record(people)
    day = date(2027, 1, 8)
    make.save(
        Event(
            unit_id=branch.id, activity="theme_day", title="1月主题党日", day=day,
            starts_at=clock.at(day, 15), minutes=90, state="planned",
            form_id="5de0c0de-32aa-4000-8000-00000000f027", form_hash="",
        )
    )  # fmt: skip
    assert "year=2027" not in desk.get("/events").text
    with transaction() as session:
        session.scalars(select(Event).where(Event.day == day)).one().state = "held"
    assert "year=2027" in desk.get("/events").text
