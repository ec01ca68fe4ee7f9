"""Signing in: the same answer for everybody who has no right to come in, and limits that hold."""

import pytest
from argon2 import Type, extract_parameters
from sqlalchemy import func, select, update

from pbtrain.accounts import passwords
from pbtrain.accounts.models import Account, LoginSession, LoginTry
from pbtrain.accounts.services import disable, end_all, open_session, sweep_expired
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.org.models import RoleGrant
from pbtrain.org.roles import Role

PASSWORD = "山高水长 2026"
HASH = passwords.make(PASSWORD)


@pytest.fixture
def someone(make):
    return make.member(account_id=make.account("示例乌云", username="wuyun01", password_hash=HASH).id)


def sign_in(client, username="wuyun01", password=PASSWORD, **more):
    return client.post("/login", data={"username": username, "password": password, **more})


def inside(client):
    """Is this client signed in? A visitor is sent to the entrance."""
    answer = client.get("/activate")
    assert answer.status_code == 200
    with client.session_transaction() as session:
        return "_user_id" in session


def test_signs_in_and_starts_a_new_session(db, client, someone):
    with client.session_transaction() as session:
        session["csrf_token"] = "planted"
    answer = sign_in(client)
    assert (answer.status_code, answer.location) == (303, "/")
    with client.session_transaction() as session:
        assert session.get("csrf_token") != "planted"
        assert not session.permanent
    row = db.session.scalars(select(LoginSession)).one()
    assert len(row.token_hash) == 64
    assert row.token_hash not in answer.headers["Set-Cookie"]


def test_own_device_keeps_the_cookie(db, client, someone):
    answer = sign_in(client, own_device="y")
    assert "Expires" in answer.headers["Set-Cookie"]
    assert db.session.scalar(select(LoginSession.idle_minutes)) == 90 * 24 * 60


def test_a_phone_number_is_a_name_while_it_is_unique(db, client, make, someone):
    with transaction() as session:
        session.execute(update(Account).values(phone="13800000012"))
    assert sign_in(client, "１３８０００００012 ").status_code == 303
    make.account(phone="13800000012", password_hash=HASH)
    assert sign_in(client, "13800000012").status_code == 422


def test_the_answer_is_the_same_for_every_wrong_try(app, client, make, someone, monkeypatch, statements):
    make.account(username="asleep", password_hash=None, activated_at=None)
    for _ in range(2):  # a couple with one phone
        make.account(phone="13800000012", password_hash=HASH)
    make.account(phone="13800000013", password_hash=HASH)
    make.member(left_on=clock.today(), account_id=make.account(username="left", password_hash=HASH).id)
    gone = make.account(username="gone", password_hash=HASH)
    with transaction():
        disable(None, gone.id)
    checked = []
    real = passwords.fits
    monkeypatch.setattr(passwords, "fits", lambda h, p: checked.append(p) or real(h, p))
    pages, counts = set(), set()
    for name, password in (
        ("wuyun01", "wrong word"),
        ("nobody", PASSWORD),
        ("asleep", PASSWORD),
        ("gone", PASSWORD),
        ("left", "wrong word"),
        ("13800000012", PASSWORD),
        ("13800000013", "wrong word"),
    ):
        with statements() as sent:
            answer = app.test_client().post("/login", data={"username": name, "password": password})
        counts.add(len(sent))
        assert answer.status_code == 422
        pages.add(answer.text.replace(name, "NAME").split("<main", 1)[1].replace(csrf(answer.text), ""))
    assert len(pages) == len(counts) == 1
    assert len(checked) == 7  # a hash is worked out for each of them


def test_a_name_of_nobody_costs_what_any_password_costs(real_hashes):
    """The least OWASP asks of argon2id: 19 MiB, two passes."""
    nobodys, anybodys = (
        extract_parameters(made) for made in (passwords.NOBODY, passwords.make("山高水长 2026"))
    )
    assert (nobodys.type, nobodys.memory_cost, nobodys.time_cost) == (Type.ID, 19 * 1024, 2)
    assert nobodys == anybodys


def csrf(text):
    return text.split('name="csrf-token" content="', 1)[1].split('"', 1)[0]


@pytest.mark.parametrize("path", ["/login", "/activate"])
def test_thirty_wrong_tries_are_limited_at_both_entrances(app, client, someone, frozen, path):
    codes = []
    for number in range(30):
        data = {"username": "wuyun01", "password": f"wrong word {number}", "again": f"wrong word {number}"}
        codes.append(client.post(path, data=data | {"code": "ABCD-EFGH-JKMN"}).status_code)
    assert codes[:5] == [422] * 5
    assert codes[5:] == [429] * 25  # the clock stands still, so no pause ever ends
    assert sign_in(client).status_code == 429  # the right password waits too
    frozen.shift(minutes=16)
    assert sign_in(client).status_code == 303


def test_pauses_grow_and_ten_failures_close_the_name(client, someone, frozen):
    for _ in range(40):
        sign_in(client, password="wrong word")
        frozen.shift(seconds=10)
    answer = sign_in(client)
    assert answer.status_code == 429
    left = int(answer.headers["Retry-After"])
    assert 60 < left <= 15 * 60
    assert f"请等 {-(-left // 60)} 分钟再试" in answer.text


