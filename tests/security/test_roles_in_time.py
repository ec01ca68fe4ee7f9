"""A role holds from its first day to the day before its end, and what is taken acts on the next request."""

from datetime import date, datetime

import pytest

from pbtrain.accounts.models import Account
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.org.models import Affiliation, Member, RoleGrant, UnitClosure, UnitLink
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
    assert client.get("/hours").location.startswith("/login")


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
