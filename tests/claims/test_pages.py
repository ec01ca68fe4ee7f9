"""The pages of claims: what is sent, what comes back, what works without script."""

import io
import re
from uuid import uuid4

import pytest
from PIL import Image
from sqlalchemy import func, select

from pbtrain.claims import deciding, queries
from pbtrain.claims.models import EvidenceLook, Platform
from pbtrain.hours.models import HourClaim, HourEntry
from pbtrain.org.roles import Role
from tests.claims.conftest import DAY, claim, do, handed_in, make, picture, piece

PDF = b"%PDF-1.4\n1 0 obj<</Type/Pages/Count 1>>endobj 2 0 obj<</Type /Page>>endobj\n%%EOF\n"


def sent(act="submit", files=(), **fields):
    """The form as a browser sends it."""
    usual = {
        "title": "条例答卷第 2 期", "day": DAY.isoformat(), "minutes": "90", "note": "", "act": act,
        "form_id": str(uuid4()), "kind": "paper",
    }  # fmt: skip
    usual |= fields
    if files:
        usual["files"] = [(io.BytesIO(content), name) for content, name in files]
    return usual


def shown(answer):
    return answer.get_data(as_text=True)


def only(db):
    db.session.rollback()
    return db.session.scalars(select(HourClaim).order_by(HourClaim.id.desc())).first()


@pytest.fixture
def member(client_for, place):
    return client_for(place.member)


@pytest.fixture
def secretary(client_for, place):
    return client_for(place.secretary)


@pytest.mark.parametrize("kind", ["paper", "radio", "host", "visit", "self_study", "platform"])
def test_every_kind_has_its_form(member, kind):
    page = member.get(f"/claims/new?kind={kind}")
    assert page.status_code == 200
    assert ('name="minutes"' in shown(page)) is (kind != "platform")
    assert member.get("/claims/new?kind=nonsense").status_code == 404


def test_a_claim_with_three_photos_is_handed_in(db, member):
    files = [(picture(n), f"第{n}页.jpg") for n in range(3)]
    answer = member.post("/claims/new", data=sent(files=files), follow_redirects=True)
    assert answer.status_code == 200
    row = only(db)
    assert (row.state, row.proof, len(queries.files(row.id))) == ("submitted", "C", 3)
    assert "第0页.jpg" in shown(answer)
    assert "待审" in shown(answer)
    assert "等书记审核" in shown(member.get("/claims"))


def test_the_script_sends_photos_one_by_one_and_may_repeat_each_step(db, member, secretary):
    step = {"X-Upload": "1"}
    form = sent(act="draft")
    for _ in range(2):  # its answer was lost on the way
        answer = member.post("/claims/new", data=dict(form), headers=step)
        here = answer.headers["X-Claim"]
        assert (answer.status_code, here) == (204, f"/claims/{only(db).id}")
    for n in (1, 2, 2, 1):
        answer = member.post(
            f"{here}/files", data={"file": (io.BytesIO(picture(n)), f"{n}.jpg")}, headers=step
        )
        assert answer.status_code == 204
    refused = member.post(f"{here}/files", data={"file": (io.BytesIO(b"MZ"), "x.exe")}, headers=step)
    assert (refused.status_code, refused.mimetype) == (422, "text/plain")
    assert "没有上传" in refused.text
    changed = sent(act="draft", minutes="60", version=answer.headers["X-Version"])
    answer = member.post(f"{here}/edit", data=changed, headers=step)
    assert answer.status_code == 204
    last = {"act": "submit", "version": answer.headers["X-Version"]}
    assert member.post(here, data=last, headers=step).status_code == 204
    assert "已提交" in shown(member.get(here)), "nobody has read the message meanwhile"
    row = only(db)
    assert (row.state, row.proof, row.minutes, len(queries.files(row.id))) == ("submitted", "C", 60, 2)
    assert member.post(here, data=last, headers=step).status_code == 409
    late = member.post(f"{here}/files", data={"file": (io.BytesIO(picture(3)), "3.jpg")}, headers=step)
    assert late.status_code == 422
    assert (
        secretary.post(f"{here}/files", data={"file": (io.BytesIO(picture(4)), "4.jpg")}).status_code == 404
    )
    assert member.post(f"{here}/files", headers=step).status_code == 400


def test_too_much_at_once_is_said_plainly(app, member, monkeypatch):
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 4000)
    answer = member.post("/claims/new", data=sent(files=[(picture(1), "1.jpg")]))
    assert answer.status_code == 413
    assert "分几次传" in shown(answer)


