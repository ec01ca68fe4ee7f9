"""A password is chosen at three doors: at each, what is known of the person or was stolen is refused."""

from datetime import date
from hashlib import sha1

import pytest

from pbtrain.accounts import passwords, slips
from pbtrain.accounts.models import PasswordLink
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.tokens import fingerprint
from pbtrain.org import known

OLD, STOLEN, GOOD = "山高水长 2026", "shangau ri nai chimeg", "草原长风 2027"
HASH = passwords.make(OLD)


@pytest.fixture
def someone(make):
    unit = make.unit("示例青松社区党支部", parent=make.unit())
    login = make.account(
        "示例张秀英", username="zxy01", phone="13800000012", email="bayan.nuur@example.cn", password_hash=HASH
    )
    make.member(
        unit, account_id=login.id, name=login.name,
        pinyin="shilizhangxiuying slzxy", born_on=date(1965, 5, 12),
        id_shown="150102********123X",
    )  # fmt: skip
    return login


@pytest.fixture
def stolen(app, monkeypatch, tmp_path):
    """A site that keeps a list."""
    path = tmp_path / "stolen"
    lines = sorted(
        sha1(one.encode(), usedforsecurity=False).hexdigest().upper() for one in (STOLEN, "b", "c")
    )
    path.write_text("".join(f"{one}:12\r\n" for one in lines))
    monkeypatch.setitem(app.config, "BREACHED_FILE", str(path))


@pytest.fixture(params=["slip", "mail", "change"])
def choose(request, make, client, client_for, someone):
    """`choose(password)` at one of the doors."""
    if request.param == "slip":
        with transaction():
            code = slips.make(None, [someone.id]).codes[someone.id]
        path, who, sent = "/activate", client, {"username": "zxy01", "code": code}
    elif request.param == "mail":
        make.save(PasswordLink(account_id=someone.id, token_hash=fingerprint("x" * 43), expires_at=clock.now()
                               + slips.LASTS))  # fmt: skip
        path, who, sent = "/reset", client, {"code": "x" * 43}
    else:
        path, who, sent = "/me/password", client_for(someone), {"old": OLD}
    return lambda new: who.post(path, data=sent | {"password": new, "again": new})


@pytest.mark.parametrize(
    "made",
    ["xiuying-ma", "xq650512", "13800000012", "qing青松社区", "bayan.nuur1", "ab0512123X", "zxy#2026ab"],
)
def test_what_is_known_makes_no_password(choose, made):
    answer = choose(made)
    assert answer.status_code == 422
    assert "熟悉你的人" in answer.text


def test_what_was_stolen_is_refused_where_the_site_keeps_a_list(choose, stolen):
    answer = choose(STOLEN)
    assert answer.status_code == 422
    assert "泄露" in answer.text
    assert choose(GOOD).status_code == 303


def test_without_a_list_it_is_taken(choose):
    assert choose(STOLEN).status_code == 303


def test_somebody_on_no_roster_is_known_by_the_login(make):
    guest = make.account("示例外聘", username="waipin01")
    assert set(known.known_of(guest.id)) == {"示例", "例外", "外聘"}
