"""One rule in three shapes: the question, the filter and the guard answer alike; sessions end on time."""

from datetime import timedelta

import pytest
from flask import session
from sqlalchemy import func, select
from werkzeug.exceptions import Unauthorized

from pbtrain.accounts.models import Account, LoginSession
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.org import access
from pbtrain.org.models import Member
from pbtrain.org.roles import MAY, Perm, Role


@pytest.fixture
def tree(make):
    """A top with two leagues, a branch below each."""
    top = make.unit("Top")
    left, right = (make.unit(name, parent=top, kind="committee") for name in ("Left", "Right"))
    one, two = make.unit("One", parent=left), make.unit("Two", parent=right)
    return {"top": top, "left": left, "right": right, "one": one, "two": two}


REACH = {
    Role.MEMBER: {"one"},
    Role.BRANCH_SECRETARY: {"one"},
    Role.UNIT_ADMIN: {"left", "one"},
    Role.UNIT_AUDITOR: {"left", "one"},
    Role.ACADEMY_ADMIN: {"left", "one"},
    Role.COURSE_AUTHOR: {"left"},
    Role.SYSTEM_ADMIN: {"left", "one"},
}


@pytest.mark.parametrize("role", Role)
def test_the_question_and_the_filter_reach_equally_far(db, make, tree, role):
    at = tree["one" if role in (Role.MEMBER, Role.BRANCH_SECRETARY) else "left"]
    actor = make.actor(make.person(role, at))
    for perm in Perm:
        within = REACH[role] if perm in MAY[role].perms else set()
        if perm is Perm.LEARN and role is Role.BRANCH_SECRETARY:  # who is a member of the branch as well
            within = {"one"}
        ids = set(db.session.scalars(access.units_where(actor, perm)))
        assert ids == {tree[name].id for name in within}, perm
        assert {name for name, unit in tree.items() if access.may(actor, perm, unit.id)} == within, perm
        assert access.may(actor, perm) is bool(within), perm


def test_nobody_holds_what_another_account_holds(make, tree):
    first = make.person(Role.BRANCH_SECRETARY, tree["one"])
    make.person(Role.SYSTEM_ADMIN, tree["top"])
    assert {grant.role for grant in make.actor(first).grants} == {Role.BRANCH_SECRETARY, Role.MEMBER}


def test_rights_of_several_roles_add_up(db, make, tree):
    person = make.person(Role.BRANCH_SECRETARY, tree["two"])
    make.grant(person, Role.UNIT_AUDITOR, tree["left"])
    actor = make.actor(person)
    seen = set(db.session.scalars(access.units_where(actor, Perm.MEMBERS_VIEW)))
    assert seen == {tree[name].id for name in ("two", "left", "one")}
    assert set(db.session.scalars(access.units_where(actor, Perm.REMIND))) == {tree["two"].id}
    assert actor.views == ["secretary", "auditor", "member"]
    assert {(grant.role, grant.unit_id, grant.unit_name) for grant in actor.grants} == {
        (Role.BRANCH_SECRETARY, tree["two"].id, "Two"),
        (Role.UNIT_AUDITOR, tree["left"].id, "Left"),
        (Role.MEMBER, tree["two"].id, ""),
    }
    assert len(actor.grants) == 3


def test_nobody_may_nothing(tree):
    assert not access.may(None, Perm.LEARN)
    assert not access.may(None, Perm.LEARN, tree["one"].id)


def test_an_actor_is_an_account_that_is_open(make, tree):
    member = make.member(tree["one"])
    account_id = member.account_id
    actor = access.actor_for(account_id)
    assert (actor.account_id, actor.member_id, actor.unit_id) == (account_id, member.id, tree["one"].id)
    assert (actor.unit_name, actor.session_id) == ("One", None)
    assert access.actor_for(make.person(Role.UNIT_ADMIN, tree["left"]).id).unit_name == ""
    assert access.actor_for(account_id + 1000) is None
    with transaction() as rows:
        rows.get(Account, account_id).disabled_at = clock.now()
    assert access.actor_for(account_id) is None


