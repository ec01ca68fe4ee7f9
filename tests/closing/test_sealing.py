"""Closing a year: what must be settled, what is fixed, what verify finds, and corrections afterwards."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError

from pbtrain.closing import manifest, sealing
from pbtrain.closing.models import YearSeal
from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.home.reshaping import services as reshaping
from pbtrain.hours import services as hours
from pbtrain.hours.models import Book, HourClaim, HourEntry, MemberYear
from pbtrain.hours.verify import verify
from pbtrain.org import services as org
from pbtrain.org.models import Unit
from pbtrain.org.reshaping import Part
from pbtrain.org.roles import Role
from tests.closing.conftest import APRIL, MARCH, line, post, reverse, seal, sign_all


@pytest.fixture
def closed(make, branch, january):
    """A branch of two members whose 2026 is closed; the second has half of it as a correction to come."""
    one, two = make.member(branch), make.member(branch)
    post(line(one, day=MARCH), line(two, day=MARCH), line(one, "event:2", 45, APRIL))
    sign_all(branch)
    code = seal(branch)
    return one, two, code


def test_a_closed_branch_keeps_its_figures(branch, closed):
    one, _two, code = closed
    kept = db.session.scalars(select(YearSeal)).one()
    book = db.session.scalars(select(Book).where(Book.year == 2026)).one()
    assert (book.seal, kept.code) == (kept.digest, code)
    assert manifest.digest(kept.manifest) == kept.digest
    assert manifest.short_code(kept.digest) == code
    assert kept.manifest["totals"]["members"] == 2
    assert kept.manifest["totals"]["counted"] == 500
    year = db.session.scalars(select(MemberYear).where(MemberYear.member_id == one.id)).one()
    assert (year.sealed_counted, year.sealed_target, year.corrections) == (300, 3200, 0)
    assert list(verify()) == []


def test_who_moves_to_a_branch_that_has_closed_is_closed_by_the_one_left(make, root, branch, january):
    """Else the year of that member is in nobody's seal, and its hours are missing from every total above."""
    member, stays = make.member(branch), make.member(branch)
    other = make.unit(parent=root)
    post(line(member, day=MARCH), line(stays, day=MARCH), line(make.member(other), day=MARCH))
    sign_all(other)
    seal(other)
    with transaction():
        org.transfer(None, member.id, unit_id=other.id)
        hours.refresh_years([member.id], 2027)
    assert list(verify()) == []
    sign_all(branch)
    seal(branch)
    totals = {one.unit_id: one.manifest["totals"] for one in db.session.scalars(select(YearSeal))}
    assert (totals[branch.id]["members"], totals[branch.id]["counted"]) == (2, 400)
    assert totals[other.id]["members"] == 1
    year = select(MemberYear).where(MemberYear.member_id == member.id, MemberYear.credit_year == 2026)
    assert db.session.scalars(year).one().sealed_counted == 200
    with transaction():
        hours.refresh_years([member.id], 2027)
    assert db.session.scalars(year).one().custody_unit_id == other.id
    assert list(verify()) == []


def test_who_stands_in_a_branch_of_january_is_closed_by_the_one_before(make, root, branch, january):
    """A branch that was split in January, or became a level: the new one has no year 2026 to close."""
    goes, stays = make.member(branch), make.member(branch)
    post(line(goes, day=MARCH), line(stays, day=MARCH))
    sign_all(branch)
    with transaction():
        (shift,) = reshaping.split(None, branch.id, [Part("示例新支部", (goes.id,))])
    year = select(MemberYear).where(MemberYear.member_id == goes.id, MemberYear.credit_year == 2026)
    assert db.session.scalars(year).one().custody_unit_id == branch.id
    assert list(verify()) == []
    seal(branch)
    kept = db.session.scalars(select(YearSeal)).one().manifest
    assert (kept["totals"]["members"], kept["totals"]["counted"]) == (2, 400)
    with transaction():
        hours.refresh_years([goes.id], 2027)
    assert db.session.scalars(year).one().custody_unit_id == shift.to_id
    assert list(verify()) == []


def test_who_leaves_in_january_is_in_the_seal_of_the_year_before(make, root, branch, january):
    """Nobody's seal had that year; who had left before its end is counted by nobody, as ever."""
    leaves, gone, stays = (make.member(branch) for _ in range(3))
    post(*(line(one, day=MARCH) for one in (leaves, gone, stays)))
    with transaction():
        for member, day in ((leaves, date(2027, 1, 5)), (gone, date(2026, 12, 31))):
            org.set_left(None, member.id, on=day)
            hours.refresh_years([member.id], 2026)
            hours.refresh_years([member.id], 2027)
    assert list(verify()) == []
    sign_all(branch)
    seal(branch)
    kept = db.session.scalars(select(YearSeal)).one().manifest
    assert sorted(row[0] for row in kept["members"]) == sorted((leaves.id, stays.id))
    custody = select(MemberYear.custody_unit_id).where(MemberYear.member_id == leaves.id)
    assert set(db.session.scalars(custody.where(MemberYear.credit_year == 2027))) == {None}
    assert list(verify()) == []


