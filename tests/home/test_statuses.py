"""Cadres, and who is suspended or abroad: recorded by days, judged by days, each account by itself."""

from datetime import date

import pytest
from sqlalchemy import select

from pbtrain.audit.models import AuditEvent
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.hours import services as hours
from pbtrain.hours.models import MemberYear
from pbtrain.hours.verify import verify
from pbtrain.org import statuses
from pbtrain.org.models import StatusSpan
from pbtrain.org.roles import Role
from tests.hours.conftest import line, post

YEAR, JULY = 2026, date(2026, 7, 1)


@pytest.fixture
def place(make, frozen):
    """A committee with rules, a branch, its member and administrator."""
    top = make.ruled()
    branch = make.unit(parent=top)
    branch.top, branch.member = top, make.member(branch, name="示例甲")
    branch.admin = make.person(Role.UNIT_ADMIN, top)
    with transaction():
        hours.refresh_years([branch.member.id], YEAR)
    return branch


def year_of(db, member):
    db.session.rollback()
    return db.session.scalars(select(MemberYear).where(MemberYear.member_id == member.id)).one()


def record(client, member, **fields):
    return client.post(f"/people/{member.id}/statuses", data=fields)


def spans(db, member):
    db.session.rollback()
    return [
        (row.kind, row.valid_from, row.valid_until)
        for row in db.session.scalars(
            select(StatusSpan).where(StatusSpan.member_id == member.id).order_by(StatusSpan.valid_from)
        )
    ]


def test_of_who_is_abroad_nothing_is_asked_in_these_days(db, place, client_for):
    client, member = client_for(place.admin), place.member
    assert year_of(db, member).target == 3200
    answer = record(client, member, kind="abroad", valid_from="2026-03-02", valid_until="2026-07-01")
    assert answer.status_code == 303
    assert year_of(db, member).target == 2150  # 32×244/365 = 21.39, rounded up
    assert list(verify()) == []
    own = client_for(member)
    page = own.get("/hours").text
    assert "停止党籍或出国" in page
    assert "出国（境）" in own.get("/me/data").text
    twice = record(client, member, kind="suspended", valid_from="2026-06-01")
    assert twice.status_code == 422
    assert "已有登记" in twice.text
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "status.set")).one()
    assert event.detail == {"kind": "abroad", "since": "2026-03-02", "until": "2026-07-01"}


def test_a_cadre_has_an_account_that_never_mixes(db, place, client_for):
    """90 hours by days of office; its hours count there and nowhere else."""
    client, member = client_for(place.admin), place.member
    assert record(client, member, kind="cadre_township", valid_from=JULY.isoformat()).status_code == 303
    post(line(member, "event:1", 360, date(2026, 7, 6), activity="cadre_class"), line(member, "event:2"))
    year = year_of(db, member)
    assert (year.target, year.counted) == (3200, 200)
    page = client_for(member).get("/hours").text
    assert "干部教育培训" in page
    assert "45.5" in page  # 90×184/365 = 45.37
    assert "90×184/365" in page
    assert "还差 37.5 学时" in page
    assert list(verify()) == []
    promoted = record(client, member, kind="cadre_county", valid_from="2026-09-01")
    assert promoted.status_code == 303
    assert spans(db, member) == [
        ("cadre_township", JULY, date(2026, 9, 1)), ("cadre_county", date(2026, 9, 1), None)
    ]  # fmt: skip
    page = client_for(member).get("/hours").text
    assert "550" in page
    assert "2023" in page


def test_it_ends_today_and_what_has_not_begun_goes(db, place, make, client_for):
    actor, member = make.actor(place.admin), place.member
    for kind, first in (("cadre_county", JULY), ("abroad", date(2026, 12, 1))):
        with transaction():
            statuses.set_status(actor, member.id, kind=kind, valid_from=first, valid_until=None)
    kept, gone = db.session.scalars(select(StatusSpan.id).order_by(StatusSpan.valid_from)).all()
    client = client_for(place.admin)
    assert client.get(f"/people/{member.id}").text.count("/statuses/") == 2
    for span_id in (kept, gone):
        assert client.post(f"/statuses/{span_id}/end").status_code == 303
    assert spans(db, member) == [("cadre_county", JULY, date(2026, 9, 25))]
    with pytest.raises(Conflict), transaction():
        statuses.end_status(actor, kept)
    with pytest.raises(RuleError), transaction():
        statuses.set_status(actor, member.id, kind="abroad", valid_from=JULY, valid_until=JULY)
    assert client_for(make.person(Role.UNIT_ADMIN, make.unit())).post(
        f"/statuses/{kept}/end"
    ).status_code == 404  # fmt: skip


def test_the_account_stands_on_the_list_of_who_cannot_reach_the_target(db, place, client_for, make, frozen):
    with transaction():
        statuses.set_status(
            None, place.member.id, kind="cadre_township", valid_from=date(2020, 1, 1), valid_until=None
        )
    post(line(place.member, "event:1", 180, date(2026, 7, 6), activity="cadre_class"))
    page = (
        client_for(make.person(Role.BRANCH_SECRETARY, place)).get(f"/branches/{place.id}/out-of-reach").text
    )
    assert "示例甲" in page
    assert "4.0 / 90" in page
