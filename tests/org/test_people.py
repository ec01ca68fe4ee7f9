"""Members, transfers, posts and roles: rights follow at once, and nobody hands out more than they have."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from pbtrain.accounts import slips
from pbtrain.accounts.models import Account
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.org import access, posts, services
from pbtrain.org.models import Affiliation, Member, Post, RoleGrant
from pbtrain.org.roles import Perm, Role


@pytest.fixture
def league(make):
    """A top committee with two branches, its administrator, and a system administrator."""
    top = make.unit("Top")
    one, two = make.unit("One", parent=top), make.unit("Two", parent=top)
    return top, one, two, make.actor(make.person(Role.UNIT_ADMIN, top))


def test_a_new_member_gets_a_user_name_nobody_has(db, league):
    _top, one, _two, admin = league
    with transaction():
        ids = [services.add_member(admin, unit_id=one.id, name="示例乌云").id for _ in range(2)]
    names = db.session.scalars(
        select(Account.username).join(Member, Member.account_id == Account.id).order_by(Member.id)
    ).all()
    assert names == ["shiliwuyun01", "shiliwuyun02"]
    assert db.session.get(Member, ids[0]).pinyin == "shiliwuyun slwy"


def test_members_belong_to_branches(league):
    top, _one, _two, admin = league
    with pytest.raises(RuleError, match="branch"), transaction():
        services.add_member(admin, unit_id=top.id, name="示例")


def test_transfer_keeps_the_history_and_ends_the_secretary(db, make, league):
    _top, one, two, admin = league
    member = make.member(one)
    with transaction():
        posts.give_post(admin, member.id, unit_id=one.id, kind="secretary", valid_from=clock.today())
    assert access.may(make.actor(member), Perm.EVENT_RECORD, one.id)
    with transaction():
        services.transfer(admin, member.id, unit_id=two.id)
    assert not access.may(make.actor(member), Perm.EVENT_RECORD, one.id)
    assert not access.may(make.actor(member), Perm.EVENT_RECORD, two.id)
    spans = db.session.execute(
        select(Affiliation.unit_id, Affiliation.valid_until).order_by(Affiliation.id)
    ).all()
    assert spans == [(one.id, clock.today()), (two.id, None)]
    assert db.session.get(Member, member.id).unit_id == two.id
    with pytest.raises(RuleError), transaction():
        services.transfer(admin, member.id, unit_id=two.id)


def test_transfer_back_on_the_same_day_leaves_one_span(db, make, league):
    _top, one, two, admin = league
    member = make.member(one)
    for unit in (two, one):
        with transaction():
            services.transfer(admin, member.id, unit_id=unit.id)
    spans = db.session.execute(select(Affiliation.unit_id, Affiliation.valid_until)).all()
    assert spans == [(one.id, None)]


def test_transfer_needs_the_right_in_both_branches(make, league):
    _top, one, _two, admin = league
    elsewhere = make.unit(parent=make.unit())
    member, stranger = make.member(one), make.member(elsewhere)
    for who, where in ((member, elsewhere), (stranger, one)):
        with pytest.raises(RuleError, match="no right"), transaction():
            services.transfer(admin, who.id, unit_id=where.id)


def test_dates_that_cannot_be(make, league):
    _top, one, two, admin = league
    member = make.member(one)
    today = clock.today()
    for day in (today + timedelta(days=1), make.LONG_AGO - timedelta(days=1)):
        with pytest.raises(RuleError), transaction():
            services.transfer(admin, member.id, unit_id=two.id, on=day)


def test_one_secretary_at_a_time(db, make, league):
    _top, one, _two, admin = league
    first, second = make.member(one), make.member(one)
    today = clock.today()
    with transaction():
        post_id = posts.give_post(admin, first.id, unit_id=one.id, kind="secretary", valid_from=today).id
    with pytest.raises(RuleError, match="taken"), transaction():
        posts.give_post(admin, second.id, unit_id=one.id, kind="secretary", valid_from=today)
    with transaction():
        posts.end_post(admin, post_id)
    with transaction():
        posts.give_post(admin, second.id, unit_id=one.id, kind="secretary", valid_from=today)
    held = db.session.execute(
        select(RoleGrant.account_id, RoleGrant.valid_until).order_by(RoleGrant.id)
    ).all()
    assert (second.account_id, None) in held
    assert (first.account_id, today) in held
    with pytest.raises(Conflict), transaction():
        posts.end_post(admin, post_id)


def test_a_secretary_of_a_committee_watches_and_does_not_write(make, league):
    top, one, _two, admin = league
    member = make.member(one)
    with transaction():
        posts.give_post(admin, member.id, unit_id=top.id, kind="secretary", valid_from=clock.today())
    actor = make.actor(member)
    assert access.may(actor, Perm.REPORT_VIEW, one.id)
    assert not access.may(actor, Perm.EVENT_RECORD, one.id)


def test_a_post_in_the_future_brings_its_role_then(make, league, frozen):
    _top, one, _two, admin = league
    member = make.member(one)
    with transaction():
        posts.give_post(
            admin, member.id, unit_id=one.id, kind="secretary", valid_from=clock.today() + timedelta(days=5)
        )
    assert not access.may(make.actor(member), Perm.EVENT_RECORD)
    frozen.shift(days=5)
    assert access.may(make.actor(member), Perm.EVENT_RECORD)


def test_nobody_gives_more_than_they_may(db, make, league):
    _top, one, _two, admin = league
    someone, elsewhere = make.account(), make.unit()
    with pytest.raises(RuleError), transaction():
        posts.grant_role(admin, someone.id, unit_id=one.id, role=Role.SYSTEM_ADMIN)
    with pytest.raises(RuleError), transaction():
        posts.grant_role(admin, someone.id, unit_id=elsewhere.id, role=Role.UNIT_AUDITOR)
    with transaction():
        posts.grant_role(admin, someone.id, unit_id=one.id, role=Role.UNIT_AUDITOR)
    grant_id = db.session.scalar(select(RoleGrant.id).where(RoleGrant.account_id == someone.id))
    with transaction():
        posts.revoke(admin, grant_id)
    assert make.actor(someone).grants == ()


def test_the_last_system_admin_stays(db, make, league):
    top, *_ = league
    root = make.actor(make.person(Role.SYSTEM_ADMIN, top))
    grant_id = db.session.scalar(select(RoleGrant.id).where(RoleGrant.role == Role.SYSTEM_ADMIN))
    with pytest.raises(RuleError, match="last"), transaction():
        posts.revoke(root, grant_id)
    make.person(Role.SYSTEM_ADMIN, top)
    with transaction():
        posts.revoke(root, grant_id)


def test_no_slip_for_somebody_above_oneself(make, league):
    top, one, _two, admin = league
    secretary = make.actor(make.person(Role.BRANCH_SECRETARY, one))
    plain, other_secretary = make.member(one), make.person(Role.BRANCH_SECRETARY, one)
    mighty = make.member(one)
    make.grant(mighty, Role.UNIT_ADMIN, top)
    root = make.person(Role.SYSTEM_ADMIN, top)
    everyone = [plain.account_id, other_secretary.id, mighty.account_id, root.id]
    assert posts.beyond(secretary, everyone) == {mighty.account_id, root.id}
    assert posts.beyond(admin, everyone) == {root.id}
    assert posts.beyond(make.actor(root), everyone) == set()


def test_who_leaves_is_out_and_may_come_back(db, make, league):
    _top, one, _two, admin = league
    member = make.person(Role.MEMBER, one)
    member_id = db.session.scalar(select(Member.id).where(Member.account_id == member.id))
    with transaction():
        posts.give_post(admin, member_id, unit_id=one.id, kind="secretary", valid_from=clock.today())
    with transaction():
        services.set_left(admin, member_id, on=clock.today())
    assert access.actor_for(member.id) is None
    assert db.session.scalar(select(Post.valid_until)) == clock.today()
    with transaction():
        services.take_back(admin, member_id)
    assert access.actor_for(member.id).grants[0].role is Role.MEMBER


def test_care_days_do_not_overlap(make, league):
    _top, one, _two, admin = league
    member = make.member(one)
    today = clock.today()
    with transaction():
        span = services.set_care(admin, member.id, valid_from=today, valid_until=None, reason="")
    with pytest.raises(RuleError), transaction():
        services.set_care(admin, member.id, valid_from=today, valid_until=None, reason="")
    with transaction():
        assert services.end_care(admin, span.id) == member.id


def test_a_slip_made_again_replaces_the_first(make, league):
    _top, one, _two, admin = league
    member = make.member(one)
    with transaction():
        first = slips.make(admin, [member.account_id])
    with transaction():
        second = slips.make(admin, [member.account_id])
    assert not first.replaced
    assert second.replaced == {member.account_id}
