"""Whatever is ticked and corrected in whatever order: the ledger says of everybody what the list says."""

from contextlib import suppress
from datetime import timedelta
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import RuleError
from pbtrain.events.door import marking, queries, rules, running
from pbtrain.events.door import people as listing
from pbtrain.events.models import Attendance, Event
from pbtrain.hours.models import HourEntry
from pbtrain.hours.verify import verify

WORDS = st.sampled_from(sorted(rules.STANDINGS))
TIMES = st.tuples(st.integers(1, 60), st.integers(61, 89))  # minutes after the beginning: came, left
CORRECTIONS = st.lists(
    st.dictionaries(st.integers(0, 2), st.tuples(WORDS, TIMES), min_size=1), min_size=1, max_size=4
)
_days = count(1)


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(here=st.sets(st.integers(0, 2)), script=CORRECTIONS)
def test_attendance_and_hours_agree_after_any_correction(chair, people, plan, here, script):
    day = clock.today() - timedelta(days=next(_days))
    event_id = plan(day=day, starts_at=clock.at(day, 9))
    with transaction():
        listing.expect(event_id, people)
    rows = [queries.own_row(event_id, one).id for one in people]
    with transaction():
        marking.tick_many(chair, event_id, {rows[number] for number in here})
    with transaction():
        running.close_door(chair, event_id, version=1, witnessed=True)
    agree(event_id)
    for said in script:
        session = queries.session_of(queries.event_of(event_id))
        wanted = {rows[number]: presence(session, *words) for number, words in said.items()}
        version = db.session.scalar(select(Event.version).where(Event.id == event_id))
        with suppress(RuleError), transaction():  # nothing has changed
            marking.correct(chair, event_id, wanted, reason="示例：核对签到表", version=version)
        agree(event_id)
    assert [str(one) for one in verify()] == []


def presence(session, standing, times):
    """What the chair would state with these words."""
    came, left = (session.starts_at + timedelta(minutes=minutes) for minutes in times)
    return rules.stated(standing, came, left, session, reason="示例：请假")


def agree(event_id):
    """Of everybody the lines that stand add up to the minutes of their row; 0 for who was not there."""
    session = queries.session_of(queries.event_of(event_id))
    posted = dict(
        db.session.execute(
            select(HourEntry.member_id, func.sum(HourEntry.minutes))
            .where(HourEntry.source.startswith(f"event:{event_id}/"))
            .group_by(HourEntry.member_id)
        ).all()
    )
    for row in db.session.scalars(select(Attendance).where(Attendance.event_id == event_id)):
        there = rules.span(rules.presence_of(row), session)[1]
        assert posted.get(row.member_id, 0) == there
        assert not row.present or (row.minutes or session_minutes(session)) == there


def session_minutes(session):
    return int((session.ends_at - session.starts_at) / timedelta(minutes=1))
