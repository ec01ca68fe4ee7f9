"""A new password by mail: the same answer for every name, three mails an hour, each link once."""

import re
import threading

import pytest
from sqlalchemy import func, select, update

from pbtrain.accounts import factors, links, passwords
from pbtrain.accounts.models import Account, KnownDevice, LoginSession, PasswordLink, SecondFactor
from pbtrain.accounts.services import change_email
from pbtrain.core import clock, queue
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict
from tests.support.mail import MailServer

PASSWORD, NEW = "山高水长 2026", "草原长风 2027 abc"
HASH = passwords.make(PASSWORD)


@pytest.fixture
def mail(app, monkeypatch):
    """A server that takes the site's mail."""
    with MailServer() as server:
        settings = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": server.port, "MAIL_FROM": "djy@example.cn"}
        for name, value in (settings | {"SITE_URL": "https://learn.example.cn"}).items():
            monkeypatch.setitem(app.config, name, value)
        yield server


@pytest.fixture(autouse=True)
def stands_still(frozen):
    """Thirty minutes last as long as the test wants."""


@pytest.fixture
def someone(make):
    account = make.account("示例乌云", username="wuyun01", password_hash=HASH, email="wuyun@example.cn")
    make.member(account_id=account.id)
    return account


def ask(client, name="wuyun01"):
    return client.post("/forgotten", data={"username": name})


def reset(client, code, password=NEW):
    return client.post("/reset", data={"code": code, "password": password, "again": password})


def code_in(mails):
    """The code of the newest mail, from its link."""
    return re.search(r"https://learn\.example\.cn/reset#code=(\S+)", mails[-1][1].get_content()).group(1)


def test_a_password_is_set_by_mail_once(app, db, client, someone, mail):
    assert ask(client).status_code == 200
    assert mail.mails == []  # nothing is sent while the page waits
    queue.run_waiting()
    ((address, letter),) = mail.mails
    assert (address, letter["Subject"]) == ("wuyun@example.cn", "设置新密码")
    code = code_in(mail.mails)
    assert code not in str(db.session.execute(select(PasswordLink.__table__)).all())
    assert code not in str(db.session.execute(select(queue.Job.__table__)).all())
    assert reset(client, "x" * 43).status_code == 422
    assert reset(client, code, "password123").status_code == 422
    assert reset(client, code).status_code == 303
    assert client.get("/hours").status_code == 200
    assert reset(app.test_client(), code).status_code == 422
    signed = app.test_client().post("/login", data={"username": "wuyun01", "password": NEW})
    assert signed.status_code == 303


def test_the_answer_is_the_same_for_every_name(app, db, make, someone, mail, statements):
    make.account(username="noaddress", password_hash=HASH)
    make.account(username="closed", password_hash=HASH, email="a@example.cn", disabled_at=clock.now())
    make.account(username="asleep", email="b@example.cn", activated_at=None)
    pages, counts = set(), set()
    for name in ("wuyun01", "nobody", "noaddress", "closed", "asleep"):
        with statements() as sent:
            answer = ask(app.test_client(), name)
        counts.add(len(sent))
        pages.add((answer.status_code, re.sub(r"[\w.-]{60,}", "", answer.text)))
    assert len(pages) == len(counts) == 1
    queue.run_waiting()
    assert [address for address, _letter in mail.mails] == ["wuyun@example.cn"]


def test_three_mails_an_hour(app, db, someone, mail, frozen):
    for _ in range(50):
        answer = ask(app.test_client())
        assert answer.status_code in (200, 429)
        queue.run_waiting()
        frozen.shift(minutes=1)
    assert len(mail.mails) == 3
    frozen.shift(minutes=61)
    ask(app.test_client())
    queue.run_waiting()
    assert len(mail.mails) == 4


def test_asking_and_trying_are_limited(app, client, someone, mail):
    assert [ask(client).status_code for _ in range(30)] == [200] * 5 + [429] * 25
    assert [reset(client, f"{n}" * 20).status_code for n in range(30)] == [422] * 5 + [429] * 25
    assert client.post("/login", data={"username": "wuyun01", "password": PASSWORD}).status_code == 303


@pytest.mark.parametrize(("minutes", "status"), [(29, 303), (31, 422)])
def test_thirty_minutes(client, someone, frozen, minutes, status):
    with transaction():
        code = links.issue(someone.id).code
    frozen.shift(minutes=minutes)
    assert reset(client, code).status_code == status


@pytest.mark.parametrize("by", ["another link", "another address", "closed"])
def test_a_link_is_void_after(app, make, client, someone, by):
    with transaction():
        code, other = links.issue(someone.id).code, links.issue(someone.id).code
    if by == "another link":
        assert reset(app.test_client(), other).status_code == 303
    elif by == "another address":
        with transaction():
            change_email(make.actor(someone), "new@example.cn")
    else:
        with transaction() as session:
            session.execute(update(Account).values(disabled_at=clock.now()))
    assert reset(client, code).status_code == 422


def test_the_second_factor_stays_and_all_else_ends(db, make, client, someone):
    with transaction() as session:
        factors.print_card(make.actor(someone))
        session.flush()
        session.execute(update(SecondFactor).values(confirmed_at=clock.now()))
        session.add(KnownDevice(account_id=someone.id, token_hash="0" * 64, ends_at=clock.now()))
        code = links.issue(someone.id).code
    make.login_session(someone)
    assert reset(client, code).status_code == 303
    assert client.get("/hours").location == "/factor"
    assert db.session.scalar(select(KnownDevice.revoked_at)) is not None
    assert db.session.scalar(select(func.count()).where(LoginSession.ended_at.is_(None))) == 1


def test_of_two_at_once_one_wins(app, db, someone):
    with transaction():
        code = links.issue(someone.id).code
    opened = links.check(code, address="127.0.0.1")
    gate, outcomes = threading.Barrier(2), []

    def race():
        with app.app_context():
            gate.wait()
            try:
                with transaction():
                    links.redeem(opened, "hash", agent="", address="")
                outcomes.append("in")
            except Conflict:
                outcomes.append("late")

    threads = [threading.Thread(target=race) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["in", "late"]
    assert db.session.scalar(select(func.count()).select_from(LoginSession)) == 1


def test_a_mail_that_did_not_leave_does_not_count(db, client, someone, mail):
    mail.refuse["wuyun@example.cn"] = ["450 later"]
    ask(client)
    queue.run_waiting()
    queue.run_waiting()
    assert db.session.scalar(select(func.count()).select_from(PasswordLink)) == len(mail.mails) == 1


def test_without_mail_the_page_says_whom_to_ask(db, client, someone):
    assert "/forgotten" not in client.get("/login").text
    assert "支部书记" in client.get("/forgotten").text
    assert ask(client).status_code == 200
    assert db.session.scalar(select(func.count()).select_from(queue.Job)) == 0
