"""A meeting is recorded once, posts one line a person, and is corrected by reversal."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from pbtrain.core import clock
from pbtrain.core.db import db as database
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.events import queries, services
from pbtrain.events.models import Attendance, Event
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourClaim, HourEntry
from pbtrain.org.models import Affiliation, Post
from tests.events.conftest import count, counted


@pytest.fixture
def correct(make, secretary):
    def save(event_id, present, *, version=1, reason="请假，误勾"):
        actor = make.actor(secretary)
        with transaction():
            return services.correct_event(actor, event_id, present, reason=reason, version=version)

    return save


def test_everyone_present_gets_a_line_and_the_rest_a_mark(record, people):
    done = record(people[:2])
    assert len(done.posted.entry_ids) == 2
    assert [counted(number) for number in people] == [200, 200, None]
    marks = {row.id: row.present for row in queries.attendance(done.event_id)}
    assert [marks[number] for number in people] == [True, True, False]
    assert len(marks) == 4, "the secretary is on the list too"
    entry = database.session.scalars(select(HourEntry).order_by(HourEntry.id)).first()
    assert entry.source == f"event:{done.event_id}/member:{entry.member_id}#1"
    assert (entry.proof, entry.mode, clock.local(entry.ends_at).hour) == ("B", "group", 10)


def test_the_same_form_gives_the_same_record(record, people):
    form_id = str(uuid4())
    first, second = record(people, form_id=form_id), record(people, form_id=form_id)
    assert (first.event_id, second.same) == (second.event_id, True)
    assert not record(people[:1], form_id=form_id).same
    assert (count(Event), count(HourEntry), count(Attendance)) == (1, 3, 4)


def test_a_form_of_somebody_else_is_refused(make, record, people, branch, secretary):
    form_id = str(uuid4())
    record(people, form_id=form_id)
    other = make.actor(make.account())
    meeting = services.Meeting(branch.id, "theme_day", "别的活动", clock.at(clock.today(), 9), 90)
    with pytest.raises(Conflict), transaction():
        services.record_event(other, meeting, people, form_id=form_id)


def test_of_a_committee_its_people_are_expected_and_nobody_else(make, record, people, branch, secretary):
    kept = {"unit_id": branch.id, "valid_from": make.LONG_AGO}
    make.save(*(Post(member_id=one, kind="committee_member", **kept) for one in people[:2]))
    event_id = record([people[0], people[2]], activity="committee_meeting").event_id
    listed = {row.id: row.present for row in queries.attendance(event_id)}
    assert listed == {people[0]: True, people[1]: False, people[2]: True}, "the secretary holds no post here"
    with transaction():
        services.correct_event(make.actor(secretary), event_id, people[:2], reason="误勾", version=1)
    listed = {row.id: row.present for row in queries.attendance(event_id)}
    assert listed == {people[0]: True, people[1]: True, people[2]: False}


def test_statements_do_not_grow_with_people(make, record, branch, people, statements):
    record(people, hour=5)  # who has no year yet has no lines to read
    with statements() as few:
        record(people, hour=8)
    many = [make.member(branch, with_account=False).id for _ in range(40)]
    with statements() as sent:
        record(people + many, hour=11)
    assert sent.count == few.count <= 18, sent


def test_who_stood_elsewhere_on_that_day_is_not_offered(make, record, branch, committee, people):
    late = make.member(branch)
    late_id = late.id
    with transaction() as session:
        tie = session.scalars(select(Affiliation).where(Affiliation.member_id == late_id)).one()
        tie.valid_from = clock.today()
    yesterday = clock.today() - timedelta(days=1)
    assert late_id not in {row.id for row in queries.roster(branch.id, yesterday)}
    assert late_id in {row.id for row in queries.roster(branch.id, clock.today())}
    with pytest.raises(RuleError, match="did not belong"):
        record([late_id], starts_at=clock.at(yesterday, 9))
    with pytest.raises(RuleError, match="did not belong"):
        record([make.member(make.unit(parent=committee)).id])
    assert count(Event) == 0


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": "x"}, "title"),
        ({"minutes": 9}, "minutes"),
        ({"minutes": 481}, "minutes"),
        ({"activity": "self_study"}, "activity"),
        ({"activity": "nonsense"}, "activity"),
        ({"starts_at": clock.at(date(2026, 9, 26), 9)}, "day"),
        ({"starts_at": clock.at(date(2026, 9, 25), 15, 1)}, "time"),
        ({"starts_at": clock.at(date(2026, 7, 26), 9)}, "day"),
    ],
)
def test_what_cannot_have_been_is_refused_beside_its_field(record, people, fields, field):
    with pytest.raises(RuleError) as refused:
        record(people, **fields)
    assert refused.value.field == field
    assert (count(Event), count(HourEntry)) == (0, 0)


def test_sixty_days_back_is_the_limit(record, people):
    assert record(people, starts_at=clock.at(date(2026, 7, 27), 9)).event_id


def test_nobody_present_is_no_meeting(record):
    with pytest.raises(RuleError) as refused:
        record([])
    assert refused.value.field == "present"


def test_a_meeting_over_midnight_belongs_to_the_day_it_began(record, people):
    event_id = record(people, starts_at=clock.at(date(2026, 9, 24), 23, 30)).event_id
    assert database.session.scalar(select(Event.day).where(Event.id == event_id)) == date(2026, 9, 24)


def test_a_wrong_tick_is_reversed_and_ticked_again_posts_again(record, people, correct):
    event_id = record(people).event_id
    correct(event_id, people[1:])
    assert counted(people[0]) == 0
    assert queries.effect(event_id).people == 2
    assert [row.note for row in queries.effect(event_id).corrections] == ["请假，误勾"]
    correct(event_id, people, version=2)
    assert counted(people[0]) == 200
    sources = database.session.scalars(
        select(HourEntry.source).where(HourEntry.member_id == people[0]).order_by(HourEntry.id)
    ).all()
    assert [source.rpartition("/member:")[2] for source in sources] == [
        f"{people[0]}#1",
        f"{people[0]}#1/reversal",
        f"{people[0]}#2",
    ]
    marks = {row.id: row.present for row in queries.attendance(event_id)}
    assert all(marks[number] for number in people)


def test_a_correction_touches_only_what_changed(record, people, correct, statements):
    event_id = record(people).event_id
    with statements() as sent:
        correct(event_id, [people[0], people[1]])
    assert sent.count <= 26, sent  # three of them tell who is no longer in, one asks whether to send
    assert [counted(number) for number in people] == [200, 200, 0]
    assert count(HourEntry) == 4


def test_two_corrections_at_once_one_is_told(record, people, correct):
    event_id = record(people).event_id
    correct(event_id, people[:2], version=1)
    with pytest.raises(Conflict):
        correct(event_id, people[:1], version=1)
    assert [counted(number) for number in people] == [200, 200, 0]


@pytest.mark.parametrize(
    ("present", "reason", "field"), [(3, "误勾", "present"), (2, " ", "reason"), (0, "误勾", "present")]
)
def test_a_correction_says_what_and_why(record, people, correct, present, reason, field):
    event_id = record(people).event_id
    with pytest.raises(RuleError) as refused:
        correct(event_id, people[:present], reason=reason)
    assert refused.value.field == field
    assert count(HourEntry) == 3
    assert database.session.scalar(select(Event.version)) == 1


def test_who_was_elsewhere_is_held_and_the_rest_goes_on(record, people):
    record(people[:1], hour=9)
    done = record(people, hour=10)
    assert (len(done.posted.entry_ids), done.posted.held) == (2, 1)
    held = queries.effect(done.event_id).held
    assert [(row.minutes, row.uncovered) for row in held] == [(90, 60)]


def test_a_held_line_goes_with_its_tick(record, people, correct):
    record(people[:1], hour=9)
    event_id = record(people, hour=10).event_id
    correct(event_id, people[1:])
    assert database.session.scalars(select(HourClaim.state)).all() == ["rejected"]
    assert queries.effect(event_id).held == []
    assert hours.live_entries(f"event:{event_id}").keys() == set(people[1:])
