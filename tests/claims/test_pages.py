"""The pages of claims: what is sent, what comes back, what works without script."""

import io
import re
from uuid import uuid4

import pytest
from PIL import Image
from sqlalchemy import func, select

from pbtrain.claims import deciding, queries
from pbtrain.hours.models import HourClaim
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


def only(db):
    db.session.rollback()
    return db.session.scalars(select(HourClaim).order_by(HourClaim.id.desc())).first()


@pytest.mark.parametrize("kind", ["paper", "radio", "host", "visit", "self_study", "platform"])
def test_every_kind_has_its_form(member, kind):
    page = member.get(f"/claims/new?kind={kind}")
    assert page.status_code == 200
    assert ('name="minutes"' in page.text) is (kind != "platform")
    assert member.get("/claims/new?kind=nonsense").status_code == 404


def test_a_claim_with_three_photos_is_handed_in(db, member):
    files = [(picture(n), f"第{n}页.jpg") for n in range(3)]
    answer = member.post("/claims/new", data=sent(files=files), follow_redirects=True)
    assert answer.status_code == 200
    row = only(db)
    assert (row.state, row.proof, len(queries.files(row.id))) == ("submitted", "C", 3)
    assert "第0页.jpg" in answer.text
    assert "待审" in answer.text
    assert "等书记审核" in member.get("/claims").text


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
    assert "已提交" in member.get(here).text, "nobody has read the message meanwhile"
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
    assert "分几次传" in answer.text


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
        assert "请填写用时" in answer.text


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
    assert said in answer.text
    row = only(db)
    assert row.state == "draft", "nothing is handed in that lacks what was meant to be there"
    assert len(queries.files(row.id)) == 1


def test_a_bomb_is_refused_by_its_header(db, member):
    bomb = io.BytesIO()
    Image.new("1", (9000, 9000)).save(bomb, "PNG")
    answer = member.post("/claims/new", data=sent(files=[(bomb.getvalue(), "大.png")]), follow_redirects=True)
    assert "万像素" in answer.text or "百万像素" in answer.text
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
    assert "1.0" in page.text
    assert place.secretary.name in page.text
    page = member.get(f"/claims/estimate/{place.member.member_id}?kind=self_study&day={DAY}&minutes=45")
    assert "不计入集中学习" in page.text
    assert member.get(f"/claims/estimate/{place.secretary.member_id}?kind=paper").status_code == 404


def test_a_returned_claim_says_why_and_since_when(client_for, member, place, frozen):
    claim_id = handed_in(place.member, None, piece(1))
    do(deciding.send_back, place.secretary, claim_id, reason="照片看不清，请补拍答卷第 2 页")
    assert "10月2日前补交" in member.get(f"/claims/{claim_id}/edit").text
    frozen.shift(days=8)
    late = client_for(place.member)
    assert "现已过 1 天" in late.get(f"/claims/{claim_id}/edit").text
    assert "已过 1 天" in late.get("/claims").text


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
    assert "现在的内容：第一个窗口" in slower.text
    assert "第二个窗口" in slower.text
    again = re.search(r'name="version" type="hidden" value="(\d+)"', slower.text).group(1)
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
    assert (answer.status_code, "没有这个名称或编号的支部" in answer.text) == (422, True)
    make.unit(place.other.name, parent=place.root)
    answer = member.post("/claims/new?kind=host", data=sent(**fields | {"host": place.other.name}))
    assert "同名" in answer.text


def test_the_secretary_writes_for_an_old_member(db, secretary, place, client_for):
    url = f"/branches/{place.branch.id}/members/{place.member.member_id}/claims/new"
    assert place.member.name in secretary.get(url).text
    assert secretary.post(url, data=sent()).status_code == 303
    assert (only(db).member_id, only(db).made_by_id) == (place.member.member_id, place.secretary.account_id)
    assert client_for(place.host).get(url).status_code == 404
    own = f"/branches/{place.branch.id}/members/{place.secretary.member_id}/claims/new"
    assert secretary.get(own).location == "/claims/new"
