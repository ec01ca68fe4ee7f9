"""Statements and requests a unit takes, counted on the server's side in a pass that is not timed."""

from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient

from bench.client import Answer, Browser, Failed, Person
from bench.journeys import JOURNEYS, begin, hand_in
from bench.units import UNITS
from pbtrain.core.db import db
from tests.support.statements import counted

FAR = 20_000  # turns that no driver comes to, dealt to the same people


class InProcess(Browser):
    """The same journeys without a network."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.requests = self.received = 0

    def _send(self, person: Person, method: str, path: str, body: str | None, expect: int) -> Answer:
        headers = {"Cookie": person.cookie, "Accept-Encoding": "gzip, br"}
        response = self.client.open(
            path, method=method, data=body, headers=headers, content_type="application/x-www-form-urlencoded"
        )
        self.requests += 1
        self.received += len(response.data)
        if response.status_code != expect:
            raise Failed(f"{method} {path}: {response.status_code} instead of {expect}")
        return Answer(response.status_code, urlsplit(response.headers.get("Location") or "").path)

    def close(self) -> None:
        """Nothing to hang up."""


def count(app: Flask, cast: dict[str, Any]) -> dict[str, int]:
    """Statements of each of pbtrain's units, at the second time."""
    found = {}
    with closing(InProcess(app.test_client(use_cookies=False))) as browser:
        for unit in UNITS:
            if unit.server != "pbtrain":
                continue
            turn = 0 if unit.key == "meeting" else FAR
            for again in (0, 1):
                if unit.key == "submit":
                    started = begin(browser, cast, turn + again)
                    with counted() as sent:
                        hand_in(browser, *started)
                else:
                    with counted() as sent:
                        JOURNEYS[unit.key](browser, cast, turn + again)
                found[unit.key] = len(sent)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    return found


def page_sizes(app: Flask, cast: dict[str, Any]) -> tuple[int, int]:
    """Bytes, before compression, of a member's home and of a branch's list: the bare pages weigh the same."""
    client = app.test_client(use_cookies=False)
    member, secretary = cast["members"][0], cast["secretaries"][0]
    pages = (
        client.get("/", headers={"Cookie": member["cookie"]}),
        client.get(
            f"/branches/{secretary['facts']['branch']}/members", headers={"Cookie": secretary["cookie"]}
        ),
    )
    return len(pages[0].data), len(pages[1].data)


def cast_file(folder: Path, kind: str) -> Path:
    """Where the people of one database stand."""
    return folder / f"cast-{kind}.json"
