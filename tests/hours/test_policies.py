"""Which rules judge a line and a year: the nearest unit above, the newest year begun, the newest version."""

from datetime import date

import pytest
from sqlalchemy import select

from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.hours import persons, posting
from pbtrain.hours import services as hours
from pbtrain.hours.models import Book, HourEntry, MemberYear, Policy
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.rulebook import Rulebook, Version
from pbtrain.hours.verify import verify
from pbtrain.org.models import Affiliation, Member
from tests.hours.conftest import line, post


def publish(unit, year=2025, **fields):
    with transaction():
        return hours.publish_policy(None, unit.id, year, PolicyRules(**fields))


def target_in(unit, year):
    return posting.policies([unit.id])(unit.id, year).targets["member"]


def test_the_nearest_unit_above_decides(make, root):
    league, other = (make.unit(parent=root, kind="committee") for _ in range(2))
    near, far = make.unit(parent=league), make.unit(parent=other)
    publish(league, targets={"member": 4000})
    assert (target_in(near, 2026), target_in(far, 2026)) == (4000, 3200)
    publish(near, targets={"member": 4800})
    assert (target_in(near, 2026), target_in(league, 2026)) == (4800, 4000)
    rules_for = posting.policies([near.id, far.id])
    assert [rules_for(unit.id, 2026).targets["member"] for unit in (near, far)] == [4800, 3200]


def test_the_newest_version_of_the_newest_year_begun_decides(db, root, branch):
    publish(root, 2026, targets={"member": 4000})
    newest = publish(root, 2026, targets={"member": 4100})
    publish(root, 2027, targets={"member": 5000})
    publish(root, 2025, targets={"member": 3300})
    assert [target_in(branch, year) for year in (2025, 2026, 2027, 2030)] == [3300, 4100, 5000, 5000]
    assert posting.policies([branch.id])(branch.id, 2026).id == newest
    versions = db.session.execute(select(Policy.year, Policy.version).order_by(Policy.id)).all()
    assert versions == [(2025, 1), (2026, 1), (2026, 2), (2027, 1), (2025, 2)]


def test_a_year_before_the_first_policy_has_none(make, branch):
    with pytest.raises(RuleError, match="2024"):
        posting.policies([branch.id])(branch.id, 2024)
    with pytest.raises(RuleError, match="2024"):
        post(line(make.member(branch), day=date(2024, 5, 1)))


def test_a_line_is_converted_by_the_branch_of_its_day_and_keeps_its_policy(db, make, root, branch):
    member, new = make.member(branch), make.unit(parent=root)
    sixty = publish(new, minutes_per_hour=60)
    with transaction() as session:
        old_home = session.scalars(select(Affiliation).where(Affiliation.member_id == member.id)).one()
        old_home.valid_until = date(2026, 3, 2)
        session.add(Affiliation(member_id=member.id, unit_id=new.id, valid_from=date(2026, 3, 2)))
        session.get(Member, member.id).unit_id = new.id
    for number, day in enumerate((date(2026, 3, 1), date(2026, 3, 2)), 1):
        post(line(member, f"event:{number}", day=day))
    before, after = db.session.scalars(select(HourEntry).order_by(HourEntry.day)).all()
    assert (before.credit, after.credit, after.policy_id) == (200, 150, sixty)
    books = {book.unit_id: book.credit for book in db.session.scalars(select(Book).order_by(Book.id))}
    assert books == {branch.id: 200, new.id: 150}
    with transaction():
        hours.reverse_many(None, [before.id, after.id], reason="点错了人")
    assert {book.credit for book in db.session.scalars(select(Book).order_by(Book.id))} == {0}
    assert list(verify()) == []


def year_of(db, member, year=2026):
    return db.session.scalars(
        select(MemberYear).where(MemberYear.member_id == member.id, MemberYear.credit_year == year)
    ).one_or_none()


