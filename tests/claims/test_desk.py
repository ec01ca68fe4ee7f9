"""The desk where claims are decided, the appeals above it, and the numbers that lead there."""

import re

from sqlalchemy import func, select

from pbtrain.claims import queries, services
from pbtrain.claims.models import EvidenceLook
from pbtrain.hours.models import HourEntry
from pbtrain.org.roles import Role
from tests.claims.conftest import claim, do, handed_in, make, piece


def test_who_waits_less_stands_on_the_next_page_of_the_desk(db, place, secretary, monkeypatch):
    monkeypatch.setattr("pbtrain.claims.views.desk.SHOWN", 2)
    claims = [handed_in(place.member, title=f"答卷第 {n} 期") for n in range(3)]
    page = secretary.get("/desk").text
    assert "答卷第 2 期" not in page
    later = re.search(r'rel="next" href="(/desk\?after=[^"]+)"', page)[1]
    page = secretary.get(later).text
    assert "答卷第 2 期" in page
    assert 'rel="prev"' in page
    address = re.search(rf'hx-post="(/desk/{claims[2]}\?after=[^"]+)"', page)[1]
    form = {"act": "return", "version": str(claim(claims[2]).version), "reason": "照片看不清"}
    page = secretary.post(address, data=form, headers={"HX-Request": "true"}).text
    assert claim(claims[2]).state == "returned"
    assert "答卷第 0 期" in page, "nothing is left there: it begins anew"


def version_of(claim_id):
    return str(claim(claim_id).version)


def test_the_desk_shows_the_picture_and_counts_it_as_seen(db, secretary, place):
    claim_id = handed_in(place.member, None, piece(1), piece(2))
    page = secretary.get("/desk").text
    assert place.member.name in page
    assert "还有 1 张照片没看" in page
    data = {"act": "approve", "version": version_of(claim_id)}
    assert secretary.post(f"/desk/{claim_id}", data=data).status_code == 422
    second = queries.files(claim_id)[1].id
    secretary.get(f"/desk/{claim_id}?photo={second}")
    assert db.session.scalar(select(func.count(EvidenceLook.id))) == 2
    assert secretary.post(f"/desk/{claim_id}", data=data).status_code == 303
    assert db.session.scalar(select(func.count(HourEntry.id))) == 1


def test_a_second_secretary_is_told_who_was_faster(secretary, place, make, client_for):
    deputy = make.person(Role.BRANCH_SECRETARY, place.branch)
    claim_id = handed_in(place.member)
    data = {"act": "approve", "version": version_of(claim_id)}
    assert secretary.post(f"/desk/{claim_id}", data=data).status_code == 303
    answer = client_for(deputy).post(f"/desk/{claim_id}", data=data)
    assert answer.status_code == 409
    assert place.secretary.name in answer.text


def test_returning_needs_a_reason_and_tells_the_member(secretary, member, place):
    claim_id = handed_in(place.member)
    data = {"act": "return", "version": version_of(claim_id), "reason": ""}
    assert secretary.post(f"/desk/{claim_id}", data=data).status_code == 422
    data["reason"] = "照片看不清"
    assert secretary.post(f"/desk/{claim_id}", data=data).status_code == 303
    assert "照片看不清" in member.get("/claims").text


def test_rejected_appealed_and_decided_above(db, secretary, member, place, client_for):
    claim_id = handed_in(place.member)
    data = {"act": "reject", "version": version_of(claim_id), "reason": "不是学习内容"}
    assert secretary.post(f"/desk/{claim_id}", data=data).status_code == 303
    assert "申诉" in member.get(f"/claims/{claim_id}").text
    data = {"act": "appeal", "version": version_of(claim_id), "reason": "是支部印发的"}
    assert member.post(f"/claims/{claim_id}", data=data).status_code == 303
    above = client_for(place.above)
    page = above.get("/appeals").text
    assert "是支部印发的" in page
    assert "不是学习内容" in page
    data = {"act": "grant", "version": version_of(claim_id), "reason": "属实"}
    assert secretary.post(f"/appeals/{claim_id}", data=data).status_code == 403
    assert above.post(f"/appeals/{claim_id}", data=data).status_code == 303
    assert claim(claim_id).state == "approved"


def test_acts_nobody_offered_and_versions_that_are_none(secretary, member, place):
    claim_id = handed_in(place.member)
    for data in ({"act": "nonsense", "version": "2"}, {"act": "approve", "version": "x"}, {"act": "approve"}):
        assert secretary.post(f"/desk/{claim_id}", data=data).status_code == 400
        assert member.post(f"/claims/{claim_id}", data=data).status_code == 400


