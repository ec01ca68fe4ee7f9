"""A member's page: two people at once, the secretary's narrower form, leaving, wrong data reported."""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from pbtrain.accounts.models import Account, LoginSession
from pbtrain.audit.models import AuditEvent
from pbtrain.claims.models import ClaimStep, Evidence, EvidenceLook, Takeover, TakeoverRow
from pbtrain.closing.models import Statement, StatementLook
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.storage import StoredFile
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourClaim, MemberYear
from pbtrain.notify.models import Message
from pbtrain.org import data_reports, members
from pbtrain.org import services as org
from pbtrain.org.models import DataReport, Member
from pbtrain.org.roles import Role
from pbtrain.org.roster.rules import RosterReader

NUMBER = "150102199003074526"


@pytest.fixture
def branch(make):
    """A committee with rules and a branch; its administrator and secretary; a member."""
    top = make.ruled("示例委员会", since=clock.today().year)
    unit = make.unit("示例支部", parent=top)
    unit.top = top
    unit.admin = make.person(Role.UNIT_ADMIN, top, name="示例管理员")
    unit.secretary = make.person(Role.BRANCH_SECRETARY, unit, name="示例书记")
    unit.member = make.member(unit, name="示例苏日娜", phone="13800000012")
    return unit


def version(page):
    """The version a form was made from."""
    return re.search(r'name="version"[^>]* value="(\w{16})"', page.text).group(1)


def stored(db, member):
    db.session.rollback()
    return db.session.get(Member, member.id, populate_existing=True)


WIDE = {"name": "示例苏日娜", "stage": "full", "sex": "F", "category": "farmer"}


def test_who_is_admitted_owes_from_that_day_at_once(db, client_for, branch, make):
    activist = make.member(branch, name="示例巴图", stage="activist")
    client, path = client_for(branch.admin), f"/people/{activist.id}"
    with transaction():
        hours.refresh_years([activist.id], clock.today().year)
    facts = {"name": "示例巴图", "stage": "probationary", "joined_on": clock.today().isoformat()}
    assert client.post(f"{path}/edit", data=facts | {"version": version(client.get(path))}).status_code == 303
    db.session.rollback()
    year = db.session.scalars(select(MemberYear).where(MemberYear.member_id == activist.id)).one()
    assert year.custody_unit_id == branch.id
    assert 0 < year.target <= 3200


def test_the_second_of_two_sees_both_versions_and_may_save_again(db, client_for, branch):
    client, path = client_for(branch.admin), f"/people/{branch.member.id}"
    seen = version(client.get(path))
    first = WIDE | {"version": seen, "flow": "out", "flow_place": "示例市"}
    assert client.post(f"{path}/edit", data=first).status_code == 303
    late = client.post(f"{path}/edit", data=WIDE | {"version": seen, "name": "示例苏日那"})
    assert late.status_code == 409
    for text in ("现在登记的", "你填的", "示例苏日娜", "示例苏日那", "流出", "示例市"):
        assert text in late.text, text
    assert stored(db, branch.member).name == "示例苏日娜"
    again = client.post(f"{path}/edit", data=first | {"version": version(late), "name": "示例苏日那"})
    assert again.status_code == 303
    row = stored(db, branch.member)
    assert (row.name, row.flow_place) == ("示例苏日那", "示例市")
    assert row.pinyin.startswith("shilisurina")
    assert db.session.get(Account, row.account_id).name == "示例苏日那"


def test_a_form_without_a_version_changes_nothing(db, client_for, branch):
    client = client_for(branch.admin)
    assert client.post(f"/people/{branch.member.id}/edit", data=WIDE).status_code == 409
    assert stored(db, branch.member).category == ""


