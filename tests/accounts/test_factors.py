"""The second factor: asked of everybody above member, of an app or of a card, each code once."""

import re
import threading

import pytest
from sqlalchemy import func, select, update

from pbtrain.accounts import factors, passwords, totp
from pbtrain.accounts.models import FactorCode, KnownDevice, LoginSession, LoginTry, SecondFactor
from pbtrain.core import clock, crypto, site
from pbtrain.core.db import transaction
from pbtrain.org.models import RoleGrant
from pbtrain.org.roles import Role
from tests.support.client import sign
from tests.support.fuzz import Shot, encoded

PASSWORD = "山高水长 2026"
HASH = passwords.make(PASSWORD)
SECRET = totp.new_secret()


def sign_in(client, username="wuyun01", **more):
    return client.post("/login", data={"username": username, "password": PASSWORD, **more})


def code(shift=0):
    return totp.code_at(SECRET, totp.step_at(clock.now()) + shift)


@pytest.fixture(autouse=True)
def stands_still(frozen):
    """A step lasts as long as the test wants."""


@pytest.fixture
def branch(make):
    return make.unit("示例第三支部", parent=make.unit("示例街道党委"))


@pytest.fixture
def secretary(make, branch):
    account = make.account("示例乌云", username="wuyun01", password_hash=HASH)
    member = make.member(branch, account_id=account.id)
    make.grant(member, Role.BRANCH_SECRETARY, branch)
    return member


@pytest.fixture
def enrolled(make, secretary):
    """The secretary with an app that is set up."""
    make.save(
        SecondFactor(
            account_id=secretary.account_id,
            secret=crypto.encrypt(SECRET, factors.PURPOSE),
            confirmed_at=clock.now(),
        )
    )
    return secretary


@pytest.fixture
def card(make, secretary):
    """The codes of the secretary's card, which is in force."""
    with transaction():
        codes = factors.print_card(make.actor(secretary))
    with transaction() as session:
        session.execute(update(SecondFactor).values(confirmed_at=clock.now()))
    return codes


def show(client, typed, **more):
    return client.post("/factor", data={"code": typed, **more})


def test_above_member_nothing_opens_before_it_is_set_up(client, secretary):
    sign_in(client)
    for path in ("/", "/hours", "/events", "/me", "/me/factor", "/me/password"):
        answer = client.get(path)
        assert (answer.status_code, answer.location) == (302, "/factor"), path
    assert client.post("/me/email", data={"email": "a@example.org"}).location == "/factor"
    beat = client.post("/courses/1/lessons/1/beat", headers={"HX-Request": "true"})
    assert (beat.status_code, beat.headers["HX-Redirect"]) == (401, "/factor")
    assert client.get("/factor").status_code == 200
    assert client.post("/logout").status_code == 303
    assert client.get("/factor").location == "/login"


def test_a_member_is_not_asked_and_a_demo_asks_nobody(app, client, make, branch, secretary):
    make.member(branch, account_id=make.account(username="member01", password_hash=HASH).id)
    sign_in(client, "member01")
    assert client.get("/hours").status_code == 200
    with transaction():
        site.mark("demo")
    visitor = app.test_client()
    sign_in(visitor)
    assert visitor.get("/events").status_code == 200


def test_a_role_given_while_signed_in_asks_for_it_at_once(client, make, branch):
    member = make.member(branch, account_id=make.account(username="member01", password_hash=HASH).id)
    sign_in(client, "member01")
    assert client.get("/hours").status_code == 200
    grant = make.grant(member, Role.BRANCH_SECRETARY, branch)
    assert client.get("/hours").location == "/factor"
    with transaction() as session:
        session.delete(session.get(RoleGrant, grant.id))
    assert client.get("/hours").status_code == 200


def test_an_app_is_set_up_in_steps(db, client, secretary, monkeypatch):
    sign_in(client)
    client.get("/events?page=1")
    assert "用手机上的身份验证器" in client.get("/factor").text
    page = client.get("/factor/app")
    secret = re.search(r"secret=([A-Z2-7]+)", page.text).group(1)
    assert "<svg" in page.text
    assert secret not in page.headers["Set-Cookie"]
    assert re.search(r"secret=([A-Z2-7]+)", client.get("/factor/app").text).group(1) == secret
    assert client.post("/factor/app", data={"code": "000000"}).status_code == 422
    before = client.get_cookie("pbtrain").value
    step = totp.step_at(clock.now())
    answer = client.post(
        "/factor/app", data={"code": f" {totp.code_at(secret, step)[:3]} {totp.code_at(secret, step)[3:]}"}
    )
    assert (answer.status_code, answer.location) == (303, "/events?page=1")
    assert client.get("/events").status_code == 200
    row = db.session.scalars(select(SecondFactor)).one()
    assert secret.encode() not in row.secret
    assert row.last_step == step
    thief = client.application.test_client()
    thief.set_cookie("pbtrain", before)
    assert thief.get("/events").location.startswith("/login")  # the session has a new token


