"""Numbers are masked for everyone but the person; opened against a reason that the person reads."""

import csv
import re
import zipfile
from datetime import date, timedelta
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from pbtrain.audit.models import AuditEvent
from pbtrain.core import clock, storage
from pbtrain.core.db import transaction
from pbtrain.core.queue import Job
from pbtrain.hours import services as hours
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.services import Line
from pbtrain.org import disclosures, members, personal
from pbtrain.org.models import Academy, CareSpan, Member, RosterCopy, RosterImport, RosterRow, UnitClosure
from pbtrain.org.roles import MAY, Perm, Role
from pbtrain.org.roster_child import find_header
from pbtrain.policies import jobs
from pbtrain.policies.trial import Trial

PHONE, NUMBER, MASKED = "13800000012", "150102199003074526", "138****0012"
SHOWN_NUMBER = "150102********4526"


@pytest.fixture
def league(make):
    """A committee with two branches; a member of the first with both numbers, and a secretary there."""
    top = make.unit("示例委员会")
    one, two = make.unit("示例一支部", parent=top), make.unit("示例二支部", parent=top)
    with transaction():
        hours.publish_default_policy(None, top.id, clock.today().year)
    member = make.member(one, name="示例苏日娜", phone=PHONE)
    with transaction():
        members.change_member(None, member.id, id_number=NUMBER)
        hours.refresh_years([member.id], clock.today().year)
    return top, one, two, member


def visitor(make, role, top, one):
    """Somebody with that role: of the branch for a secretary, of an academy that serves the committee for
    who teaches, else of the committee."""
    if role in (Role.ACADEMY_ADMIN, Role.COURSE_AUTHOR):
        academy = make.unit(parent=top, kind="academy")
        make.save(Academy(unit_id=academy.id, service_unit_id=top.id))
        return make.person(role, academy)
    return make.person(role, one if role in (Role.MEMBER, Role.BRANCH_SECRETARY) else top)


def taken_back(make, unit, account):
    """An import that was undone, all but one line."""
    columns = {"file_name": "示例.xlsx", "file_hash": "0" * 64, "state": "written", "undone_at": clock.now()}
    row = make.save(RosterImport(unit_id=unit.id, actor_id=account.id, **columns))
    why = '[["", "Has been transferred again since."]]'
    line = {"line": 2, "outcome": "new", "name": "示例", "values_json": "{}", "errors_json": why}
    make.save(RosterRow(import_id=row.id, **line))
    return row.id


@pytest.mark.parametrize("role", [Role.BRANCH_SECRETARY, Role.UNIT_ADMIN, Role.SYSTEM_ADMIN])
def test_no_page_shows_a_number_in_full(make, client_for, league, role):
    top, one, _two, member = league
    client = client_for(visitor(make, role, top, one))
    pages = [f"/people/{member.id}", f"/units/{one.id}/members", f"/branches/{one.id}/members", "/wrong-data"]
    seen = ""
    for path in pages:
        answer = client.get(path)
        assert answer.status_code in (200, 403), path
        assert PHONE not in answer.text, path
        assert NUMBER not in answer.text, path
        seen += answer.text
    assert MASKED in seen
    assert SHOWN_NUMBER in seen


def test_a_number_is_opened_against_a_reason_that_the_person_reads(db, make, client_for, league):
    top, one, _two, member = league
    admin = client_for(make.person(Role.UNIT_ADMIN, top, name="示例管理员"))
    path = f"/people/{member.id}/show"
    short = admin.post(path, data={"facts": "phone", "reason": "看看"})
    assert short.status_code == 422
    assert PHONE not in short.text
    assert admin.post(path, data={"reason": "核对身份证号"}).status_code == 422
    shown = admin.post(path, data={"facts": ["id_number"], "reason": "核对身份证号"})
    assert NUMBER in shown.text
    assert PHONE not in shown.text  # was not asked for
    assert shown.headers["Cache-Control"] == "no-store"
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "personal.shown")).one()
    assert (event.target, event.unit_id) == (f"member:{member.id}", one.id)
    assert event.detail == {"facts": ["id_number"], "reason": "核对身份证号"}
    own = client_for(member).get("/me/data")
    assert "示例管理员" in own.text
    assert "核对身份证号" in own.text
    assert PHONE in own.text  # one's own
    assert NUMBER not in own.text


