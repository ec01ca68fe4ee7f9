"""Leap days, year ends and clocks that go wrong: a line belongs to the Shanghai day on which it began."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from pbtrain.core import clock
from pbtrain.core.db import db as database
from pbtrain.core.db import transaction
from pbtrain.events import services as events
from pbtrain.hours import services as hours
from pbtrain.hours import verify
from pbtrain.hours.models import Book, HourEntry

SHANGHAI = clock.SHANGHAI


def local(*parts):
    return datetime(*parts, tzinfo=SHANGHAI)


# began at, and the day and the year it belongs to
MOMENTS = [
    (local(2024, 2, 28, 23, 30), date(2024, 2, 28), 2024),
    (local(2024, 2, 29, 9, 0), date(2024, 2, 29), 2024),
    (local(2024, 2, 29, 23, 30), date(2024, 2, 29), 2024),
    (local(2024, 3, 1, 0, 0), date(2024, 3, 1), 2024),
    (local(2025, 2, 28, 20, 0), date(2025, 2, 28), 2025),
    (local(2025, 12, 31, 23, 59), date(2025, 12, 31), 2025),
    (local(2026, 1, 1, 0, 0), date(2026, 1, 1), 2026),
    (datetime(2024, 12, 31, 16, 30, tzinfo=UTC), date(2025, 1, 1), 2025),
    (datetime(2024, 12, 31, 15, 59, tzinfo=UTC), date(2024, 12, 31), 2024),
]


@pytest.fixture
def meeting(make, branch, secretary):
    person = make.member(branch)

    def record(starts_at, form_id="f-1"):
        actor = make.actor(secretary)
        with transaction():
            return events.record_event(
                actor,
                events.Meeting(
                    unit_id=branch.id,
                    activity="theme_day",
                    title="示例主题党日",
                    starts_at=starts_at,
                    minutes=90,
                ),
                [person.id],
                form_id=form_id,
            )

    return record


@pytest.mark.parametrize(("began", "day", "year"), MOMENTS)
def test_a_meeting_counts_whole_to_the_day_it_began(frozen, client_for, secretary, meeting, began, day, year):
    frozen.move_to(began + timedelta(hours=2))
    meeting(began)
    entry, book = database.session.execute(
        select(HourEntry, Book).join(Book, Book.id == HourEntry.book_id)
    ).one()
    assert (entry.day, entry.credit_year, book.year) == (day, year, year)
    assert (entry.minutes, entry.starts_at) == (90, began)
    assert list(verify.verify()) == []
    client = client_for(secretary)
    for path in ("/", "/hours", "/events", "/inbox", f"/hours?year={year}", "/me"):
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize("today", ["2024-02-29", "2025-02-28", "2026-12-31", "2027-01-01", "2100-02-28"])
def test_every_page_opens_on_every_day(frozen, make, client_for, branch, secretary, committee, today):
    frozen.move_to(local(*map(int, today.split("-")), 0, 5))
    member_id = make.member(branch).id
    with transaction():
        hours.refresh_years([member_id], clock.today().year)
    client = client_for(secretary)
    for path in ("/", "/hours", "/events", "/events/new", f"/branches/{branch.id}/members", "/courses/"):
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize("day", ["2023-02-29", "1920-01-01", "0001-01-01", "9999-12-31", "2026-09-26", "abc"])
def test_a_day_that_cannot_be_is_refused_beside_its_field(frozen, client_for, branch, secretary, make, day):
    data = {"unit": branch.id, "activity": "theme_day", "title": "示例主题党日", "day": day, "time": "15:00"}
    answer = client_for(secretary).post(
        "/events/new/people",
        data=data | {"minutes": "90", "form_id": "9b2f2b34-5a3b-4e59-9a6f-0a4f3f0b8b11"},
    )
    assert answer.status_code == 422
    assert database.session.scalars(select(HourEntry)).all() == []


def test_a_clock_that_goes_back_keeps_the_order(frozen, meeting):
    meeting(local(2026, 9, 25, 9, 0), "f-1")
    frozen.shift(minutes=-10)
    meeting(local(2026, 9, 25, 12, 0), "f-2")
    frozen.shift(minutes=10)
    meeting(local(2026, 9, 24, 9, 0), "f-3")
    entries = database.session.scalars(select(HourEntry).order_by(HourEntry.seq)).all()
    assert [entry.seq for entry in entries] == [1, 2, 3]
    assert [entry.prev for entry in entries[1:]] == [entry.hash for entry in entries[:2]]
    assert [entry.starts_at.day for entry in entries] == [25, 25, 24]
    assert list(verify.verify()) == []


def test_a_clock_that_goes_back_signs_nobody_out_and_lets_nobody_stay(frozen, client_for, secretary):
    client = client_for(secretary)
    frozen.shift(minutes=-10)
    assert client.get("/events").status_code == 200
    frozen.shift(minutes=31)
    assert client.get("/events").status_code == 302  # twenty minutes without use


def test_summer_time_of_1986_is_a_date_like_any(make, frozen, branch):
    person = make.member(branch, born_on=date(1986, 5, 4), joined_on=date(1991, 9, 15))
    database.session.expire_all()
    assert (person.born_on, person.joined_on) == (date(1986, 5, 4), date(1991, 9, 15))
    assert clock.local(clock.at(date(1988, 7, 1), 15)).hour == 15
