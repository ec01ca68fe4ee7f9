"""Who leads a branch: handing over in one step, acting for some days, terms that end, nobody at all."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.org import access, counts, leaders, posts
from pbtrain.org.models import Post, RoleGrant
from pbtrain.org.roles import Perm, Role

TODAY = date(2026, 9, 25)  # of `frozen`


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


@pytest.fixture
def league(make, frozen):
    """A committee with two branches, its administrator, and two members of the first branch."""
    top = make.unit("示例党委")
    one, two = make.unit("示例一支部", parent=top), make.unit("示例二支部", parent=top)
    admin = make.actor(make.person(Role.UNIT_ADMIN, top))
    return top, one, two, admin, make.member(one, name="示例甲"), make.member(one, name="示例乙")


def name(admin, unit, member, **given):
    with transaction():
        return posts.hand_over(admin, unit.id, member.id, **({"on": TODAY} | given))


def act(admin, unit, member, since=0, until=30):
    with transaction():
        grant = posts.name_acting(admin, unit.id, member.id, valid_from=day(since), valid_until=day(until))
    return grant.id


def records(make, member, unit):
    return access.may(make.actor(member), Perm.EVENT_RECORD, unit.id)


def listed(statement, db):
    return [row.name for row in db.session.execute(statement)]


def test_one_step_ends_the_old_post_and_begins_the_new(db, make, league, frozen):
    _top, one, _two, admin, first, second = league
    assert name(admin, one, first, on=day(-30)) == [first.id]
    assert name(admin, one, second, on=day(6)) == sorted([first.id, second.id])
    spans = db.session.execute(
        select(Post.member_id, Post.valid_from, Post.valid_until).order_by(Post.id)
    ).all()
    assert spans == [(first.id, day(-30), day(6)), (second.id, day(6), None)]
    frozen.shift(days=5)
    assert (records(make, first, one), records(make, second, one)) == (True, False)
    frozen.shift(days=1)
    assert (records(make, first, one), records(make, second, one)) == (False, True)


def test_what_a_handover_would_end_is_what_it_ends(db, make, league):
    _top, one, _two, admin, first, second = league
    name(admin, one, first, on=day(-30))
    grant_id = act(admin, one, second)
    held, acting = leaders.ending(one.id, day(6))
    assert [row.name for row in held] == ["示例甲"]
    assert [row.name for row in acting] == ["示例乙"]
    name(admin, one, second, on=day(6))
    assert db.session.get(RoleGrant, grant_id).valid_until == day(6)
    assert leaders.ending(one.id, day(7))[1] == []


@pytest.mark.parametrize("on", [-30, -31, 400])
def test_a_handover_follows_on_the_present_post(make, league, on):
    _top, one, _two, admin, first, second = league
    name(admin, one, first, on=day(-30))
    with pytest.raises(RuleError), transaction():
        posts.hand_over(admin, one.id, second.id, on=day(on))


def test_a_refused_handover_leaves_the_old_post(db, make, league):
    _top, one, two, admin, first, _second = league
    name(admin, one, first, on=day(-30))
    stranger = make.member(two)
    with pytest.raises(RuleError, match="belong"), transaction():
        posts.hand_over(admin, one.id, stranger.id, on=TODAY)
    assert db.session.execute(select(Post.member_id, Post.valid_until)).all() == [(first.id, None)]


def test_the_same_person_goes_on_for_a_new_term(db, league):
    _top, one, _two, admin, first, _second = league
    name(admin, one, first, on=day(-30), valid_until=day(20))
    name(admin, one, first, on=day(20), valid_until=day(1000))
    spans = db.session.execute(select(Post.valid_from, Post.valid_until).order_by(Post.id)).all()
    assert spans == [(day(-30), day(20)), (day(20), day(1000))]


def test_somebody_acts_for_some_days_and_it_ends_by_itself(db, make, league, frozen):
    _top, one, two, admin, first, _second = league
    act(admin, two, first, since=1, until=3)
    held = []
    for _ in range(4):
        held.append(records(make, first, two))
        frozen.shift(days=1)
    assert held == [False, True, True, False]
    assert db.session.scalar(select(Post.id)) is None  # no post, so no target of 56 hours
    assert not records(make, first, one)


@pytest.mark.parametrize(("since", "until"), [(-1, 30), (3, 3), (3, 2), (0, 400)])
def test_acting_begins_today_or_later_and_ends(league, since, until):
    _top, one, _two, admin, first, _second = league
    with pytest.raises(RuleError), transaction():
        posts.name_acting(admin, one.id, first.id, valid_from=day(since), valid_until=day(until))


def test_nobody_acts_for_a_committee_or_outside_ones_reach(make, league):
    top, one, _two, admin, first, _second = league
    away = make.unit(parent=make.unit())
    for unit, member in ((top, first), (away, first), (one, make.member(away))):
        with pytest.raises(RuleError), transaction():
            posts.name_acting(admin, unit.id, member.id, valid_from=TODAY, valid_until=day(9))


def test_the_lists_and_the_figures_agree(db, make, league, frozen):
    top, one, two, admin, first, _second = league
    reach = access.units_where(admin, Perm.GRANT_MANAGE)

    def shown(show):
        return listed(leaders.branches(admin, clock.today(), show=show), db)

    def figures():
        found = leaders.counts(reach, clock.today())
        return (found.none, found.acting, found.terms)

    assert shown("none") == [one.name, two.name]
    assert figures() == (2, 0, 0)
    act(admin, two, first)
    name(admin, one, first, valid_until=day(90))
    assert (shown("none"), shown("acting")) == ([], [two.name])
    assert figures() == (0, 1, 0)
    assert counts.of_units([top.id])[top.id]["leaderless"] == 0
    frozen.shift(days=30)  # nobody acts any more, and the term of the other one ends in 60 days
    assert (shown("none"), shown("acting")) == ([two.name], [])
    assert figures() == (1, 0, 1)
    assert counts.of_units([top.id])[top.id]["leaderless"] == 1


def test_a_term_that_ends_is_listed_until_somebody_follows(db, league):
    _top, one, _two, admin, first, second = league
    reach = access.units_where(admin, Perm.GRANT_MANAGE)
    name(admin, one, first, valid_until=day(60))
    assert listed(leaders.ending_terms(reach, TODAY), db) == ["示例甲"]
    assert listed(leaders.ending_terms(reach, day(-1)), db) == []
    assert listed(leaders.ending_terms(reach, day(60)), db) == []
    name(admin, one, second, on=day(60))
    assert listed(leaders.ending_terms(reach, TODAY), db) == []


def test_people_are_named_by_name_number_or_user_name(make, league):
    _top, one, two, admin, first, _second = league
    twins = [make.member(unit, name="示例同名") for unit in (one, two)]
    away = make.member(make.unit(parent=make.unit()), name="别处的人")
    assert leaders.person_named(admin, "示例甲") == first.id
    assert leaders.person_named(admin, twins[0].code.lower()) == twins[0].id
    assert leaders.person_named(admin, "示例同名", unit_id=two.id) == twins[1].id
    for text in ("示例同名", "别处的人", away.code, ""):
        with pytest.raises(RuleError):
            leaders.person_named(admin, text)


def test_branches_with_people_who_never_signed_in(db, make, league):
    _top, one, _two, admin, *_ = league
    make.member(one, account_id=make.account(activated_at=None).id)
    away = make.unit(parent=make.unit())
    make.member(away, account_id=make.account(activated_at=None).id)
    rows = db.session.execute(leaders.asleep(admin)).all()
    assert [(row.name, row.above, row.asleep, row.members) for row in rows] == [(one.name, "示例党委", 1, 3)]


def test_who_takes_a_turn_leads_like_a_secretary(db, league):
    _top, one, two, admin, first, _second = league
    with transaction():
        posts.give_post(admin, first.id, unit_id=one.id, kind="rotating_secretary", valid_from=TODAY)
    shown = {
        show: listed(leaders.branches(admin, TODAY, show=show), db) for show in ("none", "acting", "all")
    }
    assert shown == {"none": [two.name], "acting": [], "all": [one.name, two.name]}
    rows = db.session.execute(leaders.branches(admin, TODAY, show="all")).all()
    assert [row.secretary for row in rows] == ["示例甲", None]
