"""From the opened door to the hours: scans, ticks, closing, corrections."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.events.door import marking, queries, rules, running, scanning
from pbtrain.events.door import people as listing
from pbtrain.events.models import Attendance, CheckIn, Event, Guest
from pbtrain.hours.models import Book, HourEntry
from pbtrain.org.models import Member


@pytest.fixture
def scan(make):
    """`scan(member_id, event)` checks in on a phone of one's own."""

    def done(member_id, event_id, *, device="", out=False, ticket=""):
        actor = make.actor(_member(member_id))
        with transaction():
            return scanning.check_in(
                actor, event_id, out=out, device=device or f"d{member_id}", ticket=ticket or f"t{member_id}"
            )

    return done


def _member(member_id):
    return db.session.get(Member, member_id)


@pytest.fixture
def tick(chair):
    """`tick(event, row, act, was)` as the chair."""

    def done(event_id, row_id, act, was="absent", record_id=None, **more):
        with transaction():
            return marking.tick(
                chair, event_id, row_id, act, was=was, record_id=record_id or str(uuid4()), **more
            )

    return done


def row_of(event_id, member_id):
    return queries.own_row(event_id, member_id)


def close(chair, event_id, **more):
    with transaction() as session:
        version = session.get_one(Event, event_id).version
        return running.close_door(chair, event_id, version=version, **more)


def minutes_posted(event_id):
    from pbtrain.core.db import db

    return dict(
        db.session.execute(
            select(HourEntry.member_id, func.sum(HourEntry.minutes))
            .where(HourEntry.source.startswith(f"event:{event_id}/"))
            .group_by(HourEntry.member_id)
        ).all()
    )


def test_a_ticket_sent_again_after_the_chair_said_otherwise_changes_nothing(scan, tick, opened, people):
    first, *_ = people
    assert scan(first, opened, ticket="x").standing == "in"
    assert tick(opened, row_of(opened, first).id, "absent", was="in")
    with pytest.raises(RuleError, match="otherwise"):
        scan(first, opened, ticket="x")
    assert not row_of(opened, first).present
    assert scan(first, opened, ticket="y").standing == "in", "who scans anew is here"


def test_a_meeting_from_door_to_hours(frozen, scan, tick, chair, opened, people, secretary):
    first, second, third = people
    assert scan(first, opened).standing == "in"
    again = scan(first, opened, ticket="other")
    assert (again.again, again.standing) == (True, "in")
    frozen.shift(minutes=30)
    assert scan(second, opened).standing == "late"
    assert tick(opened, row_of(opened, third).id, "leave", reason="示例：出差")
    assert tick(opened, row_of(opened, chair.member_id).id, "in", record_id="same")
    assert not tick(opened, row_of(opened, chair.member_id).id, "in", record_id="same")
    frozen.shift(minutes=90)
    closed = close(chair, opened, witnessed=True)
    assert (closed.here, closed.members) == (3, 3)
    assert (len(closed.posted.entry_ids), closed.posted.own) == (2, 1), "the chair's own waits for another"
    assert minutes_posted(opened) == {first: 90, second: 60}
    proofs = dict(db.session.execute(select(HourEntry.member_id, HourEntry.proof)).all())
    assert proofs == {first: "A", second: "A"}
    assert db.session.get_one(Event, opened).state == "held"
    live = queries.live(opened)
    assert (len(live.here), len(live.absent), len(live.leave)) == (3, 0, 1)
    with pytest.raises(Conflict):
        close(chair, opened)
    with pytest.raises(RuleError, match="closed"):
        scan(third, opened)
    with pytest.raises(RuleError, match="closed"):
        tick(opened, row_of(opened, third).id, "in", was="leave")
    assert queries.times([opened])["member", second] == {opened: 60}


def test_one_phone_for_two_is_flagged_not_refused(scan, chair, opened, people, frozen):
    assert not scan(people[0], opened, device="same").again
    assert scan(people[1], opened, device="same").standing == "in"
    found = queries.flagged(opened)
    assert [(one.flag, one.other) for one in found] == [("device", _member(people[0]).name)]
    frozen.shift(hours=2)
    close(chair, opened, witnessed=True)
    proofs = dict(db.session.execute(select(HourEntry.member_id, HourEntry.proof)).all())
    assert proofs == {people[0]: "A", people[1]: "B"}


def test_refusals_name_the_reason(make, frozen, scan, plan, opened, people, secretary):
    early = plan(starts_at=clock.now() + timedelta(hours=5))
    with transaction():
        listing.expect(early, people)
    with pytest.raises(RuleError, match="not begun"):
        scan(people[0], early)
    stranger = make.member()
    with pytest.raises(RuleError, match="not on the list of “重温入党志愿书”"):
        scan(stranger.id, opened)
    frozen.shift(minutes=91)
    with pytest.raises(RuleError, match="over"):
        scan(people[0], opened)
    assert row_of(opened, people[0]).present is False  # nothing was kept


def test_who_was_too_early_is_not_locked_out(make, chair, frozen, scan, plan, people):
    event = plan(starts_at=clock.now() + timedelta(hours=3))
    with transaction():
        listing.expect(event, people)
    with pytest.raises(RuleError), transaction():
        running.open_door(chair, event)
    with pytest.raises(RuleError):
        scan(people[0], event)
    frozen.shift(hours=2)
    with transaction():
        running.open_door(chair, event)
    assert scan(people[0], event).standing == "in"