def test_two_clicks_at_one_instant_get_the_same_answer(app, db, place, client_for, at_once):
    clients = [client_for(place.member) for _ in range(2)]
    form = sent(act="submit")
    db.session.rollback()
    answers = at_once(
        *(lambda client=client: client.post("/claims/new", data=dict(form)) for client in clients)
    )
    assert [answer.status_code for answer in answers] == [303, 303], answers
    assert answers[0].location == answers[1].location
    assert db.session.scalar(select(func.count(HourClaim.id))) == 1


def test_who_waits_less_stands_on_the_next_page_of_the_desk(db, place, secretary, monkeypatch):
    monkeypatch.setattr("pbtrain.claims.views.desk.SHOWN", 2)
    claims = [handed_in(place.member, title=f"答卷第 {n} 期") for n in range(3)]
    page = shown(secretary.get("/desk"))
    assert "答卷第 2 期" not in page
    later = re.search(r'rel="next" href="(/desk\?after=[^"]+)"', page)[1]
    page = shown(secretary.get(later))
    assert "答卷第 2 期" in page
    assert 'rel="prev"' in page
    address = re.search(rf'hx-post="(/desk/{claims[2]}\?after=[^"]+)"', page)[1]
    form = {"act": "return", "version": str(claim(claims[2]).version), "reason": "照片看不清"}
    page = shown(secretary.post(address, data=form, headers={"HX-Request": "true"}))
    assert claim(claims[2]).state == "returned"
    assert "答卷第 0 期" in page, "nothing is left there: it begins anew"


def test_the_same_form_twice_is_one_claim(db, member):
    fields = sent(act="draft")
    first = member.post("/claims/new", data=dict(fields))
    assert member.post("/claims/new", data=dict(fields)).location == first.location
    assert db.session.scalar(select(func.count(HourClaim.id))) == 1


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("minutes", "0", "5"), ("minutes", "九十", ""), ("minutes", "99999999999", ""),
        ("minutes", "", "用时"),
        ("day", "2099-01-01", "以后"), ("day", "2026-02-30", ""), ("title", "x", "2 到 100"),
        ("title", "", ""), ("form_id", "1", ""), ("note", "长" * 501, ""), ("kind", "paper\x00", ""),
    ],
)  # fmt: skip
def test_bad_fields_come_back_with_words(db, member, field, value, said):
    answer = member.post("/claims/new", data=sent(**{field: value}))
    assert answer.status_code in ((404,) if field == "kind" else (422,))
    assert db.session.scalar(select(func.count(HourClaim.id))) == 0
    if field == "minutes" and said == "用时":
        assert "请填写用时" in shown(answer)


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"PK\x03\x04 a word file", "学习笔记.docx", "不是照片或 PDF"),
        (b"", "空.jpg", "不是照片或 PDF"),
        (b"<svg onload=alert(1)>", "x.svg", "不是照片或 PDF"),
        (b"\x00\x00\x00\x18ftypheic" + b"\x00" * 40, "IMG_0001.HEIC", "兼容性最佳"),
        (b"\xff\xd8\xff" + b"\x00" * 200, "半张.jpg", "照片"),
        (b"%PDF-1.4\nno end", "断了.pdf", "没有传完整"),
        (PDF.replace(b"%%EOF", b"/Encrypt 1 0 R\n%%EOF"), "加密.pdf", "密码"),
        (b"%PDF-1.4\n" + b"<</Type /Page>>\n" * 21 + b"%%EOF", "太长.pdf", "20 页"),
    ],
)
def test_what_is_no_photo_is_said_and_the_rest_kept(db, member, content, name, said):
    files = [(picture(1), "好的.jpg"), (content, name)]
    answer = member.post("/claims/new", data=sent(files=files), follow_redirects=True)
    assert answer.status_code == 200
    assert said in shown(answer)
    row = only(db)
    assert row.state == "draft", "nothing is handed in that lacks what was meant to be there"
    assert len(queries.files(row.id)) == 1


def test_a_bomb_is_refused_by_its_header(db, member):
    bomb = io.BytesIO()
    Image.new("1", (9000, 9000)).save(bomb, "PNG")
    answer = member.post("/claims/new", data=sent(files=[(bomb.getvalue(), "大.png")]), follow_redirects=True)
    assert "万像素" in shown(answer) or "百万像素" in shown(answer)
    assert queries.files(only(db).id) == []


def test_a_pdf_is_a_download_in_a_sandbox_and_a_picture_has_no_place(db, member, place, client_for):
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (40.0, 50.0, 0.0)}
    files = [(picture(1, exif=exif), "a.jpg"), (PDF, "证明.pdf")]
    member.post("/claims/new", data=sent(files=files))
    image, paper = queries.files(only(db).id)
    answer = member.get(f"/claims/files/{image.uuid}", buffered=True)
    assert not Image.open(io.BytesIO(answer.data)).getexif()
    answer = member.get(f"/claims/files/{paper.uuid}", buffered=True)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client_for(place.secretary).get(f"/claims/files/{paper.uuid}", buffered=True).data == PDF
    assert client_for(place.host).get(f"/claims/files/{paper.uuid}", buffered=True).status_code == 404


