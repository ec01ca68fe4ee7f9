"""A temporary branch is led by members of other branches: they stay where they stand."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.home.reshaping import services as reshaping
from pbtrain.hours import services as hours
from pbtrain.hours.models import MemberYear
from pbtrain.hours.verify import verify
from pbtrain.org import access, leaders, posts, services, tree
from pbtrain.org.models import Affiliation, Member, Post, Unit
from pbtrain.org.roles import Perm, Role
from tests.org.conftest import YEAR


@pytest.fixture
def squad(league):
    """A temporary branch for ten days below the left committee, without members."""
    with transaction():
        return tree.add_unit(
            None, name="示例突击队", kind="temporary_branch", parent_id=league.left,
            ends_on=clock.today() + timedelta(days=10),
        ).id  # fmt: skip


def lead(actor, member_id, unit_id, kind="secretary", on=None):
    """As the page does: the post, then what the holder owes."""
    with transaction():
        posts.give_post(actor, member_id, unit_id=unit_id, kind=kind, valid_from=on or clock.today())
        hours.refresh_years([member_id], YEAR)


def target(db, member_id):
    wanted = select(MemberYear.target).where(
        MemberYear.member_id == member_id, MemberYear.credit_year == YEAR
    )
    return db.session.scalar(wanted)


def test_the_post_brings_the_role_for_its_days_and_moves_nobody(db, make, league, squad, frozen):
    member_id = league.people[league.one][1]
    lead(None, member_id, squad)
    member = db.session.get(Member, member_id)
    assert member.unit_id == league.one
    assert db.session.scalar(select(func.count()).where(Affiliation.member_id == member_id)) == 1
    assert access.may(make.actor(member), Perm.EVENT_RECORD, squad)
    assert not access.may(make.actor(member), Perm.EVENT_RECORD, league.one)
    frozen.shift(days=10)
    assert reshaping.end_due_units() == 1
    assert not access.may(make.actor(db.session.get(Member, member_id)), Perm.EVENT_RECORD)
    assert db.session.scalar(select(Post.valid_until).where(Post.unit_id == squad)) == clock.today()


def test_the_target_follows_the_days_in_the_post(db, league, squad, frozen):
    """The ordinary rule of a post (domain.md D.3, D.17): 56 for its days, 32 for the others."""
    member_id = league.people[league.one][1]
    lead(None, member_id, squad)
    rest = (date(YEAR + 1, 1, 1) - clock.today()).days
    assert target(db, member_id) == -(-(3200 * (365 - rest) + 5600 * rest) // (365 * 50)) * 50
    frozen.shift(days=10)
    reshaping.end_due_units()
    assert target(db, member_id) == -(-(3200 * 355 + 5600 * 10) // (365 * 50)) * 50
    assert [str(finding) for finding in verify()] == []


def test_a_second_post_does_not_ask_twice(db, league, squad):
    """Who is secretary at home already owes 56, not more."""
    secretary = league.people[league.one][0]
    before = target(db, secretary)
    lead(None, secretary, squad)
    assert target(db, secretary) == before
    assert [str(finding) for finding in verify()] == []


def test_who_may_be_named(db, make, league, squad):
    far = make.unit("示例三支部", parent=db.session.get(Unit, league.right))
    stranger = make.member(far, name="示例远方").id
    with pytest.raises(RuleError) as refused:
        lead(None, stranger, squad)
    assert refused.value.field == "unit_id"
    here = make.actor(make.person(Role.UNIT_ADMIN, db.session.get(Unit, league.left)))
    with pytest.raises(RuleError):
        lead(here, stranger, squad)
    with pytest.raises(RuleError):
        leaders.person_named(here, "示例远方", unit_id=squad)
    everywhere = make.actor(make.person(Role.UNIT_ADMIN, db.session.get(Unit, league.top)))
    assert leaders.person_named(everywhere, "示例远方", unit_id=squad) == stranger
    lead(everywhere, stranger, squad, "deputy")
    assert league.people[league.two][2] in {row.id for row in leaders.people(here, squad)}
    assert stranger not in {row.id for row in leaders.people(everywhere, squad)}, "offered: those near by"


def test_an_ordinary_branch_is_led_by_its_own(league):
    with pytest.raises(RuleError) as refused:
        lead(None, league.people[league.one][1], league.two, "deputy")
    assert refused.value.field == "unit_id"


def test_a_transfer_at_home_leaves_the_post_elsewhere(db, league, squad):
    member_id = league.people[league.one][1]
    lead(None, member_id, squad)
    with transaction():
        services.transfer(None, member_id, unit_id=league.two)
    assert db.session.scalar(select(Post.valid_until).where(Post.unit_id == squad)) is None


def test_who_leaves_leads_nothing(db, league, squad):
    member_id = league.people[league.one][1]
    lead(None, member_id, squad)
    with transaction():
        services.set_left(None, member_id, on=clock.today())
    assert db.session.scalar(select(Post.valid_until).where(Post.unit_id == squad)) == clock.today()
