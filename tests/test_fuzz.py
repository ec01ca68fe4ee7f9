"""Every route meets what no browser of good will sends: no failure of ours, no trace of the inside, a way on.

Seeded: FUZZ_SEED=7 repeats or varies a run, FUZZ_TIMES=10 makes it ten times as long. The two databases share
the shots; each sends every other one; what a database may choke on, and all of a longer run, goes to both.
"""

import os
import re
from random import Random

import pytest
import time_machine

from pbtrain.org.roles import MAY, Perm, Role
from tests.support import fuzz
from tests.support import world as worlds
from tests.support.cast import CAST
from tests.support.frozen import USUAL
from tests.support.fuzz import Forms, Shot
from tests.support.matrix import Asker

SEED = int(os.environ.get("FUZZ_SEED", "20260925"))
TIMES = int(os.environ.get("FUZZ_TIMES", "1"))
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH")
ASKED_BY = ("anonymous", "member", "secretary", "unit_admin", "course_author", "system_admin")
LEAKS = re.compile(
    r"Traceback|sqlalchemy|psycopg|werkzeug|site-packages|File \"/|<script>alert|onerror=alert\(1\)>"
)


class Shooter(Asker):
    """Sends shots as somebody and looks at every answer."""

    def __init__(self, app, half):
        super().__init__(app, worlds.build(app), draws=True)
        self.random, self.asked = Random(SEED), 0
        self.half, self.turn = half, 0
        self.wrong: list[str] = []

    def begin(self, title):
        """The same choices on both databases, whichever tests a worker runs."""
        self.random.seed(f"{SEED} {title}")
        self.turn = 0
        return self.random

    def next(self, *, poison=False):
        """Is the next shot for this database?"""
        self.turn += 1
        return poison or TIMES > 1 or self.turn % 2 == self.half

    def shoot(self, shot, name):
        """Send it as this visitor; what is wrong with the answer is noted."""
        cookie = self.world.visitors[name].cookie
        if cookie:
            shot.headers.setdefault("Cookie", cookie)
        self.asked += 1
        with self.undone():
            answer = shot.send(self.app)
        if said := " and ".join(self.faults(shot, answer)):
            self.wrong.append(f"{name} {shot}: {answer.status_code} {said}")
        return answer

    def faults(self, shot, answer):
        code, kind = answer.status_code, answer.mimetype
        text = answer.get_data(as_text=True) if kind.startswith("text/") else ""
        if code >= 500:
            yield "is our failure"
        if found := LEAKS.search(text):
            yield f"shows {found[0]!r}"
        if code >= 400 and self.wrote:
            yield "and yet wrote"
        if code >= 400 and shot.method != "HEAD" and "HX-Redirect" not in answer.headers:
            if kind != "text/html":
                yield f"is {kind}"
            elif 'href="/"' not in text:
                yield "leads nowhere"
        if 300 <= code < 400 and code != 304:
            target = answer.headers.get("Location", "")
            if not target.startswith("/") or re.match(r"/[/\\\s]", target):
                yield f"leads to {target!r}"
        if "Content-Security-Policy" not in answer.headers or "nosniff" not in str(answer.headers):
            yield "lacks headers"

    def path(self, rule, name, scope="inside"):
        """This rule's address with objects the visitor may know."""
        visitor = self.world.visitors[name]
        ids = self.world.ids[visitor.home or "branch"] | visitor.mine
        return re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", lambda found: str(ids.get(found[1], 1)), rule.rule)

    def verdict(self, record_property, title):
        record_property(f"fuzz of {title}, seed {SEED}", self.asked)
        self.asked, wrong, self.wrong = 0, self.wrong, []
        assert not wrong, "\n".join([f"{len(wrong)} bad answers, seed {SEED}", *wrong[:40]])


@pytest.fixture(scope="module")
def shooter(backend):
    with time_machine.travel(USUAL, tick=False):
        backend.reset()
        app = backend.app()
        app.testing = False  # the kind of site is read once, as in production
        with Shooter(app, int(backend.name == "sqlite")) as shooter:
            yield shooter
        backend.release()


def rules(shooter):
    return sorted(shooter.app.url_map.iter_rules(), key=lambda rule: (rule.rule, sorted(rule.methods)))


def test_methods_paths_and_queries(shooter, record_property):
    random = shooter.begin("paths")
    for rule in rules(shooter):
        for shot, name, poison in strange_requests(shooter, rule, random):
            if shooter.next(poison=poison):
                shooter.shoot(shot, name)
    shooter.verdict(record_property, "methods, paths and queries")


