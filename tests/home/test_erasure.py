"""Erasing a person: the data go, the chain holds, and what was counted stays counted."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from pbtrain.accounts.models import Account, LoginSession
from pbtrain.claims.models import Evidence, EvidenceLook, Takeover, TakeoverRow
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.storage import StoredFile
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourClaim, HourEntry, MemberYear
from pbtrain.hours.services import Line
from pbtrain.hours.verify import verify
from pbtrain.notify import services as notify
from pbtrain.notify.models import Message
from pbtrain.org import data_reports, erasure, members, services
from pbtrain.org.models import CareSpan, DataReport, Member
from pbtrain.org.roles import Role

NUMBER = "150102199003074526"


@pytest.fixture
def gone(make, db):
    """A secretary with everything recorded, who posted a line for another and has left."""
    top = make.ruled("示例委员会", since=clock.today().year)
    unit = make.unit("示例支部", parent=top)
    year = clock.today().year
    account = make.person(Role.BRANCH_SECRETARY, unit, name="示例乌云", phone="13800000012", sex="F")
    member = db.session.scalars(select(Member).where(Member.account_id == account.id)).one()
    other = make.member(unit)
    make.save(CareSpan(member_id=member.id, valid_from=clock.today(), reason="示例原因"))
    with transaction():
        members.change_member(None, member.id, id_number=NUMBER, joined_on=clock.today())
        actor = make.actor(account)
        hours.post_many(actor, [Line(m.id, clock.today(), "self_study", 45, f"line:{m.id}", "示例自学")
                                for m in (member, other)])  # fmt: skip
        hours.refresh_years([member.id, other.id], year)
        data_reports.make_report(actor, subject="name", text="示例")
        notify.enqueue_many([notify.Note(account.id, "x:1", "示例提醒")])
    admin = make.person(Role.UNIT_ADMIN, top)
    with transaction():
        services.set_left(make.actor(admin), member.id, on=clock.today())
        hours.refresh_years([member.id], year)
    return member.id, account.id, admin


def everything(db, member_id, account_id):
    """All that is stored of the person outside the ledger, as text."""
    db.session.rollback()
    rows = [db.session.get(Member, member_id), db.session.get(Account, account_id)]
    rows += db.session.scalars(select(CareSpan).where(CareSpan.member_id == member_id)).all()
    return [value for row in rows for value in (getattr(row, c.name) for c in row.__table__.columns)]


def test_the_chain_holds_and_the_person_is_gone(db, make, client_for, gone):
    member_id, account_id, admin = gone
    before = db.session.execute(
        select(HourEntry.person, HourEntry.posted_by, HourEntry.hash).order_by(HourEntry.id)
    ).all()
    counted = db.session.execute(select(MemberYear.counted, MemberYear.target).order_by(MemberYear.id)).all()
    assert list(verify()) == []
    client, path = client_for(admin), f"/people/{member_id}/erase"
    preview = client.get(path).text
    assert "1 笔学时" in preview
    assert "台账不改写" in preview
    assert client.post(path, data={"reason": "无"}).status_code == 422
    assert client.post(path, data={"reason": "本人申请注销"}).status_code == 303
    left = everything(db, member_id, account_id)
    for secret in ("示例乌云", "13800000012", NUMBER, "示例原因", "F"):
        assert secret not in left, secret
    member, account = db.session.get(Member, member_id), db.session.get(Account, account_id)
    assert (member.pseudonym_key, account.pseudonym_key, member.id_number) == (None, None, None)
    assert account.password_hash is None
    assert member.name.startswith(erasure.NAME)
    for table in (DataReport, Message, LoginSession):
        column = table.member_id if table is DataReport else table.account_id
        owner = member_id if table is DataReport else account_id
        assert db.session.scalars(select(table.id).where(column == owner)).all() == []
    after = db.session.execute(
        select(HourEntry.person, HourEntry.posted_by, HourEntry.hash).order_by(HourEntry.id)
    ).all()
    assert after == before
    now = db.session.execute(select(MemberYear.counted, MemberYear.target).order_by(MemberYear.id)).all()
    assert now == counted
    assert list(verify()) == []
    assert "已注销" in client.get(f"/people/{member_id}").text
    assert client.post(path, data={"reason": "本人申请注销"}).status_code == 409
    assert client.post(f"/people/{member_id}/return").status_code == 422


def test_only_who_has_left_is_erased_and_by_somebody_else(db, make, client_for, gone):
    member_id, _account_id, admin = gone
    actor = make.actor(admin)
    here = make.member(make.unit(parent=make.unit()))
    with pytest.raises(RuleError), transaction():
        erasure.erase(actor, here.id, reason="本人申请注销")  # out of reach
    with transaction():
        services.take_back(actor, member_id)
    with pytest.raises(RuleError, match="has left"), transaction():
        erasure.erase(actor, member_id, reason="本人申请注销")
    with transaction():
        services.set_left(actor, member_id, on=clock.today() - timedelta(days=1))
        erasure.erase(actor, member_id, reason="本人申请注销")
    with pytest.raises(Conflict), transaction():
        erasure.erase(actor, member_id, reason="本人申请注销")


def test_an_erased_person_is_not_found_again(db, make, client_for, gone):
    member_id, _account_id, admin = gone
    with transaction():
        erasure.erase(make.actor(admin), member_id, reason="本人申请注销")
    client = client_for(admin)
    assert client.post("/people/find", data={"number": NUMBER}).status_code == 422
    assert client.post("/people/find", data={"number": "13800000012"}).status_code == 422
    with pytest.raises(RuleError, match="erased"), transaction():
        members.change_member(make.actor(admin), member_id, name="示例乌云")


def test_pictures_and_remarks_of_claims_go_and_the_decisions_stay(db, make, client_for, gone):
    """What waits is withdrawn; rows of sheets keep the hours that stand in the ledger."""
    member_id, account_id, admin = gone
    unit_id, code = db.session.execute(
        select(Member.unit_id, Member.code).where(Member.id == member_id)
    ).one()
    for state in ("approved", "submitted"):
        fields = {"kind": "paper", "state": state, "minutes": 45, "uncovered": 45, "title": "示例"}
        fields |= {"activity": "self_study", "channel": "web", "proof": "C", "day": clock.today()}
        row = make.save(HourClaim(member_id=member_id, unit_id=unit_id, occurrence=f"claim:{state}",
                                  note="示例：在家看的", **fields))  # fmt: skip
        file = make.save(StoredFile(sha256=state.ljust(64, "0"), size=1, mime="image/webp", name="答卷.jpg"))
        piece = make.save(Evidence(claim_id=row.id, file_id=file.id, sha256=file.sha256))
        make.save(EvidenceLook(evidence_id=piece.id, account_id=account_id))
    sheet = make.save(
        Takeover(unit_id=unit_id, kind="takeover", year=2026, state="confirmed", name="台账.xlsx")
    )
    make.save(
        TakeoverRow(takeover_id=sheet.id, line=2, member_id=member_id, outcome="posted",
                    values={"day": "2026-03-02", "minutes": 45, "note": "示例乌云补记"}),
        TakeoverRow(takeover_id=sheet.id, line=3, outcome="refused", values={"code": code, "name": "示例"}),
        TakeoverRow(takeover_id=sheet.id, line=4, outcome="refused", values={"code": "别人", "name": "示例"}),
    )  # fmt: skip
    page = client_for(admin).post(f"/people/{member_id}/erase", data={"reason": "本人申请注销"})
    assert page.status_code == 303
    db.session.rollback()
    claims = db.session.execute(select(HourClaim.state, HourClaim.note).order_by(HourClaim.id)).all()
    assert claims == [("approved", ""), ("withdrawn", "")]
    for table in (Evidence, EvidenceLook, StoredFile):
        assert db.session.scalars(select(table.id)).all() == [], table
    rows = db.session.execute(select(TakeoverRow.line, TakeoverRow.values).order_by(TakeoverRow.line)).all()
    assert rows == [(2, {"day": "2026-03-02", "minutes": 45}), (4, {"code": "别人", "name": "示例"})]
