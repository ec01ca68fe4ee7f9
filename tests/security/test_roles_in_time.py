"""A role holds from its first day to the day before its end, and what is taken acts on the next request."""

from datetime import date, datetime

import pytest

from pbtrain.accounts.models import Account
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.org import academies, posts, tree
from pbtrain.org.models import Affiliation, Member, Post, RoleGrant, UnitClosure, UnitLink
from pbtrain.org.roles import Role


@pytest.fixture
def person(make, branch):
    return make.person(Role.MEMBER, branch)


@pytest.mark.parametrize(
    ("since", "until", "status"),
    [
        ("2026-09-25", None, 200),
        ("2026-09-26", None, 403),
        ("2026-01-01", "2026-09-26", 200),
        ("2026-01-01", "2026-09-25", 403),
        ("2026-01-01", "2026-01-02", 403),
    ],
)
def test_a_role_holds_on_its_days(make, client_for, frozen, branch, person, since, until, status):
    until = date.fromisoformat(until) if until else None
    make.grant(person, Role.BRANCH_SECRETARY, branch, valid_from=date.fromisoformat(since), valid_until=until)
    assert client_for(person).get("/events").status_code == status


def test_the_day_ends_at_midnight_in_shanghai(make, client_for, frozen, branch, person):
    make.grant(person, Role.BRANCH_SECRETARY, branch, valid_until=date(2026, 10, 1))
    frozen.move_to(datetime(2026, 9, 30, 23, 50, tzinfo=clock.SHANGHAI))
    client = client_for(person)
    assert client.get("/events").status_code == 200
    frozen.move_to(datetime(2026, 10, 1, 0, 0, tzinfo=clock.SHANGHAI))
    assert client.get("/events").status_code == 403


@pytest.mark.parametrize("taken", ["ended", "deleted", "moved to another branch"])
def test_a_role_taken_while_a_page_is_open(make, client_for, frozen, committee, branch, person, taken):
    held = make.grant(person, Role.BRANCH_SECRETARY, branch)
    other, client = make.unit(parent=committee), client_for(person)
    data = {"unit": branch.id, "activity": "theme_day", "title": "示例党日", "day": "2026-09-24"}
    data |= {"time": "15:00", "minutes": "90", "form_id": "9b2f2b34-5a3b-4e59-9a6f-0a4f3f0b8b11"}
    assert client.get("/events/new/people", query_string=data).status_code == 200
    with transaction() as session:
        grant = session.get(RoleGrant, held.id)
        if taken == "ended":
            grant.valid_until = clock.today()
        elif taken == "deleted":
            session.delete(grant)
        else:
            grant.unit_id = other.id
    answer = client.post("/events/new/people", data=data)
    assert answer.status_code == (404 if taken.startswith("moved") else 403)
    assert client.get("/inbox").status_code == 200  # still signed in


def test_a_unit_moved_away_is_out_of_reach_at_once(make, client_for, committee, branch):
    admin = make.person(Role.UNIT_ADMIN, committee)
    client, elsewhere = client_for(admin), make.unit()
    assert client.get(f"/units/{branch.id}").status_code == 200
    with transaction() as session:
        session.query(UnitClosure).filter_by(above_id=committee.id, below_id=branch.id).delete()
        session.query(UnitLink).filter_by(unit_id=branch.id).update({"parent_id": elsewhere.id})
        session.add(UnitClosure(above_id=elsewhere.id, below_id=branch.id, depth=1))
    assert client.get(f"/units/{branch.id}").status_code == 404


def test_who_has_left_is_out_at_once(make, client_for, frozen, branch, person):
    client = client_for(person)
    assert client.get("/hours").status_code == 200
    with transaction() as session:
        session.query(Member).filter_by(account_id=person.id).update({"left_on": clock.today()})
    assert client.get("/hours").location == "/left"  # which says what is kept; nothing else opens


def test_a_transferred_member_is_seen_by_the_new_branch(
    make, client_for, frozen, committee, branch, secretary
):
    member, new = make.member(branch), make.unit(parent=committee)
    old, now = client_for(secretary), client_for(make.person(Role.BRANCH_SECRETARY, new))
    assert old.get(f"/branches/{branch.id}/members/{member.id}").status_code == 200
    assert now.get(f"/branches/{new.id}/members/{member.id}").status_code == 404
    with transaction() as session:
        row = session.get(Member, member.id)
        row.unit_id = new.id
        session.query(Affiliation).filter_by(member_id=member.id).update({"valid_until": clock.today()})
        session.add(Affiliation(member_id=member.id, unit_id=new.id, valid_from=clock.today()))
    assert old.get(f"/branches/{branch.id}/members/{member.id}").status_code == 404
    assert now.get(f"/branches/{new.id}/members/{member.id}").status_code == 200


def test_a_closed_login_is_out_at_once(make, client_for, branch, person):
    client = client_for(person)
    assert client.get("/inbox").status_code == 200
    with transaction() as session:
        session.get(Account, person.id).disabled_at = clock.now()
    assert client.get("/inbox").location.startswith("/login")