def strange_requests(shooter, rule, random):
    """(shot, who, may a database choke on it): methods and headers, objects and queries that are none."""
    for _ in range(TIMES):
        for method in random.sample(METHODS, 3):
            name = random.choice(ASKED_BY)
            yield Shot(method, shooter.path(rule, name), headers=fuzz.headers(random)), name, False
        if rule.arguments:
            for hostile in (str(fuzz.HUGE), *random.sample(fuzz.IDS, 3)):
                path = re.sub(r"<[^>]+>", hostile, rule.rule)
                for method in sorted(rule.methods & {"GET", "POST"}):
                    yield Shot(method, path), random.choice(ASKED_BY), hostile in fuzz.POISON
        for query in queries(random):
            name = random.choice(ASKED_BY)
            method = random.choice(sorted(rule.methods & {"GET", "POST"}) or ["GET"])
            yield Shot(method, shooter.path(rule, name), query), name, query == b"q=%00"


def queries(random):
    """Pages that are none, a long query, and names our pages read with values they do not want."""
    pages = (
        b"after=-1",
        b"before=abc",
        b"after=%d" % fuzz.HUGE,
        b"after=W10&before=WzAsMV0&after=",
        b"x=" + b"y" * 6_000,
    )
    yield from random.sample(pages, 2)
    yield from (b"q=%00", fuzz.encoded({"q": [random.choice(fuzz.TEXTS)[:6_000]]}))
    for _ in range(4):
        names = random.sample(fuzz.NAMES, 3)
        yield fuzz.encoded({name: [random.choice(fuzz.HOSTILE)] for name in names})


def test_bodies(shooter, record_property):
    bodies, random = fuzz.broken_bodies(), shooter.begin("bodies")
    for rule in rules(shooter):
        if "POST" in rule.methods:
            for body, headers, length in random.sample(bodies, 7) * TIMES:
                name = random.choice(ASKED_BY)
                shot = Shot("POST", shooter.path(rule, name), b"", body, dict(headers), length)
                if shooter.next():
                    shooter.shoot(shot, name)
    shooter.verdict(record_property, "bodies")


def test_forms(shooter, record_property):
    """Each form our pages offer, filled in as a person would, with one field that is not."""
    random, seen = shooter.begin("forms"), {}
    for name in (*ASKED_BY, "academy_admin", "unit_auditor"):
        for rule in rules(shooter):
            if "GET" in rule.methods and rule.endpoint != "static" and opens(shooter, name, rule):
                path = shooter.path(rule, name)
                answer = shooter.shoot(Shot("GET", path), name)
                if answer.mimetype == "text/html" and answer.status_code == 200:
                    for form in Forms(answer.get_data(as_text=True)).found:
                        key = (form.method, re.sub(r"\d+", "N", form.action or path), *sorted(form.fields))
                        seen.setdefault(key, (name, path, form))
    assert len(seen) >= 5
    for name, path, form in seen.values():
        for shot, poison in broken_forms(random, path, form):
            if shooter.next(poison=poison):
                shooter.shoot(shot, name)
    record_property("forms found by the fuzz", len(seen))
    shooter.verdict(record_property, "forms")


def opens(shooter, name, rule):
    """Does this visitor hold the right the page asks for? Who does not sees no form of it."""
    guard = getattr(shooter.app.view_functions[rule.endpoint], "guard", "public")
    _home, role, stands_there = CAST.get(name, ("", None, False))
    held = [MAY[one].perms for one in (role, Role.MEMBER if stands_there else None) if one]
    return guard not in frozenset(Perm) or any(guard in perms for perms in held)


def broken_forms(random, path, form):
    """As it should be, to both databases; each field in turn missing, hostile and doubled; hostile files."""
    action = (form.action or path).split("?")[0]
    queries_it = form.method == "GET"

    def shot(fields, files=None):
        if queries_it:
            return Shot("GET", action, fuzz.encoded(fields)[:8_000])
        if form.files:
            body, kind = fuzz.multipart(fields, files or {})
            return Shot("POST", action, b"", body, {"Content-Type": kind})
        kind = "application/x-www-form-urlencoded"
        return Shot("POST", action, b"", fuzz.encoded(fields), {"Content-Type": kind})

    yield shot(form.fields), True
    for field in form.fields:
        if field != "csrf_token":
            yield shot({name: values for name, values in form.fields.items() if name != field}), False
            for hostile in random.sample(fuzz.HOSTILE, min(4 * TIMES, len(fuzz.HOSTILE))):
                yield shot(form.fields | {field: [hostile]}), hostile in fuzz.POISON
            yield shot(form.fields | {field: [*form.fields[field], random.choice(fuzz.HOSTILE)]}), False
    for field in form.files:
        for file in fuzz.FILES:
            yield shot(form.fields, {field: file}), False