def test_a_decision_by_htmx_brings_the_next_claim_without_the_frame(secretary, place):
    first, second = handed_in(place.member, title="第一件"), handed_in(place.member, title="第二件")
    data = {"act": "approve", "version": version_of(first), "next": str(second)}
    page = secretary.post(f"/desk/{first}", data=data, headers={"HX-Request": "true"})
    assert page.status_code == 200
    assert "<html" not in page.text
    assert "第二件" in page.text
    undo = re.search(r'<form class="mb-3" method="post" action="(/desk/\d+)"', page.text)
    assert undo.group(1) == f"/desk/{first}"
    again = {"act": "undo", "version": version_of(first)}
    page = secretary.post(f"/desk/{first}", data=again, headers={"HX-Request": "true"})
    assert "第一件" in page.text
    assert claim(first).state == "submitted"


def test_statements_of_the_pages_do_not_grow(secretary, member, place, statements):
    def cost(client, url):
        client.get(url)
        with statements() as sent:
            assert client.get(url).status_code == 200
        return sent.count

    handed_in(place.member, None, piece(1))
    desk, mine = cost(secretary, "/desk"), cost(member, "/claims")
    for n in range(8):
        handed_in(place.member, None, piece(n + 2))
    assert cost(secretary, "/desk") <= desk
    assert cost(member, "/claims") <= mine


def test_a_claim_withdrawn_is_on_no_desk(secretary, member, place):
    claim_id = handed_in(place.member)
    data = {"act": "withdraw", "version": version_of(claim_id)}
    assert member.post(f"/claims/{claim_id}", data=data).status_code == 303
    assert secretary.get(f"/desk/{claim_id}").status_code == 404
    assert claim(claim_id).state == "withdrawn"


def test_the_number_above_leads_to_the_claims(db, place, client_for, statements):
    handed_in(place.member, title="条例答卷第 7 期")
    handed_in(place.member, kind="radio", title="广播党课")
    make(place.member, title="还没交的草稿")
    auditor = client_for(place.above)
    address = f"/units/{place.root.id}/claims"
    assert f'href="{address}"' in auditor.get("/").text, "the number of those that wait"
    with statements() as sent_there:
        page = auditor.get(address).text
    assert sent_there.of_page.count <= 8, str(sent_there)
    assert "条例答卷第 7 期" in page
    assert "广播党课" in page
    assert "还没交的草稿" not in page
    assert "等书记审核" in page
    assert "广播党课" not in auditor.get(f"{address}?kind=paper").text
    assert "第 7 期" not in auditor.get(f"{address}?q={place.branch.name} 广播").text
    assert "没有" in auditor.get(f"{address}?q=查无此人").text
    assert "广播党课" in auditor.get(f"/units/{place.branch.id}/claims").text
    assert "没有待审核的申报" in auditor.get(f"/units/{place.other.id}/claims").text
    for wrong in ("?kind=nonsense", "?year=1999", "?after=x"):
        assert auditor.get(address + wrong).status_code == 404


def test_the_tab_shows_how_many_wait_as_a_page_counted_last(db, place, secretary):
    first, _second = handed_in(place.member), handed_in(place.member)
    count = re.compile(r'id="badge-desk"[^>]*>(?:<span class="pb-count">(\d+))?')
    assert count.search(secretary.get("/events").text)[1] is None, "nobody has counted yet"
    assert count.search(secretary.get("/").text)[1] == "2"
    assert count.search(secretary.get("/events").text)[1] == "2"
    form = {"act": "return", "version": str(claim(first).version), "reason": "照片看不清"}
    part = secretary.post(f"/desk/{first}", data=form, headers={"HX-Request": "true"}).text
    assert 'hx-swap-oob="true"' in part
    assert count.search(part)[1] == "1"
    assert count.search(secretary.get("/events").text)[1] == "1"


def test_the_first_pages_above_tell_how_many_wait(db, place, secretary, client_for, statements, monkeypatch):
    auditor, admin = client_for(place.above), client_for(place.admin)
    count = re.compile(r'id="badge-above"[^>]*>(?:<span class="pb-count">(\d+\+?))?')
    assert "等你决定" not in auditor.get("/").text
    for number in range(2):
        claim_id = handed_in(place.member, title=f"答卷第 {number} 期")
        assert count.search(auditor.get("/").text)[1] == ("1" if number else None), (
            "the branch has a word first"
        )
        data = {"act": "reject", "version": version_of(claim_id), "reason": "不是学习内容"}
        assert secretary.post(f"/desk/{claim_id}", data=data).status_code == 303
        do(services.appeal, place.member, claim_id, reason="是支部印发的")
    for browser in (auditor, admin):
        with statements() as sent:
            page = browser.get("/").text
        assert sent.of_page.count <= 6, str(sent)
        assert "有 2 件等你决定" in page
        assert 'href="/appeals"' in page
        assert count.search(page)[1] == count.search(browser.get("/inbox").text)[1] == "2"
    monkeypatch.setattr(queries, "FEW", 1)
    assert "有 1 件等你决定" in auditor.get("/").text, "counted no further"
    monkeypatch.setattr("pbtrain.core.badges.found", lambda name: 100)
    assert count.search(auditor.get("/inbox").text)[1] == "99+"
