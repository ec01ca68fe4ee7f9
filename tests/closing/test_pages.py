"""The pages of a year: checklist, closing, levels, corrections, and what the member reads."""

import pytest
from sqlalchemy import select

from pbtrain.claims import deciding
from pbtrain.claims import services as claim_services
from pbtrain.closing import sealing
from pbtrain.closing.models import YearSeal
from pbtrain.core import queue
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import RuleError
from pbtrain.hours import services as hours
from pbtrain.hours.models import Book, HourClaim, HourEntry
from pbtrain.notify.models import Message
from pbtrain.org.roles import Role
from tests.claims import conftest as claims
from tests.closing.conftest import APRIL, MARCH, line, post, seal, sign_all
from tests.support.pages import said


def test_a_secretary_closes_the_year_of_the_branch(make, branch, secretary, january, client_for):
    post(line(make.member(branch), day=MARCH))
    client, address = client_for(secretary), f"/units/{branch.id}/years/2026"
    page = said(client.get(address))
    assert "各月都已签审 还有 12 个月没有签审。 未办" in page
    assert "申报都已审核 已办" in page
    refused = said(client.post(f"{address}/close"), 422)
    assert "还有 12 个月没有签审。" in refused
    sign_all(branch)
    assert "任何人都不能再登记或冲正 2026 年的学时" in said(client.get(address))
    assert "封存 2026 年" in said(client.get("/"))
    assert client.post(f"{address}/close").status_code == 303
    page = said(client.get(address))
    code = db.session.scalars(select(YearSeal.code)).one()
    assert f"封存码 {code[:4]}-" in page
    assert "下载封存文件" in page
    assert "封存了这个年度" in said(client.post(f"{address}/close"), 409)
    assert said(client.get(f"/units/{branch.id}/years/2027")).count("还没到") == 1
    assert client.get(f"/units/{branch.id}/years/2028").status_code == 404


def test_the_level_above_sees_who_has_signed_and_closes_last(
    make, root, branch, secretary, auditor, january, client_for, statements
):
    post(line(make.member(branch), day=MARCH))
    for _ in range(3):
        make.unit(parent=root)
    client, address = client_for(auditor), f"/units/{root.id}/years/2026"
    with statements() as sent:
        page = said(client.get(address))
    assert len(sent) <= 14, str(sent)
    assert (page.count("还没有签审"), page.count("不需要")) == (1, 3), "nothing is to be signed in empty ones"
    assert "还有 1 个单位没有封存" not in page
    assert "下面还有 1 个单位没有封存" in said(client.post(f"{address}/close"), 422)
    sign_all(branch)
    assert "12月" in said(client.get(address))
    seal(branch)
    assert client.post(f"{address}/close").status_code == 303
    assert "2026 年已封存" in said(client.get(address))
    assert "签审与年度封存" in said(client.get(f"/units/{root.id}/hours"))


def test_many_empty_units_are_closed_by_a_job(make, root, branch, auditor, january, client_for, monkeypatch):
    monkeypatch.setattr("pbtrain.closing.views.years.AT_ONCE", 2)
    for _ in range(4):
        make.unit(parent=root)
    client, address = client_for(auditor), f"/units/{root.id}/years/2026"
    for _ in range(2):  # asked twice, done once
        assert client.post(f"{address}/close").status_code == 303
    assert "马上开始封存" in said(client.get(address))
    assert "HX-Refresh" not in client.get(f"{address}/progress").headers
    assert queue.run_waiting() == 1
    assert client.get(f"{address}/progress").headers["HX-Refresh"] == "true"
    assert "2026 年已封存" in said(client.get(address))
    assert len(db.session.scalars(select(YearSeal.id)).all()) == 6


def test_a_job_that_was_killed_goes_on_where_it_stopped(make, root, branch, auditor, january, monkeypatch):
    for _ in range(3):
        make.unit(parent=root)
    actor, real, calls = make.actor(auditor), sealing.seal_unit, []

    def fails_at_the_third(*args, **more):
        calls.append(args)
        if len(calls) == 3:
            raise OSError("killed")
        return real(*args, **more)

    monkeypatch.setattr(sealing, "seal_unit", fails_at_the_third)
    with pytest.raises(OSError, match="killed"):
        sealing.close(actor, root.id, 2026)
    db.session.rollback()
    assert len(db.session.scalars(select(YearSeal.id)).all()) == 2
    assert sealing.close(actor, root.id, 2026)
    assert len(db.session.scalars(select(YearSeal.id)).all()) == 5


