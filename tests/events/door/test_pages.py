"""The pages of the door: the large screen, the phone of who comes, the chair's list, paper, closing."""

import json
import re
from io import BytesIO
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.events.door import people as listing
from pbtrain.events.door import queries, tickets
from pbtrain.events.models import Attendance, CheckIn, Event, EventPhoto
from pbtrain.events.views.checkin import PHONE
from pbtrain.home.my_data import person as my_data
from pbtrain.hours.models import HourEntry
from pbtrain.org.models import Member
from pbtrain.org.roles import Role
from tests.events.test_photos import picture


@pytest.fixture
def code(app):
    """`code(event)` is the one on the screen at this moment."""

    def now(event_id):
        key = tickets.derived(app.config["KEYS"]["link"])
        return tickets.code_for(key, event_id, tickets.slot_of(clock.now()))

    return now


@pytest.fixture
def chair_client(client_for, secretary):
    return client_for(secretary)


def test_only_one_page_may_ask_for_the_camera(phone, people):
    client = phone(people[0])
    page = client.get("/door/scan")
    assert page.headers["Permissions-Policy"] == "camera=(self), geolocation=(), microphone=()"
    assert 'data-scan="/d/"' in page.text
    assert client.get("/calendar").headers["Permissions-Policy"].startswith("camera=(), ")


def test_the_list_renews_itself_only_when_something_is_new(
    chair_client, phone, people, opened, code, statements
):
    page = chair_client.get(f"/door/{opened}/list")
    assert re.search(r'data-who="\d+"', page.text), "what waits on a phone is kept apart for each who uses it"
    assert f'href="/events/{opened}"' in page.text, "the way back to the meeting"
    address = re.search(rf'hx-get="(/door/{opened}/list/now\?mark=[^"]+)"', page.text)[1]
    with statements() as sent:
        assert chair_client.get(address).status_code == 204
    assert len(sent) <= 8
    client = phone(people[0])
    client.post(f"/door/{opened}/in", data=button(client.get(f"/d/{code(opened)}", follow_redirects=True)))
    renewed = chair_client.get(address)
    assert renewed.status_code == 200
    assert address not in renewed.text
    assert "<html" not in renewed.text


def test_ones_own_records_of_the_door_are_taken_home(phone, people, opened, code):
    client, member = phone(people[0]), db.session.get_one(Member, people[0])
    client.post(f"/door/{opened}/in", data=button(client.get(f"/d/{code(opened)}", follow_redirects=True)))
    ((day, title, *said),) = my_data.everything(member.account_id, member.id)["door"].rows
    assert (day, title, said[0], said[1]) == (clock.today(), "重温入党志愿书", "到会", "扫码")
    assert said[4] == member.name, "who pressed the button"


def rows(event_id):
    return queries.everybody(event_id)


def account_of(member_id):
    return db.session.get_one(Member, member_id).account_id


@pytest.fixture
def phone(client_for, make):
    """`phone(member_id)`: a browser signed in as this person."""

    def signed_in(member_id):
        return client_for(db.session.get_one(Member, member_id))

    return signed_in


def button(page):
    """The fields of the one button."""
    return dict(re.findall(r'name="(ticket|out)" value="([^"]*)"', page.text))


def test_from_the_code_to_the_list(phone, chair_client, opened, people, code, statements, frozen):
    screen = chair_client.get(f"/door/{opened}")
    assert screen.status_code == 200
    assert "pb-qr" in screen.text
    mark = re.search(r"mark=([^\"]+)\"", screen.text)[1]
    assert chair_client.get(f"/door/{opened}/now?mark={mark}").status_code == 204
    browser = phone(people[0])
    scanned = browser.get(f"/d/{code(opened)}")
    assert scanned.status_code == 303
    page = browser.get(scanned.location)
    fields = button(page)
    for _ in range(2):  # sent twice, it counts once
        assert browser.post(f"/door/{opened}/in", data=fields).status_code == 303
    assert "已签到" in browser.get(f"/door/{opened}/in").text
    assert db.session.scalar(select(func.count(CheckIn.id))) == 1
    with statements() as sent:
        new = chair_client.get(f"/door/{opened}/now?mark={mark}")
    assert new.status_code == 200
    assert re.search(r'<p class="pb-stage__num" role="status">\s*1<', new.text)
    assert len(sent) <= 4, sent


