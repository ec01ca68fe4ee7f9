"""Any order of adding, moving and transferring keeps a tree, and nobody stands in two branches on a day."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.org import history, services, tree
from pbtrain.org.models import Affiliation, Member, Unit, UnitClosure, UnitLink
from pbtrain.org.roles import Role

STEP = st.tuples(
    st.sampled_from(["unit", "move", "member", "transfer", "abolish", "wait"]),
    st.integers(0, 30),
    st.integers(0, 30),
    st.sampled_from(["committee", "general_branch", "branch"]),
)


def attempt(work):
    """Do it in a transaction of its own; a refusal is one of the answers."""
    try:
        with transaction():
            work()
    except RuleError:
        return False
    return True


def check_everything(db):
    units = {row.id: row.parent_id for row in db.session.execute(select(Unit.id, Unit.parent_id))}
    closure = {
        (row.above_id, row.below_id): row.depth
        for row in db.session.execute(select(UnitClosure.above_id, UnitClosure.below_id, UnitClosure.depth))
    }
    expected = {}
    for unit in units:
        above, depth = unit, 0
        while above is not None:
            assert depth <= len(units), "a circle"
            expected[above, unit] = depth
            above, depth = units[above], depth + 1
    assert closure == expected
    links = db.session.execute(select(UnitLink).order_by(UnitLink.unit_id, UnitLink.valid_from)).scalars()
    last = {}
    for link in links:
        if link.unit_id in last:
            assert last[link.unit_id].valid_until == link.valid_from
        last[link.unit_id] = link
    assert {unit: link.parent_id for unit, link in last.items()} == units
    spans = db.session.scalars(select(Affiliation).order_by(Affiliation.member_id, Affiliation.valid_from))
    end, home = {}, {}
    for span in spans:
        assert end.get(span.member_id, span.valid_from) == span.valid_from  # neither gap nor overlap
        assert span.valid_until is None or span.valid_until > span.valid_from
        end[span.member_id], home[span.member_id] = span.valid_until, span.unit_id
    assert dict(db.session.execute(select(Member.id, Member.unit_id)).all()) == home


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEP, min_size=5, max_size=30))
def test_any_order_of_changes_keeps_a_tree(backend, app, frozen, steps):
    from pbtrain.core.db import db

    backend.reset()
    with app.app_context():
        with transaction():
            tree.add_unit(None, name="Top", kind="committee", parent_id=None)
        for number, (what, first, second, kind) in enumerate(steps):
            units = db.session.scalars(select(Unit.id).order_by(Unit.id)).all()
            members = db.session.scalars(select(Member.id).order_by(Member.id)).all()
            one, other = units[first % len(units)], units[second % len(units)]
            if what == "unit":
                attempt(
                    lambda k=kind, p=one, n=number: tree.add_unit(None, name=f"U{n}", kind=k, parent_id=p)
                )
            elif what == "move":
                attempt(lambda a=one, b=other: tree.move_unit(None, a, b))
            elif what == "abolish":
                attempt(lambda a=one: tree.abolish_unit(None, a))
            elif what == "member":
                attempt(lambda a=one, n=number: services.add_member(None, unit_id=a, name=f"示例{n}"))
            elif what == "transfer" and members:
                who = members[first % len(members)]
                attempt(lambda m=who, u=other: services.transfer(None, m, unit_id=u))
            else:
                frozen.shift(days=1 + first)
            check_everything(db)
        db.session.remove()


@pytest.fixture
def two_leagues(make):
    """Two committees below one top, a branch each, and an administrator of the first."""
    top = make.unit("Top")
    left, right = (make.unit(name, parent=top, kind="committee") for name in ("Left", "Right"))
    one, two = make.unit("One", parent=left), make.unit("Two", parent=right)
    admin = make.actor(make.person(Role.UNIT_ADMIN, left))
    return top, left, right, one, two, admin


def test_a_unit_never_stands_below_itself(two_leagues):
    top, left, right, one, _two, _admin = two_leagues
    with transaction():
        tree.move_unit(None, right.id, left.id)
    for unit, parent in ((left, right), (left, left), (top, left), (left, one)):
        with pytest.raises(RuleError), transaction():
            tree.move_unit(None, unit.id, parent.id)


def test_moving_needs_the_right_at_both_ends(db, two_leagues):
    _top, left, right, one, two, admin = two_leagues
    for unit, parent in ((one, right), (two, left), (left, right)):
        with pytest.raises(RuleError, match="no right"), transaction():
            tree.move_unit(admin, unit.id, parent.id)
    with transaction():
        group = tree.add_unit(admin, name="Group", kind="general_branch", parent_id=left.id)
        group_id = group.id
    with transaction():
        tree.move_unit(admin, one.id, group_id)
    assert db.session.get(Unit, one.id).parent_id == group_id


def test_the_tree_as_of_a_day(make, two_leagues, frozen):
    top, left, right, one, _two, _admin = two_leagues
    before = clock.today()
    frozen.shift(days=10)
    with transaction():
        tree.move_unit(None, one.id, right.id)
    assert (one.id, left.id) in {(row.unit_id, row.parent_id) for row in history.tree_on(top.id, before)}
    now = {(row.unit_id, row.parent_id) for row in history.tree_on(top.id, clock.today())}
    assert (one.id, right.id) in now
    assert (one.id, left.id) not in now
    assert one.id not in {row.unit_id for row in history.tree_on(left.id, clock.today())}


def test_only_an_empty_unit_is_abolished(db, make, two_leagues):
    _top, left, _right, one, _two, _admin = two_leagues
    member = make.member(one)
    for unit in (one, left):
        with pytest.raises(RuleError), transaction():
            tree.abolish_unit(None, unit.id)
    with transaction():
        services.set_left(None, member.id, on=clock.today() - timedelta(days=1))
    with transaction():
        tree.abolish_unit(None, one.id)
    assert db.session.get(Unit, one.id).valid_until == clock.today()
    with pytest.raises(RuleError), transaction():
        services.add_member(None, unit_id=one.id, name="示例")