def test_the_id_number_is_checked_sealed_and_never_written_down(db, make, branch):
    member, actor = branch.member, make.actor(branch.admin)
    for wrong in ("150102199003074521", "15010219900307452", "150102********4526", "150102199013074520"):
        with pytest.raises(RuleError) as no, transaction():
            members.change_member(actor, member.id, id_number=wrong)
        assert no.value.field == "id_number"
    with transaction():
        members.change_member(actor, member.id, id_number="１５０１０２199003074526")
    row = stored(db, member)
    assert (row.id_shown, row.born_on, row.sex) == ("150102********4526", date(1990, 3, 7), "F")
    assert NUMBER.encode() not in row.id_number
    trail = str(db.session.scalars(select(AuditEvent.detail)).all())
    assert "id_number" in trail
    assert NUMBER not in trail
    other = make.member(branch)
    with pytest.raises(RuleError, match="another member"), transaction():
        members.change_member(actor, other.id, id_number=NUMBER)
    with pytest.raises(RuleError) as no, transaction():
        members.change_member(actor, member.id, id_number=NUMBER, born_on=date(1990, 3, 8))
    assert no.value.field is not None
    with transaction():
        assert members.change_member(actor, member.id, id_number="") == ["id_number"]
    assert stored(db, member).id_number is None


def test_the_secretary_mends_phone_and_flow_and_no_more(db, make, client_for, branch):
    client, path = client_for(branch.secretary), f"/people/{branch.member.id}"
    page = client.get(path)
    assert "transfer_unit_id" not in page.text
    data = {"version": version(page), "phone": "13900000001", "flow": "in", "flow_place": "示例县",
            "name": "别名", "stage": "activist"}  # fmt: skip
    assert client.post(f"{path}/edit", data=data).status_code == 303
    row = stored(db, branch.member)
    assert (row.phone, row.flow, row.name, row.stage) == ("13900000001", "in", "示例苏日娜", "full")
    assert db.session.get(Account, row.account_id).phone == "13900000001"
    with pytest.raises(RuleError), transaction():
        members.change_member(make.actor(branch.secretary), row.id, name="别名")
    gone = {"version": version(client.get(path)), "drop_phone": "y", "flow": ""}
    assert client.post(f"{path}/edit", data=gone).status_code == 303
    row = stored(db, branch.member)
    assert (row.phone, row.flow, row.flow_place) == (None, "", "")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("13900000001", "13900000001"),
        ("139 0000-0001", "13900000001"),
        ("+8613900000001", "13900000001"),
        ("１３９０００００００１", "13900000001"),
        ("10900000001", None),
        ("12900000001", None),
        ("1390000000", None),
        ("138****0012", None),  # as the page masks it
        ("示例", None),
    ],
)
def test_a_phone_is_held_to_the_rule_of_the_sheet(db, make, client_for, branch, typed, kept):
    client, path = client_for(branch.secretary), f"/people/{branch.member.id}"
    answer = client.post(f"{path}/edit", data={"version": version(client.get(path)), "phone": typed})
    assert answer.status_code == (303 if kept else 422)
    assert stored(db, branch.member).phone == (kept or "13800000012")
    reader = RosterReader(["name", "phone"], today=clock.today(), system_1904=False)
    row = reader.read(2, ["示例苏日娜", typed])
    assert "*" in typed or row.values.get("phone") == kept, "what a page takes, a sheet takes"
    admin = make.actor(branch.admin)
    for save in (
        lambda: members.change_member(admin, branch.member.id, phone=typed),
        lambda: org.add_member(admin, unit_id=branch.member.unit_id, name="示例丁", phone=typed),
    ):
        if kept:
            with transaction():
                save()
        else:
            with pytest.raises(RuleError) as refused, transaction():
                save()
            assert refused.value.field == "phone"
    assert set(db.session.scalars(select(Member.phone).where(Member.phone.is_not(None)))) == {
        kept or "13800000012"
    }


def test_days_that_cannot_be(make, branch):
    tomorrow = clock.today() + timedelta(days=1)
    born = date(2000, 1, 1)
    for facts in (
        {"born_on": tomorrow},
        {"joined_on": tomorrow},
        {"born_on": born, "joined_on": born},
        {"category": "king"},
    ):
        with pytest.raises(RuleError), transaction():
            members.change_member(make.actor(branch.admin), branch.member.id, **facts)


