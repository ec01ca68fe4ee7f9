"""A site with demo data answers only to this very machine, whatever a request says of itself."""

import pytest

from pbtrain.core import site
from pbtrain.core.db import transaction
from tests.support.fuzz import Shot


@pytest.fixture
def demo(app, db):
    with transaction():
        site.mark("demo", "示例站点")
    return app


def ask(app, remote="127.0.0.1", host="127.0.0.1:8000", **headers):
    lines = {"Host": host} | {name.replace("_", "-"): value for name, value in headers.items()}
    return Shot("GET", "/login", headers=lines, remote=remote).send(app)


@pytest.mark.parametrize(
    ("remote", "host"),
    [
        ("127.0.0.1", "127.0.0.1:8000"),
        ("127.0.0.1", "localhost:8000"),
        ("127.8.9.1", "localhost"),
        ("::1", "[::1]:8000"),
    ],
)
def test_this_machine_is_let_in(demo, remote, host):
    assert ask(demo, remote, host).status_code == 200


@pytest.mark.parametrize(
    ("remote", "host"),
    [
        ("10.0.0.7", "127.0.0.1:8000"),
        ("192.168.1.4", "localhost"),
        ("2001:db8::1", "[::1]:8000"),
        ("", "localhost"),
        ("unix:", "localhost"),
        ("127.0.0.1", "learn.example.cn"),
        ("127.0.0.1", "127.0.0.1.evil.example"),
        ("127.0.0.1", "localhost.evil.example"),
        ("127.0.0.1", "10.0.0.7:8000"),
        ("127.0.0.1", "0.0.0.0:8000"),
        ("127.0.0.1", "[2001:db8::1]:8000"),
        ("127.0.0.1", ""),
    ],
)
def test_nobody_else_is(demo, remote, host):
    answer = ask(demo, remote, host)
    assert answer.status_code == 403
    assert "示例站点" not in answer.get_data(as_text=True) or answer.mimetype == "text/html"


@pytest.mark.parametrize(
    "name", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via"]
)
@pytest.mark.parametrize("value", ["127.0.0.1", "", "for=127.0.0.1"])
def test_a_forwarded_request_is_refused_whatever_it_says(demo, name, value):
    assert ask(demo, **{name: value}).status_code == 403


def test_every_route_of_a_demo_is_closed(demo):
    for rule in demo.url_map.iter_rules():
        if rule.endpoint != "static":
            path = rule.rule.replace("<", "").replace(">", "")
            method = "GET" if "GET" in rule.methods else "POST"
            assert Shot(method, path, remote="10.0.0.7").send(demo).status_code in (403, 404), rule.rule
    assert Shot("GET", "/healthz", remote="10.0.0.7").send(demo).status_code == 403


def test_a_real_site_answers_everybody(app, db):
    with transaction():
        site.mark("real", "")
    assert ask(app, "10.0.0.7", "learn.example.cn", X_Forwarded_For="1.2.3.4").status_code == 200
