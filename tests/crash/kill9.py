"""kill -9 a real server while phones record meetings, again and again, and compare what was acknowledged.

The clients keep their own log, outside the server: a line is written only after the answer was read. At the
end every logged meeting must stand once in the database, with one line for each person present, and the
ledger must verify. `python -m tests.crash.kill9 --kills 200 --database sqlite` prints the figures.
"""

import argparse
import contextlib
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import select

from pbtrain.accounts import passwords
from pbtrain.core import clock, keys, site
from pbtrain.core.db import db, transaction
from pbtrain.events.models import Event
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourEntry
from pbtrain.hours.verify import verify
from pbtrain.org.roles import Role

ROOT = Path(__file__).resolve().parents[2]
CLIENTS, EACH = 4, 3  # phones, and the people each of them records
SLOT = 10  # minutes of a meeting; every meeting of a phone has a time of its own
PASSWORD = "kill-nine-times"


@dataclass
class Seen:
    """What the clients were told, and what became of it."""

    kills: int = 0
    acknowledged: dict[str, str] = field(default_factory=dict)  # form id -> address of the meeting
    retried: int = 0
    missing: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)  # phones that met an answer they do not know
    events: int = 0

    @property
    def clean(self) -> bool:
        """Nothing lost, nothing twice, nothing that does not verify; and a meeting between any two kills."""
        trouble = self.missing or self.doubled or self.findings or self.broken
        return not trouble and len(self.acknowledged) >= self.kills