def test_the_estimate_follows_what_is_typed(member, place):
    page = member.get(f"/claims/estimate/{place.member.member_id}?kind=paper&day={DAY}&minutes=45")
    assert "1.0" in shown(page)
    assert place.secretary.name in shown(page)
    page = member.get(f"/claims/estimate/{place.member.member_id}?kind=self_study&day={DAY}&minutes=45")
    assert "不计入集中学习" in shown(page)
    assert member.get(f"/claims/estimate/{place.secretary.member_id}?kind=paper").status_code == 404


def test_a_returned_claim_says_why_and_since_when(client_for, member, place, frozen):
    claim_id = handed_in(place.member, None, piece(1))
    do(deciding.send_back, place.secretary, claim_id, reason="照片看不清，请补拍答卷第 2 页")
    assert "10月2日前补交" in shown(member.get(f"/claims/{claim_id}/edit"))
    frozen.shift(days=8)
    late = client_for(place.member)
    assert "现已过 1 天" in shown(late.get(f"/claims/{claim_id}/edit"))
    assert "已过 1 天" in shown(late.get("/claims"))


def test_what_came_back_is_mended_on_its_page(db, member, place):
    claim_id = handed_in(place.member, None, piece(1))
    do(deciding.send_back, place.secretary, claim_id, reason="缺第 2 页")
    version = claim(claim_id).version
    answer = member.post(
        f"/claims/{claim_id}/edit", data=sent(files=[(picture(2), "2.jpg")], version=str(version))
    )
    assert answer.status_code == 303
    assert (claim(claim_id).state, len(queries.files(claim_id))) == ("submitted", 2)
    stale = member.post(f"/claims/{claim_id}/edit", data=sent(version=str(version)))
    assert stale.status_code == 422, "it has been handed in"


def test_two_tabs_on_one_draft(member, place):
    claim_id = make(place.member, None, piece(1))
    fields = sent(act="draft", version="1", title="第一个窗口")
    assert member.post(f"/claims/{claim_id}/edit", data=dict(fields)).status_code == 303
    slower = member.post(f"/claims/{claim_id}/edit", data=fields | {"title": "第二个窗口"})
    assert slower.status_code == 409
    assert "现在的内容：第一个窗口" in shown(slower)
    assert "第二个窗口" in shown(slower)
    again = re.search(r'name="version" type="hidden" value="(\d+)"', shown(slower)).group(1)
    answer = member.post(f"/claims/{claim_id}/edit", data=fields | {"title": "第二个窗口", "version": again})
    assert (answer.status_code, claim(claim_id).title) == (303, "第二个窗口")


def test_a_photo_is_taken_away_again(member, place):
    claim_id = make(place.member, None, piece(1), piece(2))
    first = queries.files(claim_id)[0].id
    assert member.post(f"/claims/{claim_id}/files/{first}/remove").status_code == 303
    assert len(queries.files(claim_id)) == 1


def test_a_branch_is_named_by_its_name_or_number(db, member, place, make):
    fields = {"kind": "host", "activity": "theme_day", "host": place.other.code}
    assert member.post("/claims/new?kind=host", data=sent(**fields)).status_code == 303
    assert only(db).host_unit_id == place.other.id
    answer = member.post("/claims/new?kind=host", data=sent(**fields | {"host": "没有这个支部"}))
    assert (answer.status_code, "没有这个名称或编号的支部" in shown(answer)) == (422, True)
    make.unit(place.other.name, parent=place.root)
    answer = member.post("/claims/new?kind=host", data=sent(**fields | {"host": place.other.name}))
    assert "同名" in shown(answer)


def test_the_secretary_writes_for_an_old_member(db, secretary, place, client_for):
    url = f"/branches/{place.branch.id}/members/{place.member.member_id}/claims/new"
    assert place.member.name in shown(secretary.get(url))
    assert secretary.post(url, data=sent()).status_code == 303
    assert (only(db).member_id, only(db).made_by_id) == (place.member.member_id, place.secretary.account_id)
    assert client_for(place.host).get(url).status_code == 404
    own = f"/branches/{place.branch.id}/members/{place.secretary.member_id}/claims/new"
    assert secretary.get(own).location == "/claims/new"


def version_of(claim_id):
    return str(claim(claim_id).version)


def test_the_desk_shows_the_picture_and_counts_it_as_seen(db, secretary, place):
    claim_id = handed_in(place.member, None, piece(1), piece(2))
    page = shown(secretary.get("/desk"))
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
    assert place.secretary.name in shown(answer)


