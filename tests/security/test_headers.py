"""What every answer says about itself, and what cookies may do."""

from pathlib import Path

import pytest

from pbtrain.accounts import passwords
from pbtrain.org.roles import Role
from tests.support.fuzz import Shot

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
PAGES = (
    "/",
    "/login",
    "/activate",
    "/inbox",
    "/hours",
    "/courses/",
    "/me",
    "/no-such-page",
    "/jobs",
    "/healthz",
)


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_has_its_headers(client, client_for, secretary, path):
    for browser in (client, client_for(secretary)):
        answer = browser.get(path)
        assert answer.headers["Content-Security-Policy"] == CSP
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "Strict-Transport-Security" not in answer.headers  # only said over https
        assert "Server" not in answer.headers


def test_https_is_said_to_last(client):
    answer = client.get("/login", base_url="https://learn.example.cn")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(app, make):
    make.account(username="wuyun01", password_hash=passwords.make("山高水长 2026"))
    client = app.test_client()
    answer = client.post("/login", data={"username": "wuyun01", "password": "山高水长 2026"})
    shown = client.post("/display", data={"large": "1", "contrast": "1", "language": "en"})
    cookies = answer.headers.getlist("Set-Cookie") + shown.headers.getlist("Set-Cookie")
    assert len(cookies) == 4
    for line in cookies:
        assert "HttpOnly" in line
        assert "SameSite=Lax" in line


def test_behind_https_the_session_cookie_is_secure(backend, make):
    app = backend.app(SESSION_COOKIE_SECURE=True)
    make.account(username="wuyun01", password_hash=passwords.make("山高水长 2026"))
    with app.app_context():
        answer = app.test_client().post(
            "/login", data={"username": "wuyun01", "password": "山高水长 2026"}, base_url="https://a.example"
        )
    assert "Secure" in answer.headers["Set-Cookie"]


def test_static_files_know_no_session(app, make, cookie):
    person = make.person()
    static = Path(app.root_path, "static")
    files = [path for path in sorted(static.rglob("*")) if path.suffix in (".css", ".js", ".svg", ".png")]
    assert files
    for file in files[:5]:
        path = f"/static/{file.relative_to(static)}"
        answer = Shot("GET", path, headers={"Cookie": cookie(app, person)}).send(app)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers, path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in answer.headers  # nobody else's pages need them


def test_a_list_for_excel_is_not_kept_by_any_cache(client_for, make, branch, secretary):
    answer = client_for(secretary).get(f"/branches/{branch.id}/members.xlsx")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_an_error_page_tells_nothing_of_the_inside(app, client_for, make, monkeypatch):
    client = client_for(make.person(Role.SYSTEM_ADMIN))
    monkeypatch.setitem(app.view_functions, "home.home", lambda: {}["示例秘密"])
    answer = client.get("/")
    assert answer.status_code == 500
    assert "示例秘密" not in answer.text
    assert "Traceback" not in answer.text
    assert 'href="/"' in answer.text
