"""Numbers are masked for everyone but the person; opened against a reason that the person reads."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from pbtrain.audit.models import AuditEvent
from pbtrain.core import clock
from pbtrain.org import personal
from pbtrain.org.models import CareSpan, Member
from pbtrain.org.roles import MAY, Perm, Role
from tests.home.conftest import MASKED, NUMBER, PHONE, SHOWN_NUMBER, visitor


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
    assert admin.post(f"/care/{over.id}/reason", data={"reason": "示例：别的"}).status_code == 409
    db.session.rollback()
    assert db.session.scalar(select(CareSpan.reason)) == "示例"
    assert f"/care/{over.id}/reason" not in admin.get(f"/people/{member.id}").text


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