def test_returning_needs_a_reason_and_tells_the_member(secretary, member, place):
    claim_id = handed_in(place.member)
    data = {"act": "return", "version": version_of(claim_id), "reason": ""}
    assert secretary.post(f"/desk/{claim_id}", data=data).status_code == 422
    data["reason"] = "照片看不清"
    assert secretary.post(f"/desk/{claim_id}", data=data).status_code == 303
    assert "照片看不清" in shown(member.get("/claims"))


def test_rejected_appealed_and_decided_above(db, secretary, member, place, client_for):
    claim_id = handed_in(place.member)
    data = {"act": "reject", "version": version_of(claim_id), "reason": "不是学习内容"}
    assert secretary.post(f"/desk/{claim_id}", data=data).status_code == 303
    assert "申诉" in shown(member.get(f"/claims/{claim_id}"))
    data = {"act": "appeal", "version": version_of(claim_id), "reason": "是支部印发的"}
    assert member.post(f"/claims/{claim_id}", data=data).status_code == 303
    above = client_for(place.above)
    page = shown(above.get("/appeals"))
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
    assert "<html" not in shown(page)
    assert "第二件" in shown(page)
    undo = re.search(r'<form class="mb-3" method="post" action="(/desk/\d+)"', shown(page))
    assert undo.group(1) == f"/desk/{first}"
    again = {"act": "undo", "version": version_of(first)}
    page = secretary.post(f"/desk/{first}", data=again, headers={"HX-Request": "true"})
    assert "第一件" in shown(page)
    assert claim(first).state == "submitted"


def test_the_platforms_of_a_unit(db, client_for, place, member):
    admin, url = client_for(place.admin), f"/units/{place.root.id}/platforms"
    assert admin.post(url).status_code == 303
    page = shown(admin.get(url))
    for name in ("学习强国", "法宣在线", "干部培训网络学院", "网上3D廉政教育展厅"):
        assert name in page
    assert "学习强国" in shown(member.get("/claims/new?kind=platform"))
    row = db.session.scalars(select(Platform).where(Platform.name == "学习强国")).one()
    fields = {
        "name": "学习强国", "link": "", "counts_in": "points", "per_hour": "60", "year_cap": "4",
        "proof": "C",
        "mode": "self", "open": "0", "version": str(row.version),
    }  # fmt: skip
    assert admin.post(f"/platforms/{row.id}", data=fields).status_code == 303
    assert admin.post(f"/platforms/{row.id}", data=fields).status_code == 409
    assert "学习强国" not in shown(member.get("/claims/new?kind=platform"))
    bad = fields | {"link": "javascript:alert(1)", "per_hour": "0", "name": "法宣在线"}
    assert admin.post(f"/platforms/{row.id}", data=bad).status_code == 422


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
    assert f'href="{address}"' in shown(auditor.get("/")), "the number of those that wait"
    with statements() as sent_there:
        page = shown(auditor.get(address))
    assert len([one for one in sent_there if "FROM site" not in one]) <= 8, str(sent_there)
    assert "条例答卷第 7 期" in page
    assert "广播党课" in page
    assert "还没交的草稿" not in page
    assert "等书记审核" in page
    assert "广播党课" not in shown(auditor.get(f"{address}?kind=paper"))
    assert "第 7 期" not in shown(auditor.get(f"{address}?q={place.branch.name} 广播"))
    assert "没有" in shown(auditor.get(f"{address}?q=查无此人"))
    assert "广播党课" in shown(auditor.get(f"/units/{place.branch.id}/claims"))
    assert "没有待审核的申报" in shown(auditor.get(f"/units/{place.other.id}/claims"))
    for wrong in ("?kind=nonsense", "?year=1999", "?after=x"):
        assert auditor.get(address + wrong).status_code == 404


def test_the_tab_shows_how_many_wait_as_a_page_counted_last(db, place, secretary):
    first, _second = handed_in(place.member), handed_in(place.member)
    count = re.compile(r'id="badge-desk"[^>]*>(?:<span class="pb-count">(\d+))?')
    assert count.search(shown(secretary.get("/events")))[1] is None, "nobody has counted yet"
    assert count.search(shown(secretary.get("/")))[1] == "2"
    assert count.search(shown(secretary.get("/events")))[1] == "2"
    form = {"act": "return", "version": str(claim(first).version), "reason": "照片看不清"}
    part = shown(secretary.post(f"/desk/{first}", data=form, headers={"HX-Request": "true"}))
    assert 'hx-swap-oob="true"' in part
    assert count.search(part)[1] == "1"
    assert count.search(shown(secretary.get("/events")))[1] == "1"