def test_one_address_is_limited_across_names(client, someone, frozen):
    codes = [sign_in(client, f"user{number}x", "wrong word").status_code for number in range(70)]
    assert codes == [422] * 60 + [429] * 10


def test_success_forgets_the_failures_of_the_name(db, client, someone):
    for _ in range(4):
        sign_in(client, password="wrong word")
    assert sign_in(client).status_code == 303
    left = db.session.scalars(select(LoginTry.subject).distinct()).all()
    assert [subject[:5] for subject in left] == ["addr:"]


def test_failures_are_forgotten_after_a_day(db, client, someone, frozen):
    sign_in(client, password="wrong word")
    for hours, left in ((23, 2), (2, 0)):  # one of the name, one of the address
        frozen.shift(hours=hours)
        with transaction():
            sweep_expired()
        assert db.session.scalar(select(func.count()).select_from(LoginTry)) == left


def test_a_sign_in_takes_four_statements(client, someone, statements):
    with statements() as sent:
        assert sign_in(client).status_code == 303
    assert sent.of_page.count == 4, str(sent)


def test_who_has_left_is_told_where_to_ask(client, make):
    make.member(left_on=clock.today(), account_id=make.account(username="left01", password_hash=HASH).id)
    assert sign_in(client, "left01").status_code == 303
    assert client.get("/").location == "/left"
    assert client.get("/left").status_code == 200  # what it says: tests/home/test_left.py


def test_sign_out_ends_the_session_on_the_server(app, client, someone):
    sign_in(client)
    stolen = client.get_cookie("pbtrain").value
    answer = client.post("/logout")
    assert answer.status_code == 303
    assert answer.headers["Clear-Site-Data"] == '"cache", "cookies"'
    thief = app.test_client()
    thief.set_cookie("pbtrain", stolen)
    assert signed_in_as(app, thief) is None


def signed_in_as(app, client):
    """The account id behind the cookie, as the guards see it."""
    from flask import g

    seen = []

    def look(error):
        from pbtrain.org.access import me

        g.pop("_login_user", None)
        seen.append(me() and me().account_id)

    app.teardown_request_funcs.setdefault(None, []).append(look)
    try:
        client.get("/login")
    finally:
        app.teardown_request_funcs[None].remove(look)
    return seen[0]


def test_a_disabled_account_is_out_at_once(app, client, someone):
    sign_in(client)
    assert signed_in_as(app, client) == someone.account_id
    with transaction() as session:  # not even through the service
        session.execute(update(Account).values(disabled_at=someone.created_at))
    assert signed_in_as(app, client) is None


def test_idle_and_absolute_limits(app, client, make, someone, frozen):
    sign_in(client)
    frozen.shift(hours=7, minutes=59)
    assert signed_in_as(app, client) == someone.account_id
    frozen.shift(minutes=2)
    assert signed_in_as(app, client) is None


def test_above_member_twenty_minutes_even_on_an_own_device(app, client, make, someone, frozen):
    sign_in(client, own_device="y")
    frozen.shift(hours=1)
    assert signed_in_as(app, client) == someone.account_id
    frozen.shift(minutes=21)
    grant = make.grant(someone, Role.BRANCH_SECRETARY, make.unit(parent=make.unit()))
    assert signed_in_as(app, client) is None
    with transaction() as session:
        session.delete(session.get(RoleGrant, grant.id))
    assert signed_in_as(app, client) == someone.account_id


def test_ending_all_others(app, db, someone):
    first, second = app.test_client(), app.test_client()
    sign_in(first), sign_in(second)
    newest = db.session.scalar(select(func.max(LoginSession.id)))
    with transaction():
        assert end_all(someone.account_id, but=newest) == 1
    assert signed_in_as(app, first) is None
    assert signed_in_as(app, second) == someone.account_id


def test_sweep_ends_what_is_past_its_limits(db, someone, frozen):
    with transaction():
        open_session(someone.account_id)
        open_session(someone.account_id, own_device=True)
    frozen.shift(hours=9)
    with transaction():
        assert sweep_expired() == 1
    frozen.shift(days=90)
    with transaction():
        assert sweep_expired() == 1


def test_the_wanted_page_is_kept_in_the_session(app, db, client, someone):
    answer = client.get("/no-such-page")
    assert answer.status_code == 404
    for target, lands in (("/a?b=1", "/a?b=1"), ("//evil.example", "/"), ("/\t/evil.example", "/")):
        with client.session_transaction() as session:
            session["next"] = target
        assert sign_in(client).location == lands


def test_too_many_at_once_are_asked_to_come_back(client, someone, monkeypatch):
    import threading

    monkeypatch.setattr(passwords, "_room", threading.BoundedSemaphore(1))
    with passwords.turn():
        answer = sign_in(client)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert sign_in(client).status_code == 303


def test_the_token_of_the_form_is_needed(backend, make, someone):
    strict = backend.app(WTF_CSRF_ENABLED=True)
    client = strict.test_client()
    with strict.app_context():
        page = client.get("/login").text
        data = {"username": "wuyun01", "password": PASSWORD}
        assert client.post("/login", data=data).status_code == 400
        assert client.post("/login", data=data | {"csrf_token": csrf(page)}).status_code == 303
        assert client.post("/logout").status_code == 400