def test_signing_out(frozen, scan, chair, plan, people):
    event = plan(checks_out=True)
    with transaction():
        listing.expect(event, people)
        running.open_door(chair, event)
    with pytest.raises(RuleError, match="not signed in"):
        scan(people[0], event, out=True)
    scan(people[0], event)
    scan(people[1], event)
    frozen.shift(minutes=40)
    assert scan(people[0], event, out=True).standing == "early"
    assert scan(people[0], event, out=True).again
    frozen.shift(minutes=60)
    assert scan(people[1], event, out=True).standing == "in"
    close(chair, event)
    assert minutes_posted(event) == {people[0]: 40, people[1]: 90}


def test_two_chairs_at_one_name(make, tick, opened, people, chair):
    row = row_of(opened, people[0]).id
    tick(opened, row, "in")
    with pytest.raises(Conflict, match=chair.name):
        tick(opened, row, "absent", was="absent")
    tick(opened, row, "absent", was="in")
    assert row_of(opened, people[0]).present is False


def test_corrections_reverse_and_post_anew(frozen, tick, chair, opened, people):
    first, second, third = people
    for person in (first, second):
        tick(opened, row_of(opened, person).id, "in")
    frozen.shift(hours=2)
    close(chair, opened)
    event = db.session.get_one(Event, opened)
    start = event.starts_at
    wanted = {
        row_of(opened, first).id: rules.Presence(False, "leave", how="chair", reason="示例：住院"),
        row_of(opened, second).id: rules.Presence(True, "late", start + timedelta(minutes=30), how="chair"),
        row_of(opened, third).id: rules.Presence(True, how="chair"),
    }
    with transaction():
        marking.correct(chair, opened, wanted, reason="示例：签到表核对", version=2)
    assert minutes_posted(opened) == {first: 0, second: 60, third: 90}
    notes = db.session.scalars(select(HourEntry.note).where(HourEntry.reverses_id.is_not(None))).all()
    assert notes == ["示例：签到表核对"] * 2
    with pytest.raises(Conflict, match=chair.name), transaction():
        marking.correct(chair, opened, wanted, reason="示例", version=2)
    with pytest.raises(RuleError, match="Nothing"), transaction():
        marking.correct(chair, opened, wanted, reason="示例", version=3)
    with transaction():  # leave instead of absence changes no hours
        marking.correct(chair, opened, {row_of(opened, first).id: rules.Presence()}, reason="示例", version=3)
    assert db.session.scalar(select(func.count(HourEntry.id))) == 6


def test_guests_get_attendance_and_later_their_hours(make, branch, frozen, chair, opened, tick, people):
    guest_id, late = (make.save(Guest(unit_id=branch.id, name=f"示例客人{n}")).id for n in "甲乙")
    with transaction():
        listing.expect(opened, (), [guest_id, late])
    for row in [one for one in queries.everybody(opened) if one.guest_id]:
        tick(opened, row.id, "in")
    frozen.shift(hours=2)
    assert close(chair, opened).here == 2
    assert minutes_posted(opened) == {}
    with pytest.raises(RuleError, match="merged"), transaction():
        running.credit_guest(chair, guest_id)
    with transaction() as session:
        session.get_one(Guest, guest_id).member_id = people[0]
    for _ in range(2):
        with transaction():
            running.credit_guest(chair, guest_id)
    assert minutes_posted(opened) == {people[0]: 90}
    with transaction() as session:  # the year is closed before the other turns out to be a member
        session.get_one(Guest, late).member_id = people[1]
        session.execute(update(Book).values(sealed_at=clock.now(), seal="0" * 64))
    with transaction():
        running.credit_guest(chair, late)
    assert minutes_posted(opened) == {people[0]: 90}


def test_over_sooner_than_planned(frozen, chair, opened, tick, people):
    tick(opened, row_of(opened, people[0]).id, "in")
    frozen.shift(minutes=40)
    with pytest.raises(RuleError, match="still running"):
        close(chair, opened)
    close(chair, opened, ended_early=True)
    assert minutes_posted(opened) == {people[0]: 40}
    here = rules.Presence(True, how="chair")
    with transaction():  # who was forgotten was there no longer than everybody else
        marking.correct(chair, opened, {row_of(opened, people[1]).id: here}, reason="漏勾", version=2)
    assert minutes_posted(opened) == {people[0]: 40, people[1]: 40}


def test_a_class_costs_as_many_statements_as_a_pair(make, frozen, branch, chair, plan, statements):
    told = []
    for size in (1, 2, 60):  # the first of a branch and year makes its book
        event = plan()
        members = [make.member(branch, with_account=False).id for _ in range(size)]
        with transaction() as session:
            listing.expect(event, members)
            session.get_one(Event, event).door_opened_at = clock.now()
        with transaction():
            marking.tick_many(chair, event, {row.id for row in queries.everybody(event)})
        frozen.shift(hours=2)
        with statements() as sent:
            closed = close(chair, event)
        assert closed.members == size
        told.append(len(sent))
    assert told[1] == told[2] <= 18


def test_nobody_is_recorded_twice(make, chair, opened, people, scan):
    ids = {row.id for row in queries.everybody(opened)}
    with transaction():
        assert marking.tick_many(chair, opened, ids, record="sheet") == 4
        assert marking.tick_many(chair, opened, ids, record="sheet") == 0
    assert db.session.scalar(select(func.count(CheckIn.id))) == 4
    assert scan(people[0], opened).again
    assert db.session.scalar(select(func.count(Attendance.id))) == 4


def test_what_was_recorded_by_hand_has_no_door(record, chair, people):
    event = record(people).event_id
    with pytest.raises(RuleError, match="by hand"), transaction():
        running.open_door(chair, event)
    with pytest.raises(RuleError, match="by hand"):
        close(chair, event)
