"""One's own account: masked data, own sessions only, a password that is changed with the old one."""

from sqlalchemy import select

from pbtrain.accounts import passwords
from pbtrain.accounts.models import Account, LoginSession
from pbtrain.org.models import Post
from pbtrain.org.roles import Role
from tests.factories import LONG_AGO

PASSWORD = "山高水长 2026"
HASH = passwords.make(PASSWORD)


def test_what_is_recorded_is_shown_masked(make, client_for, statements):
    branch = make.unit("示例第一支部", parent=make.unit())
    member = make.member(branch, phone="13800000012", id_shown="150102********1231", code="SL0001")
    make.save(Post(member_id=member.id, unit_id=branch.id, kind="deputy", valid_from=LONG_AGO))
    client = client_for(member)
    with statements() as sent:
        page = client.get("/me").get_data(as_text=True)
    assert sent.of_page.count <= 8, str(sent)
    for shown in ("138****0012", "150102********1231", "SL0001", "副书记", "示例第一支部"):
        assert shown in page
    assert "13800000012" not in page


def test_one_may_end_ones_own_sessions_and_no_others(db, make, client_for):
    mine, other = make.account(), make.account()
    make.login_session(mine)
    make.login_session(other)
    old, strange = db.session.scalars(select(LoginSession.id).order_by(LoginSession.id)).all()
    client = client_for(mine)
    assert client.post(f"/me/sessions/{strange}/end").status_code == 404
    assert client.post(f"/me/sessions/{old}/end").status_code == 303
    assert client.post(f"/me/sessions/{old}/end").status_code == 404
    ended = db.session.scalars(select(LoginSession.id).where(LoginSession.ended_at.is_not(None))).all()
    assert ended == [old]


def test_all_others_end_at_once(db, make, client_for):
    mine = make.account()
    for _ in range(3):
        make.login_session(mine)
    client = client_for(mine)
    assert client.post("/me/sessions/end").status_code == 303
    assert client.get("/me").status_code == 200
    assert len(db.session.scalars(select(LoginSession.id).where(LoginSession.ended_at.is_(None))).all()) == 1


def test_the_password_is_changed_with_the_old_one(make, client_for, client):
    mine = make.account(username="wuyun01", password_hash=HASH)
    signed = client_for(mine)
    new = "草原长风 2027"
    wrong = signed.post("/me/password", data={"old": "nonsense", "password": new, "again": new})
    assert wrong.status_code == 422
    weak = signed.post("/me/password", data={"old": PASSWORD, "password": "12345678", "again": "12345678"})
    assert weak.status_code == 422
    done = signed.post("/me/password", data={"old": PASSWORD, "password": new, "again": new})
    assert (done.status_code, done.location) == (303, "/me")
    assert signed.get("/me").status_code == 200
    assert client.post("/login", data={"username": "wuyun01", "password": PASSWORD}).status_code == 422
    assert client.post("/login", data={"username": "wuyun01", "password": new}).status_code == 303


def test_every_role_has_the_page(make, client_for):
    for role in Role:
        assert client_for(make.person(role)).get("/me").status_code == 200
    assert client_for(make.person(Role.MEMBER)).get("/me/password").status_code == 200


def test_the_address_for_mails_asks_for_the_password(make, db, client_for):
    mine = make.account(username="wuyun02", password_hash=HASH)
    signed, url = client_for(mine), "/me/email"
    wrong = signed.post(url, data={"email": "a@example.org", "old": "nonsense"})
    assert (wrong.status_code, db.session.get(Account, mine.id).email) == (422, None)
    odd = signed.post(url, data={"email": "a@example.org\r\nBcc: b@example.org", "old": PASSWORD})
    assert odd.status_code == 422
    assert signed.post(url, data={"email": "a@example.org", "old": PASSWORD}).status_code == 303
    assert db.session.get(Account, mine.id).email == "a@example.org"
    assert "a@example.org" in signed.get("/me").text
    assert signed.post(url, data={"email": "", "old": PASSWORD}).status_code == 303
    assert db.session.get(Account, mine.id).email is None
