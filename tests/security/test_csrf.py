"""Nothing is changed without the token of our own page, and an old token costs nobody their text."""

import re
from uuid import UUID

import pytest

from pbtrain.core.extensions import csrf
from tests.support.fuzz import Shot, encoded

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = "重温入党志愿书，共话初心"


def meeting(branch, **more):
    return {
        "unit": [str(branch.id)],
        "activity": ["theme_day"],
        "title": [TEXT],
        "day": ["2026-09-24"],
        "time": ["15:00"],
        "minutes": ["90"],
        "form_id": ["9b2f2b34-5a3b-4e59-9a6f-0a4f3f0b8b11"],
    } | {name: [value] for name, value in more.items()}


def send(app, path, fields, cookie="", **headers):
    lines = FORM | {name.replace("_", "-"): value for name, value in headers.items()}
    return Shot("POST", path, b"", encoded(fields), lines | ({"Cookie": cookie} if cookie else {})).send(app)


def token_of(answer):
    return re.search(r'name="csrf_token"[^>]* value="([^"]+)"', answer.get_data(as_text=True))[1]


def test_every_post_needs_the_token(strict, secretary, cookie):
    assert not csrf._exempt_views
    assert not csrf._exempt_blueprints
    signed, let_in, asked = cookie(strict, secretary), [], 0
    for rule in strict.url_map.iter_rules():
        if rule.methods & {"POST", "PUT", "PATCH", "DELETE"}:
            path = re.sub(r"<uuid:\w+>", str(UUID(int=1)), re.sub(r"<any\((\w+)[^>]+>", r"\1", rule.rule))
            path = re.sub(r"<[^>]+>", "1", path)
            for fields in ({}, {"csrf_token": ["nonsense"]}):
                asked += 1
                if send(strict, path, fields, signed).status_code != 400:
                    let_in.append(rule.rule)
    assert let_in == []
    assert asked > 40


def test_an_old_token_keeps_the_text(strict, frozen, make, branch, secretary, cookie):
    signed, present = cookie(strict, secretary), str(make.member(branch).id)
    answer = send(
        strict,
        "/events/new/people",
        meeting(branch, present=present, csrf_token="stale"),
        signed,
        Sec_Fetch_Site="same-origin",
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert TEXT in page
    renewed = answer.headers["Set-Cookie"].split(";")[0]  # the session now holds the token of this page
    fields = meeting(branch, present=present, csrf_token=token_of(answer))
    again = send(strict, "/events/new/people", fields, renewed)
    assert again.status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_what_another_site_sends_is_not_shown_with_a_fresh_token(strict, branch, secretary, cookie, headers):
    """Else another site could fill our form and only wait for a click."""
    answer = send(strict, "/events/new/people", meeting(branch), cookie(strict, secretary), **headers)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert TEXT not in page
    assert 'action="/events/new/people"' not in page


def test_what_stands_in_the_address_is_kept_with_the_text(strict, branch, secretary, cookie):
    """Sent once more, a plan for next year was made for this one."""
    path = f"/branches/{branch.id}/plan/year"
    lines = FORM | {"Cookie": cookie(strict, secretary), "Sec-Fetch-Site": "same-origin"}
    page = Shot("POST", path, b"year=2027&x=%22%3E", encoded({"do": ["plan"]}), lines).send(strict)
    assert f'action="{path}?year=2027&amp;x=%22%3E"' in page.get_data(as_text=True)


def test_a_password_is_never_shown_again(strict, make):
    for path, name in (
        ("/login", "password"),
        ("/activate", "again"),
        ("/me/password", "password"),
        ("/me/email", "old"),
        ("/proof", "password"),
        ("/factor", "code"),
        ("/reset", "code"),
    ):
        fields = {"username": ["wuyun01"], name: ["山高水长 2026"]}
        answer = send(strict, path, fields, Sec_Fetch_Site="same-origin")
        assert answer.status_code == 400
        assert "山高水长" not in answer.get_data(as_text=True)


def test_hostile_text_is_kept_as_text(strict, branch, secretary, cookie):
    answer = send(
        strict,
        "/events/new/people",
        meeting(branch, title='"><script>alert(1)</script>'),
        cookie(strict, secretary),
        Sec_Fetch_Site="same-origin",
    )
    assert answer.status_code == 400
    assert "<script>alert" not in answer.get_data(as_text=True)
