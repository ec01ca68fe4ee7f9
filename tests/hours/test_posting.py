"""Posting and reversing: once, in the right book, with sums that follow."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from pbtrain.audit.models import AuditEvent
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.hours import chain, persons, posting, queries, rosters
from pbtrain.hours import services as hours
from pbtrain.hours.models import Book, HourClaim, HourEntry, MemberYear
from pbtrain.hours.verify import verify
from pbtrain.org import services
from pbtrain.org.models import Affiliation, CareSpan, Member
from tests.hours.conftest import DAY, at, line, post


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
    members = [make.member(branch, with_account=False) for _ in range(14)]
    first_of_the_year, another = line(members[0], "event:1"), line(members[0], "event:2")
    two, twelve = (
        [line(member, f"event:{len(some)}") for member in some] for some in (members[:2], members[2:])
    )
    counts = []
    for lines in ([first_of_the_year], [another], two, twelve):
        with statements() as sent:
            post(*lines)
        counts.append(len(sent))
    first, usual, few, many = counts
    assert usual < first <= 10
    assert many <= few <= 10


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


def test_who_is_admitted_in_the_year_owes_from_that_day_and_nothing_for_the_years_before(db, make, branch):
    """An activist who became a probationary member owed the whole year, and the one before it too."""
    day, later = date(2026, 7, 1), date(2026, 5, 1)
    member = make.member(branch, stage="probationary", joined_on=day)
    old = make.member(branch, joined_on=date(1999, 7, 1))
    post(line(member), line(member, "event:0", day=date(2025, 3, 2)), line(old, day=later))
    years = [year_of(db, member, year) for year in (2025, 2026)]
    assert [(one.target, one.custody_unit_id) for one in years] == [(0, None), (1650, branch.id)]
    assert year_of(db, old).target == 3200
    assert list(verify()) == []
    for joined_on, target in ((day, 1650), (date(2025, 12, 31), 3200), (None, 3200)):
        came = rosters.Arrival(branch.id, later, "probationary", joined_on=joined_on)
        row = dict(zip(rosters.COLUMNS[1:], rosters.first_years([came]).rows[0], strict=True))
        assert row["target"] == (target if joined_on == day else 2150), "as judged afterwards"


def test_one_batch_into_several_books_and_years(db, make, root, branch):
    other = make.unit(parent=root)
    one, two = make.member(branch), make.member(other)
    old = date(2025, 12, 31)
    done = post(line(one), line(two), line(one, "event:2", day=old), line(two, "event:2", day=old))
    assert len(done.entry_ids) == 4
    books = db.session.execute(select(Book.unit_id, Book.year, Book.entries).order_by(Book.id)).all()
    assert sorted(books) == sorted((u.id, y, 1) for u in (branch, other) for y in (2025, 2026))
    assert [year_of(db, one, year).counted for year in (2025, 2026)] == [200, 200]
    assert done.entry_ids == sorted(done.entry_ids)
    assert list(verify()) == []


def test_a_retried_batch_that_names_a_line_twice_posts_it_once(db, make, branch):
    member, other = make.member(branch), make.member(branch)
    done = post(line(member), line(member), line(other))
    assert (len(done.entry_ids), done.already) == (2, 1)


def test_who_has_no_branch_on_that_day_gets_no_line_and_the_rest_do(db, make, branch):
    member, late = make.member(branch), make.member(branch)
    with transaction() as session:
        home = session.scalars(select(Affiliation).where(Affiliation.member_id == late.id)).one()
        home.valid_from = DAY + timedelta(days=1)
    done = post(line(member), line(late), line(10**9))
    assert (len(done.entry_ids), done.without_branch) == (1, [late.id, 10**9])
    assert post(line(late, "event:2")).entry_ids == []
    assert len(post(line(late, "event:3", day=DAY + timedelta(days=1))).entry_ids) == 1


@pytest.mark.parametrize(
    "fields", [{"activity": "picnic"}, {"proof": "E"}, {"occurrence": "党课:1"}, {"channel": "telepathy"}]
)
def test_what_is_no_line_is_a_mistake_of_the_caller(db, make, branch, fields):
    with pytest.raises(ValueError, match="not a"):
        post(line(make.member(branch), **fields))
    assert db.session.scalar(select(func.count(HourEntry.id))) == 0


def test_a_line_keeps_what_it_was_given(db, make, branch):
    member, secretary = make.member(branch), make.actor(make.member(branch))
    given = {"starts_at": at(9), "ends_at": at(10, 30), "channel": "phone", "proof": "C"}
    entry = db.session.get(HourEntry, post(line(member, **given), actor=secretary).entry_ids[0])
    assert {name: getattr(entry, name) for name in given} == given
    assert (entry.day, entry.credit_year, entry.activity, entry.mode) == (DAY, 2026, "theme_day", "group")
    assert (entry.minutes, entry.credit, entry.title) == (90, 200, "主题党日")
    assert (entry.posted_by_id, entry.posted_at) == (secretary.account_id, clock.now())
    assert entry.posted_by != chain.NOBODY
    with transaction():
        back_id = hours.reverse_many(secretary, [entry.id], reason=" 点错了人 ")[0]
    back = db.session.get(HourEntry, back_id)
    assert {name: getattr(back, name) for name in given} == given
    assert (back.minutes, back.credit, back.reverses_id, back.note) == (-90, -200, entry.id, "点错了人")
    assert (back.policy_id, back.title) == (entry.policy_id, entry.title)


def test_live_lines_of_an_occurrence_are_not_those_of_its_longer_namesakes(make, branch):
    member, other = make.member(branch), make.member(branch)
    first = post(line(member, "event:1"), line(other, "event:1")).entry_ids
    post(line(member, "event:10"), line(member, "event:0"), line(member, "event:2"))
    assert hours.live_entries("event:1") == {member.id: first[0], other.id: first[1]}
    with transaction():
        hours.reverse_many(None, first[:1], reason="点错了人")
    assert hours.live_entries("event:1") == {other.id: first[1]}


def test_several_lines_are_reversed_together_or_not_at_all(db, make, branch):
    ids = post(line(make.member(branch)), line(make.member(branch))).entry_ids
    with pytest.raises(RuleError, match="not in the ledger"), transaction():
        hours.reverse_many(None, [*ids, 10**9], reason="点错了人")
    with pytest.raises(RuleError, match="Say why"), transaction():
        hours.reverse_many(None, ids, reason=" ")
    with transaction():
        assert hours.reverse_many(None, [], reason="点错了人") == []
        assert len(hours.reverse_many(None, [*ids, *ids], reason="点错了人")) == 2
    assert db.session.scalar(select(func.sum(HourEntry.minutes))) == 0


def test_a_book_takes_a_thousand_lines_at_once(make, branch, monkeypatch):
    monkeypatch.setattr(posting, "MOST_LINES", 2)
    people = [make.member(branch, with_account=False) for _ in range(3)]
    assert len(post(*map(line, people[:2])).entry_ids) == 2
    again = (line(person, "event:3") for person in people[1:])
    assert len(post(*again).entry_ids) == 2, "at once: what stands in the book already is not counted"
    with pytest.raises(ValueError, match="more than 2"):
        post(*(line(person, "event:2") for person in people))


def test_a_batch_leaves_one_audit_event(db, make, branch):
    ids = post(line(make.member(branch)), line(make.member(branch), minutes=45)).entry_ids
    post(line(make.member(branch)), line(make.member(branch), "event:2"))
    with transaction():
        hours.reverse_many(None, ids, reason="点错了人")
    told = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()[-3:]
    assert [(t.action, t.target) for t in told] == [
        ("hours.posted", "event:1"),
        ("hours.posted", "lines:2"),
        ("hours.reversed", "event:1"),
    ]
    assert told[0].detail == {"lines": 2, "minutes": 135, "first": ids[0], "last": ids[-1]}
    assert (told[2].detail["minutes"], told[2].detail["reason"]) == (-135, "点错了人")


def test_care_is_marked_on_the_year(db, make, branch):
    """Today, or on the last day of a year that is over."""
    begins = [date(2026, 9, 25), date(2026, 9, 26), date(2025, 12, 31)]
    people = [make.member(branch) for _ in begins]
    with transaction() as session:
        for who, day in zip(people, begins, strict=True):
            session.add(CareSpan(member_id=who.id, valid_from=day))
        session.flush()
        for year in (2025, 2026):
            hours.refresh_years([who.id for who in people], year)
    assert [year_of(db, who, 2026).on_care for who in people] == [True, False, True]
    assert [year_of(db, who, 2025).on_care for who in people] == [False, False, True]
    assert persons.people([people[0].id]).keys() == {people[0].id}


def test_past_years_stand_with_the_branch_of_today(db, make, root, branch):
    """A transfer takes the member's earlier years along, leaving ends that of this; no line is touched."""
    member, other = make.member(branch), make.unit(kind="branch", parent=root)
    post(line(member, day=date(2025, 12, 30)), line(member, "event:2"))
    with transaction():
        services.transfer(None, member.id, unit_id=other.id, on=DAY)
        db.session.flush()
        hours.refresh_years([member.id], 2026)
    assert [year_of(db, member, year).custody_unit_id for year in (2025, 2026)] == [other.id] * 2
    assert list(verify()) == []
    with transaction():
        services.set_left(None, member.id, on=clock.today(), why="left")
        db.session.flush()
        hours.refresh_years([member.id], 2026)
    assert [year_of(db, member, year).custody_unit_id for year in (2025, 2026)] == [other.id, None]
    assert list(verify()) == []