def test_a_code_that_was_sent_on_is_refused(phone, opened, people, code, frozen):
    old, browser = code(opened), phone(people[0])
    frozen.shift(seconds=16)
    assert browser.get(f"/d/{old}").status_code == 303  # two seconds of margin
    frozen.shift(seconds=2)
    refused = browser.get(f"/d/{old}")
    assert refused.status_code == 422
    assert "15 秒" in refused.text
    assert browser.get("/d/nonsense").status_code == 422
    link = phone(people[0]).get(f"/d/{code(opened)}").location
    stolen = phone(people[1]).get(link)  # the ticket in another browser
    assert stolen.status_code == 422
    assert "另一部手机" in stolen.text


def test_the_ticket_survives_signing_in_and_ends(client, make, opened, people, code, frozen, phone):
    """Somebody who is not signed in is sent to the entrance and back with the ticket."""
    ticket = client.get(f"/d/{code(opened)}").location
    sent = client.get(ticket)
    assert sent.status_code == 302
    with client.session_transaction() as session:
        assert session["next"] == ticket
        session["_user_id"] = make.login_session(db.session.get_one(Member, people[0]))
        session["_fresh"] = True
    fields = button(client.get(ticket))
    frozen.shift(seconds=301)
    late = client.post(f"/door/{opened}/in", data=fields)
    assert late.status_code == 422
    assert "5 分钟" in late.text
    assert rows(opened)[1].present is False


def test_another_class_a_stranger_and_a_wrong_time(phone, make, plan, opened, people, code, frozen):
    stranger = phone(make.member().id)
    link = stranger.get(f"/d/{code(opened)}").location
    assert "不在" in stranger.get(link).text
    assert stranger.get(f"/door/{opened}/in").status_code == 404
    for guess in ("x", "x" * 60):  # without a code nobody learns what is held there
        page = stranger.get(f"/door/{opened}/in?t={guess}")
        assert (page.status_code, "重温入党志愿书" in page.text) == (422, False)
    waiting = plan()
    with transaction():
        listing.expect(waiting, people)
    browser = phone(people[0])
    assert "还没开始" in browser.get(browser.get(f"/d/{code(waiting)}").location).text


def test_one_phone_for_two_shows_on_the_list_only(client, make, chair_client, opened, people, code):
    for person in people[:2]:
        with client.session_transaction() as session:
            session["_user_id"] = make.login_session(db.session.get_one(Member, person))
            session["_fresh"] = True
        page = client.get(client.get(f"/d/{code(opened)}").location)
        client.post(f"/door/{opened}/in", data=button(page))
        client.post("/logout")  # the phone's key stays
        assert client.get_cookie(PHONE) is not None
    names = [db.session.get_one(Member, one).name for one in people[:2]]
    listed = chair_client.get(f"/door/{opened}/list").text
    assert all(name in listed for name in names)
    assert "同一部手机" in listed
    assert "同一部手机" not in chair_client.get(f"/door/{opened}").text


def test_ticks_closing_and_a_correction(
    chair_client, client_for, secretary, opened, people, frozen, statements
):
    first, second = (row for row in rows(opened) if row.member_id in people[:2])
    tick = {"row": first.id, "act": "in", "was": "absent", "record_id": str(uuid4())}
    assert chair_client.post(f"/door/{opened}/tick", data=tick).status_code == 303
    again = chair_client.post(f"/door/{opened}/tick", data=tick | {"record_id": str(uuid4())})
    assert again.status_code == 409
    person = f"/door/{opened}/person/{second.id}"
    frozen.shift(minutes=20)
    late = {"standing": "late", "came": "15:30", "was": "absent", "version": 1, "record_id": str(uuid4())}
    assert chair_client.post(person, data=late | {"came": ""}).status_code == 422
    assert chair_client.post(person, data=late).status_code == 303
    assert "还在进行" in chair_client.post(f"/door/{opened}/close", data={"version": 1}).text
    frozen.shift(hours=2)
    chair_client = client_for(secretary)
    closed = chair_client.post(f"/door/{opened}/close", data={"version": 1, "witnessed": "y"})
    assert closed.status_code == 303
    assert sorted(db.session.scalars(select(HourEntry.minutes))) == [60, 90]
    with statements() as sent:
        assert chair_client.get(f"/door/{opened}/list").status_code == 200
    assert len(sent) <= 8
    assert chair_client.get(f"/door/{opened}").status_code == 303  # no code any more
    assert chair_client.get(f"/events/{opened}/correct").location == f"/door/{opened}/list"
    right = {"standing": "in", "version": 2, "was": "late", "record_id": str(uuid4())}
    assert "reason-error" in chair_client.post(person, data=right).text
    assert chair_client.post(person, data=right | {"reason": "示例：其实准时"}).status_code == 303
    assert sum(db.session.scalars(select(HourEntry.minutes))) == 180
    stale = chair_client.post(person, data=right | {"standing": "absent", "reason": "示例：又"})
    assert stale.status_code == 409