def test_the_secretary_may_open_the_phone_and_not_the_id_number(make, client_for, league):
    _top, one, two, member = league
    path = f"/people/{member.id}/show"
    secretary = client_for(make.person(Role.BRANCH_SECRETARY, one))
    assert PHONE in secretary.post(path, data={"facts": "phone", "reason": "通知活动改期"}).text
    refused = secretary.post(path, data={"facts": ["phone", "id_number"], "reason": "通知活动改期"})
    assert refused.status_code == 422
    assert NUMBER not in refused.text
    other = client_for(make.person(Role.BRANCH_SECRETARY, two))
    assert other.post(path, data={"facts": "phone", "reason": "通知活动改期"}).status_code == 404


def test_nothing_is_shown_when_it_cannot_be_written_down(make, client_for, league, monkeypatch):
    top, _one, _two, member = league
    admin = client_for(make.person(Role.UNIT_ADMIN, top))

    def fail(*args, **kwargs):
        raise OSError("示例：磁盘满")

    monkeypatch.setattr("pbtrain.org.disclosures.audit.record", fail)
    answer = admin.post(f"/people/{member.id}/show", data={"facts": "phone", "reason": "通知活动改期"})
    assert answer.status_code >= 500
    assert PHONE not in answer.text


def test_the_reason_of_the_care_list_is_for_the_secretary_and_the_person(db, make, client_for, league):
    top, one, _two, member = league
    make.save(CareSpan(member_id=member.id, valid_from=clock.today(), reason="示例：手术后休养"))
    for role, sees in ((Role.BRANCH_SECRETARY, True), (Role.UNIT_ADMIN, False), (Role.SYSTEM_ADMIN, False)):
        text = client_for(visitor(make, role, top, one)).get(f"/people/{member.id}").text
        assert ("手术后休养" in text) is sees, role
    assert "手术后休养" in client_for(member).get("/me/data").text


def test_who_writes_a_reason_sees_it_once_and_may_replace_it_unread(db, make, client_for, league):
    top, one, _two, member = league
    writer, other = (client_for(make.person(Role.UNIT_ADMIN, top)) for _ in range(2))
    day = clock.today().isoformat()
    answer = writer.post(f"/people/{member.id}/care", data={"valid_from": day, "reason": "示例：骨折静养"})
    assert answer.status_code == 200
    assert "骨折静养" in answer.text
    path = f"/people/{member.id}"
    for client in (writer, other):
        assert "骨折静养" not in client.get(path).text
    span_id = db.session.scalar(select(CareSpan.id))
    anew = f"/care/{span_id}/reason"
    assert anew in other.get(path).text
    assert "骨折静养" not in other.get(anew).text
    assert other.post(anew, data={"reason": " "}).status_code == 422
    answer = other.post(anew, data={"reason": "示例：年老体弱"})
    assert "年老体弱" in answer.text
    assert "骨折静养" not in answer.text
    assert "年老体弱" not in writer.get(path).text
    secretary = client_for(visitor(make, Role.BRANCH_SECRETARY, top, one))
    assert "年老体弱" in secretary.get(path).text
    assert anew not in secretary.get(path).text
    assert secretary.post(anew, data={"reason": "示例"}).status_code == 403
    told = db.session.scalars(select(AuditEvent).where(AuditEvent.action.startswith("care."))).all()
    assert [event.action for event in told] == ["care.set", "care.reason_replaced"]
    assert not any("示例" in str(event.detail) for event in told), "no reason in the trail"


def test_a_reason_of_days_that_are_over_stays(db, make, client_for, league):
    top, _one, _two, member = league
    over = make.save(
        CareSpan(
            member_id=member.id,
            valid_from=clock.today() - timedelta(days=9),
            valid_until=clock.today(),
            reason="示例",
        )
    )
    admin = client_for(make.person(Role.UNIT_ADMIN, top))
    assert admin.post(f"/care/{over.id}/reason", data={"reason": "示例：别的"}).status_code == 422
    db.session.rollback()
    assert db.session.scalar(select(CareSpan.reason)) == "示例"
    assert f"/care/{over.id}/reason" not in admin.get(f"/people/{member.id}").text