def test_a_closed_year_is_corrected_from_above(make, branch, secretary, auditor, january, client_for):
    member = make.member(branch, name="示例乌兰")
    entry = post(line(member, day=MARCH)).entry_ids[0]
    sign_all(branch)
    seal(branch)
    own, above = client_for(secretary), client_for(auditor)
    page = said(own.get(f"/hours/lines/{entry}"))
    assert "冲正这一笔" not in page
    assert own.get(f"/hours/lines/{entry}/correct").status_code == 403
    refused = said(own.post(f"/hours/lines/{entry}/reverse", data={"reason": "记错了"}), 422)
    assert "需要由上级更正" in refused
    assert "更正封存年度" in said(above.get(f"/hours/lines/{entry}"))
    assert above.post(f"/hours/lines/{entry}/correct").status_code == 422
    done = above.post(f"/hours/lines/{entry}/correct", data={"reason": "把别人的记成了她的"})
    assert done.status_code == 303
    again = above.post(f"/hours/lines/{entry}/correct", data={"reason": "又一次"})
    assert again.status_code == 409
    where = f"/branches/{branch.id}/members/{member.id}/correct"
    form = {"title": "示例党课", "activity": "party_lecture", "day": "2026-04-07", "minutes": "45"}
    form["reason"] = "漏记"
    open_year = said(above.post(where, data=form | {"day": "2027-01-05"}), 422)
    assert "由支部自己冲正或补登" in open_year
    before = said(above.post(where, data=form | {"day": "2019-04-07"}), 422)
    assert "不在本支部" in before or "由支部自己" in before
    added = above.post(where, data=form)
    assert (added.status_code, above.post(where, data=form).location) == (303, added.location)  # double click
    year = said(above.get(f"/branches/{branch.id}/members/{member.id}?year=2026"))
    assert "封存时 2.0 / 32 学时。 封存后更正 −1.0 学时" in year
    mine = said(client_for(member).get("/hours?year=2026"))
    assert "封存时 2.0 / 32 学时。" in mine
    told = db.session.scalars(select(Message.subject).order_by(Message.id)).all()
    assert "2.0 学时不再计入" in told[0]
    assert told[1:] == ["你 2026 年的学时有更正：+1.0"]
    books = dict(db.session.execute(select(Book.year, Book.entries)).tuples().all())
    assert books == {2026: 1, 2027: 2}
    ledger = f"/branches/{branch.id}/reports/ledger"
    closed, running = (said(own.get(f"{ledger}?year={year}")) for year in (2026, 2027))
    assert "1 人次，1 人 90 2.0" in closed, "what was closed, as the code beside it says"
    assert "封存后更正，见 2027 年台账：把别人的记成了她的" in closed
    assert "更正已封存的 2026 年：漏记" in running
    assert "0 人次，0 人 0 0.0 更正以前年度，另计 -45 -1.0" in running
    assert said(own.get(f"{ledger}/print?year=2027")).count("更正已封存的 2026 年") == 2
    assert "更正" not in said(own.get(f"{ledger}?year=2027&half=2"))


def test_nobody_corrects_their_own_year_or_that_of_a_branch_elsewhere(
    make, root, branch, january, client_for
):
    member = make.member(branch)
    entry = post(line(member, day=MARCH)).entry_ids[0]
    sign_all(branch)
    seal(branch)
    make.grant(member, Role.UNIT_AUDITOR, root)
    own = client_for(member)
    assert own.post(f"/hours/lines/{entry}/correct", data={"reason": "给自己"}).status_code == 422
    elsewhere = client_for(make.person(Role.UNIT_AUDITOR, make.unit()))
    assert elsewhere.post(f"/hours/lines/{entry}/correct", data={"reason": "别处"}).status_code == 404
    assert elsewhere.get(f"/units/{branch.id}/years/2026").status_code == 404
    assert db.session.scalar(select(HourEntry.id).where(HourEntry.reverses_id.is_not(None))) is None


def test_a_closed_year_is_claimed_no_more_and_an_appeal_of_it_is_a_correction(
    make, branch, secretary, auditor, january
):
    """What was refused before the year was closed could be appealed, but not be granted."""
    who, says, above = (make.actor(one) for one in (make.member(branch), secretary, auditor))
    refused = claims.handed_in(who, day=APRIL, minutes=45)
    claims.do(deciding.reject, says, refused, reason="不是学习内容")
    draft = claims.make(who, day=APRIL)
    sign_all(branch)
    seal(branch)
    for late in (lambda: claims.make(who, day=MARCH), lambda: claims.do(claim_services.submit, who, draft)):
        with pytest.raises(RuleError, match="level above records a correction"):
            late()
    claims.do(claim_services.appeal, who, refused, reason="是支部印发的答卷")
    done = claims.do(deciding.judge, above, refused, grant=True, reason="核对无误")
    assert done.posted == [refused]
    entry = db.session.execute(
        select(HourEntry.credit_year, HourEntry.note, Book.year).join(Book, Book.id == HourEntry.book_id)
    ).one()
    assert entry == (2026, "核对无误", 2027)


def test_an_overlap_of_a_closed_year_is_not_approved(make, branch, january, secretary):
    """A claim that slipped past the seal fails with a sentence, and the book stays as it is."""
    member = make.member(branch)
    post(line(member, day=MARCH))
    sign_all(branch)
    seal(branch)
    claim = make.save(
        HourClaim(
            member_id=member.id, unit_id=branch.id, state="held", occurrence="event:77", title="示例重叠",
            activity="theme_day", channel="onsite", proof="B", day=APRIL, minutes=60, uncovered=30,
        )
    )  # fmt: skip
    with pytest.raises(RuleError, match="closed"), transaction():
        hours.decide_held(make.actor(secretary), claim.id, approve=True)
