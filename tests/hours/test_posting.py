"""Posting and reversing: once, in the right book, with sums that follow."""

from datetime import date, datetime

import pytest
from sqlalchemy import select

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.hours import queries
from pbtrain.hours import services as hours
from pbtrain.hours.models import Book, HourClaim, HourEntry, MemberYear
from pbtrain.hours.verify import verify
from pbtrain.org.models import Member
from tests.hours.conftest import DAY, line, post


def year_of(db, member, year=2026):
    return db.session.scalars(
        select(MemberYear).where(MemberYear.member_id == member.id, MemberYear.credit_year == year)
    ).one()


def test_a_line_stands_in_the_branchs_book(db, make, branch):
    member = make.member(branch)
    done = post(line(member))
    entry = db.session.get(HourEntry, done.entry_ids[0])
    book = db.session.get(Book, entry.book_id)
    assert (book.unit_id, book.year, book.entries, book.minutes, book.credit) == (branch.id, 2026, 1, 90, 200)
    assert book.head == entry.hash
    assert entry.source == f"event:1/member:{member.id}#1"
    assert (year_of(db, member).group_b, year_of(db, member).counted) == (200, 200)


def test_the_same_source_posts_once(db, make, branch):
    member = make.member(branch)
    post(line(member))
    again = post(line(member), line(member))
    assert (again.entry_ids, again.already) == ([], 2)
    assert year_of(db, member).counted == 200


def test_reversed_and_posted_again_takes_the_next_revision(db, make, branch):
    member = make.member(branch)
    first = post(line(member)).entry_ids
    with transaction():
        hours.reverse_many(None, first, reason="点错了人")
    assert (year_of(db, member).counted, year_of(db, member).entries) == (0, 2)
    second = post(line(member)).entry_ids
    sources = db.session.scalars(select(HourEntry.source).order_by(HourEntry.seq)).all()
    assert [s.split("/", 1)[1] for s in sources] == [
        f"member:{member.id}#1",
        f"member:{member.id}#1/reversal",
        f"member:{member.id}#2",
    ]
    assert hours.live_entries("event:1") == {member.id: second[0]}
    assert year_of(db, member).counted == 200


def test_a_line_is_reversed_once_and_a_reversal_never(make, branch):
    first = post(line(make.member(branch))).entry_ids
    with transaction():
        opposite = hours.reverse_many(None, first, reason="点错了人")
    with pytest.raises(Conflict), transaction():
        hours.reverse_many(None, first, reason="再来一次")
    with pytest.raises(RuleError), transaction():
        hours.reverse_many(None, opposite, reason="冲正冲正")


def test_statements_do_not_grow_with_the_lines(make, branch, statements):
    members = [make.member(branch, with_account=False) for _ in range(12)]
    one, all_of_them = line(members[0], "event:1"), [line(member, "event:2") for member in members]
    with statements() as few:
        post(one)
    with statements() as many:
        post(*all_of_them)
    assert len(many) == len(few) <= 10


def at(hour, minute=0) -> datetime:
    return clock.at(DAY, hour, minute)


def test_an_overlapping_line_is_held_and_only_its_uncovered_minutes_can_be_approved(db, make, branch):
    member, secretary = make.member(branch), make.actor(make.member(branch))
    post(line(member, "event:1", 120, starts_at=at(9), ends_at=at(11)))
    done = post(line(member, "event:2", 120, starts_at=at(10), ends_at=at(12)))
    assert (done.held, done.entry_ids) == (1, [])
    claim = db.session.scalars(select(HourClaim)).one()
    assert claim.uncovered == 60
    claim_id = claim.id
    with transaction():
        entry_id = hours.decide_held(secretary, claim_id, approve=True)
    assert db.session.get(HourEntry, entry_id).minutes == 60
    with pytest.raises(Conflict), transaction():
        hours.decide_held(secretary, claim_id, approve=True)


def test_nobody_decides_on_their_own_hours(db, make, branch):
    member = make.member(branch)
    post(line(member, "event:1", 120, starts_at=at(9), ends_at=at(11)))
    post(line(member, "event:2", 120, starts_at=at(10), ends_at=at(12)))
    claim_id = db.session.scalars(select(HourClaim.id)).one()
    with pytest.raises(RuleError), transaction():
        hours.decide_held(make.actor(member), claim_id, approve=True)


def test_hours_before_they_happen_are_refused(make, branch):
    with pytest.raises(RuleError):
        post(line(make.member(branch), day=date(2027, 1, 1)))


def test_a_member_who_left_keeps_the_year_but_counts_for_no_branch(db, make, branch, frozen):
    member, stays = make.member(branch), make.member(branch)
    post(line(member), line(stays))
    with transaction() as session:
        session.get(Member, member.id).left_on = date(2026, 9, 1)
        session.flush()
        hours.refresh_years([member.id], 2026)
    assert queries.branch_attainment(branch.id, 2026).people == 1
    assert (year_of(db, member).counted, year_of(db, member).target) == (200, 2150)
    assert list(verify()) == []


def test_an_activist_learns_but_owes_nothing_and_counts_for_no_branch(db, make, branch):
    post(line(make.member(branch, stage="activist")), line(make.member(branch, stage="probationary")))
    years = db.session.scalars(select(MemberYear).order_by(MemberYear.id)).all()
    assert [(year.counted, year.target) for year in years] == [(200, 0), (200, 3200)]
    assert queries.branch_attainment(branch.id, 2026).people == 1
    assert list(verify()) == []
