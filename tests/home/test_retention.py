"""What has been kept long enough goes, in small steps that are written down; the rest stays."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from pbtrain.accounts.models import LoginSession, LoginTry, PasswordLink, Slip
from pbtrain.audit.models import AuditEvent
from pbtrain.claims.models import Evidence, EvidenceLook, Takeover, TakeoverRow
from pbtrain.closing.models import Statement, StatementLook
from pbtrain.core import clock
from pbtrain.core.queue import Job
from pbtrain.core.storage import StoredFile
from pbtrain.home import retention
from pbtrain.hours.models import HourClaim
from pbtrain.notify.models import Delivery, Message
from pbtrain.org.models import Academy, DataReport, RosterImport, RosterRow
from pbtrain.org.roles import Role


def ago(days):
    return clock.now() - timedelta(days=days)


@pytest.fixture
def old_and_new(make, frozen):
    """One row of each kind just older than it may be, one a little younger."""
    unit = make.unit(parent=make.unit())
    member = make.member(unit)
    account_id = member.account_id
    days = {key: kind.days for key, kind in retention.RETENTION.items()}

    def both(key, build):
        make.save(*[build(ago(days[key] + shift), uuid4().hex) for shift in (1, -1)])

    both("login_tries", lambda at, n: LoginTry(subject=f"name:{n}", at=at))
    both("sessions", lambda at, n: LoginSession(
        account_id=account_id, token_hash=n, started_at=at, seen_at=at, ends_at=at, ended_at=at,
        idle_minutes=1))  # fmt: skip
    both("slips", lambda at, n: Slip(account_id=account_id, code_hash=n, expires_at=at, closed_at=at))
    both("links", lambda at, n: PasswordLink(account_id=account_id, token_hash=n, made_at=at, expires_at=at))
    both("messages", lambda at, n: Message(account_id=account_id, about=n, subject="示例", created_at=at))
    both("data_reports", lambda at, n: DataReport(
        member_id=member.id, unit_id=unit.id, subject="name", text="示例", state="kept", made_at=at,
        decided_at=at))  # fmt: skip
    both("jobs", lambda at, n: Job(kind="示例", key=n, state="done", created_at=at, finished_at=at))
    return unit, member


COUNTED = (LoginTry, LoginSession, Slip, PasswordLink, Message, DataReport, Job)


def counts(db):
    db.session.rollback()
    return {table.__name__: db.session.scalar(select(func.count(table.id))) for table in COUNTED}


def test_each_kind_goes_after_its_days_and_not_before(db, old_and_new):
    assert set(counts(db).values()) == {2}
    removed = retention.sweep_old()
    assert set(counts(db).values()) == {1}
    none = (
        "roster_rows", "codes", "devices", "takeover_rows", "evidence_looks", "statement_looks", "trials",
        "class_lists", "guest_phones", "entry_lists", "class_files",
    )  # fmt: skip
    assert removed == dict.fromkeys((*none, "files"), 0) | dict.fromkeys(
        ("login_tries", "sessions", "slips", "links", "messages", "data_reports", "jobs"), 1
    )
    assert set(retention.sweep_old().values()) == {0}  # again: nothing
    assert set(counts(db).values()) == {1}
    told = db.session.execute(
        select(AuditEvent.target, AuditEvent.detail).where(AuditEvent.action == retention.REMOVED)
    ).all()
    assert len(told) == 7
    assert all(row.detail["rows"] == 1 for row in told)


def test_what_is_still_wanted_stays(db, make, old_and_new):
    unit, member = old_and_new
    retention.sweep_old()
    before = counts(db)
    message = make.save(Message(account_id=member.account_id, about="x", subject="示例", created_at=ago(900)))
    make.save(Delivery(message_id=message.id, channel="email", state="new", next_at=clock.now()))
    make.save(DataReport(member_id=member.id, unit_id=unit.id, subject="name", text="示例", made_at=ago(900)))
    make.save(Slip(account_id=member.account_id, code_hash="open", expires_at=ago(-3), made_at=ago(900)))
    job = make.save(Job(kind="roster.read", state="done", created_at=ago(900), finished_at=ago(900)))
    make.save(RosterImport(unit_id=unit.id, actor_id=member.account_id, file_name="示例", file_hash="0" * 64,
                           job_id=job.id, created_at=ago(900)))  # fmt: skip
    retention.sweep_old()
    assert counts(db) == before | {
        name: before[name] + 1 for name in ("Message", "DataReport", "Slip", "Job")
    }


def test_lines_of_a_roster_go_in_steps_and_leave_their_counts(db, make, frozen, client_for, monkeypatch):
    monkeypatch.setattr(retention, "CHUNK", 2)
    top = make.unit()
    admin = make.person(Role.SYSTEM_ADMIN, top)
    made = {}
    for state, days in (("written", 31), ("preview", 31), ("preview", 29)):
        columns = {"unit_id": top.id, "actor_id": admin.id, "file_name": "示例.xlsx", "state": state}
        row = make.save(RosterImport(file_hash=uuid4().hex * 2, created_at=ago(days), **columns))
        make.save(*[RosterRow(import_id=row.id, line=n, outcome=("new", "refused")[n % 2], name="示例",
                              values_json="{}") for n in range(5)])  # fmt: skip
        made[state, days] = row.id
    assert retention.sweep_old()["roster_rows"] == 10
    left = db.session.execute(select(RosterRow.import_id, func.count()).group_by(RosterRow.import_id)).all()
    assert left == [(made["preview", 29], 5)]
    db.session.rollback()
    states = dict(db.session.execute(select(RosterImport.id, RosterImport.state)).tuples().all())
    assert states == {made["written", 31]: "written", made["preview", 31]: "cancelled",
                      made["preview", 29]: "preview"}  # fmt: skip
    page = client_for(admin).get(f"/roster/imports/{made['written', 31]}")
    assert "新增 3" in page.text
    assert "不能导入 2" in page.text


def test_a_run_cut_short_is_gone_on_with(db, old_and_new, monkeypatch):
    calls = []
    whole = retention._sweep

    def break_at_third(key, *args):
        calls.append(key)
        if len(calls) == 3:
            raise RuntimeError("示例：断电")
        return whole(key, *args)

    monkeypatch.setattr(retention, "_sweep", break_at_third)
    with pytest.raises(RuntimeError):
        retention.sweep_old()
    monkeypatch.setattr(retention, "_sweep", whole)
    retention.sweep_old()
    assert set(counts(db).values()) == {1}


def test_the_page_says_what_is_kept_how_long_and_what_the_job_did(db, make, client_for, old_and_new):
    admin = client_for(make.person(Role.SYSTEM_ADMIN, make.unit()))
    assert "还没有运行过" in admin.get("/retention").text
    retention.sweep_old()
    text = admin.get("/retention").text
    assert "清除 7 行" in text
    for kind in retention.RETENTION.values():
        assert kind.days is None or str(kind.days) in text


def test_every_kind_stands_in_the_documents(app):
    from pathlib import Path

    text = Path(__file__).parents[2].joinpath("docs/operations.md").read_text()
    for key, kind in retention.RETENTION.items():
        assert f"| `{key}` | {kind.days or '-'} |" in text, key


def test_the_ledger_and_the_trail_are_not_swept():
    for key in ("members", "trail", "ledger"):
        assert retention.RETENTION[key].sweep is None


def stored(make, days, name="示例", **fields):
    sha256 = uuid4().hex * 2
    return make.save(StoredFile(**{"sha256": sha256, "size": 1, "mime": "image/webp", "name": name,
                                   "created_at": ago(days)} | fields))  # fmt: skip


def claim(make, member, state, days):
    """A claim with one picture that somebody looked at so many days ago."""
    fields = {"unit_id": member.unit_id, "activity": "self_study", "channel": "web", "proof": "C"}
    fields |= {"kind": "paper", "minutes": 45, "uncovered": 45, "title": "示例", "day": clock.today()}
    row = make.save(HourClaim(member_id=member.id, state=state, occurrence="claim:1", **fields))
    file = stored(make, days)
    piece = make.save(Evidence(claim_id=row.id, file_id=file.id, sha256=file.sha256))
    make.save(EvidenceLook(evidence_id=piece.id, account_id=member.account_id, at=ago(days)))
    return row.id


def test_looks_files_and_sheets_go_in_their_time(db, make, frozen):
    """Nobody needs them any more: looks at what is decided, files of nobody, sheets given up."""
    top = make.unit()
    member = make.member(make.unit(parent=top))
    days = {key: kind.days for key, kind in retention.RETENTION.items()}
    waits, _young, _old = (
        claim(make, member, state, days["evidence_looks"] + shift)
        for state, shift in (("submitted", 1), ("approved", -1), ("approved", 1))
    )
    said = make.save(Statement(member_id=member.id, unit_id=member.unit_id, since=clock.today(),
                               until=clock.today(), code_hash="x", facts={}, digest="x"))  # fmt: skip
    make.save(*[StatementLook(statement_id=said.id, at=ago(days["statement_looks"] + shift), visitor="x")
                for shift in (1, -1)])  # fmt: skip
    sealed = stored(make, 900)
    make.save(Academy(unit_id=make.unit(parent=top, kind="academy").id, seal=sealed.sha256))
    for name in ("policy-trial-1", "示例"):
        key = "trials" if "trial" in name else "files"
        stored(make, days[key] + 1, name)
        stored(make, days[key] - 1, name)
    kept, proof = stored(make, 900, "台账.xlsx"), stored(make, 900, "扫描")
    dropped, confirmed, read = (
        make.save(Takeover(unit_id=top.id, kind="takeover", year=2026, state=state, name="台账.xlsx",
                           file_id=file.id, scan_id=scan, made_at=ago(31))).id
        for state, file, scan in (("refused", stored(make, 900, "退回.xlsx"), None),
                                  ("confirmed", kept, proof.id), ("preview", stored(make, 31), None))
    )  # fmt: skip
    make.save(*[TakeoverRow(takeover_id=sheet, line=line, member_id=member.id, outcome=outcome, values={})
                for sheet in (dropped, confirmed, read)
                for line, outcome in ((2, "refused"), (3, "posted"))])  # fmt: skip
    removed = retention.sweep_old()
    assert {key: removed[key] for key in ("evidence_looks", "statement_looks", "trials")} == {
        "evidence_looks": 1, "statement_looks": 1, "trials": 1
    }  # fmt: skip
    db.session.rollback()
    rows = db.session.execute(select(TakeoverRow.takeover_id, TakeoverRow.outcome)).all()
    assert rows == [(confirmed, "posted")]
    sheets = dict(db.session.execute(select(Takeover.id, Takeover.state)).tuples().all())
    assert sheets == {dropped: "refused", confirmed: "confirmed", read: "dropped"}
    left = set(db.session.scalars(select(StoredFile.id)))
    assert {sealed.id, kept.id, proof.id} <= left
    assert db.session.scalar(select(func.count(Evidence.id))) == 3, "evidence stays with its claim"
    assert db.session.scalar(select(EvidenceLook.id).join(Evidence).where(Evidence.claim_id == waits))
    assert removed["files"] == 3  # the loose one, and the files of two sheets given up
    assert set(retention.sweep_old().values()) == {0}
