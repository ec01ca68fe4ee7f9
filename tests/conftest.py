"""Shared fixtures: one application per database, an empty migrated database per test, a client per user.

A test that asks for `db` (or anything built on it) runs twice: on SQLite and on PostgreSQL.
"""

import gc
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import time_machine
from hypothesis import Phase, settings

from pbtrain.accounts import passwords
from pbtrain.core.db import db as database
from tests.support import frozen as clocks
from tests.support import hashing, postgres
from tests.support.client import Client
from tests.support.databases import Backend, Postgres, Remembered, Sqlite
from tests.support.statements import counted

hashing.cheapen()
_server = pytest.StashKey[postgres.Server]()


def _running_server(config: pytest.Config) -> postgres.Server:
    if _server not in config.stash:
        try:
            config.stash[_server] = postgres.start()
        except postgres.NoServer as error:  # half of the tests cannot run: say so, skip nothing
            pytest.exit(str(error), returncode=3)
    return config.stash[_server]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """With xdist the controller starts the one PostgreSQL server and tells the workers where it is."""
    node.workerinput["postgresql"] = _running_server(node.config).url
    node.workerinput["run"] = str(os.getpid())


def pytest_collection_finish(session):
    """What is imported stays: the collector need not walk it again after every 700 new objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


def pytest_unconfigure(config):
    if _server in config.stash:
        if config.stash[_server].process is None:
            config.stash[_server].forget(f"pbtrain_{os.getpid()}_")
        config.stash[_server].stop()


def pytest_terminal_summary(terminalreporter):
    """What the generated tests say of themselves: cells of the matrix, requests and seed of the fuzz."""
    told: dict[str, object] = {}
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties if report.when == "call" else ():
            told[name] = told.get(name, 0) + value if isinstance(value, int) else value
    if told:
        terminalreporter.write_sep("-", "generated tests")
        for name, value in sorted(told.items()):
            terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture(scope="session")
def shared(request, tmp_path_factory) -> Path:
    """A folder that all workers of this run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if hasattr(request.config, "workerinput") else own


@pytest.fixture(scope="session", autouse=True)
def instance(tmp_path_factory, shared):
    """Uploads, keys and other files of the tests' instance; nobody's real instance is touched."""
    folder = tmp_path_factory.mktemp("instance")
    Remembered.folder = shared / "templates"
    Remembered.folder.mkdir(exist_ok=True)
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("PBTRAIN_")}
    os.environ["PBTRAIN_INSTANCE_PATH"] = str(folder)
    for name in ("PBTRAIN_TEST_DATABASE_URL", "PBTRAIN_PG_BIN"):
        if name in kept:
            os.environ[name] = kept[name]
    yield folder
    del os.environ["PBTRAIN_INSTANCE_PATH"]
    os.environ.update(kept)


@pytest.fixture(scope="session")
def _backends(request, shared, instance):
    """Backends made so far, closed at the end of the run."""
    made: dict[str, Backend] = {}
    fast = Path(tempfile.mkdtemp(prefix="pbtrain-sqlite-", dir=postgres.memory()))

    def get(name: str) -> Backend:
        if name in made:
            return made[name]
        config = request.config
        if name == "sqlite":
            made[name] = Sqlite(shared, fast)
        else:
            told = getattr(config, "workerinput", {})
            server = postgres.Server(told["postgresql"]) if told else _running_server(config)
            worker = told.get("workerid", "main")
            made[name] = Postgres(server, shared, told.get("run", str(os.getpid())), worker)
        return made[name]

    yield get
    for backend in made.values():
        backend.close()
    shutil.rmtree(fast)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def backend(request, _backends) -> Backend:
    """The kind of database this test runs on."""
    return _backends(request.param)


@pytest.fixture(scope="session")
def _apps():
    return {}


@pytest.fixture
def app(backend, _apps):
    """The application; its database holds whatever the last test left, so ask for `db` to use it."""
    if backend.name not in _apps:
        _apps[backend.name] = backend.app()
        _apps[backend.name].test_client_class = Client
    return _apps[backend.name]


@pytest.fixture
def db(app, backend):
    """A migrated, empty database, and an application context to use it in."""
    backend.reset()
    with app.app_context():
        yield database
        database.session.remove()
    backend.rest()


@pytest.fixture
def make(db):
    """`make.unit()`, `make.member()` ...: rows with sensible defaults, committed."""
    from tests import factories

    return factories


@pytest.fixture
def frozen():
    """The clock stands still on Friday 2026-09-25, 15:00 in Shanghai; `frozen.shift(days=1)` moves it."""
    with time_machine.travel(clocks.USUAL, tick=False) as traveller:
        yield clocks.Frozen(traveller)


@pytest.fixture
def root(make, frozen):
    """A committee with the usual rules; today is Friday 2026-09-25."""
    return make.ruled("示例街道党工委")


@pytest.fixture
def branch(make, root):
    """A branch below it."""
    return make.unit("示例第一支部", parent=root)


@pytest.fixture
def real_hashes(monkeypatch):
    """Passwords are hashed as on a real site."""
    for name, value in hashing.REAL.items():
        monkeypatch.setattr(passwords, name, value)


@pytest.fixture
def statements():
    """`with statements() as sent: ...` collects the SELECT, INSERT, UPDATE and DELETE sent inside."""
    return counted


@pytest.fixture
def client(app, db):
    """A visitor who has not signed in."""
    return app.test_client()


@pytest.fixture
def client_for(app, make):
    """`client_for(user)` is a client signed in as an account, a member with an account, or an actor."""

    def signed_in(user):
        client = app.test_client()
        with client.session_transaction() as session:
            session["_user_id"], session["_fresh"] = make.login_session(user), True
        return client

    return signed_in


@pytest.fixture
def at_once(app):
    """Run functions in threads that start together; returns what each returned or raised."""

    def run(*functions: Callable[[], Any]) -> list[Any]:
        barrier, results = threading.Barrier(len(functions)), [None] * len(functions)

        def go(number: int) -> None:
            with app.app_context():
                barrier.wait()
                try:
                    results[number] = functions[number]()
                except Exception as error:  # what was raised is the result
                    results[number] = error
                finally:
                    database.session.remove()

        threads = [threading.Thread(target=go, args=(n,)) for n in range(len(functions))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    return run


def pytest_addoption(parser):
    parser.addoption(
        "--machine-runs", type=int, default=8, help="runs of the ledger's state machine per database"
    )
    parser.addoption(
        "--random-changes", type=int, default=60, help="changes behind the ledger's back that must be seen"
    )
    parser.addoption("--roster", type=int, default=3_000, help="people of the roster taken in by the page")
    parser.addoption(
        "--shrink", action="store_true", help="what hypothesis found is made as small as it can be; minutes"
    )


def pytest_configure(config):
    """A state machine that fails says its steps at once; to shorten them takes longer than a test may."""
    slow = () if config.getoption("--shrink") else (Phase.shrink, Phase.explain)
    settings.register_profile("tests", phases=[phase for phase in Phase if phase not in slow])
    settings.load_profile("tests")


LONGEST = ("test_pages", "test_fuzz", "test_roster_city", "test_setup", "test_my_data", "test_closing")


def pytest_collection_modifyitems(items):
    """The longest first, browsers next: a long test that comes last would keep one worker alone."""

    def place(item):
        name = item.path.stem
        browser = item.path.parent.name == "browser"
        return (
            (LONGEST.index(name) if browser or name == "test_fuzz" else 9) if name in LONGEST else 9 - browser
        )

    items.sort(key=place)