def test_who_leaves_is_out_at_the_next_click(db, client_for, branch):
    phone = client_for(branch.member)
    assert phone.get("/me/data").status_code == 200
    left = {"on": clock.today().isoformat(), "why": "died"}
    assert client_for(branch.admin).post(f"/people/{branch.member.id}/leave", data=left).status_code == 303
    assert phone.get("/me/data").status_code == 302
    account = db.session.get(Account, branch.member.account_id)
    assert account.disabled_at is not None
    open_ones = select(LoginSession.id).where(
        LoginSession.account_id == account.id, LoginSession.ended_at.is_(None)
    )
    assert db.session.scalars(open_ones).all() == []
    [detail] = db.session.scalars(select(AuditEvent.detail).where(AuditEvent.action == "member.left"))
    assert detail["why"] == "died"


def test_wrong_data_goes_to_the_secretary_and_the_answer_comes_back(db, client_for, branch):
    member, secretary = client_for(branch.member), client_for(branch.secretary)
    assert "条信息有误" not in secretary.get("/").text
    sent = member.post("/me/data/wrong", data={"subject": "phone", "text": "5月起换了号"})
    assert sent.status_code == 303
    assert "1 条信息有误" in secretary.get("/").text
    assert "5月起换了号" in secretary.get("/wrong-data").text
    report_id = db.session.scalars(select(DataReport.id)).one()
    path = f"/wrong-data/{report_id}"
    assert secretary.post(path, data={"state": "mended"}).status_code == 422
    assert secretary.post(path, data={"state": "open", "text": "改好了"}).status_code == 422
    answer = {"state": "mended", "text": "已改好，请核对"}
    assert secretary.post(path, data=answer).status_code == 303
    assert secretary.post(path, data=answer).status_code == 409
    db.session.rollback()
    message = db.session.scalars(select(Message)).one()
    assert (message.account_id, message.body) == (branch.member.account_id, "已改好，请核对")
    assert "手机号" in message.subject
    assert "已改好，请核对" in member.get("/me/data").text
    assert "条信息有误" not in secretary.get("/").text
    assert "已改好，请核对" in secretary.get("/wrong-data?show=done").text


def test_what_only_the_keeper_of_the_roster_can_mend_stands_in_that_list(db, make, client_for, branch):
    secretary = db.session.scalars(select(Member).where(Member.account_id == branch.secretary.id)).one()
    mine = make.member(make.unit("无书记支部", parent=branch.top))
    with transaction():
        for who, subject, text in (
            (branch.member, "name", "示例名字"), (branch.member, "phone", "示例手机"),
            (secretary, "phone", "示例书记自己"), (mine, "phone", "示例没有书记"),
        ):  # fmt: skip
            data_reports.make_report(make.actor(who), subject=subject, text=text)
    seen = {who: client_for(who).get("/wrong-data").text for who in (branch.admin, branch.secretary)}
    at_admin = {
        text for text in ("名字", "手机", "书记自己", "没有书记") if f"示例{text}" in seen[branch.admin]
    }
    assert at_admin == {"名字", "书记自己", "没有书记"}
    texts = seen[branch.secretary]
    assert "示例名字" in texts
    assert "示例手机" in texts
    assert "示例书记自己" not in texts
    own = db.session.scalar(select(DataReport.id).where(DataReport.member_id == secretary.id))
    with pytest.raises(RuleError, match="yourself"), transaction():
        data_reports.answer(make.actor(branch.secretary), own, state="kept", text="没错")
    assert "示例手机" in client_for(branch.admin).get("/wrong-data?show=open").text
    outside = make.person(Role.UNIT_ADMIN, make.unit())
    assert "示例" not in re.sub("示例\\d+", "", client_for(outside).get("/wrong-data").text)