def test_records_without_a_line(chair_client, opened, people):
    row = rows(opened)[0].id
    now = clock.now().isoformat()
    one = {"record_id": str(uuid4()), "row": row, "act": "in", "told_at": now}
    sending = {"sent_at": now, "records": [one, one]}
    answers = chair_client.post(f"/door/{opened}/records", json=sending).json["answers"]
    assert [each["result"] for each in answers] == ["created", "exists"]
    for bad in (
        None,
        [],
        {"sent_at": now},
        sending | {"more": 1},
        sending | {"sent_at": "yesterday"},
        sending | {"sent_at": "2026-09-25T15:00:00"},
        {"sent_at": now, "records": [one | {"record_id": "x"}]},
        {"sent_at": now, "records": [one | {"row": True}]},
        {"sent_at": now, "records": [one | {"event_id": 2}]},
        {"sent_at": now, "records": [one] * 501},
    ):
        assert chair_client.post(f"/door/{opened}/records", json=bad).status_code == 400, bad
    text = json.dumps(sending).replace('"in"', '"\\ud800"')
    raw = chair_client.post(f"/door/{opened}/records", data=text, content_type="application/json")
    assert raw.status_code == 400


def test_the_sheet_on_paper(chair_client, client_for, make, branch, opened, people):
    more = [make.member(branch, with_account=False).id for _ in range(30)]
    with transaction():
        listing.expect(opened, more)
    printed = chair_client.get(f"/door/{opened}/sheet.pdf")
    assert printed.data.startswith(b"%PDF")
    assert printed.data.count(b"/Type /Page\n") == 2
    page = f"/door/{opened}/sheet?page=2"
    ids = [row.id for row in rows(opened)]
    sent = {"record_id": str(uuid4()), "present": [ids[26], ids[3]]}  # the second is not of this page
    assert "先上传" in chair_client.post(page, data=sent).text
    saved = chair_client.post(page, data=sent | {"photos": (BytesIO(picture()), "page.jpg")})
    assert saved.status_code == 303
    again = chair_client.post(page, data=sent | {"photos": (BytesIO(picture()), "page.jpg")})
    assert again.status_code == 303  # a double click: one photo
    assert [row.id for row in rows(opened) if row.present] == [ids[26]]
    assert db.session.scalars(select(EventPhoto.kind)).all() == ["sheet"]
    photo = re.search(r"/door/f/[\w-]+", chair_client.get(page).text)[0]
    with chair_client.get(photo) as answer:
        assert answer.status_code == 200
    outsider = client_for(make.person(Role.BRANCH_SECRETARY))
    assert outsider.get(photo).status_code == 404
    assert chair_client.get(f"/door/{opened}/sheet?page=3").status_code == 404


def test_the_academy_keeps_the_doors_of_its_classes(client_for, make, committee, plan):
    academy = make.unit(parent=committee, kind="academy")
    event = plan(unit_id=academy.id)
    inside = client_for(make.person(Role.ACADEMY_ADMIN, academy))
    assert inside.get(f"/door/{event}/list").status_code == 200
    assert inside.post(f"/door/{event}/open").status_code == 303
    assert db.session.scalar(select(func.count(Attendance.id))) == 0  # classes say who is expected
    other = client_for(make.person(Role.ACADEMY_ADMIN, make.unit(parent=committee, kind="academy")))
    assert other.get(f"/door/{event}/list").status_code == 404
    assert db.session.get_one(Event, event).door_opened_at is not None
