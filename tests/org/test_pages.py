"""The pages of units, members, logins and slips: one fact each, and the outsider."""

import re

import pytest
from sqlalchemy import select

from pbtrain.accounts.models import Account, Slip
from pbtrain.audit.models import AuditEvent
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.org.models import Affiliation, CareSpan, Member, Post, RoleGrant, Unit
from pbtrain.org.roles import Role


@pytest.fixture
def league(make, client_for):
    """A top with two branches and a stranger's tree; the client of the top's administrator."""
    top = make.ruled("示例党委", since=clock.today().year)
    one, two = make.unit("示例一支部", parent=top), make.unit("示例二支部", parent=top)
    away = make.unit("别处支部", parent=make.unit("别处党委"))
    admin = make.person(Role.UNIT_ADMIN, top)
    return top, one, two, away, admin, client_for(admin)


def seen_version(client, path):
    return re.search(r'name="version"[^>]*value="([^"]+)"', client.get(path).text)[1]


def test_the_way_to_ones_own_unit(league):
    top, _one, _two, away, _admin, client = league
    assert client.get("/units").location == f"/units/{top.id}"
    page = client.get(f"/units/{top.id}").text
    assert "示例一支部" in page
    assert "别处" not in page
    for path in ("", "/new", "/edit", "/move", "/abolish", "/members", "/members/new", "/slips"):
        assert client.get(f"/units/{away.id}{path}").status_code == 404


def test_a_unit_is_added_renamed_moved_and_abolished(db, league):
    top, one, _two, _away, _admin, client = league
    answer = client.post(
        f"/units/{top.id}/new",
        data={"name": "示例总支", "kind": "general_branch", "code": "", "field": "rural"},
    )
    assert answer.location == f"/units/{top.id}"
    group = db.session.scalars(select(Unit).where(Unit.name == "示例总支")).one()
    group_id = group.id
    assert client.post(f"/units/{one.id}/move", data={"parent_id": "示例总支"}).status_code == 303
    assert db.session.get(Unit, one.id).parent_id == group_id
    assert client.post(f"/units/{group_id}/abolish").status_code == 422
    stale = seen_version(client, f"/units/{one.id}/edit")
    change = {"name": "示例新支部", "code": "N1", "version": stale}
    assert client.post(f"/units/{one.id}/edit", data=change).status_code == 303
    back = client.post(
        f"/units/{one.id}/edit", data={"name": "示例旧名", "version": stale}
    )  # of a second tab
    assert back.status_code == 409
    assert "改过" in back.text
    assert "示例新支部" in back.text
    assert db.session.get(Unit, one.id).name == "示例新支部"
    assert client.post(f"/units/{one.id}/abolish").status_code == 303
    assert client.post(f"/units/{group_id}/abolish").status_code == 303


def test_a_unit_outside_ones_reach_is_no_place_to_move_to(league):
    _top, one, _two, _away, _admin, client = league
    answer = client.post(f"/units/{one.id}/move", data={"parent_id": "别处党委"})
    assert answer.status_code == 422


def test_a_member_is_added_and_transferred(db, league):
    _top, one, two, away, _admin, client = league
    assert client.get(f"/units/{one.id}/members/new").status_code == 200
    told = {"name": "示例新人", "stage": "full", "since": "2026-01-01", "sex": "", "phone": "13800000001"}
    assert client.post(f"/units/{one.id}/members/new", data=told).status_code == 303
    twice = client.post(f"/units/{one.id}/members/new", data=told)  # a double click
    assert (twice.status_code, "已在本支部名册" in twice.text) == (422, True)
    member = db.session.scalars(select(Member).where(Member.name == "示例新人")).one()
    path = f"/people/{member.id}"
    assert client.get(path).status_code == 200
    assert client.post(f"{path}/transfer", data={"unit_id": two.name, "on": "2026-03-01"}).status_code == 303
    assert db.session.scalars(select(Affiliation.unit_id).order_by(Affiliation.id)).all()[-2:] == [
        one.id,
        two.id,
    ]
    refused = client.post(f"{path}/transfer", data={"unit_id": away.name, "on": "2026-03-01"})
    assert refused.status_code == 422
    assert client.post(f"{path}/transfer", data={"unit_id": one.name, "on": "2999-01-01"}).status_code == 422


