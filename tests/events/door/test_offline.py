"""Ticks from a phone that was without a line: any order, any number of times, the same list at the end."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import RuleError
from pbtrain.events.door import marking, offline, queries, running
from pbtrain.events.door.offline import Tick
from pbtrain.events.models import CheckIn, Event


def ticked(number, row_id, act, minute=0, **more):
    more = {"reason": "示例：住院"} | more
    return Tick(str(UUID(int=number + 1)), row_id, act, clock.now() + timedelta(minutes=minute), **more)


def send(chair, event_id, ticks):
    with transaction():
        return [one.result for one in offline.take_in(chair, event_id, ticks)]


def standings(event_id):
    return [(row.id, queries.rules.presence_of(row).standing, row.how) for row in queries.everybody(event_id)]


def test_five_times_in_any_order_counts_once(app, make, chair, opened, people):
    rows = [row.id for row in queries.everybody(opened)]
    ticks = [ticked(1, rows[0], "in"), ticked(2, rows[0], "absent", 1), ticked(3, rows[1], "late", 2)]
    assert send(chair, opened, ticks) == ["created"] * 3
    for _ in range(4):
        assert send(chair, opened, ticks[::-1]) == ["exists"] * 3
    assert [one[1] for one in standings(opened)] == ["absent", "late", "absent", "absent"]
    assert db.session.scalar(select(func.count(CheckIn.id))) == 3


def test_a_conflict_is_named_and_changes_nothing(make, chair, opened, people):
    row = queries.everybody(opened)[0]
    other = make.actor(make.person(name="示例另一位"))
    with transaction():
        marking.tick(other, opened, row.id, "in", was="absent", record_id="x")
    with transaction():
        (answer,) = offline.take_in(chair, opened, [ticked(1, row.id, "absent")])
    assert (answer.result, answer.name, answer.by) == ("conflict", row.name, "ticked by the chair")
    assert standings(opened)[0][1] == "in"
    assert [one.flag for one in queries.flagged(opened)] == ["conflict"]
    assert send(chair, opened, [ticked(2, row.id, "in")]) == ["created"]  # the same word is no conflict


def test_the_closed_list_takes_nothing_and_says_so(make, chair, opened, people, frozen):
    row = queries.everybody(opened)[0]
    frozen.shift(hours=2)
    with transaction() as session:
        running.close_door(chair, opened, version=session.get_one(Event, opened).version)
    with transaction():
        (answer,) = offline.take_in(chair, opened, [ticked(1, row.id, "in")])
    assert answer.result == "rejected"
    assert "closed" in answer.sentence


def test_a_wrong_phone_clock_is_put_right(make, chair, opened, people, frozen):
    """The phone is ten minutes behind: who came late by its clock came ten minutes later still."""
    frozen.shift(minutes=40)
    row = queries.everybody(opened)[0]
    with transaction():
        offline.take_in(chair, opened, [ticked(1, row.id, "late", -20)], slow_by=timedelta(minutes=10))
    assert queries.everybody(opened)[0].came_at == clock.now() - timedelta(minutes=10)


def test_what_cannot_be_is_rejected_by_name(make, chair, opened, people, statements):
    rows = [row.id for row in queries.everybody(opened)]
    ticks = [ticked(1, 999, "in"), ticked(2, rows[0], "leave", reason=""), ticked(3, rows[1], "dance")]
    assert send(chair, opened, ticks) == ["rejected"] * 3
    with pytest.raises(RuleError):
        send(chair, opened, [ticked(n, rows[0], "in") for n in range(501)])
    told = []
    for begin in (10, 20):
        some = [ticked(begin + n, rows[n % 4], "in") for n in range(1 if begin == 10 else 8)]
        with statements() as sent:
            send(chair, opened, some)
        told.append(len(sent))
    assert max(told) <= 6