def test_a_member_between_branches_holds_no_role(make, tree):
    actor = make.actor(make.member(tree["one"], unit_id=None))
    assert (actor.grants, actor.unit_name, actor.views) == ((), "", [])


def test_a_visitor_is_nobody(app, db):
    with app.test_request_context("/"):
        assert access.me() is None
        with pytest.raises(Unauthorized):
            access.signed()


def test_the_home_is_the_chosen_one_if_it_is_ones_own(app, make, tree):
    actor = make.actor(make.person(Role.BRANCH_SECRETARY, tree["one"]))
    with app.test_request_context("/"):
        assert access.current_view(actor) == "secretary"
        session["view"] = "member"
        assert access.current_view(actor) == "member"
        session["view"] = "admin"
        assert access.current_view(actor) == "secretary"
        assert access.current_view(make.actor(make.account())) == "member"


@pytest.fixture
def member(make, tree):
    return make.member(tree["one"])


@pytest.mark.parametrize(
    ("fields", "after", "lives"),
    [
        ({"idle_minutes": 30}, {"minutes": 30}, True),
        ({"idle_minutes": 30}, {"minutes": 30, "seconds": 1}, False),
        ({}, {"hours": 23, "minutes": 59}, True),
        ({}, {"hours": 24}, False),  # ends_at: a day after it began
    ],
)
def test_a_session_lives_until_it_is_idle_or_over(make, member, frozen, fields, after, lives):
    token = make.login_session(member, **fields)
    frozen.shift(**after)
    assert (access.load_actor(token) is not None) is lives


@pytest.mark.parametrize(
    ("after", "seen_ago", "lives"),
    [
        ({"minutes": 20}, None, True),
        ({"minutes": 20, "seconds": 1}, None, False),
        ({"hours": 8}, 1, True),
        ({"hours": 8, "seconds": 1}, 1, False),
    ],
)
def test_above_member_sessions_are_shorter(make, tree, frozen, after, seen_ago, lives):
    tokens = [
        make.login_session(make.person(role, tree["one"])) for role in (Role.BRANCH_SECRETARY, Role.MEMBER)
    ]
    frozen.shift(**after)
    if seen_ago is not None:
        with transaction() as rows:
            for row in rows.scalars(select(LoginSession)):
                row.seen_at = clock.now() - timedelta(minutes=seen_ago)
    assert [access.load_actor(token) is not None for token in tokens] == [lives, True]


def test_a_session_that_ended_or_is_of_somebody_gone_is_nobodys(make, member, frozen):
    token, member_id = make.login_session(member), member.id
    assert access.load_actor(token).token == token
    assert token not in repr(access.load_actor(token)), "what is logged opens no session"
    assert access.load_actor("x" * len(token)) is None
    for days, lives in ((1, True), (0, False), (-1, False)):
        with transaction() as rows:
            rows.get(Member, member_id).left_on = clock.today() + timedelta(days=days)
        assert bool(access.load_actor(token).grants) is lives, days  # who has left finds one page
    with transaction() as rows:
        rows.get(Member, member_id).left_on = None
        rows.scalars(select(LoginSession)).one().ended_at = clock.now()
    assert access.load_actor(token) is None


def test_a_session_is_marked_as_seen_after_five_minutes_and_no_other(db, make, member, client_for, frozen):
    begun, client = frozen.now, client_for(member)
    make.login_session(member)  # another browser of the same person
    newest = select(func.max(LoginSession.seen_at))
    for minutes in (1, 4):  # the second at five minutes sharp
        frozen.shift(minutes=minutes)
        client.get("/inbox")
        assert db.session.scalar(newest) == begun
        db.session.rollback()
    frozen.shift(seconds=1)
    client.get("/inbox")
    assert db.session.scalars(select(LoginSession.seen_at).order_by(LoginSession.id)).all() == [
        begun + timedelta(minutes=5, seconds=1),
        begun,
    ]