def test_posts_care_and_leaving(db, make, league):
    _top, one, _two, _away, _admin, client = league
    member = make.member(one)
    path = f"/people/{member.id}"
    given = {"kind": "secretary", "unit_id": one.id, "valid_from": "2026-02-01"}
    assert client.post(f"{path}/posts", data=given).status_code == 303
    assert client.post(f"{path}/posts", data=given).status_code == 422
    post_id = db.session.scalar(select(Post.id))
    assert client.post(f"/posts/{post_id}/end").status_code == 303
    assert client.post(f"/posts/{post_id}/end").status_code == 409
    assert (
        client.post(f"{path}/care", data={"valid_from": "2026-02-01", "reason": "示例"}).status_code == 200
    )  # the reason, once
    span = db.session.scalar(select(CareSpan.id))
    assert client.post(f"/care/{span}/end").status_code == 303
    assert client.post(f"{path}/leave", data={"on": "2026-02-03"}).status_code == 303
    assert db.session.get(Account, member.account_id).disabled_at is None  # it still shows what is kept
    assert client.post(f"{path}/return").status_code == 303


def test_somebody_elsewhere_is_not_found(make, league):
    *_, away, _admin, client = league
    stranger = make.member(away)
    assert client.get(f"/people/{stranger.id}").status_code == 404
    assert client.post(f"/people/{stranger.id}/leave", data={"on": "2026-01-01"}).status_code == 404
    assert client.get(f"/accounts/{stranger.account_id}").status_code == 404
    assert client.post(f"/accounts/{stranger.account_id}/close").status_code == 404


def test_members_by_name_pinyin_and_page(make, league):
    top, one, _two, away, _admin, client = league
    make.member(one, name="乌云其其格", pinyin="wuyunqiqige wyqqg")
    make.member(away, name="乌云别处", pinyin="wuyunbiechu wybc")
    for n in range(60):
        make.member(one, name=f"示例{n:03}", pinyin=f"shili{n:03}")
    for q in ("乌云", "wuyun", "wyq"):
        page = client.get(f"/units/{top.id}/members", query_string={"q": q}).text
        assert "乌云其其格" in page
        assert "别处" not in page
    first = client.get(f"/units/{top.id}/members").text
    assert "示例049" in first
    assert "示例050" not in first
    later = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    second = client.get(later).text
    assert "示例050" in second
    assert "示例049" not in second
    back = re.search(r'rel="prev" href="([^"]+)"', second)[1].replace("&amp;", "&")
    assert "示例000" in client.get(back).text
    for bad in ("-1", "abc", "1" * 20):
        assert client.get(f"/units/{top.id}/members", query_string={"after": bad}).status_code == 400


def test_lists_stay_within_their_statements(make, league, statements):
    top, one, _two, _away, _admin, client = league
    for _ in range(5):
        make.member(one)
    for path in (f"/units/{top.id}", f"/units/{top.id}/members", "/accounts", f"/units/{top.id}/slips"):
        client.get(path)
        with statements() as sent:
            assert client.get(path).status_code == 200
        assert sent.count <= 8, f"{path} {sent}"


def test_roles_are_given_and_taken(db, make, league):
    top, one, _two, _away, _admin, client = league
    member = make.member(one)
    path = f"/accounts/{member.account_id}"
    assert client.get(path).status_code == 200
    given = {"role": "unit_auditor", "unit_id": top.name}
    assert client.post(f"{path}/grants", data=given).status_code == 303
    assert client.post(f"{path}/grants", data=given | {"role": "system_admin"}).status_code == 422
    for role in ("member", "branch_secretary"):  # by the roster; by a post, or acting with an end
        assert client.post(f"{path}/grants", data=given | {"role": role}).status_code == 422
    grant = db.session.scalar(select(RoleGrant.id).where(RoleGrant.account_id == member.account_id))
    assert "示例" in client.get("/accounts").text
    assert client.post(f"/grants/{grant}/end").status_code == 303


