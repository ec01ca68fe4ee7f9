"""A unit becomes another kind: who stands where, which rights follow, what stays, and the way back."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.home.reshaping import services as reshaping
from pbtrain.hours import services as hours
from pbtrain.hours.models import Book, HourClaim, HourEntry, MemberYear
from pbtrain.hours.verify import verify
from pbtrain.org import history, posts, reopening, services, tree, turning
from pbtrain.org.access import may
from pbtrain.org.answering import heir_of
from pbtrain.org.models import (
    Affiliation,
    DataReport,
    Member,
    Post,
    RoleGrant,
    Unit,
    UnitKindSpan,
    UnitSuccession,
)
from pbtrain.org.roles import Perm, Role
from tests.org.conftest import YEAR, custody, held_line, standing


def turn(unit_id, kind, name="", actor=None):
    with transaction():
        shift = reshaping.turn(actor, unit_id, kind, name=name)
    return shift.to_id if shift else None


def back(unit_id):
    with transaction():
        reshaping.turn_back(None, unit_id)


def kind_of(db, unit_id):
    return db.session.get(Unit, unit_id, populate_existing=True).kind


def kinds_on(top_id, day):
    return {row.unit_id: row.kind for row in history.tree_on(top_id, day)}


def running(db, unit_id):
    """(role, comes with a post) of what is held in a unit from today on."""
    today = clock.today()
    return sorted(
        (grant.role, grant.post_id is not None)
        for grant in db.session.scalars(select(RoleGrant).where(RoleGrant.unit_id == unit_id))
        if grant.valid_until is None or grant.valid_until > max(today, grant.valid_from)
    )


def test_a_branch_becomes_a_general_branch_whose_members_a_branch_below_takes_over(db, make, league, frozen):
    gone = make.member(db.session.get(Unit, league.one), left_on=date(YEAR, 2, 1)).id
    held_line(make, league.one, league.people[league.one][1])
    make.save(
        DataReport(member_id=league.people[league.one][1], unit_id=league.one, subject="name", text="示例")
    )
    lines = db.session.scalar(select(func.count(HourEntry.id)))
    heir = turn(league.one, "general_branch", "示例一支部第一支部")
    today = clock.today()
    assert kind_of(db, league.one) == "general_branch"
    assert db.session.get(Unit, heir).parent_id == league.one
    assert standing(db, league.one) == set()
    assert standing(db, heir) == {*league.people[league.one], gone}
    assert custody(db, heir) == set(league.people[league.one])
    assert db.session.scalar(select(HourClaim.unit_id)) == heir
    assert db.session.scalar(select(DataReport.unit_id)) == heir
    spans = db.session.execute(
        select(Affiliation.unit_id, Affiliation.valid_until)
        .where(Affiliation.member_id == league.people[league.one][1])
        .order_by(Affiliation.id)
    ).all()
    assert spans == [(league.one, today), (heir, None)]
    books = dict(db.session.execute(select(Book.unit_id, Book.person_times)).all())
    assert books == {league.one: 3, league.two: 3}, "the ledger stays where it was written"
    assert db.session.scalar(select(func.count(HourEntry.id))) == lines
    assert kinds_on(league.one, today - timedelta(days=1)) == {league.one: "branch"}
    assert kinds_on(league.one, today) == {league.one: "general_branch", heir: "branch"}
    assert history.sizes_on([league.left], today - timedelta(days=1)) == {league.left: (2, 2)}
    assert history.sizes_on([league.left], today) == {league.left: (3, 2)}
    assert heir_of(league.one).id == heir
    assert [str(finding) for finding in verify()] == []
    frozen.shift(days=1)
    with transaction():
        line = hours.Line(league.people[league.one][1], clock.today(), "theme_day", 45, "event:7", "示例")
        hours.post_many(None, [line])
    assert db.session.scalar(select(Book.person_times).where(Book.unit_id == heir)) == 1
    assert [str(finding) for finding in verify()] == []


def test_the_roles_of_posts_follow_the_kind(db, make, league, frozen):
    secretary = db.session.get(Member, league.people[league.one][0])
    later, acting = make.member(db.session.get(Unit, league.one)), make.member()
    with transaction():
        for kind, since in (("rotating_secretary", 0), ("deputy", 0)):
            day = clock.today() + timedelta(days=since)
            posts.give_post(None, later.id, unit_id=league.one, kind=kind, valid_from=day)
        posts.name_acting(
            None, league.one, acting.id, valid_from=clock.today(),
            valid_until=clock.today() + timedelta(days=9),
        )  # fmt: skip
    assert {one.post.name for one in turning.following(league.one, "branch", "general_branch")} == {
        secretary.name, later.name,
    }  # fmt: skip
    assert turning.acting(league.one) == 1
    heir = turn(league.one, "general_branch", "示例新支部")
    assert running(db, league.one) == [(Role.UNIT_AUDITOR, True)]
    assert may(make.actor(secretary), Perm.UNITS_VIEW, heir), "a 党总支 secretary watches over what is below"
    assert not may(make.actor(secretary), Perm.EVENT_RECORD)
    assert db.session.scalars(select(Post.valid_until).where(Post.unit_id == league.one)).all() == [None] * 3
    assert running(db, heir) == [], "named anew"
    turn(league.one, "committee")
    assert running(db, league.one) == [(Role.UNIT_AUDITOR, True)]


def test_what_a_post_owes_does_not_change(db, league):
    owed = select(MemberYear.member_id, MemberYear.credit_year, MemberYear.target)
    before = set(db.session.execute(owed).all())
    turn(league.one, "general_branch", "示例新支部")
    assert set(db.session.execute(owed).all()) == before
    assert {target for _member, _year, target in before} == {3200, 5600}


def test_a_general_branch_without_units_becomes_a_branch(db, make, league):
    empty = make.unit("示例总支", parent=db.session.get(Unit, league.left), kind="general_branch")
    holder = make.member()
    make.save(Post(member_id=holder.id, unit_id=empty.id, kind="secretary", valid_from=clock.today()))
    assert turn(empty.id, "branch") is None
    assert running(db, empty.id) == [(Role.BRANCH_SECRETARY, True)]
    with transaction():
        services.transfer(None, holder.id, unit_id=empty.id)
    with pytest.raises(RuleError) as refused:
        turn(empty.id, "general_branch")
    assert refused.value.field == "name"


def test_a_temporary_branch_that_lasts(db, league):
    ends = clock.today() + timedelta(days=5)
    with transaction():
        squad = tree.add_unit(
            None, name="示例突击队", kind="temporary_branch", parent_id=league.left, ends_on=ends
        ).id
        services.transfer(None, league.people[league.one][2], unit_id=squad)
    assert turn(squad, "branch") is None
    assert history.planned_end(squad) is None
    assert standing(db, squad) == {league.people[league.one][2]}
    back(squad)
    assert (kind_of(db, squad), history.planned_end(squad)) == ("temporary_branch", ends)


@pytest.mark.parametrize(
    ("which", "kind", "name", "field"),
    [
        ("one", "general_branch", "", "name"),  # members would hang in the air
        ("one", "committee", "示例新支部", "kind"),  # by way of a 党总支
        ("one", "branch", "", "kind"),
        ("one", "temporary_branch", "", "kind"),
        ("left", "leading_group", "", "kind"),
        ("left", "branch", "", "kind"),
        ("left", "general_branch", "示例新支部", None),  # allowed: a branch is set up with it
    ],
)
def test_what_cannot_become_what(db, league, which, kind, name, field):
    unit_id = getattr(league, which)
    if field is None:
        turn(unit_id, kind, name)
        assert kind_of(db, unit_id) == kind
        return
    with pytest.raises(RuleError) as refused:
        turn(unit_id, kind, name)
    assert refused.value.field == field
    db.session.rollback()
    assert db.session.scalar(select(func.count(UnitKindSpan.id))) == 0


def test_with_units_below_nothing_becomes_a_branch(db, make, league):
    turn(league.left, "general_branch")
    with pytest.raises(RuleError, match="still stand below"):
        turn(league.left, "branch")
    top = make.db.session.get(Unit, league.top)
    assert top.parent_id is None
    turn(league.top, "general_branch")
    with pytest.raises(RuleError):
        turn(league.top, "branch")


def test_the_right_is_that_of_the_unit_above(db, make, league):
    own, above = (
        make.actor(make.person(Role.UNIT_ADMIN, db.session.get(Unit, unit_id)))
        for unit_id in (league.one, league.left)
    )
    with pytest.raises(RuleError):
        turn(league.one, "general_branch", "示例新支部", actor=own)
    turn(league.one, "general_branch", "示例新支部", actor=above)


def test_there_and_back_leaves_no_trace(db, make, league):
    held_line(make, league.one, league.people[league.one][1])
    before = db.session.scalar(select(func.count(Affiliation.id)))
    roles = running(db, league.one)
    heir = turn(league.one, "general_branch", "示例新支部")
    back(league.one)
    assert kind_of(db, league.one) == "branch"
    assert standing(db, league.one) == custody(db, league.one) == set(league.people[league.one])
    assert db.session.scalar(select(func.count(Affiliation.id))) == before
    assert db.session.scalar(select(func.count(UnitKindSpan.id))) == 0
    assert db.session.scalar(select(func.count(UnitSuccession.id))) == 0
    assert running(db, league.one) == roles
    assert db.session.scalar(select(HourClaim.unit_id)) == league.one
    assert db.session.get(Unit, heir).valid_until == clock.today()
    assert turning.turned_today(league.one) is None
    assert reopening.ended_today(heir) is None, "the branch that was set up for it does not come back"
    assert [str(finding) for finding in verify()] == []


def test_a_post_of_the_afternoon_gets_the_right_of_the_evening(db, make, league):
    heir = turn(league.one, "general_branch", "示例新支部")
    with transaction():
        posts.hand_over(None, league.one, league.people[league.one][1], on=clock.today())
    assert running(db, league.one) == [(Role.UNIT_AUDITOR, True)]
    assert heir
    back(league.one)
    assert running(db, league.one) == [(Role.BRANCH_SECRETARY, True)]
    holder = db.session.get(Member, league.people[league.one][1])
    assert may(make.actor(holder), Perm.EVENT_RECORD, league.one)
    former = db.session.get(Member, league.people[league.one][0])
    assert not may(make.actor(former), Perm.EVENT_RECORD), "that post has ended"


@pytest.mark.parametrize("since", ["a day", "a line", "a transfer", "a newcomer", "a unit", "taken back"])
def test_what_cannot_be_taken_back_any_more(db, make, league, frozen, since):
    heir = turn(league.one, "general_branch", "示例新支部")
    member_id = league.people[league.one][1]
    with transaction():
        if since == "a line":
            hours.post_many(None, [hours.Line(member_id, clock.today(), "theme_day", 30, "event:5", "示例")])
        elif since == "a transfer":
            services.transfer(None, member_id, unit_id=league.two)
        elif since == "a newcomer":
            services.transfer(None, league.people[league.two][1], unit_id=heir)
        elif since == "a unit":
            tree.add_unit(None, name="示例二新支部", kind="branch", parent_id=league.one)
    if since == "a day":
        frozen.shift(days=1)
    elif since == "taken back":
        back(league.one)
    with pytest.raises(RuleError):
        back(league.one)


def test_twice_on_a_day_counts_as_what_it_was_last(db, make, league, frozen):
    unit = make.unit("示例总支", parent=db.session.get(Unit, league.left), kind="general_branch")
    turn(unit.id, "committee")
    turn(unit.id, "general_branch")
    assert history.kinds_of(unit.id) == []
    frozen.shift(days=1)
    turn(unit.id, "committee")
    turn(unit.id, "general_branch")
    turn(unit.id, "branch")
    frozen.shift(days=3)
    turn(unit.id, "general_branch")
    assert [row.kind for row in history.kinds_of(unit.id)] == ["branch", "general_branch"]
    days = [clock.today() - timedelta(days=n) for n in (4, 3, 1, 0)]
    assert [kinds_on(unit.id, day)[unit.id] for day in days] == [
        "general_branch", "branch", "branch", "general_branch",
    ]  # fmt: skip


def test_who_goes_home_goes_to_the_branch_that_took_the_members_over(db, league, frozen):
    with transaction():
        squad = tree.add_unit(
            None, name="示例突击队", kind="temporary_branch", parent_id=league.left,
            ends_on=clock.today() + timedelta(days=2),
        ).id  # fmt: skip
        services.transfer(None, league.people[league.one][1], unit_id=squad)
    frozen.shift(days=1)
    heir = turn(league.one, "general_branch", "示例新支部")
    frozen.shift(days=1)
    reshaping.end_due_units()
    assert league.people[league.one][1] in standing(db, heir)
