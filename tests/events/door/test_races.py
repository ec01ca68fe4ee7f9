"""Many scan at once, some twice, while the chair ticks and closes: nobody is lost, nobody counts twice."""

from datetime import timedelta

from sqlalchemy import func, select

from pbtrain.core.db import db, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.events.door import marking, queries, running, scanning
from pbtrain.events.door import people as listing
from pbtrain.events.door.offline import Tick, take_in
from pbtrain.events.models import Attendance, CheckIn
from pbtrain.hours.models import HourEntry
from pbtrain.hours.verify import verify


def scans(actor, event_id, device):
    def done():
        with transaction():
            return scanning.check_in(actor, event_id, out=False, device=device, ticket=device)

    return done


def test_everybody_scans_from_two_phones_at_once(at_once, make, branch, chair, plan):
    event = plan()
    actors = [make.actor(make.member(branch)) for _ in range(8)]
    with transaction():
        listing.expect(event, [one.member_id for one in actors])
        running.open_door(chair, event)
    rows = [row for row in queries.everybody(event) if row.member_id == chair.member_id]

    def ticks():
        with transaction():
            return marking.tick(chair, event, rows[0].id, "in", was="absent", record_id="tick")

    works = [scans(one, event, f"{one.member_id}-{n}") for one in actors for n in range(2)]
    results = at_once(*works, ticks)
    assert not [one for one in results if isinstance(one, Exception)], results
    assert sorted(one.again for one in results[:-1]) == [False] * 8 + [True] * 8
    db.session.rollback()
    assert db.session.scalar(select(func.count()).where(Attendance.present)) == 9
    assert db.session.scalar(select(func.count(CheckIn.id))) == 9


def test_closing_while_people_scan_agrees_with_the_hours(at_once, make, branch, chair, plan, frozen):
    """Whoever is on the closed list has the hours; whoever came second reads that it is closed."""
    event = plan()
    actors = [make.actor(make.member(branch)) for _ in range(6)]
    with transaction():
        listing.expect(event, [one.member_id for one in actors])
        running.open_door(chair, event)
    frozen.shift(minutes=10)

    def closes():
        with transaction():
            return running.close_door(chair, event, version=1, ended_early=True)

    results = at_once(*(scans(one, event, f"{one.member_id}") for one in actors), closes, closes)
    db.session.rollback()
    wrong = [one for one in results if isinstance(one, Exception) and not isinstance(one, RuleError)]
    assert not wrong, results
    assert sum(isinstance(one, Conflict) for one in results[-2:]) == 1
    here = db.session.scalars(
        select(Attendance.member_id).where(Attendance.present).order_by(Attendance.member_id)
    ).all()
    paid = db.session.scalars(select(HourEntry.member_id).order_by(HourEntry.member_id)).all()
    assert here == paid
    assert [str(one) for one in verify()] == []


def test_the_same_sending_twice_at_once(at_once, chair, opened):
    rows = [row.id for row in queries.everybody(opened)]
    now = queries.event_of(opened).starts_at
    ticks = [
        Tick(f"00000000-0000-0000-0000-00000000000{n}", row, "in", now + timedelta(seconds=n))
        for n, row in enumerate(rows)
    ]

    def sends():
        with transaction():
            return [one.result for one in take_in(chair, opened, ticks)]

    results = at_once(sends, sends, sends)
    assert sorted(results) == [["created"] * 4, ["exists"] * 4, ["exists"] * 4]
    db.session.rollback()
    assert db.session.scalar(select(func.count(CheckIn.id))) == 4
