"""Lines that overlap: what is held, what may be approved; each is decided once and by somebody else."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select, update

from pbtrain.audit.models import AuditEvent
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.hours import held
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourClaim, HourEntry
from tests.hours.conftest import DAY, at, line, post


def lesson(member, number, begins, ends, **more):
    minutes = (ends - begins) // timedelta(minutes=1)
    return line(member, f"event:{number}", minutes, starts_at=begins, ends_at=ends, **more)


@pytest.fixture
def member(make, branch):
    return make.member(branch)


@pytest.fixture
def secretary(make, branch):
    return make.actor(make.member(branch))


def waiting(db):
    return db.session.scalars(select(HourClaim).order_by(HourClaim.id)).all()


def test_what_touches_does_not_overlap(db, member):
    post(lesson(member, 1, at(9), at(10)))
    done = post(lesson(member, 2, at(10), at(11)), lesson(member, 3, at(8), at(9)))
    assert (len(done.entry_ids), done.held) == (2, 0)


def test_an_hour_after_the_midnight_of_new_year_counts_once(db, member, secretary, frozen):
    """The line of the old year runs into the new one, whose lines were compared with each other only."""
    midnight = clock.at(date(2027, 1, 1), 0)
    frozen.move_to(midnight + timedelta(hours=9))
    eve, morning = (midnight + timedelta(hours=n) for n in (-1, 1))
    old = post(lesson(member, 1, eve, morning, day=date(2026, 12, 31))).entry_ids
    new = (lesson(member, n, midnight, midnight + timedelta(hours=n), day=date(2027, 1, 1)) for n in (2, 3))
    assert post(next(new)).held == 1
    assert (waiting(db)[0].uncovered, waiting(db)[0].overlaps_id) == (60, old[0])
    with transaction():
        hours.reverse_many(None, old, reason="点错了人")
    assert waiting(db)[0].uncovered == 120
    with transaction():
        hours.decide_held(secretary, waiting(db)[0].id, approve=True)
    assert post(next(new)).held == 1
    assert waiting(db)[1].uncovered == 60


def test_two_lines_of_one_batch_may_overlap_too(db, member, make, branch):
    done = post(lesson(member, 1, at(9), at(11)), lesson(member, 2, at(10), at(12)))
    assert (len(done.entry_ids), done.held) == (1, 1)
    assert (waiting(db)[0].uncovered, waiting(db)[0].overlaps_id) == (60, None)
    other = make.member(branch)
    for number, both in enumerate(((member, other), (other, member)), 3):
        hour = 9 + 2 * number
        done = post(*(lesson(who, number, at(hour), at(hour + 1)) for who in both))
        assert (len(done.entry_ids), done.held) == (2, 0), "two people, not two lines of one"


def test_a_held_line_says_what_it_is_and_what_is_in_its_way(db, member, secretary):
    first = post(lesson(member, 1, at(9), at(11))).entry_ids[0]
    post(lesson(member, 2, at(10), at(12)), actor=secretary)
    claim = waiting(db)[0]
    assert (claim.member_id, claim.state, claim.occurrence) == (member.id, "held", "event:2")
    assert (claim.minutes, claim.uncovered, claim.overlaps_id) == (120, 60, first)
    assert (claim.starts_at, claim.ends_at, claim.day) == (at(10), at(12), DAY)
    assert claim.made_by_id == secretary.account_id


def test_only_what_waits_keeps_a_line_from_being_held_again(db, member, secretary):
    """A decision is about the line as it was: when it comes once more, it is decided once more."""
    post(lesson(member, 1, at(9), at(11)))
    again = lesson(member, 2, at(10), at(12))
    assert [post(again, actor=None).held for _ in range(2)] == [1, 0]
    for state in ("approved", "rejected"):
        with transaction() as session:
            session.execute(update(HourClaim).where(HourClaim.state == "held").values(state=state))
        assert post(again).held == 1, state


def test_a_reversed_line_covers_nothing(db, member):
    first = post(lesson(member, 1, at(9), at(11))).entry_ids
    with transaction():
        hours.reverse_many(None, first, reason="点错了人")
    done = post(lesson(member, 2, at(10), at(12)))
    assert (len(done.entry_ids), done.held) == (1, 0)


def test_what_waits_is_not_held_twice(db, member, make, branch):
    post(lesson(member, 1, at(9), at(11)))
    assert post(lesson(member, 2, at(10), at(12))).held == 1
    assert post(lesson(member, 2, at(10), at(12))).held == 0
    other = make.member(branch)
    post(lesson(other, 1, at(9), at(11)))
    assert post(lesson(other, 2, at(10), at(12)), lesson(member, 3, at(10), at(12))).held == 2
    assert len(waiting(db)) == 3


def test_a_batch_that_names_a_held_line_twice_holds_it_once(db, member):
    post(lesson(member, 1, at(9), at(11)))
    assert post(lesson(member, 2, at(10), at(12)), lesson(member, 2, at(10), at(12))).held == 1
    assert len(waiting(db)) == 1


def test_an_approved_line_is_not_withdrawn(db, member, secretary):
    post(lesson(member, 1, at(9), at(11)))
    post(lesson(member, 2, at(10), at(12)))
    with transaction():
        hours.decide_held(secretary, waiting(db)[0].id, approve=True)
    with transaction():
        assert held.withdraw(secretary, "event:2", [member.id], reason="误勾") == 0
    assert waiting(db)[0].state == "approved"


def test_what_was_withdrawn_and_is_ticked_again_is_held_again(db, member, secretary):
    post(lesson(member, 1, at(9), at(11)))
    post(lesson(member, 2, at(10), at(12)))
    with transaction():
        held.withdraw(secretary, "event:2", [member.id], reason="误勾")
    assert post(lesson(member, 2, at(10), at(12))).held == 1
    assert [claim.state for claim in waiting(db)] == ["rejected", "held"]


def test_less_is_approved_where_less_was_studied(db, member):
    """40 minutes of study in a session of two hours, one of them covered: 40, not 60."""
    post(lesson(member, 1, at(9), at(11)))
    short = line(member, "event:2", 40, starts_at=at(10), ends_at=at(12))
    post(short)
    assert waiting(db)[0].uncovered == 40


def test_nothing_is_left_of_a_line_that_is_covered(db, member, secretary):
    post(lesson(member, 1, at(9), at(11)))
    post(lesson(member, 2, at(9, 30), at(10)))
    claim = waiting(db)[0].id
    with pytest.raises(RuleError, match="nothing is left"), transaction():
        hours.decide_held(secretary, claim, approve=True)
    with transaction():
        assert hours.decide_held(secretary, claim, approve=False, reason="重复") is None
    assert (waiting(db)[0].state, waiting(db)[0].reason) == ("rejected", "重复")


def test_an_hour_that_two_held_lines_share_counts_once(db, member, secretary):
    """Both were held for the line in the way: the hour behind it is in the first that is approved. A line
    recorded afterwards finds it taken, too."""
    post(lesson(member, 1, at(9), at(11)))
    post(lesson(member, 2, at(9), at(12)))
    post(lesson(member, 3, at(9, 30), at(12)))
    assert [claim.uncovered for claim in waiting(db)] == [60, 60]
    first, second = (claim.id for claim in waiting(db))
    with transaction():
        entry = db.session.get(HourEntry, hours.decide_held(secretary, first, approve=True))
    assert (entry.minutes, entry.starts_at, entry.ends_at) == (60, at(11), at(12))
    assert waiting(db)[1].uncovered == 0
    with pytest.raises(RuleError, match="nothing is left"), transaction():
        hours.decide_held(secretary, second, approve=True)
    assert post(lesson(member, 4, at(11), at(12))).held == 1


def test_a_line_that_came_while_an_overlap_waited_is_not_counted_again(db, member, secretary):
    post(lesson(member, 1, at(9), at(11)))
    post(lesson(member, 2, at(10), at(12)))
    post(lesson(member, 3, at(11, 20), at(12)))
    with transaction():
        entry = db.session.get(HourEntry, hours.decide_held(secretary, waiting(db)[0].id, approve=True))
    assert (entry.minutes, entry.starts_at, entry.ends_at) == (20, at(11), at(11, 20))


def test_what_was_in_the_way_and_is_reversed_frees_the_minutes(db, member, secretary):
    """The other one was the mistake: the line that waited can be approved in full."""
    wrong = post(lesson(member, 1, at(9), at(11))).entry_ids
    post(lesson(member, 2, at(9), at(11)))
    assert waiting(db)[0].uncovered == 0
    with transaction():
        hours.reverse_many(secretary, wrong, reason="点错了人")
    assert (waiting(db)[0].uncovered, waiting(db)[0].overlaps_id) == (120, None)
    with transaction():
        entry = db.session.get(HourEntry, hours.decide_held(secretary, waiting(db)[0].id, approve=True))
    assert (entry.minutes, entry.starts_at, entry.ends_at) == (120, at(9), at(11))


def test_minutes_in_several_stretches_keep_no_hours(db, member, secretary):
    post(lesson(member, 1, at(10), at(11)))
    post(lesson(member, 2, at(9), at(12)))
    with transaction():
        entry = db.session.get(HourEntry, hours.decide_held(secretary, waiting(db)[0].id, approve=True))
    assert (entry.minutes, entry.starts_at, entry.ends_at) == (120, None, None)


def test_one_uncovered_minute_is_approved(db, member, secretary):
    post(lesson(member, 1, at(9), at(11)))
    post(lesson(member, 2, at(9), at(11, 1)))
    with transaction():
        entry_id = hours.decide_held(secretary, waiting(db)[0].id, approve=True)
    assert db.session.get(HourEntry, entry_id).minutes == 1


def test_a_decision_is_kept_with_who_and_when(db, member, secretary):
    post(lesson(member, 1, at(9), at(11)))
    post(lesson(member, 2, at(10), at(12), proof="C"))
    with transaction():
        entry_id = hours.decide_held(secretary, waiting(db)[0].id, approve=True)
    claim, entry = waiting(db)[0], db.session.get(HourEntry, entry_id)
    assert (claim.state, claim.decided_by_id) == ("approved", secretary.account_id)
    assert claim.decided_at == clock.now()
    assert (entry.day, entry.proof, entry.source) == (DAY, "C", f"event:2/member:{member.id}#1")
    told = db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert told[-2:] == ["hours.held_approved", "hours.posted"]


def test_a_refusal_needs_a_reason_and_a_line_that_waits(db, member, secretary):
    post(lesson(member, 1, at(9), at(11)))
    post(lesson(member, 2, at(10), at(12)))
    claim = waiting(db)[0].id
    for claim_id, reason in ((claim, " "), (claim + 1, "看过")):
        with pytest.raises(RuleError), transaction():
            hours.decide_held(secretary, claim_id, approve=False, reason=reason)
    assert waiting(db)[0].state == "held"


def test_withdrawing_closes_only_what_waits_for_these_people_and_this_occasion(db, make, branch, secretary):
    one, two = make.member(branch), make.member(branch)
    for who in (one, two):
        post(lesson(who, 1, at(9), at(11)))
        post(lesson(who, 2, at(10), at(12)), lesson(who, 3, at(8), at(10)))
    with transaction():
        assert held.withdraw(secretary, "event:2", [one.id, one.id], reason="误勾") == 1
    told = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()[-1]
    assert (told.action, told.detail["reason"]) == ("hours.held_withdrawn", "误勾")
    with transaction():
        assert held.withdraw(secretary, "event:2", [one.id], reason="误勾") == 0
    assert {(c.member_id, c.occurrence): c.state for c in waiting(db)} == {
        (one.id, "event:2"): "rejected",
        (one.id, "event:3"): "held",
        (two.id, "event:2"): "held",
        (two.id, "event:3"): "held",
    }
    assert waiting(db)[0].decided_by_id == secretary.account_id
    told = db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert told.count("hours.held_withdrawn") == 1


def row(number, begins, ends, reverses=None):
    return SimpleNamespace(id=number, starts_at=begins, ends_at=ends, reverses_id=reverses)


def draft(begins, ends, minutes=120):
    return SimpleNamespace(starts_at=begins, ends_at=ends, minutes=minutes)


def test_lines_without_a_time_of_day_neither_overlap_nor_are_in_the_way():
    assert held.overlap(draft(None, None), [row(1, at(9), at(11))], []) is None
    assert held.overlap(draft(at(9), at(11)), [row(1, None, None)], [draft(None, None)]) is None


def test_uncovered_minutes_are_what_no_line_and_no_draft_covers():
    standing = [row(1, at(9), at(10)), row(2, at(12), at(13)), row(3, at(12), at(13), reverses=2)]
    drafts = [draft(at(10, 30), at(10, 45))]
    assert held.overlap(draft(at(9, 30), at(11, 30)), standing, drafts) == (120 - 30 - 15, 1)
    assert held.overlap(draft(at(12), at(13)), standing, drafts) is None
