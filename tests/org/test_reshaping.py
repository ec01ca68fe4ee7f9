"""Merging, splitting, moving, ending: who stands where afterwards, and what went along."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.home.reshaping import services as reshaping
from pbtrain.hours import services as hours
from pbtrain.hours.models import Book, HourClaim, MemberYear
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.verify import verify
from pbtrain.org import history, posts, services, tree
from pbtrain.org.access import may
from pbtrain.org.models import (
    Academy,
    Affiliation,
    DataReport,
    Member,
    Post,
    RoleGrant,
    Unit,
    UnitSuccession,
)
from pbtrain.org.reshaping import Part
from pbtrain.org.roles import Perm, Role
from tests.org.conftest import YEAR, custody, held_line, standing


def test_a_merger_takes_everybody_along_and_leaves_the_books(db, make, league):
    gone = make.member(db.session.get(Unit, league.one), left_on=date(YEAR, 2, 1)).id
    held_line(make, league.one, league.people[league.one][1])
    make.save(
        DataReport(member_id=league.people[league.one][1], unit_id=league.one, subject="name", text="示例")
    )
    with transaction():
        shifts = reshaping.merge(None, [league.one], league.two)
    everybody = {*league.people[league.one], *league.people[league.two]}
    assert shifts[0].member_ids == tuple(sorted(league.people[league.one]))
    assert standing(db, league.two) == custody(db, league.two) == everybody
    assert standing(db, league.one) == {gone}
    today = clock.today()
    assert db.session.get(Unit, league.one).valid_until == today
    moved = league.people[league.one][1]
    spans = db.session.execute(
        select(Affiliation.unit_id, Affiliation.valid_until)
        .where(Affiliation.member_id == moved)
        .order_by(Affiliation.id)
    ).all()
    assert [tuple(span) for span in spans] == [(league.one, today), (league.two, None)]
    assert db.session.scalar(select(Post.valid_until).where(Post.unit_id == league.one)) == today
    assert db.session.scalar(select(RoleGrant.valid_until).where(RoleGrant.unit_id == league.one)) == today
    assert db.session.scalar(select(HourClaim.unit_id)) == league.two
    assert db.session.scalar(select(DataReport.unit_id)) == league.two
    books = dict(db.session.execute(select(Book.unit_id, Book.person_times)).all())
    assert books == {league.one: 3, league.two: 3}
    row = db.session.scalars(select(UnitSuccession)).one()
    assert (row.from_id, row.to_id, row.kind, row.on_day) == (league.one, league.two, "merge", today)
    assert [str(finding) for finding in verify()] == []


def test_units_merge_into_a_new_one(db, league):
    with transaction():
        shifts = reshaping.merge_into_new(
            None, [league.one, league.two], league.left, name="示例联合支部", code="L1"
        )
    into = db.session.scalars(select(Unit).where(Unit.code == "L1")).one()
    assert {shift.to_id for shift in shifts} == {into.id}
    assert len(standing(db, into.id)) == 6
    with pytest.raises(RuleError, match="not exist"), transaction():
        reshaping.merge_into_new(None, [league.one, league.two], league.left, name="再来")


def test_committees_merge_with_all_that_stands_below_them(db, make, league):
    with transaction():
        reshaping.merge(None, [league.left], league.right)
    below = {row.unit_id for row in history.tree_on(league.right, clock.today())}
    assert below == {league.right, league.one, league.two}
    assert db.session.get(Unit, league.one).parent_id == league.right
    before = {row.unit_id for row in history.tree_on(league.left, clock.today() - timedelta(days=1))}
    assert before == {league.left, league.one, league.two}


@pytest.mark.parametrize("wrong", ["kind", "itself", "below itself", "academy", "nothing"])
def test_what_cannot_be_merged(make, league, wrong):
    academy, other = (make.unit(kind="academy") for _ in range(2))
    below = make.unit("示例下级党委", parent=make.db.session.get(make.Unit, league.left), kind="committee")
    ending, into = {
        "kind": ([league.one], league.right),
        "itself": ([league.one], league.one),
        "below itself": ([league.left], below.id),
        "academy": ([academy.id], other.id),
        "nothing": ([], league.one),
    }[wrong]
    with pytest.raises(RuleError), transaction():
        reshaping.merge(None, ending, into)


def test_merging_needs_the_right_over_each_that_ends(make, league):
    admin = make.actor(make.person(Role.UNIT_ADMIN, make.db.session.get(make.Unit, league.right)))
    mine = make.unit("示例三支部", parent=make.db.session.get(make.Unit, league.right))
    for ending, into in (([league.one], mine.id), ([mine.id], league.one)):
        with pytest.raises(RuleError, match="no right"), transaction():
            reshaping.merge(admin, ending, into)


def test_a_branch_is_split(db, league):
    first, second, third = league.people[league.one]
    with transaction():
        shifts = reshaping.split(
            None, league.one, [Part("示例新甲", (first,)), Part("示例新乙", (third,), "N2")]
        )
    new = [shift.to_id for shift in shifts]
    assert [standing(db, unit_id) for unit_id in (league.one, *new)] == [{second}, {first}, {third}]
    kept = [custody(db, unit_id) for unit_id in (league.one, *new)]
    assert kept == [{first, second, third}, {first}, {third}], "the year before is closed where it was"
    assert db.session.scalar(select(Post.valid_until).where(Post.unit_id == league.one)) == clock.today()
    assert {row.kind for row in history.successions_of([league.one])} == {"split"}
    assert db.session.get(Unit, league.one).valid_until is None
    assert [str(finding) for finding in verify()] == []


def test_a_committee_is_split(db, league):
    with transaction():
        shifts = reshaping.split(None, league.left, [Part("示例丙党委", (league.two,))])
    assert db.session.get(Unit, league.two).parent_id == shifts[0].to_id
    assert db.session.get(Unit, shifts[0].to_id).parent_id == league.top
    assert len(standing(db, league.two)) == 3


def test_what_cannot_be_split(league):
    first, second, third = league.people[league.one]
    for parts in (
        [],
        [Part("示例新", ())],
        [Part("示例新", (first, second, third))],
        [Part("示例新", (first,)), Part("示例又", (first,))],
        [Part("示例新", (league.people[league.two][0],))],
        [Part("示例二支部", (first,))],
        [Part("示例新", (first,)), Part("示例新", (second,))],
    ):
        with pytest.raises(RuleError), transaction():
            reshaping.split(None, league.one, parts)
    with pytest.raises(RuleError, match="at the top"), transaction():
        reshaping.split(None, league.top, [Part("示例新", (league.left,))])


def test_an_academy_serves_what_its_area_became(db, make, league):
    academy = make.unit("示例党校", kind="academy").id
    make.save(Academy(unit_id=academy, service_unit_id=league.left))
    for work, area in (
        (lambda: reshaping.merge(None, [league.left], league.right), league.right),
        (lambda: reshaping.reopen(None, league.left), league.left),
    ):
        with transaction():
            work()
        assert db.session.scalar(select(Academy.service_unit_id)) == area


@pytest.mark.parametrize("end", ["merge", "abolish"])
def test_who_led_a_committee_that_ends_owes_less_from_today(db, league, end):
    leader = league.people[league.one][1]
    with transaction():
        posts.give_post(
            None, leader, unit_id=league.left, kind="secretary", valid_from=clock.today() - timedelta(days=60)
        )
        db.session.flush()
        hours.refresh_years([leader], YEAR)
    before = db.session.scalars(
        select(MemberYear.target).where(MemberYear.member_id == leader, MemberYear.credit_year == YEAR)
    ).one()
    with transaction():
        if end == "merge":
            reshaping.merge(None, [league.left], league.right)
        else:
            for unit_id in (league.one, league.two):
                reshaping.move(None, unit_id, league.right)
            reshaping.abolish(None, league.left)
    assert [str(finding) for finding in verify()] == []
    with transaction():
        reshaping.reopen(None, league.left)
    db.session.rollback()
    after = db.session.scalars(
        select(MemberYear.target).where(MemberYear.member_id == leader, MemberYear.credit_year == YEAR)
    ).one()
    assert after == before, "the post runs on"


def test_somebody_moved_meanwhile_is_a_conflict(db, league):
    from pbtrain.org.reshaping import move_people

    with pytest.raises(Conflict), transaction():
        move_people([league.people[league.two][0]], league.one, league.two, clock.today())


def test_held_lines_of_an_abolished_branch_follow_the_members(db, make, league):
    for member_id in league.people[league.one]:
        held_line(make, league.one, member_id)
        with transaction():
            services.transfer(None, member_id, unit_id=league.two)
    with transaction():
        reshaping.abolish(None, league.one)
    assert set(db.session.scalars(select(HourClaim.unit_id))) == {league.two}


def test_the_last_system_administrator_is_not_ended_with_a_unit(make, league):
    make.person(Role.SYSTEM_ADMIN, make.db.session.get(make.Unit, league.right))
    with pytest.raises(RuleError, match="last system"), transaction():
        reshaping.abolish(None, league.right)


def test_other_rules_above_judge_at_once(db, make, league):
    with transaction():
        rules = PolicyRules(targets={"member": 4000, "leader": 6000})
        hours.publish_policy(None, league.right, YEAR, rules)
    with transaction():
        assert reshaping.move(None, league.one, league.right) == 0
    targets = set(
        db.session.scalars(
            select(MemberYear.target).where(
                MemberYear.member_id.in_(league.people[league.one]), MemberYear.credit_year == YEAR
            )
        )
    )
    assert targets == {3450, 5750}  # 32×267/365 + 40×98/365, 56×267/365 + 60×98/365: the tree of each day
    assert [str(finding) for finding in verify()] == []


def test_a_secretary_keeps_the_branch_that_moves_and_the_old_admin_loses_it(make, league):
    old = make.person(Role.UNIT_ADMIN, make.db.session.get(make.Unit, league.left))
    new = make.person(Role.UNIT_ADMIN, make.db.session.get(make.Unit, league.right))
    secretary = make.db.session.get(Member, league.people[league.one][0])
    with transaction():
        reshaping.move(None, league.one, league.right)
    assert may(make.actor(secretary), Perm.EVENT_RECORD, league.one)
    assert not may(make.actor(old), Perm.UNIT_MANAGE, league.one)
    assert may(make.actor(new), Perm.UNIT_MANAGE, league.one)
    with pytest.raises(RuleError, match="no right"), transaction():
        reshaping.move(make.actor(old), league.one, league.left)


def test_a_merger_takes_as_many_statements_for_forty_as_for_four(db, make, league, statements):
    counts = []
    for number in (4, 40):
        with transaction():
            extra = tree.add_unit(None, name=f"示例{number}", kind="branch", parent_id=league.left).id
        for _ in range(number):
            make.member(db.session.get(Unit, extra), with_account=False)
        with statements() as sent, transaction():
            reshaping.merge(None, [extra], league.two)
        counts.append(len(sent))
    assert counts[0] == counts[1]