def test_a_file_of_the_unit_is_told_to_those_who_were_in_it(make, client_for, league):
    top, one, two, member = league
    newcomer = make.member(two)
    client = client_for(make.person(Role.UNIT_ADMIN, top))
    path = f"/units/{one.id}/roster-in-full"
    assert client.post(path, data={"reason": ""}).status_code == 422
    file = client.post(path, data={"reason": "与档案室核对"})
    book = str(CalamineWorkbook.from_filelike(BytesIO(file.data)).get_sheet_by_index(0).to_python())
    assert PHONE in book
    assert NUMBER in book
    [look] = disclosures.looks_of(member.id)
    assert (look.reason, look.people) == ("与档案室核对", 1)
    assert disclosures.looks_of(newcomer.id) == []


def said(client, unit, reason="与档案室核对"):
    return client.post(f"/units/{unit.id}/roster-in-full", data={"reason": reason})


def test_a_full_roster_says_in_itself_who_took_it_and_until_when(make, client_for, league, frozen):
    top, one, _two, _member = league
    admin = make.person(Role.UNIT_ADMIN, top, name="示例管理员")
    file = said(client_for(admin), one)
    with zipfile.ZipFile(BytesIO(file.data)) as parts:
        sheet, about = (
            parts.read(name).decode() for name in ("xl/worksheets/sheet1.xml", "docProps/core.xml")
        )
    [mark] = CalamineWorkbook.from_filelike(BytesIO(file.data)).get_sheet_by_index(0).to_python()[0][:1]
    assert (
        mark == f"用后即删，有效至 2026-10-02 · 示例管理员 {admin.username} · 2026-09-25 15:00 · 与档案室核对"
    )
    assert mark in about
    assert mark in sheet.split("<oddFooter>")[1]
    rows = CalamineWorkbook.from_filelike(BytesIO(file.data)).get_sheet_by_index(0).to_python()
    assert find_header(list(enumerate(rows))) == 1  # and it is read in again as any other
    assert [row["姓名"] for row in headings(file)[1]] == ["示例苏日娜"]


def test_a_full_roster_is_out_until_its_taker_says_that_it_is_deleted(db, make, client_for, league, frozen):
    top, one, two, member = league
    root = make.unit("示例区委员会")
    make.save(UnitClosure(above_id=root.id, below_id=top.id, depth=1),
              UnitClosure(above_id=root.id, below_id=one.id, depth=2))  # fmt: skip
    taker, above, aside = (make.person(Role.UNIT_ADMIN, unit) for unit in (top, root, two))
    client = client_for(taker)
    assert said(client, one).status_code == 200
    copy_id = db.session.scalar(select(RosterCopy.id))
    for account, sees in ((taker, "我已删除"), (above, "核实已删除")):
        page = client_for(account).get("/roster-copies").text
        assert sees in page
        assert "与档案室核对" in page
    assert "与档案室核对" not in client_for(aside).get("/roster-copies").text
    assert client_for(aside).post(f"/roster-copies/{copy_id}/deleted").status_code == 404
    assert client_for(member).post(f"/roster-copies/{copy_id}/deleted").status_code == 404
    assert "2026年10月2日前删除" in client_for(member).get("/me/data").text
    frozen.shift(days=8)
    client = client_for(taker)
    refused = said(client, one)
    assert refused.status_code == 422  # no other one while this is overdue
    assert "先删除" in refused.text
    assert client.post(f"/roster-copies/{copy_id}/deleted").status_code == 303
    assert client.post(f"/roster-copies/{copy_id}/deleted").status_code == 409
    assert "与档案室核对" not in client.get("/roster-copies").text
    assert "已于2026年10月3日 15:00确认删除" in client_for(member).get("/me/data").text
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "personal.deleted")).one()
    assert (event.actor_id, event.unit_id, event.detail) == (taker.id, one.id, {"copy": copy_id})
    assert said(client, one).status_code == 200


