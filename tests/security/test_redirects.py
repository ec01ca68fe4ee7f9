"""Nobody is led to another site, whatever stands in an address."""

import pytest

from pbtrain.core.views import safe_next
from tests.support.fuzz import Shot

AWAY = [
    "https://evil.example",
    "http:evil.example",
    "//evil.example",
    "///evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\x00/evil.example",
    "/\u200b/evil.example",
    "/%09/evil.example\r\nSet-Cookie: a=b",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    "",
    " //evil.example",
    "/ /evil.example",
    "//[::1",
    "https:///evil.example",
]


def stays(location):
    """A path, and nothing a browser could read as a host once it drops what it does not print."""
    bare = "".join(ch for ch in location if ch.isprintable() and ch != "\\").lstrip()
    return bare.startswith("/") and not bare.startswith("//")


@pytest.mark.parametrize("target", AWAY)
def test_the_function_stays_here(target):
    assert stays(safe_next(target))


@pytest.mark.parametrize("target", ["/", "/events?page=2", "/courses/3/lessons/4#top", "/学时"])
def test_pages_of_ours_are_kept(target):
    assert safe_next(target) == target


def test_every_form_that_leads_on_stays_here(client):
    for target in AWAY:
        answer = client.post("/display", data={"large": "1", "next": target})
        assert answer.status_code == 303
        assert stays(answer.location), target
        assert "Set-Cookie: a=b" not in str(answer.headers)


def test_a_message_leads_nowhere_else(client_for, make, db):
    from pbtrain.notify.models import Message

    person = make.account()
    client = client_for(person)
    for number, target in enumerate(AWAY):
        row = make.save(
            Message(
                account_id=person.id, about=f"t:{number}", subject="示例", link=target.replace("\x00", "")
            )
        )
        answer = client.post(f"/inbox/{row.id}/open")
        assert answer.status_code == 303
        assert stays(answer.location), target


def test_the_address_of_a_request_does_not_lead_away(app, db):
    """`//evil.example/..` is a path to us and a host to a browser."""
    for path in ("//evil.example/%2e%2e", "//evil.example", "/%09/evil.example"):
        answer = Shot("GET", path).send(app)
        assert answer.status_code in (308, 404)
        assert stays(answer.headers.get("Location", "/").removeprefix("http://localhost"))
