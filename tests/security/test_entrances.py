"""Wherever something secret is typed, thirty wrong tries are limited, and the right one waits too."""

import pytest
from sqlalchemy import update

from pbtrain.accounts import factors, passwords, slips, totp
from pbtrain.accounts.models import SecondFactor
from pbtrain.core import clock, crypto
from pbtrain.core.db import transaction
from pbtrain.org.roles import Role

PASSWORD, NEW = "山高水长 2026", "草原长风 2027 abc"
HASH = passwords.make(PASSWORD)
SECRET = totp.new_secret()
AGAIN = {"password": NEW, "again": NEW}

# entrance: (path, what is typed wrongly, what would be right, signed in by the password alone or wholly)
ENTRANCES = {
    "login": ("/login", {"username": "wuyun01", "password": "x"}, {"password": PASSWORD}, None),
    "slip": ("/activate", {"username": "wuyun01", "code": "ABCD-EFGH-JKMN"} | AGAIN, {}, None),
    "mail": ("/reset", {"code": "x" * 43} | AGAIN, {}, None),
    "app": ("/factor", {"code": "000000"}, {"code": ""}, False),
    "card": ("/factor", {"code": "AAAA-BBBB"}, {}, False),
    "new app": ("/factor/app", {"code": "000000"}, {}, True),
    "password again": ("/proof", {"password": "x"}, {"password": PASSWORD}, True),
    "old password": ("/me/password", {"old": "x"} | AGAIN, {"old": PASSWORD}, True),
    "address": ("/me/email", {"email": "a@example.cn", "old": "x"}, {"old": PASSWORD}, True),
}


@pytest.fixture
def person(make, branch):
    """A secretary with a password, a slip, an app and a card."""
    account = make.account(username="wuyun01", password_hash=HASH)
    member = make.member(branch, account_id=account.id)
    make.grant(member, Role.BRANCH_SECRETARY, branch)
    with transaction() as session:
        slips.make(None, [account.id])
        factors.print_card(make.actor(member))
        sealed = crypto.encrypt(SECRET, factors.PURPOSE)
        session.execute(update(SecondFactor).values(secret=sealed, confirmed_at=clock.now()))
    return member


@pytest.mark.parametrize("name", sorted(ENTRANCES))
def test_thirty_wrong_tries_are_limited(app, make, frozen, person, name):
    path, wrong, right, shown = ENTRANCES[name]
    client = app.test_client()
    if shown is not None:
        token = make.login_session(person, **({} if shown else {"factor_at": None}))
        with client.session_transaction() as session:
            session["_user_id"], session["_fresh"] = token, True
    answers = [client.post(path, data=wrong) for _ in range(30)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429] * 25
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers[5:])
    if right:
        if name == "app":
            right = {"code": totp.code_at(SECRET, totp.step_at(clock.now()))}
        assert client.post(path, data=wrong | right).status_code == 429