def test_a_year_is_closed_when_it_is_over(branch, frozen):
    with pytest.raises(RuleError, match="when it is over"):
        seal(branch)


def test_what_is_open_keeps_a_year_open(make, branch, january):
    member = make.member(branch)
    post(line(member, day=MARCH))
    with pytest.raises(RuleError, match="Months are not signed: 12"):
        seal(branch)
    sign_all(branch)
    claim = make.save(
        HourClaim(
            member_id=member.id, unit_id=branch.id, state="held", occurrence="event:77", title="示例重叠",
            activity="theme_day", channel="onsite", proof="B", day=MARCH, minutes=60, uncovered=30,
        )
    )  # fmt: skip
    with pytest.raises(RuleError, match="Held lines wait for a decision: 1"):
        seal(branch)
    asked_back = clock.at(date(2027, 1, 5), 0)  # seven days ago
    for state, back_since in (("submitted", None), ("returned", asked_back)):
        with transaction() as session:
            values = {"state": state, "decided_at": back_since}
            session.execute(update(HourClaim).where(HourClaim.id == claim.id).values(values))
        with pytest.raises(RuleError, match="Claims wait"):
            seal(branch)
    assert db.session.scalar(select(func.count(YearSeal.id))) == 0
    with transaction() as session:  # whoever has left never sends it back: it kept the year open for good
        late = {"decided_at": asked_back - timedelta(minutes=1)}
        session.execute(update(HourClaim).where(HourClaim.id == claim.id).values(late))
    assert seal(branch)


def test_a_book_that_was_changed_is_not_closed(make, branch, january, back):
    post(line(make.member(branch), day=MARCH))
    sign_all(branch)
    back.run("UPDATE hour_entry SET minutes = 91")
    with pytest.raises(RuleError, match="does not agree with its lines"):
        seal(branch)


def test_a_sealed_book_takes_no_line_and_never_changes(make, branch, closed):
    one, _two, _code = closed
    entry = db.session.scalars(select(HourEntry.id).order_by(HourEntry.id)).first()
    before = db.session.execute(select(Book.__table__).where(Book.year == 2026)).one()
    with pytest.raises(RuleError, match="is closed"):
        post(line(one, "event:5", day=APRIL))
    with pytest.raises(RuleError, match="is closed"):
        reverse(entry)
    for statement in (
        "UPDATE book SET entries = 0 WHERE sealed_at IS NOT NULL",
        "UPDATE book SET seal = 'x' WHERE sealed_at IS NOT NULL",
        "DELETE FROM book",
        "DELETE FROM year_seal",
        "UPDATE year_seal SET code = 'x'",
        "DELETE FROM sign_off",
    ):
        with pytest.raises(DBAPIError), transaction() as session:
            session.execute(text(statement))
    assert db.session.execute(select(Book.__table__).where(Book.year == 2026)).one() == before


def test_a_correction_goes_into_the_open_book(make, branch, closed):
    one, two, _code = closed
    entry = db.session.scalars(select(HourEntry.id).where(HourEntry.member_id == two.id)).one()
    auditor = make.actor(make.person(Role.UNIT_AUDITOR, make.unit()))
    with transaction():
        hours.reverse_many(auditor, [entry], reason="记错了人", after_seal=True)
        hours.post_many(auditor, [line(one, "correction:1", 90, APRIL, correction="漏记一次党课")])
    new = db.session.scalars(select(Book).where(Book.year == 2027)).one()
    assert (new.entries, new.credit, new.prior_credit) == (2, 0, 0)
    years = db.session.scalars(select(HourEntry.credit_year).where(HourEntry.book_id == new.id))
    assert set(years) == {2026}
    years = {y.member_id: y for y in db.session.scalars(select(MemberYear))}
    assert (years[one.id].sealed_counted, years[one.id].corrections, years[one.id].counted) == (300, 200, 500)
    assert (years[two.id].sealed_counted, years[two.id].corrections, years[two.id].counted) == (200, -200, 0)
    notes = db.session.scalars(
        select(HourEntry.note).where(HourEntry.book_id == new.id).order_by(HourEntry.id)
    )
    assert list(notes) == ["记错了人", "漏记一次党课"]
    with transaction():  # the line that corrects can be corrected in turn
        late = db.session.scalars(select(HourEntry.id).where(HourEntry.note == "漏记一次党课")).one()
        hours.reverse_many(auditor, [late], reason="又记错了", after_seal=True)
    db.session.rollback()
    assert db.session.scalars(select(MemberYear.corrections).where(MemberYear.member_id == one.id)).one() == 0
    assert list(verify()) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE year_seal SET code = '0000000000000000'",
        "UPDATE year_seal SET digest = '{d}'",
        "UPDATE year_seal SET year = 2025",
        "UPDATE member_year SET sealed_counted = sealed_counted + 1, corrections = corrections - 1",
        "UPDATE member_year SET sealed_target = 100",
        "UPDATE member_year SET sealed_counted = NULL, sealed_target = NULL",
        "UPDATE member_year SET corrections = 5",
        "UPDATE book SET seal = '{d}'",
        "UPDATE book SET seal = NULL, sealed_at = NULL",
        "DELETE FROM year_seal",
    ],
)
def test_verify_finds_what_was_changed_of_a_closed_year(closed, back, change):
    back.run(change.format(d="ab" * 32))
    assert next(verify(), None) is not None


