"""Slips: once, five tries, thirty days, and of two at the same moment one."""

import threading

import pytest
from sqlalchemy import select

from pbtrain.accounts import slips
from pbtrain.accounts.models import Account, LoginSession, Slip
from pbtrain.core.db import transaction

WORDS = "长城内外 1949x"


@pytest.fixture
def holder(make):
    """A login not yet activated, and its code."""
    account = make.account(username="wuyun01", activated_at=None)
    with transaction():
        code = slips.make(None, [account.id]).codes[account.id]
    return account, code


def redeem(client, code, password=WORDS, username="wuyun01"):
    return client.post(
        "/activate", data={"username": username, "code": code, "password": password, "again": password}
    )


def test_sets_the_password_once(app, db, client, holder, real_hashes):
    account, code = holder
    typed = f" {code[:4].lower()}-{code[4:8]} {code[8:]}"
    assert redeem(client, typed).status_code == 303
    row = db.session.get(Account, account.id)
    assert row.activated_at is not None
    assert row.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert redeem(app.test_client(), code).status_code == 422
    answer = app.test_client().post("/login", data={"username": "wuyun01", "password": WORDS})
    assert answer.status_code == 303


def test_a_new_password_ends_the_old_sessions(app, db, make, client, holder):
    account, code = holder
    make.login_session(account)
    redeem(client, code)
    assert len(db.session.scalars(select(LoginSession).where(LoginSession.ended_at.is_(None))).all()) == 1


def test_five_tries_close_it(db, client, holder, frozen):
    _account, code = holder
    for _ in range(5):
        assert redeem(client, "AAAA-BBBB-CCCC").status_code == 422
        frozen.shift(minutes=16)
    assert redeem(client, code).status_code == 422
    assert db.session.scalars(select(Slip.closed_at)).one() is not None


@pytest.mark.parametrize(("hours", "status"), [(-1, 303), (1, 422)])
def test_thirty_days(frozen, client, holder, hours, status):
    _account, code = holder
    frozen.shift(days=30, hours=hours)
    assert redeem(client, code).status_code == status


def test_a_bad_password_does_not_use_it_up(client, holder):
    _account, code = holder
    for bad in ("short", "password123", "wuyun01", "12345678", "zhibushuji1", "aaaaaaaaaaaa"):
        answer = redeem(client, code, bad)
        assert answer.status_code == 422, bad
        assert "invalid" in answer.text
    assert redeem(client, code).status_code == 303


def test_another_name_does_not_open_it(make, client, holder):
    _account, code = holder
    make.account(username="other01")
    assert redeem(client, code, username="other01").status_code == 422


def test_a_replaced_slip_is_dead(client, holder):
    account, code = holder
    with transaction():
        slips.make(None, [account.id])
    assert redeem(client, code).status_code == 422


def test_of_two_at_once_one_wins(app, db, holder):
    _account, code = holder
    opened = slips.check("wuyun01", code, address="127.0.0.1")
    gate, outcomes = threading.Barrier(2), []

    def race():
        with app.app_context():
            gate.wait()
            try:
                with transaction():
                    slips.redeem(opened, "hash", own_device=False, agent="", address="")
                outcomes.append("in")
            except slips.Conflict:
                outcomes.append("late")

    threads = [threading.Thread(target=race) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["in", "late"]
    assert len(db.session.scalars(select(LoginSession)).all()) == 1


def test_of_two_sheets_at_once_one_has_codes(app, db, make):
    """The same form sent twice in the same moment: nobody holds a sheet that is void."""
    ids = [make.account(activated_at=None).id for _ in range(3)]
    seen, gate, outcomes = slips.newest(), threading.Barrier(2), []

    def race():
        with app.app_context():
            gate.wait()
            try:
                with transaction():
                    slips.make(None, ids, seen=seen)
                outcomes.append("printed")
            except slips.AlreadyPrinted as earlier:
                outcomes.append(f"told of {earlier.people}")

    threads = [threading.Thread(target=race) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["printed", "told of 3"]
    db.session.rollback()
    assert len(db.session.scalars(select(Slip.id)).all()) == 3


def test_the_code_is_stored_only_as_a_fingerprint(db, holder):
    _account, code = holder
    assert code not in str(db.session.execute(select(Slip.__table__)).all())