class Server:
    """gunicorn as `make run` starts it, in a process group that can be killed."""

    def __init__(self, instance: Path, uri: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.environment = os.environ | {
            "PBTRAIN_INSTANCE_PATH": str(instance),
            "PBTRAIN_SQLALCHEMY_DATABASE_URI": uri,
            "PORT": str(self.port),
            "LOGLEVEL": "critical",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers."""
        command = [sys.executable, "-m", "gunicorn", "-c", "pbtrain/gunicorn_conf.py", "wsgi:app"]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, start_new_session=True, stderr=subprocess.DEVNULL
        )
        for _ in range(600):
            if self.answers():
                return
            if self.process.poll() is not None:  # the port was still held by the last one
                time.sleep(0.1)
                self.process = subprocess.Popen(
                    command, cwd=ROOT, env=self.environment, start_new_session=True, stderr=subprocess.DEVNULL
                )
            time.sleep(0.05)
        raise RuntimeError("the server does not come up")

    def answers(self) -> bool:
        """Is somebody there?"""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)) as connection:
            try:
                connection.request("GET", "/healthz")
                with connection.getresponse() as answer:
                    return answer.status == 200
            except (OSError, http.client.HTTPException):
                return False

    def kill(self, what: str) -> None:
        """SIGKILL the whole group, the leader alone, or one child."""
        assert self.process is not None
        leader = self.process.pid
        if what == "child":
            children = Path(f"/proc/{leader}/task/{leader}/children").read_text().split()
            for child in children[:1]:
                os.kill(int(child), signal.SIGKILL)
            return
        if what == "leader":
            os.kill(leader, signal.SIGKILL)
            self.process.wait()
            time.sleep(0.05)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGKILL)
        self.process.wait()


class Phone(threading.Thread):
    """Records one meeting after the other; repeats the same form until it is answered."""

    def __init__(self, number: int, server: Server, seen: Seen, log: Path, **who: object) -> None:
        super().__init__(daemon=True)
        self.number, self.server, self.seen, self.log, self.who = number, server, seen, log, who
        self.draw, self.enough = random.Random(number), threading.Event()
        self.cookie = self.token = ""
        self.codes: list[str] = []

    def run(self) -> None:
        try:
            self.record()
        except Exception as error:  # named in the result, not lost with the thread
            self.seen.broken.append(repr(error))

    def record(self) -> None:
        slot = 0
        with self.log.open("a") as log:
            while not self.enough.is_set():
                form_id = str(UUID(int=self.draw.getrandbits(128), version=4))
                day = clock.today() - timedelta(days=1 + slot // 72)
                minute = 8 * 60 + slot % 72 * SLOT
                form = [
                    ("unit", self.who["unit_id"]), ("activity", "theme_day"), ("title", f"第{slot}次"),
                    ("day", day.isoformat()), ("time", f"{minute // 60:02}:{minute % 60:02}"),
                    ("minutes", SLOT), ("place", ""), ("form_id", form_id),
                    *(("present", member) for member in self.who["members"]),
                ]  # fmt: skip
                slot = (slot + 1) % (72 * 55)
                tries = 0
                while not (address := self.post(form)):
                    tries += 1
                    if self.enough.is_set():
                        return
                    time.sleep(0.02)
                self.seen.retried += bool(tries)
                self.seen.acknowledged[form_id] = address
                log.write(json.dumps([form_id, address]) + "\n")
                log.flush()

    def post(self, form: list[tuple[str, object]]) -> str | None:
        """The address in the answer, None when there was none."""
        try:
            if not self.token:
                self.sign_in()
            status, headers, body = self.ask(
                "POST", "/events/new/people", [*form, ("csrf_token", self.token)]
            )
        except (OSError, http.client.HTTPException):
            return None
        if status == 303:
            return headers["Location"]
        if status not in (409, 429, 502, 503):
            raise RuntimeError(f"answered {status}: {body[-600:]}")
        return None

    def sign_in(self) -> None:
        _status, _headers, body = self.ask("GET", "/login")
        form = [
            ("username", self.who["username"]), ("password", PASSWORD), ("csrf_token", self.token_of(body))
        ]  # fmt: skip
        status, _headers, _body = self.ask("POST", "/login", form)
        if status == 303:
            self.token = self.token_of(self.show_factor())

    def show_factor(self) -> str:
        """The page of a session that has shown a code of a card; the first time the card is printed."""
        _status, _headers, body = self.ask("GET", "/factor")
        if not self.codes:
            _status, _headers, body = self.ask("POST", "/factor/card", [("csrf_token", self.token_of(body))])
            self.codes = re.findall(r'class="pb-code">([^<]+)<', body)
        self.ask("POST", "/factor", [("code", self.codes.pop(0)), ("csrf_token", self.token_of(body))])
        return self.ask("GET", "/me")[2]

    @staticmethod
    def token_of(body: str) -> str:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', body)
        assert token is not None, body[:500]
        return token[1]

    def ask(self, method: str, path: str, form: list[tuple[str, object]] | None = None):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        with contextlib.closing(connection):
            connection.request(method, path, urlencode(form) if form else None, headers)
            with connection.getresponse() as answer:
                body = answer.read().decode()
        for name, value in answer.getheaders():
            if name == "Set-Cookie" and value.startswith("pbtrain="):
                self.cookie = value.split(";")[0]
        return answer.status, answer.headers, body


def people(make) -> list[dict[str, object]]:
    """A branch with a secretary for each phone, and three members each."""
    root = make.unit()
    with transaction():
        site.mark("real")
        hours.publish_default_policy(None, root.id, 2020)
    password_hash = passwords.make(PASSWORD)
    phones = []
    for number in range(CLIENTS):
        branch = make.unit(parent=root)
        unit_id = branch.id
        account_id = make.account(username=f"phone{number}", password_hash=password_hash).id
        secretary = make.member(branch, account_id=account_id)
        make.grant(secretary, Role.BRANCH_SECRETARY, branch)
        members = [make.member(branch, with_account=False).id for _ in range(EACH)]
        phones.append({"unit_id": unit_id, "username": f"phone{number}", "members": members})
    return phones


def compare(seen: Seen) -> None:
    """What the clients were told against what stands."""
    events = {
        str(form_id): event_id
        for form_id, event_id in db.session.execute(select(Event.form_id, Event.id)).tuples()
    }
    seen.events = len(events)
    lines = Counter(
        int(source.split("/")[0].removeprefix("event:"))
        for source in db.session.scalars(select(HourEntry.source).where(HourEntry.reverses_id.is_(None)))
    )
    for form_id, address in seen.acknowledged.items():
        event_id = events.get(form_id) or events.get(form_id.replace("-", ""))
        if event_id is None or f"/events/{event_id}" not in address or lines[event_id] != EACH:
            seen.missing.append(f"{form_id} {address}")
    seen.doubled = [f"event {event_id}: {count} lines" for event_id, count in lines.items() if count != EACH]
    seen.findings = [str(finding) for finding in verify()]


def torment(app, uri: str, instance: Path, *, kills: int, seed: int) -> Seen:
    """Kill so many times; the database at `uri` is migrated and empty, `app` is bound to it."""
    from tests import factories

    seen, draw = Seen(), random.Random(seed)
    keys.ensure(instance / "keys")
    with app.app_context():
        phones = people(factories)
        db.session.remove()
        db.engine.dispose()
    server = Server(instance, uri)
    server.start()
    threads = [Phone(n, server, seen, instance / f"phone{n}.log", **who) for n, who in enumerate(phones)]
    for thread in threads:
        thread.start()
    try:
        while seen.kills < kills:
            before = len(seen.acknowledged)
            deadline = time.monotonic() + 20
            while len(seen.acknowledged) == before and time.monotonic() < deadline:
                time.sleep(0.01)  # at least one meeting between two kills
            time.sleep(draw.uniform(0, 0.25))
            what = draw.choice(("group", "leader", "child"))
            server.kill(what)
            seen.kills += 1
            if what != "child":
                server.start()
    finally:
        for thread in threads:
            thread.enough.set()
        for thread in threads:
            thread.join(30)
        server.kill("group")
    with app.app_context():
        compare(seen)
        db.session.remove()
    return seen


def main() -> int:
    """Run against a database of its own and print the figures."""
    from tests.support import databases, postgres

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder)
        os.environ["PBTRAIN_INSTANCE_PATH"] = folder
        running = postgres.start() if wanted.database == "postgresql" else None
        if running is None:
            backend = databases.Sqlite(instance, instance)
        else:
            backend = databases.Postgres(running, instance, "kill9", "main")
        try:
            backend.reset()
            seen = torment(backend.app(), backend.address, instance, kills=wanted.kills, seed=wanted.seed)
        finally:
            backend.close()
            if running is not None:
                running.stop()
    print(
        f"{wanted.database}: {seen.kills} kills, {len(seen.acknowledged)} meetings acknowledged"
        f" ({seen.retried} repeated after a kill), {seen.events} stored,"
        f" {len(seen.missing)} missing, {len(seen.doubled)} doubled, {len(seen.findings)} findings of verify,"
        f" {len(seen.broken)} phones broken"
    )
    for trouble in (seen.missing + seen.doubled + seen.findings + seen.broken)[:20]:
        print(" ", trouble)
    return 0 if seen.clean else 1


if __name__ == "__main__":
    sys.exit(main())
