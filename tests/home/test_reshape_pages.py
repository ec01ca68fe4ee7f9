"""The pages that move, merge, split and end units, step by step as a browser without script sends them."""

import re

import pytest
from sqlalchemy import select

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.home.reshaping import services as reshaping
from pbtrain.home.reshaping.picking import Picking, pack, unpack
from pbtrain.hours import services as hours
from pbtrain.hours.models import Book
from pbtrain.org.models import Member, Unit, UnitSuccession
from pbtrain.org.roles import Role


class Place:
    """A committee with two branches of four below a top, another committee, and who administers the top."""

    def __init__(self, make, client_for):
        self.make = make
        self.top = make.ruled("示例市委", since=clock.today().year)
        self.left = make.unit("示例甲党委", parent=self.top, kind="committee")
        self.right = make.unit("示例乙党委", parent=self.top, kind="committee")
        self.one, self.two = (make.unit(name, parent=self.left) for name in ("示例一支部", "示例二支部"))
        self.people = [
            make.member(self.one, name=f"示例{n}", pinyin=f"shili{n}", with_account=False).id
            for n in "甲乙丙丁"
        ]
        self.admin = make.person(Role.UNIT_ADMIN, self.top)
        self.client = client_for(self.admin)

    def standing(self, unit):
        rows = self.make.db.session.scalars(select(Member.id).where(Member.unit_id == unit.id))
        return sorted(rows)


@pytest.fixture
def place(make, client_for, frozen):
    return Place(make, client_for)


def hidden(answer, name):
    """The value of a hidden field of the page."""
    return re.search(rf'name="{name}" value="([^"]*)"', answer.text)[1]


def test_what_is_packed_is_unpacked():
    for chosen in ({}, {3: 0, 5: 0, 7: 1}, {1: 19}):
        assert unpack(pack(chosen)) == chosen
    assert unpack("0:3,x,-4,5;y:6;;1:" + "9" * 20) == {3: 0, 5: 0, 6: 0}


def test_ticks_of_one_page_leave_those_of_other_pages_alone():
    class Sent(dict):
        def getlist(self, name):
            return self.get(name, [])

    sent = Sent(chosen="0:1,2;1:3", shown="2,3,4", pick=["4"], part="0")
    assert Picking.of(sent, parts=2).chosen == {1: 0, 3: 1, 4: 0}
    sent = Sent(chosen="0:1,2;1:3", shown="2,3", pick=["2", "3"], part="1")
    assert Picking.of(sent, parts=2).chosen == {1: 0, 2: 1, 3: 1}


def test_a_merger_step_by_step(place):
    path = f"/units/{place.one.id}/merge"
    first = place.client.get(path)
    assert "示例二支部" in first.text
    assert "示例甲党委</span>" not in first.text
    data = {"shown": hidden(first, "shown"), "part": "0", "page": "1", "pick": [place.two.id], "go": "on"}
    second = place.client.post(path, data=data)
    chosen = hidden(second, "chosen")
    assert chosen == f"0:{place.two.id}"
    third = place.client.post(path, data={"chosen": chosen, "into": place.two.id, "go": "check"})
    assert "示例一支部并入示例二支部" in third.text
    assert "4 名党员今天起转入示例二支部" in third.text
    assert place.standing(place.two) == []
    last = place.client.post(path, data={"chosen": chosen, "into": place.two.id, "go": "do"})
    assert last.location == f"/units/{place.two.id}"
    assert place.standing(place.two) == place.people
    page = place.client.get(f"/units/{place.one.id}").text
    assert f"/units/{place.one.id}/reopen" in page
    assert "4 名党员转回" in place.client.get(f"/units/{place.one.id}/reopen").text
    assert place.client.post(f"/units/{place.one.id}/reopen").status_code == 303
    assert place.standing(place.one) == place.people
    assert place.client.post(f"/units/{place.one.id}/reopen").status_code == 422


def test_a_merger_into_a_new_unit_asks_for_its_name(place):
    path, chosen = f"/units/{place.one.id}/merge", f"0:{place.two.id}"
    refused = place.client.post(path, data={"chosen": chosen, "into": "new", "go": "check"})
    assert refused.status_code == 422
    data = {"chosen": chosen, "into": "new", "name": "示例联合支部", "go": "do"}
    assert place.client.post(path, data=data).status_code == 303
    new = place.make.db.session.scalars(select(Unit).where(Unit.name == "示例联合支部")).one()
    assert place.standing(new) == place.people