def test_at_most_five_reports_wait(make, branch):
    actor = make.actor(branch.member)
    for number in range(data_reports.OPEN_AT_ONCE):
        with transaction():
            data_reports.make_report(actor, subject="other", text=f"示例{number}")
    with pytest.raises(RuleError, match="wait already"), transaction():
        data_reports.make_report(actor, subject="other", text="示例")


def test_two_answers_at_once(make, branch):
    with transaction():
        report_id = data_reports.make_report(make.actor(branch.member), subject="phone", text="示例").id
    with transaction():
        data_reports.answer(make.actor(branch.admin), report_id, state="kept", text="没错")
    with pytest.raises(Conflict), transaction():
        data_reports.answer(make.actor(branch.secretary), report_id, state="mended", text="改了")


def studied(make, branch):
    """A claim of the member with a picture the secretary looked at, a row of a sheet, a statement."""
    of, day = {"member_id": branch.member.id, "unit_id": branch.id}, date(2026, 3, 2)
    claim = make.save(HourClaim(**of, kind="paper", state="approved", occurrence="claim:1", title="条例答卷",
                                activity="self_study", channel="web", proof="C", day=day, minutes=90,
                                uncovered=90, credit=200))  # fmt: skip
    file = make.save(StoredFile(sha256="1" * 64, size=9, mime="image/webp", name="答卷.jpg"))
    piece = make.save(Evidence(claim_id=claim.id, file_id=file.id, sha256="1" * 64))
    sheet = make.save(Takeover(unit_id=branch.id, kind="takeover", year=2026, state="confirmed",
                               name="台账.xlsx"))  # fmt: skip
    values = {"day": "2026-03-02", "activity": "self_study", "minutes": 90, "credit": 200, "title": "条例"}
    said = make.save(Statement(**of, since=day, until=day, code_hash="1", facts={"counted": 200}, digest="1"))
    make.save(
        ClaimStep(claim_id=claim.id, act="approved", by_id=branch.secretary.id),
        EvidenceLook(evidence_id=piece.id, account_id=branch.secretary.id),
        TakeoverRow(
            takeover_id=sheet.id, line=2, member_id=branch.member.id, outcome="posted", values=values
        ),
        StatementLook(statement_id=said.id, visitor="1"),
    )


def test_everything_can_be_taken_home_with_the_password(client_for, branch, make):
    from pbtrain.accounts import passwords

    with transaction() as session:
        session.get(Account, branch.member.account_id).password_hash = passwords.make("hongqi-2026-xuexi")
        members.change_member(None, branch.member.id, id_number=NUMBER)
    studied(make, branch)
    client = client_for(branch.member)
    assert client.post("/me/data/export", data={"old": "falsch-2026", "kind": "json"}).status_code == 422
    told = client.post("/me/data/export", data={"old": "hongqi-2026-xuexi", "kind": "json"}).get_json()
    assert told["member"][0]["id_number"] == NUMBER
    assert told["member"][0]["phone"] == "13800000012"
    assert told["branches"][0]["what"] == "示例支部"
    [claim], [piece], [row] = told["claims"], told["evidence"], told["takeover_rows"]
    assert (claim["title"], claim["state"], claim["hours"]) == ("条例答卷", "已认定", "2")
    assert (piece["claim"], piece["name"]) == (claim["number"], "答卷.jpg")
    assert told["claim_steps"][0]["what"] == "已认定"
    assert (row["sheet"], row["activity"], row["minutes"]) == ("台账.xlsx", "自学", "90")
    assert [len(told[key]) for key in ("evidence_looks", "statements", "statement_looks")] == [1, 1, 1]
    assert told["statements"][0]["hours"] == "2"
    book = client.post("/me/data/export", data={"old": "hongqi-2026-xuexi", "kind": "xlsx"})
    assert book.data.startswith(b"PK")
    assert client.post("/me/data/export", data={"old": "x", "kind": "exe"}).status_code == 400
    assert client_for(branch.admin).get("/me/data").status_code in (403, 404)