def test_whoever_keeps_the_roster_may_say_it_for_somebody_else(db, make, client_for, league):
    """Who took it may have left."""
    top, one, _two, _member = league
    said(client_for(make.person(Role.UNIT_ADMIN, one)), one)
    copy_id = db.session.scalar(select(RosterCopy.id))
    keeper = make.person(Role.SYSTEM_ADMIN, top)
    assert client_for(keeper).post(f"/roster-copies/{copy_id}/deleted").status_code == 303
    db.session.rollback()
    assert db.session.scalar(select(RosterCopy.deleted_by_id)) == keeper.id


def test_nothing_leaves_when_it_cannot_be_written_down(db, make, client_for, league, monkeypatch):
    top, one, _two, _member = league
    client = client_for(make.person(Role.UNIT_ADMIN, top))
    monkeypatch.setattr("pbtrain.org.disclosures.audit.record", lambda *a, **k: 1 / 0)
    answer = said(client, one)
    assert answer.status_code == 500
    assert PHONE not in answer.text
    assert db.session.scalars(select(RosterCopy.id)).all() == []


def test_a_full_roster_asks_the_password_of_who_gave_it_long_ago(make, client_for, league, frozen):
    top, one, _two, _member = league
    client = client_for(make.person(Role.UNIT_ADMIN, top))
    frozen.shift(minutes=11)
    for method in (client.get, client.post):
        answer = method(f"/units/{one.id}/roster-in-full", data={"reason": "与档案室核对"})
        assert answer.status_code == 303
        assert answer.location.startswith("/proof")
        assert PHONE not in answer.text


def headings(answer):
    """The table of a workbook: its headings, and the rows below as dictionaries."""
    if answer.mimetype == "text/csv":
        heading, *lines = csv.reader(answer.text.removeprefix("\ufeff").splitlines())
        return heading, [dict(zip(heading, line, strict=True)) for line in lines]
    rows = CalamineWorkbook.from_filelike(BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    start = next(n for n, row in enumerate(rows) if sum(cell != "" for cell in row) > 2)
    return rows[start], [dict(zip(rows[start], row, strict=True)) for row in rows[start + 1 :]]


def addresses(export, one, import_id, trial_id):
    """Where the file is fetched."""
    return {
        "roster.export": f"/roster/export.xlsx?unit={one.id}",
        "admin.roster_in_full": f"/units/{one.id}/roster-in-full",
        "hours.members_xlsx": f"/branches/{one.id}/members.xlsx",
        "hours.members_csv": f"/units/{one.id}/members.csv",
        "reports.xlsx": f"/branches/{one.id}/reports/ledger.xlsx",
        "learners.xlsx": "/learners.xlsx",
        "org.leaders_xlsx": "/leaders.xlsx",
        "roster.stays": f"/roster/imports/{import_id}/stays.xlsx",
        "policies.trial_xlsx": f"/policies/trials/{trial_id}/changes.xlsx",
        "hours.unit_xlsx": f"/units/{one.parent_id}/hours.xlsx",
        "certificates.statistics_xlsx": "/classes/statistics.xlsx",
    }[export.endpoint]


def tried(make, top):
    """A trial of rules that asks more, done; its id."""
    work = Trial(
        top.id, PolicyRules(targets={"member": 5000}).as_json(), date(2026, 1, 1), 2026, clock.today()
    )
    for rows in jobs.batches(jobs.people_below(top.id), by_branch=True):
        work.judge([row.id for row in rows])
    found, content = work.result()
    args = {"unit_id": top.id, "year": 2026, "ledger_year": 2026}
    result = found | {"file": storage.put(content)}
    return make.save(Job(kind="policies.trial", state="done", args=args, result=result)).id


@pytest.mark.parametrize("export", personal.EXPORTS, ids=lambda export: export.endpoint)
def test_every_export_holds_what_the_table_says_for_every_role(make, client_for, league, export):
    _top, _one, _two, member = league
    with transaction():
        hours.post_many(None, [Line(member.id, clock.today(), "self_study", 45, "line:1", "示例自学")])
    holders = [role for role in Role if files_of(make, client_for, league, role, export)]
    assert holders == [role for role in Role if export.perm in MAY[role].perms]


def files_of(make, client_for, league, role, export):
    """Does this role get the file? Then each of its columns is looked at."""
    top, one, _two, _member = league
    account = visitor(make, role, top, one)
    trial_id = tried(make, top) if export.endpoint == "policies.trial_xlsx" else 0
    client, path = client_for(account), addresses(export, one, taken_back(make, one, account), trial_id)
    answer = client.post(path, data={"reason": "与档案室核对"}) if export.in_full else client.get(path)
    if answer.status_code in (403, 404):
        return False
    assert answer.status_code == 200
    columns, rows = headings(answer)
    assert set(columns) == set(export.columns), "the file has other columns than the reviewed table"
    for heading, fact in export.columns.items():
        how = personal.shown([role], fact)
        assert how > personal.Shown.NEVER, f"{role} never sees {fact}"
        full = {"phone": PHONE, "id_number": NUMBER}.get(fact)
        if full:
            allowed = export.in_full and how >= personal.Shown.ASK
            assert (full in {row[heading] for row in rows}) is allowed, f"{role} {fact}"
    return True


def test_every_file_of_people_is_in_the_table(app):
    """A new download needs its line, or a word here why it names nobody else."""
    own = {"my_data.export", "roster.template", "roster.refused"}  # oneself; nobody; what was sent oneself
    own |= {"claims.takeover_template", "claims.takeover_refused"}  # nobody; what was sent oneself
    own |= {"classes.shelf_xlsx"}  # teachers, venues and templates of the academy that downloads them
    own |= {"classes.list_template", "classes.list_refused"}  # nobody; what was sent oneself
    own |= {"classes.shelf_xlsx"}  # who teaches at an academy, by its own word: no roster, no telephone
    files = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.endswith((".xlsx", ".csv"))
        or rule.endpoint in ("my_data.export", "admin.roster_in_full")
    }
    assert files == own | {export.endpoint for export in personal.EXPORTS}