def test_a_code_of_the_app_is_good_once_and_one_step_off(app, client, enrolled):
    sign_in(client)
    for typed in ("", "000000", code(-2), code(2), "ABCDEFGH"):
        assert show(client, typed).status_code == 422, typed
    assert client.get("/events").location == "/factor"
    assert show(client, code()).status_code == 303
    again = app.test_client()
    sign_in(again)
    for late in (code(), code(-1)):
        assert show(again, late).status_code == 422
    assert show(again, code(1)).status_code == 303


def test_a_card_instead(app, db, client, secretary):
    sign_in(client)
    page = client.post("/factor/card").text
    codes = re.findall(r'pb-code">([A-Z2-9]{4}-[A-Z2-9]{4})<', page)
    assert len(set(codes)) == 10
    assert client.get("/events").location == "/factor"  # printed, not yet shown
    assert "验证码卡已打印" in client.get("/factor").text
    assert show(client, codes[0].lower()).status_code == 303
    assert client.get("/events").status_code == 200
    assert codes[3].replace("-", "") not in str(db.session.execute(select(FactorCode.__table__)).all())
    other = app.test_client()
    sign_in(other)
    assert show(other, codes[0]).status_code == 422
    assert show(other, codes[1]).status_code == 303


def test_a_new_card_voids_the_old(app, client, secretary, card):
    sign_in(client)
    assert show(client, card[0]).status_code == 303
    assert client.post("/factor/card").status_code == 200
    other = app.test_client()
    sign_in(other)
    assert show(other, card[1]).status_code == 422


def test_three_codes_left_are_said(app, secretary, card):
    for number, spoken in ((0, False), (5, False), (6, True), (9, True)):
        with transaction() as session:
            session.execute(update(FactorCode).values(used_at=None))
            session.execute(
                update(FactorCode)
                .where(
                    FactorCode.code_hash.in_(
                        [factors.mark(secretary.account_id, one) for one in card[:number]]
                    )
                )
                .values(used_at=clock.now())
            )
        client = app.test_client()
        sign_in(client)
        assert show(client, card[number]).status_code == 303
        assert ("请打印新卡" in client.get("/me").text) is spoken, number


def test_who_owes_it_cannot_replace_it(client, enrolled):
    sign_in(client)
    for answer in (client.get("/factor/app"), client.post("/factor/card"), client.get("/proof")):
        assert answer.location == "/factor"
    assert client.post("/factor/app", data={"code": code()}).location == "/factor"
    assert client.post("/me/factor/end").location == "/factor"


def test_it_is_changed_only_after_the_password(app, db, client_for, enrolled, frozen):
    client = client_for(enrolled)
    assert client.get("/factor/app").status_code == 200
    frozen.shift(minutes=11)
    assert client.get("/factor/app").location == "/proof?next=/factor/app"
    assert client.post("/factor/card").location == "/proof?next=/me/factor"
    assert client.post("/proof", data={"password": "wrong", "next": "/factor/app"}).status_code == 422
    answer = client.post("/proof", data={"password": PASSWORD, "next": "/factor/app"})
    assert (answer.status_code, answer.location) == (303, "/factor/app")
    assert client.get("/factor/app").status_code == 200
    assert db.session.scalar(select(func.count()).select_from(FactorCode)) == 0


def test_this_device_for_thirty_days(app, db, client, enrolled, frozen):
    sign_in(client)
    answer = show(client, code(), keep_device="y")
    kept = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith("pbdevice"))
    assert all(part in kept for part in ("HttpOnly", "SameSite=Lax", "Max-Age=2592000"))
    assert '"cookies"' not in client.post("/logout").headers["Clear-Site-Data"]
    sign_in(client)
    assert client.get("/events").status_code == 200
    stranger = app.test_client()
    sign_in(stranger)
    assert stranger.get("/events").location == "/factor"
    frozen.shift(days=30, minutes=1)
    sign_in(client)
    assert client.get("/events").location == "/factor"


