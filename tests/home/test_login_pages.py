"""A lost second factor is reset from above, with a reason, and the person hears of it."""

import pytest
from sqlalchemy import func, select

from pbtrain.accounts import factors
from pbtrain.accounts.models import FactorCode, KnownDevice, LoginSession, SecondFactor
from pbtrain.audit.models import AuditEvent
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.notify.models import Message
from pbtrain.org.roles import Role

FORM = {"reason": "手机丢失，持身份证到办公室", "checked": "y"}


@pytest.fixture
def committee(make):
    return make.unit("示例街道党委")


@pytest.fixture
def admin(make, committee):
    return make.person(Role.UNIT_ADMIN, committee)


def with_factor(make, holder):
    """The path of this person's page; the person has a card, an open session and a known device."""
    account_id = make.account_id(holder)
    with transaction() as session:
        factors.print_card(make.actor(holder))
        session.add(KnownDevice(account_id=account_id, token_hash=f"{account_id:064}", ends_at=clock.now()))
        session.flush()
        session.execute(SecondFactor.__table__.update().values(confirmed_at=clock.now()))
    make.login_session(holder)
    return f"/accounts/{account_id}/factor"


def test_a_reset_takes_everything_and_tells(db, make, client_for, frozen, committee, admin):
    secretary = make.person(Role.BRANCH_SECRETARY, make.unit(parent=committee))
    path, client = with_factor(make, secretary), client_for(admin)
    assert "手机丢失" in client.get(path).text
    for bad in ({}, {"reason": "ok", "checked": "y"}, {"reason": FORM["reason"]}):
        assert client.post(path, data=bad).status_code == 422
    assert client.post(path, data=FORM).status_code == 303
    for table in (SecondFactor, FactorCode):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0
    assert db.session.scalar(select(KnownDevice.revoked_at)) is not None
    left = db.session.scalars(select(LoginSession.account_id).where(LoginSession.ended_at.is_(None))).all()
    assert left == [admin.id]
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "factor.reset")).one()
    assert (event.actor_id, event.detail["reason"]) == (admin.id, FORM["reason"])
    told = db.session.scalars(select(Message).where(Message.account_id == secretary.id)).one()
    assert FORM["reason"] in told.body
    assert client.post(path, data=FORM).status_code == 422


def test_never_for_oneself_nor_beyond_ones_rights(db, make, client_for, committee, admin):
    client = client_for(admin)
    chief = make.person(Role.SYSTEM_ADMIN, committee)
    secretary = make.person(Role.BRANCH_SECRETARY, make.unit(parent=committee))
    beside = make.person(Role.BRANCH_SECRETARY, make.unit(parent=make.unit()))
    for holder, status in ((admin, 422), (chief, 422), (beside, 404)):
        path = with_factor(make, holder)
        assert client.post(path, data=FORM).status_code == status
        assert client.post(path.replace("factor", "sessions/end")).status_code == status
        page = client.get(path)
        assert page.status_code == (404 if status == 404 else 200)
        assert 'name="reason"' not in page.text
    assert client_for(secretary).get(path).status_code == 403
    assert db.session.scalar(select(func.count()).select_from(SecondFactor)) == 3


def test_the_password_is_asked_before(make, client_for, frozen, committee, admin):
    path = with_factor(make, make.person(Role.BRANCH_SECRETARY, make.unit(parent=committee)))
    client = client_for(admin)
    frozen.shift(minutes=11)
    assert client.post(path, data=FORM).location == f"/proof?next={path}"


def test_somebody_is_signed_out_everywhere(make, client_for, committee, admin):
    secretary = make.person(Role.BRANCH_SECRETARY, make.unit(parent=committee))
    theirs = client_for(secretary)
    assert theirs.get("/events").status_code == 200
    answer = client_for(admin).post(f"/accounts/{secretary.id}/sessions/end")
    assert answer.status_code == 303
    assert theirs.get("/events").location.startswith("/login")
    assert "登录已失效" in theirs.get("/login").text