def test_levels_close_from_below_and_empty_ones_with_them(make, root, branch, january):
    post(line(make.member(branch), day=MARCH))
    make.unit("示例空支部", parent=root)
    group = make.unit("示例空总支", parent=root, kind="general_branch")
    make.unit("示例空支部二", parent=group)
    make.unit("示例学院", parent=root, kind="academy")
    ended = make.unit("示例撤销支部", parent=root, valid_until=date(2026, 6, 1))
    actor = make.actor(make.person(Role.UNIT_AUDITOR, root))
    with pytest.raises(RuleError, match="not closed yet: 1"):
        sealing.close(actor, root.id, 2026)
    closed_already = db.session.scalar(select(func.count(YearSeal.id)))
    assert closed_already == 4  # what is empty or ended; a second try goes on there
    sign_all(branch)
    seal(branch)
    told = []
    code = sealing.close(actor, root.id, 2026, lambda done, of: told.append((done, of)))
    top = db.session.scalars(select(YearSeal).where(YearSeal.unit_id == root.id)).one()
    assert top.code == code
    assert {unit["id"] for unit in top.manifest["units"]} >= {branch.id, group.id, ended.id}
    assert top.manifest["totals"]["branches"] == 4
    assert top.manifest["totals"]["counted"] == 200
    assert list(verify()) == []
    with pytest.raises(Conflict) as lost:
        sealing.close(actor, root.id, 2026)
    assert lost.value.params["name"] == actor.name


def test_a_branch_that_was_moved_is_closed_where_it_stood_at_the_end_of_the_year(make, root, branch, january):
    """By the tree of the day of closing its hours would stand in two totals above, or in none."""
    left, right = (make.unit(f"示例{name}镇党委", parent=root, kind="committee") for name in "东西")
    early, late, empty = (make.unit(f"示例支部{n}", parent=left) for n in "甲乙丙")
    stays = make.unit("示例支部丁", parent=right)
    for one in (branch, early, late, stays):
        post(line(make.member(one), day=MARCH))
        sign_all(one)
    actor = make.actor(make.person(Role.UNIT_AUDITOR, root))
    for one in (branch, early, stays):
        seal(one)

    def move(unit):
        with transaction():
            reshaping.move(None, unit.id, right.id)

    def total(unit):
        asked = select(YearSeal.manifest).where(YearSeal.unit_id == unit.id)
        totals = db.session.scalars(asked).one()["totals"]
        return totals["branches"], totals["members"], totals["counted"]

    move(early)  # closed already, below a level that is open still
    sealing.close(actor, right.id, 2026)
    move(late)  # open still, below a level that is closed
    move(empty)
    with pytest.raises(RuleError, match="not closed yet: 1, the first is 示例支部乙"):
        sealing.close(actor, left.id, 2026)
    seal(late)
    sealing.close(actor, left.id, 2026)
    sealing.close(actor, root.id, 2026)
    assert [total(one) for one in (left, right, root)] == [(3, 2, 400), (1, 1, 200), (5, 4, 800)]
    assert list(verify()) == []


def test_two_who_close_at_once(make, branch, january, at_once):
    post(line(make.member(branch), day=MARCH))
    sign_all(branch)
    one, two = (make.actor(make.person(Role.UNIT_AUDITOR, make.unit())) for _ in range(2))
    unit_id = branch.id
    db.session.rollback()

    def go(who):
        def close():
            with transaction():
                return sealing.seal_unit(who, unit_id, 2026)

        return close

    results = at_once(go(one), go(two))
    assert sorted(type(r).__name__ for r in results) == ["Conflict", "str"], results
    assert db.session.scalar(select(func.count(YearSeal.id))) == 1


def test_closing_a_branch_takes_a_fixed_number_of_statements(make, branch, january, statements):
    counts = []
    for size in (2, 12):
        unit = make.unit(parent=db.session.get(Unit, branch.parent_id))
        members = [make.member(unit) for _ in range(size)]
        post(*(line(member, day=MARCH) for member in members))
        sign_all(unit)
        with statements() as sent:
            seal(unit)
        counts.append(len(sent))
    assert counts[0] == counts[1], counts
    assert counts[0] <= 40