@pytest.mark.parametrize("by", ["revoked", "password", "card of another account"])
def test_a_known_device_is_asked_again(app, db, client, make, client_for, enrolled, by):
    sign_in(client)
    show(client, code(), keep_device="y")
    device_id = db.session.scalar(select(KnownDevice.id))
    if by == "revoked":
        assert client.post(f"/me/devices/{device_id}/end").status_code == 303
        assert client.post(f"/me/devices/{device_id}/end").status_code == 404
        assert client_for(make.person()).post(f"/me/devices/{device_id}/end").status_code == 404
    elif by == "password":
        new = "草原长风 2027 abc"
        client.post("/me/password", data={"old": PASSWORD, "password": new, "again": new})
        with transaction() as session:
            session.execute(update(factors.Account).values(password_hash=HASH))
    else:
        other = make.account()
        with transaction() as session:
            session.execute(update(KnownDevice).values(account_id=other.id))
    sign_in(client)
    assert client.get("/events").location == "/factor"


@pytest.mark.parametrize("what", ["app", "card"])
def test_thirty_wrong_codes_are_limited(db, client, enrolled, card, what, frozen):
    sign_in(client)
    wrong = "000000" if what == "app" else "AAAA-BBBB"
    codes = [show(client, wrong).status_code for _ in range(30)]
    assert codes == [422] * 5 + [429] * 25
    sign_in(client)  # a right password does not forget wrong codes
    assert show(client, code()).status_code == 429
    frozen.shift(minutes=16)
    assert show(client, code()).status_code == 303
    assert [s[:5] for s in db.session.scalars(select(LoginTry.subject).distinct())] == ["addr:"]


@pytest.mark.parametrize("what", ["app", "card"])
def test_of_two_with_the_same_code_one_comes_in(app, db, make, enrolled, card, what):
    typed = code() if what == "app" else card[4]
    cookies = [sign(app, make.login_session(enrolled, factor_at=None)) for _ in range(2)]
    db.session.rollback()
    gate, answers = threading.Barrier(2), []

    def race(cookie):
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
        gate.wait()
        answers.append(
            Shot("POST", "/factor", b"", encoded({"code": [typed]}), headers).send(app).status_code
        )

    threads = [threading.Thread(target=race, args=[cookie]) for cookie in cookies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, 422]
    assert db.session.scalar(select(func.count()).where(LoginSession.factor_at.is_not(None))) == 1


def test_a_member_may_have_one_and_do_without_again(app, client, make, branch):
    make.member(branch, account_id=make.account(username="member01", password_hash=HASH).id)
    sign_in(client, "member01")
    assert "党员可以不设" in client.get("/me/factor").text
    page = client.get("/factor/app")
    secret = re.search(r"secret=([A-Z2-7]+)", page.text).group(1)
    now = totp.step_at(clock.now())
    answer = client.post("/factor/app", data={"code": totp.code_at(secret, now)})
    assert answer.location == "/me/factor"
    other = app.test_client()
    sign_in(other, "member01")
    assert other.get("/hours").location == "/factor"
    assert client.post("/me/factor/end").status_code == 303
    assert other.get("/hours").location.startswith("/login")  # ended, and not asked any more
    sign_in(other, "member01")
    assert other.get("/hours").status_code == 200


def test_above_member_nobody_does_without(db, client_for, enrolled):
    assert client_for(enrolled).post("/me/factor/end").status_code == 403
    assert db.session.scalar(select(func.count()).select_from(SecondFactor)) == 1


def test_who_has_lost_it_reads_whom_to_ask(app, client, make, branch, enrolled):
    make.grant(make.account("示例组织员"), Role.UNIT_ADMIN, make.unit("示例别处"))
    sign_in(client)
    assert "服务器" in client.get("/factor").text
    above = branch.parent_id
    make.save(
        RoleGrant(
            account_id=make.account("示例组织员甲").id,
            unit_id=above,
            role=Role.UNIT_ADMIN,
            valid_from=clock.today(),
        )
    )
    text = client.get("/factor").text
    assert "示例组织员甲" in text
    assert "示例街道党委" in text


def test_the_page_takes_few_statements(client_for, enrolled, card, statements):
    client = client_for(enrolled)
    with statements() as sent:
        assert client.get("/me/factor").status_code == 200
    assert sent.of_page.count <= 8, str(sent)


def test_a_command_resets_the_factor_of_the_first_administrator(app, db, make, enrolled):
    make.login_session(enrolled)
    run = app.test_cli_runner().invoke
    assert run(args=["accounts", "reset-factor", "nobody", "--reason", "lost phone"]).exit_code == 1
    assert run(args=["accounts", "reset-factor", "wuyun01", "--reason", " "]).exit_code == 1
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(SecondFactor)) == 1
    assert run(args=["accounts", "reset-factor", "wuyun01", "--reason", "lost phone"]).exit_code == 0
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(SecondFactor)) == 0
    assert db.session.scalar(select(func.count()).where(LoginSession.ended_at.is_(None))) == 0
    assert run(args=["accounts", "reset-factor", "wuyun01", "--reason", "lost phone"]).exit_code == 1