CHANGES = ("INSERT", "UPDATE", "DELETE")
# What each role has open, and what it would send next; %(unit)s is the unit of the role.
OPEN_PAGES = [
    (Role.BRANCH_SECRETARY, "branch", "/units/%(unit)s/slips", {"everyone": "1"}),
    (Role.UNIT_ADMIN, "committee", "/units/%(unit)s/new", {"name": "示例新支部", "kind": "branch"}),
    (
        Role.UNIT_ADMIN,
        "committee",
        "/academies/new",
        {"name": "示例党校", "parent_id": "示例党委", "area": "示例党委"},
    ),
    (Role.UNIT_AUDITOR, "committee", "/units/%(unit)s/hours", None),
    (Role.ACADEMY_ADMIN, "academy", "/learners", None),
    (Role.COURSE_AUTHOR, "academy", "/courses/manage/new", {"title": "示例课程", "minutes": "45"}),
    (Role.SYSTEM_ADMIN, "committee", "/jobs", None),
]


@pytest.mark.parametrize(("role", "kind", "path", "data"), OPEN_PAGES)
@pytest.mark.parametrize("how", ["revoked", "over at midnight"])
def test_what_was_open_does_nothing_any_more(
    make, client_for, frozen, statements, role, kind, path, data, how
):
    top = make.unit("示例党委")
    unit = top if kind == "committee" else make.unit(parent=top, kind=kind)
    make.grant(make.account(), Role.SYSTEM_ADMIN, top)  # the last one could not be taken
    holder = make.person(Role.MEMBER, unit) if kind == "branch" else make.account()
    until = date(2026, 9, 26) if how == "over at midnight" else None
    held = make.grant(holder, role, unit, valid_until=until)
    held_id, path = held.id, path % {"unit": unit.id}
    if how == "over at midnight":
        frozen.move_to(datetime(2026, 9, 25, 23, 55, tzinfo=clock.SHANGHAI))
    client = client_for(holder)
    assert client.get(path).status_code == 200
    if how == "revoked":
        with transaction():
            posts.revoke(None, held_id)
    else:
        frozen.move_to(datetime(2026, 9, 26, 0, 0, tzinfo=clock.SHANGHAI))
    with statements() as sent:
        answer = client.post(path, data=data) if data else client.get(path)
    assert answer.status_code == 403
    assert [one for one in sent if one.startswith(CHANGES) and "login_session" not in one] == []


def test_a_handover_ends_the_old_ones_rights_in_the_same_moment(make, client_for, frozen, branch):
    old, new = make.member(branch), make.member(branch)
    with transaction():
        posts.hand_over(None, branch.id, old.id, on=date(2026, 1, 1))
    clients = [client_for(old), client_for(new)]
    path = f"/units/{branch.id}/slips"
    assert [client.get(path).status_code for client in clients] == [200, 403]
    with transaction():
        posts.hand_over(None, branch.id, new.id, on=clock.today())
    assert [client.post(path, data={"everyone": "1"}).status_code for client in clients] == [403, 422]


def test_who_acts_does_so_from_the_first_to_the_last_day(db, make, client_for, frozen, branch):
    member, other = make.member(branch), make.unit(parent=make.unit())
    with transaction():
        posts.name_acting(
            None, other.id, member.id, valid_from=date(2026, 9, 26), valid_until=date(2026, 9, 28)
        )
    seen, path = [], f"/units/{other.id}/slips"
    for day in (25, 26, 27, 28):
        frozen.move_to(datetime(2026, 9, day, 12, 0, tzinfo=clock.SHANGHAI))
        client = client_for(member)
        seen.append((client.get(path).status_code, client.get(f"/units/{branch.id}/slips").status_code))
    assert seen == [(403, 403), (200, 404), (200, 404), (403, 403)]  # and never in the own branch
    assert db.session.query(Post).count() == 0  # the post would bring 56 hours


def test_a_unit_moved_away_is_changed_no_more(make, client_for, statements):
    root = make.unit("示例区委")
    here, there = (make.unit(name, parent=root, kind="committee") for name in ("甲党委", "乙党委"))
    branch = make.unit("示例支部", parent=here)
    client = client_for(make.person(Role.UNIT_ADMIN, here))
    path = f"/units/{branch.id}/edit"
    assert client.get(path).status_code == 200
    with transaction():
        tree.move_unit(None, branch.id, there.id)
    with statements() as sent:
        assert client.post(path, data={"name": "示例改名支部"}).status_code == 404
    assert [one for one in sent if one.startswith(CHANGES) and "login_session" not in one] == []


def test_an_academys_area_narrows_at_once(make, client_for):
    root = make.unit("示例区委")
    one, two = make.unit("甲支部", parent=root), make.unit("乙支部", parent=root)
    make.member(one, name="示例甲"), make.member(two, name="示例乙")
    academy = make.unit(parent=root, kind="academy")
    client = client_for(make.person(Role.ACADEMY_ADMIN, academy))
    for area, found in ((root, ["示例甲", "示例乙"]), (two, ["示例乙"])):
        with transaction():
            academies.set_area(None, academy.id, area.id)
        page = client.get("/learners").text
        assert [name for name in ("示例甲", "示例乙") if name in page] == found
