"""The pages on which a unit becomes another kind, step by step as a browser without script sends them."""

import pytest
from sqlalchemy import func, select

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.hours import services as hours
from pbtrain.org import posts
from pbtrain.org.models import Member, Unit
from pbtrain.org.roles import Role
from tests.support.pages import hidden, said


class Place:
    """A committee with a branch of three and its secretary, and the browser of who administers it."""

    def __init__(self, make, client_for):
        self.top = make.ruled("示例市委", since=clock.today().year)
        self.left = make.unit("示例甲党委", parent=self.top, kind="committee")
        self.branch = make.unit("示例一支部", parent=self.left)
        self.people = [make.member(self.branch, name=f"示例{n}") for n in "甲乙丙"]
        with transaction():
            posts.give_post(
                None, self.people[0].id, unit_id=self.branch.id, kind="secretary", valid_from=clock.today()
            )
        self.client = client_for(make.person(Role.UNIT_ADMIN, self.top))
        self.path = f"/units/{self.branch.id}/turn"


@pytest.fixture
def place(make, client_for, frozen):
    return Place(make, client_for)


def kind(db, unit):
    return db.session.scalar(select(Unit.kind).where(Unit.id == unit.id))


def test_a_branch_becomes_a_general_branch_in_two_steps(db, place):
    assert place.path in place.client.get(f"/units/{place.branch.id}").text
    first = place.client.get(place.path)
    assert "3 名党员" in said(first)
    wanted = {"kind": "general_branch", "name": "示例一支部第一支部", "code": "T1"}
    shown = place.client.post(place.path, data=wanted | {"go": "check"})
    assert shown.status_code == 200
    words = said(shown)
    assert "示例甲（书记）" in words
    assert "示例一支部第一支部" in words
    assert kind(db, place.branch) == "branch", "nothing is written yet"
    assert place.client.post(place.path, data=hidden(shown) | {"go": "again"}).status_code == 200
    done = place.client.post(place.path, data=hidden(shown) | {"go": "do"})
    assert done.location == f"/units/{place.branch.id}"
    assert kind(db, place.branch) == "general_branch"
    heir = db.session.scalars(select(Unit).where(Unit.code == "T1")).one()
    stand = select(func.count()).select_from(Member).where(Member.unit_id == heir.id)
    assert db.session.scalar(stand) == 3
    life = said(place.client.get(f"/units/{place.branch.id}/history"))
    assert "党支部" in life
    assert heir.name in life
    assert place.branch.name in said(place.client.get(f"/units/{heir.id}/history"))


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"kind": "general_branch"}, "请填写接收党员"),
        ({"kind": "academy", "name": "示例"}, ""),
        ({"name": "示例"}, ""),
        ({"kind": "general_branch", "name": "示例", "code": "T9"}, "其他组织使用"),
    ],
)
def test_what_cannot_be_comes_back(db, make, place, sent, says):
    make.unit(parent=place.left, code="T9")
    for go in ("check", "do"):
        answer = place.client.post(place.path, data=sent | {"go": go})
        if sent.keys() == {"name"}:  # one possibility only: it need not be chosen
            continue
        assert answer.status_code == 422
        assert says in answer.text
        assert kind(db, place.branch) == "branch"


def test_who_may_not_is_told_so(make, client_for, place):
    own = client_for(make.person(Role.UNIT_ADMIN, place.branch))
    assert "上一级" in said(own.get(place.path)) or "上级" in said(own.get(place.path))
    academy = make.unit("示例党校", parent=place.left, kind="academy")
    assert "go" not in hidden(place.client.get(f"/units/{academy.id}/turn"))
    assert f"/units/{academy.id}/turn" not in place.client.get(f"/units/{academy.id}").text


def test_the_same_day_it_is_taken_back(db, place):
    wanted = {"kind": "general_branch", "name": "示例新支部", "go": "do"}
    assert place.client.post(place.path, data=wanted).status_code == 303
    back = f"/units/{place.branch.id}/turn-back"
    assert back in place.client.get(place.path).text
    assert "示例一支部" in said(place.client.get(back))
    assert place.client.post(back).status_code == 303
    assert kind(db, place.branch) == "branch"
    assert place.client.post(back).status_code == 422


def test_the_ledger_of_what_was_a_branch_can_be_read(place):
    with transaction():
        hours.post_many(
            None, [hours.Line(place.people[1].id, clock.today(), "theme_day", 45, "event:1", "示例学习")]
        )
    ledger = f"/branches/{place.branch.id}/reports/ledger"
    wanted = {"kind": "general_branch", "name": "示例新支部", "go": "do"}
    assert place.client.post(place.path, data=wanted).status_code == 303
    assert "示例学习" in place.client.get(ledger).text
    assert f"/branches/{place.branch.id}/members" not in place.client.get(f"/units/{place.branch.id}").text
    assert place.client.get(f"/branches/{place.left.id}/reports/ledger").status_code == 404


def test_the_top_stays_above_all(db, place):
    path = f"/units/{place.top.id}/turn"
    assert path in place.client.get(f"/units/{place.top.id}").text
    assert place.client.post(path, data={"kind": "general_branch", "go": "do"}).status_code == 303
    assert place.client.post(path, data={"kind": "branch", "go": "do"}).status_code == 422
    assert kind(db, place.top) == "general_branch"