def test_a_masked_roster_read_back_changes_nothing_and_brings_no_stars(db, make, league):
    from pbtrain.org.roster_queries import roster

    top, one, _two, _member = league
    admin = make.actor(make.person(Role.UNIT_ADMIN, top))
    [row] = roster(admin, one.id)
    assert (row["phone"], row["id_number"]) == (MASKED, SHOWN_NUMBER)
    [row] = roster(admin, one.id, full=True)
    assert (row["phone"], row["id_number"]) == (PHONE, NUMBER)


def test_people_are_found_by_a_number_that_no_address_keeps(make, client_for, league):
    top, _one, _two, member = league
    client = client_for(make.person(Role.UNIT_ADMIN, top))
    for number in (PHONE, NUMBER, "138 0000 0012"):
        answer = client.post("/people/find", data={"number": number})
        assert answer.location == f"/people/{member.id}"
    assert client.post("/people/find", data={"number": "13900000000"}).status_code == 422
    assert client.post("/people/find", data={"number": NUMBER[:-1] + "1"}).status_code == 422
    outside = client_for(make.person(Role.UNIT_ADMIN, make.unit()))
    assert outside.post("/people/find", data={"number": PHONE}).status_code == 422
    assert f"/people/{member.id}" not in client.get(f"/units/{top.id}/members?q={PHONE}").text


def test_everybody_can_read_what_is_recorded_and_how_long(client):
    text = client.get("/privacy").text
    assert "身份证号" in text
    assert "190" in text
    assert re.search("个人信息保护法", text)


def test_the_table_knows_every_personal_column():
    """Every column of a member that says something about the person stands in the reviewed table."""
    inner = {"id", "account_id", "unit_id", "pinyin", "id_lookup", "id_shown", "pseudonym_key", "created_at",
             "left_on", "erased_at"}  # fmt: skip
    assert {column.name for column in Member.__table__.columns} - inner <= personal.FACTS.keys()
    assert all(fact.kind in personal.KINDS for fact in personal.FACTS.values())
    assert all(role in MAY for fact in personal.FACTS.values() for role in fact.sees)
    assert Perm.MEMBER_MEND in MAY[Role.BRANCH_SECRETARY].perms
