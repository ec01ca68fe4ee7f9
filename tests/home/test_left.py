"""Who has left the roster signs in to one page: what is kept, how long, whom to ask, all of it as a file."""

import pytest
from sqlalchemy import select

from pbtrain.accounts import passwords
from pbtrain.accounts.models import Account, LoginSession, SecondFactor, Slip
from pbtrain.accounts.slips import make as make_slips
from pbtrain.audit.models import AuditEvent
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.org import access, services
from pbtrain.org.kinds import LEAVINGS
from pbtrain.org.models import RoleGrant
from pbtrain.org.roles import Role

PASSWORD = "山高水长 2026"
HASH = passwords.make(PASSWORD)


@pytest.fixture
def someone(make, frozen):
    """A member of a branch below a committee, not yet gone."""
    branch = make.unit("示例青松社区党支部", parent=make.unit("示例区委员会"))
    login = make.account("示例乌云", username="wuyun01", password_hash=HASH)
    return make.member(branch, name="示例乌云", account_id=login.id, phone="13800000012")


def leave(member, why="left"):
    with transaction():
        services.set_left(None, member.id, on=clock.today(), why=why)


def sign_in(client, password=PASSWORD):
    return client.post("/login", data={"username": "wuyun01", "password": password})


@pytest.mark.parametrize("why", sorted(set(LEAVINGS) - {"died"}))
def test_the_page_says_what_is_kept_and_whom_to_ask(client, client_for, someone, why):
    before = client_for(someone)
    leave(someone, why)
    assert before.get("/").location == "/login"  # every session has ended
    assert sign_in(client).status_code == 303
    page = client.get("/left").text
    for said in ("2026年9月25日", "示例青松社区党支部", "示例区委员会", "台账", "190", "400", "化名"):
        assert said in page
    assert "13800000012" not in page


def test_a_wrong_password_hears_what_everybody_hears(app, someone):
    def told(name):
        answer = app.test_client().post("/login", data={"username": name, "password": "wrong word"})
        return answer.status_code, answer.text.split('role="alert"', 1)[1].split("</div>", 1)[0]

    leave(someone)
    assert told("wuyun01") == told("nobody01")


def test_no_other_page_opens(app, client, someone):
    leave(someone)
    sign_in(client)
    rules = [rule for rule in app.url_map.iter_rules() if not rule.arguments]
    guarded = [rule for rule in rules if getattr(app.view_functions[rule.endpoint], "guard", "") not in
               ("public", "entering")]  # fmt: skip
    assert len(guarded) > 40
    for rule in guarded:
        method = "GET" if "GET" in rule.methods else "POST"
        assert client.open(rule.rule, method=method).location == "/left", rule


def test_all_of_it_is_taken_home_with_the_password(db, client, someone):
    leave(someone)
    sign_in(client)
    wrong = client.post("/left", data={"old": "wrong word", "kind": "json"})
    assert wrong.status_code == 422
    assert client.post("/left", data={"old": PASSWORD, "kind": "csv"}).status_code == 400
    told = client.post("/left", data={"old": PASSWORD, "kind": "json"})
    assert told.get_json()["member"][0]["phone"] == "13800000012"
    assert db.session.scalar(select(AuditEvent.target).where(AuditEvent.action == "data.taken")) == (
        f"member:{someone.id}"
    )


def test_a_second_factor_is_still_asked(make, client, someone):
    make.save(SecondFactor(account_id=someone.account_id, confirmed_at=clock.now()))
    leave(someone)
    sign_in(client)
    assert client.get("/").location == "/factor"
    assert client.get("/left").location == "/factor"
    assert client.post("/left", data={"old": PASSWORD, "kind": "json"}).location == "/factor"


def test_whoever_died_has_no_login_any_more(db, client, someone):
    leave(someone, "died")
    assert sign_in(client).status_code == 422
    assert db.session.get(Account, someone.account_id).disabled_at is not None


def test_what_was_held_ends_and_comes_back_only_by_hand(db, make, client, someone):
    root = make.unit()
    make.grant(make.account(), Role.SYSTEM_ADMIN, root)
    make.grant(someone, Role.SYSTEM_ADMIN, root)
    with transaction():
        make_slips(None, [someone.account_id])
    leave(someone)
    assert access.actor_for(someone.account_id) is None
    assert db.session.scalar(select(Slip.closed_at)) is not None
    held = select(RoleGrant.valid_until).where(RoleGrant.account_id == someone.account_id)
    assert db.session.scalars(held).all() == [clock.today()]
    sign_in(client)
    assert client.get("/").location == "/left"
    db.session.rollback()
    with transaction():
        services.take_back(None, someone.id)
    assert client.get("/").status_code == 200  # on with the same session
    assert [grant.role for grant in access.actor_for(someone.account_id).grants] == [Role.MEMBER]
    assert db.session.scalars(select(LoginSession.ended_at)).all() == [None]


def test_the_last_system_administrator_stays(make, someone):
    make.grant(someone, Role.SYSTEM_ADMIN, make.unit())
    with pytest.raises(RuleError, match="last system"):
        leave(someone)


def test_lists_say_since_when(make, client_for, someone):
    admin = client_for(make.person(Role.SYSTEM_ADMIN, make.unit()))
    make.grant(make.account(), Role.SYSTEM_ADMIN, someone.unit.parent)
    above = client_for(make.person(Role.UNIT_ADMIN, someone.unit.parent))
    leave(someone)
    for path in ("/accounts?show=all", f"/accounts/{someone.account_id}"):
        assert "2026年9月25日" in above.get(path).text
        assert "示例乌云" not in admin.get(path).text
