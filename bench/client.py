"""A small browser for measuring: one kept-alive connection, one signed-in person, bytes counted as sent."""

import http.client
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit


class Failed(RuntimeError):
    """A request that was not answered as the journey expects; the unit does not count."""


@dataclass
class Answer:
    """What came back, as far as a journey needs it."""

    status: int
    location: str  # of a redirect, without the host


@dataclass
class Person:
    """A signed-in browser, made beforehand: its cookie and the token its forms carry."""

    cookie: str
    token: str
    facts: dict[str, Any] = field(default_factory=dict)


class Browser:
    """Sends what a journey says. `requests` and `received` (bytes of bodies) count up until reset."""

    def __init__(self, host: str, port: int) -> None:
        self.line = http.client.HTTPConnection(host, port, timeout=30)
        self.requests = self.received = 0

    def get(self, person: Person, path: str, expect: int = 200) -> Answer:
        """Open a page."""
        return self._send(person, "GET", path, None, expect)

    def post(
        self, person: Person, path: str, expect: int, form: list[tuple[str, Any]] | None = None
    ) -> Answer:
        """Send a form with its token."""
        body = urlencode([("csrf_token", person.token), *(form or [])])
        return self._send(person, "POST", path, body, expect)

    def _send(self, person: Person, method: str, path: str, body: str | None, expect: int) -> Answer:
        headers = {"Accept-Encoding": "gzip, br", "Cookie": person.cookie, "User-Agent": "bench"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.line.request(method, path, body, headers)
        response = self.line.getresponse()
        self.received += len(response.read())
        self.requests += 1
        if response.status != expect:
            raise Failed(f"{method} {path}: {response.status} instead of {expect}")
        target = urlsplit(response.headers.get("Location") or "")
        return Answer(response.status, target.path)

    def close(self) -> None:
        """Hang up."""
        self.line.close()
