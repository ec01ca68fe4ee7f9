"""The meetings of a branch that has ended are put right by whoever answers for it today."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from pbtrain.core import clock
from pbtrain.core.db import db as database
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.events import planning, queries, themes
from pbtrain.events.door import queries as doors
from pbtrain.events.door import running
from pbtrain.events.models import Attendance, Event, EventHost, Theme
from pbtrain.events.planning import Plan
from pbtrain.home.reshaping import services as reshaping
from pbtrain.hours.models import Book, HourClaim
from pbtrain.hours.verify import verify
from pbtrain.org import services as org
from pbtrain.org.models import Unit
from pbtrain.org.roles import Role
from tests.events.conftest import counted


@pytest.fixture
def next_branch(make, committee):
    """The branch beside."""
    return make.unit("示例第四网格党支部", parent=committee)


@pytest.fixture
def heir(make, client_for, next_branch):
    """The browser of its secretary."""
    return client_for(make.person(Role.BRANCH_SECRETARY, next_branch))


@pytest.fixture
def above(make, client_for, committee):
    """The browser of who administers the units above."""
    return client_for(make.person(Role.UNIT_ADMIN, committee))


@pytest.fixture
def held_before(record):
    """`held_before(ids)` records a meeting of three days ago; returns its id."""

    def save(present, *, hour=9):
        return record(present, starts_at=clock.at(clock.today() - timedelta(days=3), hour)).event_id

    return save


def merge(one, into):
    with transaction():
        reshaping.merge(None, [one.id], into.id)


def empty_and_abolish(branch, into):
    """Its members go elsewhere one by one; nobody takes the branch over."""
    with transaction():
        for row in queries.roster(branch.id, clock.today()):
            org.transfer(None, row.id, unit_id=into.id)
        reshaping.abolish(None, branch.id)


def minutes_in(unit):
    return database.session.scalar(select(Book.minutes).where(Book.unit_id == unit.id))


def test_who_took_the_branch_over_corrects_its_meeting(held_before, people, branch, next_branch, heir, above):
    event_id = held_before(people[:2])
    path, form = f"/events/{event_id}", {"version": 1, "present": people[1:], "reason": "示例：误勾"}
    assert heir.get(path).status_code == 404
    merge(branch, next_branch)
    assert branch.name in heir.get("/events").text
    page = heir.get(f"{path}/correct").text
    assert branch.name in page
    assert next_branch.name in page
    assert f'value="{people[2]}"' in page, "the roster of that day"
    assert heir.post(f"{path}/correct", data=form).location == path
    assert [counted(member_id) for member_id in people] == [0, 200, 200]
    assert minutes_in(branch) == 180, "the old branch's ledger"
    assert minutes_in(next_branch) is None
    assert above.post(f"{path}/correct", data=form | {"version": 2}).status_code == 404
    assert [str(finding) for finding in verify()] == []


def test_only_people_of_that_day_are_ticked(make, held_before, people, branch, next_branch, heir):
    event_id = held_before(people[:2])
    stranger = make.member(next_branch).id
    merge(branch, next_branch)
    assert f'value="{stranger}"' not in heir.get(f"/events/{event_id}/correct").text
    form = {"version": 1, "present": [*people[:2], stranger], "reason": "示例"}
    assert heir.post(f"/events/{event_id}/correct", data=form).status_code == 422


def test_two_mergers_later_the_last_branch_answers(
    make, client_for, committee, record, people, branch, next_branch, heir
):
    event_id = record(people[:2]).event_id
    third = make.unit("示例第五网格党支部", parent=committee)
    last = client_for(make.person(Role.BRANCH_SECRETARY, third))
    merge(branch, next_branch)
    assert heir.get(f"/events/{event_id}").status_code == 200
    merge(next_branch, third)
    assert third.name in last.get(f"/events/{event_id}").text
    assert heir.get("/events").status_code == 403, "the role ended with the branch"


def test_the_last_to_take_a_branch_over_answers(
    make, client_for, committee, record, people, branch, next_branch, heir
):
    event_id = record(people[:2]).event_id
    path = f"/events/{event_id}"
    with transaction():
        first_id = reshaping.turn(None, branch.id, "general_branch", name="示例第一党支部").to_id
    first = client_for(make.person(Role.BRANCH_SECRETARY, database.session.get(Unit, first_id)))
    assert "示例第一党支部" in first.get(path).text
    with transaction():  # it goes elsewhere, and what it grew out of is a branch again
        reshaping.move(None, first_id, committee.id)
        reshaping.turn(None, branch.id, "branch")
    own = client_for(make.person(Role.BRANCH_SECRETARY, branch))
    assert own.get(path).status_code == 200
    assert first.get(path).status_code == 404
    merge(branch, next_branch)
    assert next_branch.name in heir.get(path).text
    assert first.get(path).status_code == 404


def test_a_merger_taken_back_gives_the_meetings_back(record, people, branch, next_branch, heir):
    event_id = record(people[:2]).event_id
    merge(branch, next_branch)
    assert heir.get(f"/events/{event_id}").status_code == 200
    with transaction():
        reshaping.reopen(None, branch.id)
    assert heir.get(f"/events/{event_id}").status_code == 404


def test_what_the_branch_had_before_it_goes_over_and_comes_back(
    make, frozen, people, secretary, committee, branch, next_branch
):
    """Nobody reached a list of attendance that was open when its branch was merged: the hours were lost."""
    actor, later = make.actor(secretary), clock.at(clock.today() + timedelta(days=7), 15)
    admin = make.actor(make.person(Role.UNIT_ADMIN, committee))
    with transaction():
        begun = planning.plan_event(actor, Plan(branch.id, "theme_day", "示例已签到", clock.now(), 60))
        planning.plan_event(actor, Plan(branch.id, "theme_day", "示例未举行", clock.now(), 60))
        coming = planning.plan_event(
            actor, Plan(branch.id, "theme_day", "示例下周", later, 60, hosts=(next_branch.id,))
        )
        theme = themes.give_theme(
            admin, branch.id, activity="theme_day",
            title="示例主题", body="", from_day=clock.today(), due_on=later.date(),
        )  # fmt: skip
        running.open_door(actor, begun)
        signed_in = update(Attendance).where(Attendance.member_id.in_(people))
        database.session.execute(signed_in.values(present=True, how="code"))

    def whose(*tables):
        return {
            row.id: row.unit_id
            for table in tables
            for row in database.session.execute(select(table.id, table.unit_id).order_by(table.id))
        }

    frozen.shift(days=1)
    before = whose(Event)
    merge(branch, next_branch)
    assert whose(Event) == before | {begun: next_branch.id, coming: next_branch.id}
    assert whose(EventHost) == {}, "it holds it alone"
    assert whose(Theme) == {theme: next_branch.id}
    heir = make.actor(make.person(Role.BRANCH_SECRETARY, next_branch))
    with transaction():
        reshaping.reopen(None, branch.id)
    assert (whose(Event), whose(Theme)) == (before, {theme: branch.id})
    merge(branch, next_branch)
    assert doors.doored(heir, begun) is not None
    with transaction():
        assert running.close_door(heir, begun, version=1).members == len(people)
    assert minutes_in(branch) == 60 * len(people), "in the book of the branch of the day"


def test_a_branch_whose_attendance_is_open_is_not_abolished(make, people, secretary, branch, next_branch):
    actor = make.actor(secretary)
    with transaction():
        begun = planning.plan_event(actor, Plan(branch.id, "theme_day", "示例", clock.now(), 60))
        running.open_door(actor, begun)
        database.session.execute(update(Attendance).values(present=True, how="code"))
    with pytest.raises(RuleError, match="not closed"):
        empty_and_abolish(branch, next_branch)


def test_without_an_heir_the_level_above_corrects(
    make, client_for, held_before, people, branch, next_branch, heir, above
):
    event_id = held_before(people[:2])
    path, form = f"/events/{event_id}/correct", {"version": 1, "present": people, "reason": "示例：漏勾"}
    assert above.get(path).status_code == 404, "the branch still answers for itself"
    empty_and_abolish(branch, next_branch)
    stranger = client_for(make.person(Role.UNIT_ADMIN, make.unit(parent=make.unit(), kind="committee")))
    for other in (heir, stranger):
        assert other.post(path, data=form).status_code == 404
    assert f"/events?unit={branch.id}" in above.get(f"/units/{branch.id}").text
    assert "重温入党志愿书" in above.get(f"/events?unit={branch.id}").text
    assert above.get(f"/events?unit={next_branch.id}").status_code == 404
    assert "/events/new" not in above.get("/events").text
    assert above.post(path, data=form).status_code == 303
    assert counted(people[2]) == 200
    assert above.get("/events/new").status_code == 403


@pytest.mark.parametrize("taken_over", [True, False])
def test_what_is_held_by_the_correction_waits_where_somebody_decides(
    held_before, people, branch, next_branch, heir, above, taken_over
):
    held_before(people[:1])
    event_id = held_before(people[1:])
    (merge if taken_over else empty_and_abolish)(branch, next_branch)
    form = {"version": 1, "present": people, "reason": "示例：漏勾"}
    who = heir if taken_over else above
    assert who.post(f"/events/{event_id}/correct", data=form).status_code == 303
    assert database.session.scalars(select(HourClaim.unit_id)).all() == [next_branch.id]


def test_the_list_stays_cheap(record, people, branch, next_branch, heir, statements):
    for hour in range(0, 12, 2):
        record(people, hour=hour)
    merge(branch, next_branch)
    with statements() as sent:
        assert heir.get("/events").text.count("pb-date") == 6
    assert sent.count <= 8, sent


def test_no_meeting_is_too_old_to_be_put_right(frozen, make, client_for, record, people, branch, next_branch):
    event_id = record(people[:2]).event_id
    secretary = make.person(Role.BRANCH_SECRETARY, next_branch)
    merge(branch, next_branch)
    frozen.shift(days=70)
    form = {"version": 1, "present": people, "reason": "示例：漏勾"}
    answer = client_for(secretary).post(f"/events/{event_id}/correct", data=form)
    assert answer.status_code == 303