def test_a_role_taken_while_a_page_is_open_acts_on_the_next_request(db, make, league):
    top, _one, _two, _away, admin, client = league
    assert client.get(f"/units/{top.id}/new").status_code == 200
    with transaction() as session:
        for grant in session.scalars(select(RoleGrant).where(RoleGrant.account_id == admin.id)):
            grant.valid_until = clock.today()
    answer = client.post(f"/units/{top.id}/new", data={"name": "不该有", "kind": "branch"})
    assert answer.status_code == 403
    assert db.session.scalar(select(Unit.id).where(Unit.name == "不该有")) is None


def test_nobody_closes_their_own_login(league):
    *_, admin, client = league
    assert client.post(f"/accounts/{admin.id}/close").status_code == 422


def test_slips_are_shown_once_and_work(app, db, make, league, client_for):
    _top, one, _two, away, _admin, _client = league
    secretary = client_for(make.person(Role.BRANCH_SECRETARY, one))
    member = make.member(one, account_id=make.account("示例人", username="shili88", activated_at=None).id)
    stranger = make.member(away)
    assert secretary.get(f"/units/{away.id}/slips").status_code == 404
    path = f"/units/{one.id}/slips"
    assert secretary.post(path, data={"account_id": [stranger.account_id]}).status_code == 422
    assert secretary.post(path, data={}).status_code == 422
    sheet = secretary.post(path, data={"everyone": "1"})
    code = re.search(r'pb-code">([\w-]{14})<', sheet.text)[1]
    assert "shili88" in sheet.text
    assert "<svg" in sheet.text
    assert "style=" not in sheet.text
    assert code.replace("-", "") not in secretary.get(path).text
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "slips.made")).one()
    assert event.detail["accounts"] == [member.account_id]
    assert code.replace("-", "") not in str(db.session.execute(select(AuditEvent.detail)).all())
    words = {"password": "长城内外 1949x", "again": "长城内外 1949x"}
    fresh = app.test_client()
    assert fresh.post("/activate", data={"username": "shili88", "code": code} | words).status_code == 303
    assert fresh.get("/").status_code == 200
    assert db.session.scalar(select(Slip.used_at)) is not None


def test_a_sheet_loaded_again_voids_nothing(db, make, league, client_for, frozen):
    """Once printed, the same form says when and by whom; new codes want the button that says so."""
    _top, one, _two, _away, _admin, _client = league
    secretary = make.person(Role.BRANCH_SECRETARY, one)
    client, path = client_for(secretary), f"/units/{one.id}/slips"
    for name in ("shili88", "shili89"):
        make.member(one, account_id=make.account("示例人", username=name, activated_at=None).id)

    def seen(page):
        return re.search(r'name="seen" value="(\d+)"', page.text)[1]

    def open_slips():
        db.session.rollback()
        return set(db.session.scalars(select(Slip.id).where(Slip.closed_at.is_(None))))

    form = {"everyone": "1", "seen": seen(client.get(path))}
    assert client.post(path, data=form).status_code == 200
    first = open_slips()
    frozen.shift(minutes=3)
    for late in (form, {"account_id": re.findall(r'name="account_id" value="(\d+)"', client.get(path).text)},
                 form | {"seen": ""}):  # fmt: skip
        again = client.post(path, data=late)
        assert again.status_code == 409
        assert f"已于2026年9月25日 15:00由{secretary.name}打印" in again.text
        assert "pb-code" not in again.text
    assert client.post(path, data=form | {"seen": "9" * 40}).status_code == 422
    assert open_slips() == first
    anew = {"seen": seen(again), "account_id": re.findall(r'name="account_id" value="(\d+)"', again.text)}
    assert client.post(path, data=anew).status_code == 200
    assert len(open_slips()) == 2
    assert not open_slips() & first
    assert client.post(path, data=anew).status_code == 409