def test_a_merger_with_nothing_or_with_what_is_out_of_reach_is_refused(make, place):
    away = make.unit("别处支部", parent=make.unit("别处党委"))
    path = f"/units/{place.one.id}/merge"
    for chosen in ("", f"0:{away.id}", "0:999999", "0:" + ",".join(["1"] * 9000)):
        data = {"chosen": chosen, "into": place.one.id, "go": "do"}
        assert place.client.post(path, data=data).status_code == 422
    assert (
        place.client.post(path, data={"chosen": f"0:{place.two.id}", "into": "7", "go": "do"}).status_code
        == 422
    )


def test_a_search_looks_beyond_the_neighbours(make, place):
    far = make.unit("示例远支部", parent=place.right)
    path = f"/units/{place.one.id}/merge"
    assert "示例远支部" not in place.client.get(path).text
    found = place.client.post(path, data={"q": "远支", "go": "find"})
    assert hidden(found, "shown") == str(far.id)


def test_a_split_step_by_step(place):
    path, names = f"/units/{place.one.id}/split", "示例新甲\r\n示例新乙，X9\r\n"
    first = place.client.post(path, data={"names": names, "go": "part-0"})
    assert "谁转入示例新甲" in first.text
    one, two, three, four = place.people
    shown = hidden(first, "shown")
    data = {"names": names, "shown": shown, "part": "0", "page": "1", "chosen": "", "pick": [one, two]}
    second = place.client.post(path, data=data | {"go": "part-1"})
    assert "谁转入示例新乙" in second.text
    assert second.text.count("转入示例新甲") == 2
    data |= {
        "chosen": hidden(second, "chosen"),
        "shown": hidden(second, "shown"),
        "part": "1",
        "pick": [three],
    }
    third = place.client.post(path, data=data | {"go": "check"})
    assert "新设示例新甲，2 名党员转入" in third.text
    assert "1 名党员留在示例一支部" in third.text
    chosen = hidden(third, "chosen")
    last = place.client.post(path, data={"names": names, "chosen": chosen, "part": "1", "go": "do"})
    assert last.location == f"/units/{place.left.id}"
    assert place.standing(place.one) == [four]
    new = place.make.db.session.scalars(select(Unit).where(Unit.code == "X9")).one()
    assert place.standing(new) == [three]


def test_a_committee_is_split_by_its_units(place):
    path = f"/units/{place.left.id}/split"
    data = {"names": "示例丙党委", "chosen": f"0:{place.two.id}", "go": "do"}
    assert place.client.post(path, data=data).status_code == 303
    new = place.make.db.session.scalars(select(Unit).where(Unit.name == "示例丙党委")).one()
    assert place.make.db.session.get(Unit, place.two.id).parent_id == new.id


@pytest.mark.parametrize(
    "wrong", ["no name", "a name twice", "a name that stands there", "nobody", "everybody"]
)
def test_a_split_that_cannot_be(place, wrong):
    everybody = "0:" + ",".join(map(str, place.people))
    data = {"names": "示例新", "chosen": f"0:{place.people[0]}", "go": "do"} | {
        "no name": {"names": " "},
        "a name twice": {"names": "示例新\n示例新"},
        "a name that stands there": {"names": "示例二支部"},
        "nobody": {"chosen": ""},
        "everybody": {"chosen": everybody},
    }[wrong]
    assert place.client.post(f"/units/{place.one.id}/split", data=data).status_code == 422
    assert place.make.db.session.scalars(select(UnitSuccession)).all() == []


def test_ticks_stay_over_pages_of_hundreds(place):
    path = f"/units/{place.two.id}/split"
    people = sorted(
        place.make.member(place.two, pinyin=f"a{n:04}", with_account=False).id for n in range(150)
    )
    data = {"names": "示例新", "chosen": "", "part": "0", "page": "1"}
    page = place.client.post(path, data=data | {"go": "part-0"})
    for turn in (1, 2):
        sent = data | {"chosen": hidden(page, "chosen"), "shown": hidden(page, "shown"), "page": str(turn)}
        page = place.client.post(path, data=sent | {"pick": [people[60 * (turn - 1)]], "go": "later"})
    assert hidden(page, "page") == "3"
    back = place.client.post(
        path,
        data=data
        | {"chosen": hidden(page, "chosen"), "shown": hidden(page, "shown"), "page": "3", "go": "earlier"},
    )
    assert f'value="{people[60]}" checked' in back.text
    assert hidden(back, "chosen") == f"0:{people[0]},{people[60]}"


def test_who_may_not_is_told_so(make, client_for, place):
    own = client_for(make.person(Role.UNIT_ADMIN, place.one))
    for what in ("merge", "split"):
        answer = own.get(f"/units/{place.one.id}/{what}")
        assert answer.status_code == 200
        assert "请上级组织的管理员办理" in answer.text
        assert place.client.get(f"/units/{place.top.id}/{what}").text.count("最上级组织") == 1


