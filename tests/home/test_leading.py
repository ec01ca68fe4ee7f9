"""The pages of who leads: the two steps of a handover, acting, the lists and their export, first steps."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from pbtrain.accounts.models import Slip
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.hours import queries as hours_q
from pbtrain.org import posts
from pbtrain.org.models import Post, RoleGrant
from pbtrain.org.roles import Role
from tests.support.pages import hidden, said


def day(number):
    return clock.today() + timedelta(days=number)


@pytest.fixture
def league(make, frozen, client_for):
    """A committee with two branches, a member of each, and the client of its administrator."""
    top = make.ruled("示例党委", since=clock.today().year)
    one, two = make.unit("示例一支部", parent=top), make.unit("示例二支部", parent=top)
    admin = make.person(Role.UNIT_ADMIN, top)
    return top, one, two, make.member(one, name="示例甲"), make.member(one, name="示例乙"), client_for(admin)


def lead(unit, member, on):
    with transaction():
        posts.hand_over(None, unit.id, member.id, on=on)


def test_a_handover_is_shown_before_it_is_done(db, league):
    _top, one, _two, first, second, client = league
    lead(one, first, day(-30))
    path = f"/units/{one.id}/secretary"
    shown = client.post(path, data={"person": "示例乙", "on": day(6).isoformat()})
    assert "示例乙任书记" in said(shown)
    assert "示例甲不再任书记" in said(shown)
    assert "同时得到“支部书记”权限" in said(shown)
    assert db.session.scalars(select(Post.valid_until)).all() == [None]  # nothing is written yet
    assert client.post(path, data=hidden(shown)).location == path
    assert db.session.execute(select(Post.member_id, Post.valid_until).order_by(Post.id)).all() == [
        (first.id, day(6)),
        (second.id, None),
    ]
    year = clock.today().year  # the target of both follows the post
    assert 3200 < hours_q.years_of(first.id)[year].target < 5600
    assert 3200 < hours_q.years_of(second.id)[year].target < 5600
    page = said(client.get(path))
    assert "示例甲" in page
    assert "未到起始日" in page


def test_what_has_changed_meanwhile_is_shown_again(db, league):
    _top, one, _two, first, _second, client = league
    path = f"/units/{one.id}/secretary"
    shown = client.post(path, data={"person": "示例乙", "on": day(6).isoformat()})
    assert "不再任书记" not in said(shown)
    lead(one, first, day(-30))  # somebody else was faster
    again = client.post(path, data=hidden(shown))
    assert again.status_code == 200
    assert "示例甲不再任书记" in said(again)
    assert db.session.scalars(select(Post.member_id)).all() == [first.id]


@pytest.mark.parametrize(
    "given", [{"person": "没有这个人"}, {"person": ""}, {"on": "2099-01-01"}, {"valid_until": "2020-01-01"}]
)
def test_a_handover_that_cannot_be(league, given):
    _top, one, _two, _first, _second, client = league
    data = {"person": "示例甲", "on": day(0).isoformat()} | given
    assert client.post(f"/units/{one.id}/secretary", data=data).status_code == 422


def test_somebody_acts_and_is_taken_back(db, league):
    _top, _one, two, first, _second, client = league
    data = {"person": first.code, "valid_from": day(0).isoformat(), "valid_until": day(30).isoformat()}
    assert client.post(f"/units/{two.id}/acting", data=data).status_code == 303
    assert client.post(f"/units/{two.id}/acting", data=data).status_code == 422  # twice
    page = said(client.get(f"/units/{two.id}/secretary"))
    assert "代理书记" in page
    assert "这个支部现在没有人负责" not in page
    assert "示例甲" in said(client.get("/leaders?show=acting"))
    grant = db.session.scalars(select(RoleGrant.id).where(RoleGrant.unit_id == two.id)).one()
    answer = client.post(f"/grants/{grant}/end", data={"back": "secretary"})
    assert answer.location == f"/units/{two.id}/secretary"
    assert "这个支部现在没有人负责" in said(client.get(answer.location))


def test_who_stands_outside_finds_nothing(make, league, client_for):
    _top, one, _two, first, _second, _client = league
    stranger = client_for(make.person(Role.UNIT_ADMIN, make.unit()))
    assert stranger.get(f"/units/{one.id}/secretary").status_code == 404
    assert stranger.get(f"/leaders?unit={one.id}").status_code == 404
    assert "示例一支部" not in stranger.get("/leaders?show=all").text
    assert client_for(first).get("/leaders").status_code == 403


def test_the_list_is_filtered_searched_and_exported(league):
    _top, one, _two, first, _second, client = league
    lead(one, first, day(-30))
    assert "示例二支部" in said(client.get("/leaders"))
    assert "示例一支部" not in client.get("/leaders").text
    assert "示例一支部" in client.get("/leaders?show=all&q=一支").text
    assert "示例二支部" not in client.get("/leaders?show=all&q=一支").text
    assert client.get("/leaders?show=nothing").status_code == 404
    sheet = load_workbook(BytesIO(client.get("/leaders.xlsx?show=all").data)).active
    rows = [[cell.value for cell in row][1:5] for row in sheet.iter_rows(min_row=4)]
    assert rows == [
        ["示例一支部", "示例党委", "示例甲", None],
        ["示例二支部", "示例党委", None, None],
    ]


def test_terms_that_end_are_listed(league):
    _top, one, _two, first, _second, client = league
    with transaction():
        posts.hand_over(None, one.id, first.id, on=day(-30), valid_until=day(59))
    page = said(client.get("/terms"))
    assert "示例一支部" in page
    assert "还剩 59 天" in page
    assert "任期将满 1 人" in said(client.get("/"))


def test_who_never_signed_in_is_counted_by_branch(make, league):
    _top, one, _two, _first, _second, client = league
    make.member(one, account_id=make.account(activated_at=None).id)
    page = said(client.get("/asleep"))
    assert "1 个支部共 1 人还没有登录过" in page
    assert f"/units/{one.id}/slips" in client.get("/asleep").text


def test_the_first_steps_lead_on(db, make, frozen, client_for):
    top = make.unit("示例党委")
    client = client_for(make.person(Role.SYSTEM_ADMIN, top))

    def next_step():
        found = re.search(
            r'id="h-next".*?<strong>(.*?)</strong>.*?href="([^"]+)"', client.get("/start").text, re.S
        )
        return found.groups() if found else None

    assert next_step() == ("建立组织", f"/units/{top.id}/new")
    assert "建立组织" in said(client.get("/"))
    branch = make.unit("示例支部", parent=top)
    assert next_step() == ("导入党员名册", f"/roster?unit={top.id}")
    asleep = make.account(activated_at=None)
    make.member(branch, account_id=asleep.id)
    assert next_step() == ("打印激活单", f"/units/{top.id}/slips")
    make.save(Slip(account_id=asleep.id, code_hash="0" * 64, expires_at=clock.now() + timedelta(days=30)))
    assert next_step() is None
    assert "系统已经可以使用" in said(client.get("/start"))
    assert "示例支部" in said(client.get("/"))


def test_the_lists_take_few_statements(make, league, statements):
    top, one, _two, first, _second, client = league
    lead(one, first, day(-30))
    for number in range(12):
        make.unit(f"示例{number}号支部", parent=top)
        make.member(one, account_id=make.account(activated_at=None).id)
    pages = ("/leaders", "/leaders?show=all", "/terms", "/asleep", "/start", f"/units/{one.id}/secretary")
    for path in pages:
        client.get(path)
        with statements() as sent:
            assert client.get(path).status_code == 200
        assert sent.of_page.count <= 8, f"{path} {sent}"


def test_a_temporary_branch_is_led_by_a_member_of_another_branch(db, make, league):
    top, one, _two, first, second, client = league
    squad = make.unit("示例突击队", parent=top, kind="temporary_branch")
    path = f"/units/{squad.id}/secretary"
    assert "留在原支部" in said(client.get(path))
    assert "示例甲" in client.get(path).text
    shown = client.post(path, data={"person": "示例甲", "on": clock.today().isoformat()})
    assert client.post(path, data=hidden(shown)).location == path
    page = client.get(f"/people/{second.id}").text
    assert f'<option value="{squad.id}"' in page
    form = {"unit_id": squad.id, "kind": "committee_member", "valid_from": clock.today().isoformat()}
    assert client.post(f"/people/{second.id}/posts", data=form).status_code == 303
    held = db.session.execute(select(Post.member_id, Post.unit_id, Post.kind).order_by(Post.id)).all()
    assert held == [(first.id, squad.id, "secretary"), (second.id, squad.id, "committee_member")]
    assert first.unit_id == one.id
    assert hours_q.years_of(first.id)[clock.today().year].target > 3200
