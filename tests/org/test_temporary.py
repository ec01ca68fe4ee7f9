"""A temporary branch ends by itself, and its people go home."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from pbtrain.accounts.models import Account
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.events import planning
from pbtrain.events.door import running
from pbtrain.events.models import Attendance
from pbtrain.events.planning import Plan
from pbtrain.home.reshaping import services as reshaping
from pbtrain.hours.models import HourEntry
from pbtrain.hours.verify import verify
from pbtrain.org import history, posts, services, tree
from pbtrain.org.models import (
    Member,
    Post,
    Unit,
)
from tests.org.conftest import custody, standing


def test_a_temporary_branch_ends_by_itself_and_its_people_go_home(db, make, league, frozen):
    last = clock.today() + timedelta(days=3)
    with transaction():
        squad = tree.add_unit(
            None, name="示例突击队", kind="temporary_branch", parent_id=league.left, ends_on=last
        ).id
    frozen.shift(days=1)
    guests = [league.people[league.one][0], league.people[league.two][0]]
    with transaction():
        for member_id in guests:
            services.transfer(None, member_id, unit_id=squad)
        posts.give_post(None, guests[0], unit_id=squad, kind="secretary", valid_from=clock.today())
    with transaction():
        reshaping.merge(None, [league.one], league.two)  # meanwhile one home is merged into the other
    frozen.shift(days=1)
    assert reshaping.end_due_units() == 0
    assert squad in {row.unit_id for row in history.tree_on(league.left, clock.today())}
    assert squad not in {row.unit_id for row in history.tree_on(league.left, last)}
    with transaction() as session:  # its last meeting, whose attendance nobody closed in time
        actor = make.actor(session.get_one(Account, session.get_one(Member, guests[0]).account_id))
        plan = Plan(squad, "theme_day", "示例总结", clock.now(), 60)
        planning.plan_event(actor, replace(plan, minutes=90))  # never held
        begun = planning.plan_event(actor, plan)
        running.open_door(actor, begun)
        session.execute(update(Attendance).values(present=True, how="code"))
    frozen.shift(days=1)
    assert reshaping.end_due_units() == 1
    assert reshaping.end_due_units() == 0
    assert db.session.get(Unit, squad).valid_until == last
    assert standing(db, squad) == set()
    posted = select(HourEntry.minutes).where(HourEntry.source.startswith(f"event:{begun}/"))
    assert db.session.scalars(posted).all() == [60, 60], "who was there has the hours"
    assert set(guests) <= standing(db, league.two)
    assert set(guests) <= custody(db, league.two)
    assert db.session.scalar(select(Post.valid_until).where(Post.unit_id == squad)) == last
    assert [str(finding) for finding in verify()] == []


def test_the_end_is_put_off_while_somebody_has_no_home(db, make, league, frozen):
    with transaction():
        squad = tree.add_unit(
            None,
            name="示例突击队",
            kind="temporary_branch",
            parent_id=league.left,
            ends_on=clock.today() + timedelta(days=1),
        ).id
        stray = services.add_member(None, unit_id=squad, name="示例").id
    frozen.shift(days=1)
    reshaping.end_due_units()
    assert db.session.get(Unit, squad).valid_until is None
    assert history.planned_end(squad) == clock.today() + timedelta(days=1)
    with transaction():
        services.transfer(None, stray, unit_id=league.one)
    frozen.shift(days=1)
    reshaping.end_due_units()
    assert db.session.get(Unit, squad).valid_until == clock.today()


def test_only_a_temporary_branch_has_an_end(league):
    for kind, days in (("branch", 5), ("temporary_branch", 0)):
        ends = clock.today() + timedelta(days=days)
        with pytest.raises(RuleError) as refused, transaction():
            tree.add_unit(None, name="示例", kind=kind, parent_id=league.left, ends_on=ends)
        assert refused.value.field == "ends_on"