def test_a_unit_with_people_is_not_abolished_but_may_be_merged(place):
    page = place.client.get(f"/units/{place.one.id}/abolish").text
    assert "4 名党员" in page
    assert f"/units/{place.one.id}/merge" in page
    assert place.client.post(f"/units/{place.one.id}/abolish").status_code == 422
    assert place.client.post(f"/units/{place.two.id}/abolish").status_code == 303


def test_the_tree_of_a_day_and_the_life_of_a_unit(place, client_for, frozen):
    before = clock.today()
    frozen.shift(days=2)
    with transaction():
        reshaping.merge(None, [place.one.id], place.two.id)
    with transaction():
        reshaping.move(None, place.two.id, place.right.id)
    client, path = client_for(place.admin), f"/units/{place.left.id}/tree"
    then = client.get(path, query_string={"on": before.isoformat()}).text
    assert "示例一支部" in then
    assert f"{clock.today().day}日并入示例二支部" in then
    assert "示例一支部" not in client.get(path).text
    assert "示例一支部于" in client.get(f"/units/{place.right.id}/tree").text
    assert "还没有或已经没有" in client.get(path, query_string={"on": "1999-01-01"}).text
    assert client.get(path, query_string={"on": "昨天"}).status_code == 422
    life = client.get(f"/units/{place.two.id}/history").text
    assert "示例一支部并入本组织" in life
    assert life.index("示例乙党委") < life.rindex("示例甲党委")


def test_many_units_by_one_page(place):
    path = f"/units/{place.left.id}/new-many"
    text = "示例第一网格，G1\n\n示例第二网格\tG2\n示例第三网格"
    assert place.client.post(path, data={"names": text, "kind": "branch", "field": ""}).status_code == 303
    refused = place.client.post(path, data={"names": "示例第一网格", "kind": "branch", "field": ""})
    assert refused.status_code == 422
    assert "“示例第一网格”已经有了" in refused.text
    names = place.make.db.session.scalars(
        select(Unit.name).where(Unit.parent_id == place.left.id, Unit.code.in_(["G1", "G2"]))
    ).all()
    assert sorted(names) == ["示例第一网格", "示例第二网格"]


def test_a_temporary_branch_says_when_it_ends(place):
    data = {
        "name": "示例突击队",
        "kind": "temporary_branch",
        "code": "T1",
        "field": "",
        "ends_on": "2026-10-08",
    }
    assert place.client.post(f"/units/{place.left.id}/new", data=data).status_code == 303
    unit = place.make.db.session.scalars(select(Unit).where(Unit.code == "T1")).one()
    path = f"/units/{unit.id}"
    assert "2026年10月8日自动撤销" in place.client.get(path).text
    data = {"name": "示例突击队", "code": "T1", "field": "", "ends_on": "2026-12-01"}
    assert place.client.post(f"{path}/edit", data=data).status_code == 303
    assert "2026年12月1日自动撤销" in place.client.get(path).text


@pytest.mark.parametrize("count", [3, 230])
def test_the_tree_takes_eight_statements_at_most(make, place, statements, count):
    with transaction():
        from pbtrain.org import tree

        named = [(f"示例网格{n}", "") for n in range(count)]
        tree.add_units(None, place.left.id, named, kind="branch")
    for path in (
        f"/units/{place.left.id}/tree",
        f"/units/{place.left.id}/history",
        f"/units/{place.left.id}",
    ):
        with statements() as sent:
            assert place.client.get(path).status_code == 200
        assert sent.of_page.count <= 8, sent


def test_the_secretary_of_what_stays_puts_the_old_books_right(make, client_for, place):
    line = hours.Line(place.people[0], clock.today(), "theme_day", 60, "event:1", "示例")
    with transaction():
        entry = hours.post_many(None, [line]).entry_ids[0]
    path = f"/hours/lines/{entry}/reverse"
    heir, stranger = (
        client_for(make.person(Role.BRANCH_SECRETARY, unit))
        for unit in (place.two, make.unit(parent=place.left))
    )
    assert heir.post(path, data={"reason": "示例原因"}).status_code == 404
    with transaction():
        reshaping.merge(None, [place.one.id], place.two.id)
    assert stranger.post(path, data={"reason": "示例原因"}).status_code == 404
    assert path in heir.get(f"/hours/lines/{entry}").text
    assert heir.post(path, data={"reason": "示例原因"}).location == f"/hours/lines/{entry}"
    assert place.make.db.session.scalar(select(Book.minutes).where(Book.unit_id == place.one.id)) == 0
