"""Files that name people: what each holds for whom, who took a roster in full, and that it is deleted."""

import csv
import zipfile
from datetime import date
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
from pbtrain.org import disclosures, personal
from pbtrain.org.models import RosterCopy, RosterImport, RosterRow, UnitClosure
from pbtrain.org.roles import MAY, Role
from pbtrain.org.uploads.child import find_header
from pbtrain.policies import jobs
from pbtrain.policies.trial import Trial
from tests.home.conftest import MASKED, NUMBER, PHONE, SHOWN_NUMBER, visitor


def taken_back(make, unit, account):
    """An import that was undone, all but one line."""
    columns = {"file_name": "示例.xlsx", "file_hash": "0" * 64, "state": "written", "undone_at": clock.now()}
    row = make.save(RosterImport(unit_id=unit.id, actor_id=account.id, **columns))
    why = '[["", "Has been transferred again since."]]'
    line = {"line": 2, "outcome": "new", "name": "示例", "values_json": "{}", "errors_json": why}
    make.save(RosterRow(import_id=row.id, **line))
    return row.id


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
        "hours.newcomers_xlsx": f"/units/{one.id}/new-secretaries.xlsx",
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
    files = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.endswith((".xlsx", ".csv"))
        or rule.endpoint in ("my_data.export", "admin.roster_in_full")
    }
    assert files == own | {export.endpoint for export in personal.EXPORTS}


def test_a_masked_roster_read_back_changes_nothing_and_brings_no_stars(db, make, league):
    from pbtrain.org.roster.queries import roster

    top, one, _two, _member = league
    admin = make.actor(make.person(Role.UNIT_ADMIN, top))
    [row] = roster(admin, one.id)
    assert (row["phone"], row["id_number"]) == (MASKED, SHOWN_NUMBER)
    [row] = roster(admin, one.id, full=True)
    assert (row["phone"], row["id_number"]) == (PHONE, NUMBER)
