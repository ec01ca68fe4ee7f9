"""Calendars: whose dates stand where, the days of a page, and the feed with its secret address."""

from datetime import date, timedelta

import pytest
from icalendar import Calendar
from sqlalchemy import select, update

from pbtrain.classes.models import ClassEnrolment, TrainingClass
from pbtrain.classes.queries import classes as queries
from pbtrain.classes.rules import days
from pbtrain.classes.services import classes, moves
from pbtrain.core.db import transaction
from pbtrain.events.models import CalendarFeed
from pbtrain.org.roles import Role
from tests.classes.conftest import MONDAY


@pytest.mark.parametrize(
    ("view", "day", "first", "last"),
    [
        ("month", date(2026, 10, 12), date(2026, 9, 28), date(2026, 11, 1)),
        ("month", date(2027, 2, 1), date(2027, 2, 1), date(2027, 2, 28)),
        ("week", date(2026, 10, 18), date(2026, 10, 12), date(2026, 10, 18)),
        ("list", date(2026, 10, 12), date(2026, 10, 12), date(2027, 1, 11)),
    ],
)
def test_a_page_shows_whole_weeks(view, day, first, last):
    assert days.span(view, day) == (first, last)
    assert days.span(view, day)[0] <= day <= days.span(view, day)[1]


def test_pages_follow_each_other_over_the_year():
    assert days.turned("month", date(2026, 12, 31), 1) == date(2027, 1, 1)
    assert days.turned("month", date(2026, 1, 31), -1) == date(2025, 12, 1)
    assert days.turned("week", date(2026, 12, 31), 1) == date(2027, 1, 7)


@pytest.fixture
def learner(hall, begin, make):
    """A member who is enrolled in an open class, and the class."""
    class_id, person = begin(), make.member(hall.branch)
    with transaction() as session:
        session.add(ClassEnrolment(class_id=class_id, member_id=person.id, state="enrolled", seat=True))
        classes.move_state(hall.actor, class_id, 1, "open")
    return class_id, person


def test_the_units_of_a_class_stand_in_the_calendars_of_its_people(
    hall, learner, make, client_for, statements
):
    class_id, person = learner
    reader = client_for(person)
    for view in ("month", "week", "list"):
        with statements() as sent:
            text = reader.get(f"/calendar?view={view}&day=2026-10-12").text
        assert "国门展馆体验教学" in text, view
        assert len(sent) <= 4
    stranger = client_for(make.member(hall.branch))
    assert "国门展馆" not in stranger.get("/calendar?day=2026-10-12").text
    runs = client_for(hall.admin)
    assert f"/classes/{class_id}" in runs.get(f"/calendar/units/{hall.academy_id}?day=2026-10-12").text
    venue = runs.get(f"/calendar/venues/{hall.ids.venues[0]}?day=2026-10-12").text
    assert "国门展馆体验教学" in venue
    assert "专题讲授" not in venue
    assert stranger.get(f"/calendar/units/{hall.academy_id}").status_code == 404
    assert reader.get("/calendar?day=2026-13-01").status_code == 404
    assert reader.get("/calendar?view=year").status_code == 404


def test_a_class_stands_in_the_calendar_of_the_branch_whose_members_sit_in_it(
    hall, learner, make, client_for, statements, db
):
    class_id, person = learner
    near = make.unit(parent=hall.committee)
    with transaction() as session:
        session.execute(update(ClassEnrolment).values(unit_id=hall.branch.id))
    desk = client_for(make.person(Role.BRANCH_SECRETARY, hall.branch))
    for view, times in (("month", 2), ("week", 2), ("list", 1)):
        with statements() as sent:
            text = desk.get(f"/calendar/units/{hall.branch.id}?view={view}&day=2026-10-12").text
        assert text.count(f"/classes/{class_id}/nominate") == times, view
        assert person.name in text
        assert len(sent) <= 7
    assert person.name in desk.get(f"/classes/{class_id}/nominate").text  # where the link leads
    (days,) = (one for uid, one in entries(desk, feed_address(desk)).items() if uid.startswith("class-"))
    assert (days.decoded("DTSTART"), days.decoded("DTEND")) == (date(2026, 10, 12), date(2026, 10, 14))
    assert person.name in str(days["DESCRIPTION"])
    other = make.person(Role.BRANCH_SECRETARY, near)
    there = client_for(other).get(f"/calendar/units/{near.id}?day=2026-10-12")
    assert f"/classes/{class_id}" not in there.text


def feed_address(client):
    text = client.post("/calendar/feed").text
    return text.split('id="address" value="')[1].split('"')[0].removeprefix("http://localhost")


def entries(client, address):
    parsed = Calendar.from_ical(client.get(address).data)
    return {str(one["UID"]): one for one in parsed.walk("VEVENT")}


def test_the_feed_follows_moves_and_cancelled_classes(hall, learner, client_for, client, db):
    class_id, person = learner
    address = feed_address(client_for(person))
    first = entries(client, address)
    assert len(first) == 3
    with transaction() as session:
        row = session.get_one(TrainingClass, class_id)
        moves.move_class(hall.actor, row, row.version, 1, reason="寒潮")
    moved = entries(client, address)
    assert moved.keys() == first.keys()
    uid = f"event-{queries.timetable(class_id)[0].event_id}@pbtrain"
    assert moved[uid].decoded("DTSTART") - first[uid].decoded("DTSTART") == timedelta(days=1)
    assert int(moved[uid]["SEQUENCE"]) > int(first[uid]["SEQUENCE"])
    with transaction() as session:
        version = session.get_one(TrainingClass, class_id).version
        classes.move_state(hall.actor, class_id, version, "cancel", "示例：停办")
    assert {str(one["STATUS"]) for one in entries(client, address).values()} == {"CANCELLED"}


def test_only_the_hash_is_kept_a_new_address_voids_the_old_and_guesses_have_to_wait(
    learner, client_for, client, db
):
    reader = client_for(learner[1])
    old = feed_address(reader)
    assert db.session.scalar(select(CalendarFeed.token_hash)) not in old
    new = feed_address(reader)
    assert client.get(new).status_code == 200
    assert client.get(old).status_code == 404
    guesses = [client.get(f"/calendar/{number:032x}.ics").status_code for number in range(60)]
    assert set(guesses) == {404, 429}
    reader.post("/calendar/feed", data={"act": "end"})
    assert db.session.scalar(select(CalendarFeed.id)) is None


def test_days_of_a_class_are_days_of_the_month(hall, begin, client_for):
    begin()
    page = client_for(hall.admin).get(
        f"/calendar/units/{hall.academy_id}?view=month&day={MONDAY.isoformat()}"
    )
    assert page.text.count("pb-month__day") == 35


def test_who_stands_on_no_roster_is_led_to_what_they_work_for(hall, make, client_for):
    clerk = make.account()
    make.grant(clerk, Role.ACADEMY_ADMIN, hall.academy)
    answer = client_for(clerk).get("/calendar?view=month&day=2026-10-12&_scheme=ftp")
    assert answer.location == f"/calendar/units/{hall.academy_id}?view=month&day=2026-10-12"
    page = client_for(clerk).get(answer.location).text
    assert "我的日程" not in page
