"""A demo answers to this very machine only; a real site to everybody."""

import pytest

from pbtrain.core import site
from pbtrain.core.db import transaction

PATHS = ("/", "/login", "/healthz", "/no-such-page")


def begin(kind):
    with transaction():
        site.mark(kind)


OUTSIDE = [
    {"environ_base": {"REMOTE_ADDR": "10.0.0.9"}},
    {"environ_base": {"REMOTE_ADDR": "fd00::9"}},
    {"headers": {"Host": "pbtrain.example.org"}},
    {"headers": {"Host": "127.0.0.1.example.org"}},
    {"headers": {"Host": "10.0.0.5:8000"}},
    *({"headers": {name: "127.0.0.1"}} for name in site.FORWARDED),
    {"headers": {"X-Forwarded-For": ""}},
]


@pytest.mark.parametrize("path", PATHS)
def test_a_demo_is_closed_to_others(client, path):
    begin("demo")
    for request in OUTSIDE:
        assert client.get(path, **request).status_code == 403, request
        assert client.post(path, **request).status_code == 403, request


def test_a_demo_is_open_to_this_machine(client):
    begin("demo")
    for host in ("127.0.0.1:8000", "localhost", "[::1]:8000", "127.0.0.2"):
        for address in ("127.0.0.1", "::1"):
            place = {"headers": {"Host": host}, "environ_base": {"REMOTE_ADDR": address}}
            assert client.get("/healthz", **place).status_code == 200, place


def test_a_real_site_is_open(client):
    begin("real")
    for request in OUTSIDE:
        assert client.get("/healthz", **request).status_code == 200, request


def test_a_demo_says_so_on_the_page(client):
    assert "演示" not in client.get("/login").text
    begin("demo")
    assert "演示" in client.get("/login").text