def test_refreshing_makes_years_and_follows_a_new_policy(db, make, root, branch):
    member, other = make.member(branch), make.member(branch)
    with transaction():
        hours.refresh_years([member.id], 2026)
    year = year_of(db, member)
    assert (year.entries, year.counted, year.target, year.custody_unit_id) == (0, 0, 3200, branch.id)
    assert (year.due, year.due_on, year.on_care) == (2350, date(2026, 9, 25), False)
    assert year_of(db, other) is None
    assert year_of(db, member, 2025) is None
    publish(root, 2026, targets={"member": 4000})
    with transaction():
        hours.refresh_years([member.id], 2026)
    db.session.expire_all()
    assert year_of(db, member).target == 4000
    with transaction():
        hours.refresh_years([], 2026)


def test_a_year_that_is_over_is_judged_by_the_branch_of_its_last_day(db, make, root, branch):
    member, new = make.member(branch), make.unit(parent=root)
    publish(new, targets={"member": 4800})
    with transaction():
        hours.refresh_years([member.id], 2026)
    assert (year_of(db, member).target, year_of(db, member).custody_unit_id) == (3200, branch.id)
    with transaction() as session:
        home = session.scalars(select(Affiliation).where(Affiliation.member_id == member.id)).one()
        home.valid_until = date(2026, 1, 1)
        session.add(Affiliation(member_id=member.id, unit_id=new.id, valid_from=date(2026, 1, 1)))
        session.get(Member, member.id).unit_id = new.id
        session.flush()
        for year in (2025, 2026):
            hours.refresh_years([member.id], year)
    db.session.expire_all()
    assert [year_of(db, member, year).target for year in (2025, 2026)] == [3200, 4800]
    assert year_of(db, member).custody_unit_id == new.id
    assert list(verify()) == []


def test_a_member_stands_where_they_stand_and_not_where_others_do(make, root, branch):
    first, second = make.member(branch), make.member(make.unit(parent=root))
    people = persons.people([first.id, second.id])
    assert people[first.id].homes == [(make.LONG_AGO, None, branch.id)]
    assert people[second.id].homes == [(make.LONG_AGO, None, second.unit_id)]


@pytest.mark.parametrize(("left_on", "gone"), [(date(2026, 9, 25), True), (date(2026, 9, 26), False)])
def test_who_leaves_counts_for_the_branch_until_that_day(db, make, branch, left_on, gone):
    member = make.member(branch, left_on=left_on)
    with transaction():
        hours.refresh_years([member.id], 2026)
    assert year_of(db, member).custody_unit_id == (None if gone else branch.id)
    assert list(verify()) == []


def person(*homes, unit_id=None):
    return persons.Person(homes=list(homes), unit_id=unit_id)


def test_the_branch_of_a_day():
    first, second = (date(2026, 1, 1), date(2026, 3, 2), 1), (date(2026, 5, 1), None, 2)
    someone = person(first, second, unit_id=2)
    days = (date(2025, 12, 31), date(2026, 1, 1), date(2026, 3, 1), date(2026, 3, 2), date(2026, 5, 1))
    assert [someone.branch_on(day) for day in days] == [None, 1, 1, None, 2]


def test_the_branch_that_judges_a_year():
    first, second = (date(2025, 1, 1), date(2026, 1, 1), 1), (date(2026, 1, 1), date(2026, 5, 1), 2)
    someone, today = person(first, second, unit_id=9), date(2026, 3, 2)
    book = Rulebook({unit: [Version(unit, 2010, date(2010, 1, 1), {})] for unit in (1, 2, 9)})
    judges = [
        book.of(someone.homes, 9, year).on(day).id
        for year, day in (
            (2025, today),
            (2026, today),
            (2026, date(2026, 9, 25)),
            (2027, today),
            (2019, today),
        )
    ]
    assert judges == [1, 2, 2, 2, 1]  # between branches and later: the last one; before the first: the first
