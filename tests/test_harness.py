"""The fixtures keep their promises: an empty database each time, two backends, honest counts."""

import os
import subprocess

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from pbtrain.core import clock, site
from pbtrain.core.db import record_apart, transaction
from tests.support import postgres


@pytest.mark.parametrize("run", ["first", "second"])
def test_each_test_begins_empty(db, run):
    assert site.kind() is None
    with transaction():
        site.mark("real", run)
    assert site.kind() == "real"


def test_the_backend_is_the_one_named(db, backend):
    assert db.engine.dialect.name == backend.name


def test_reading_cannot_write(db):
    db.session.add(site.SiteRow(id=1, kind="real", name=""))
    with pytest.raises(DBAPIError, match=r"read-?only"):
        db.session.flush()


def test_a_session_reads_through_one_connection(db):
    for _ in range(3):
        db.session.execute(select(site.SiteRow.kind)).all()
    assert db.engine.pool.checkedout() == 1


def test_statements_are_counted_and_transactions_are_not(db, statements):
    with statements() as sent, record_apart() as session:
        session.add(site.SiteRow(id=1, kind="real", name=""))
    assert sent.count == 1, sent
    with statements() as sent:
        db.session.execute(select(site.SiteRow.kind)).all()
    assert [line.split()[0] for line in sent] == ["SELECT"], sent


def test_the_clock_stands_still(frozen):
    before = clock.now()
    assert clock.now() == before
    frozen.shift(hours=9)
    assert (clock.now() - before).total_seconds() == 9 * 3600
    assert clock.today().isoformat() == "2026-09-26"


def test_a_request_shares_no_g_with_the_test(app, db, client):
    from flask import g

    g.mark = "of the test"
    seen = []
    app.teardown_request_funcs.setdefault(None, []).append(lambda error: seen.append(g.get("mark")))
    try:
        assert client.get("/healthz").status_code == 200
    finally:
        app.teardown_request_funcs[None].pop()
    assert seen == [None]


def test_a_client_is_who_it_says(app, make, client_for):
    from pbtrain.org import access
    from pbtrain.org.roles import Role

    secretary, seen = make.person(Role.BRANCH_SECRETARY), []
    app.before_request_funcs.setdefault(None, []).append(lambda: seen.append(access.me()))
    try:
        client_for(secretary).get("/healthz")
        app.test_client().get("/healthz")
    finally:
        app.before_request_funcs[None].pop()
    assert seen[0].account_id == secretary.id
    assert seen[0].views == ["secretary", "member"]
    assert seen[1] is None


def test_only_what_a_dead_server_left_is_removed(tmp_path, monkeypatch):
    """A minus stands before the number of a process that initdb has started: it lives as well."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    monkeypatch.setattr(postgres, "memory", lambda: tmp_path)
    for name, pid in (
        ("lives", os.getpid()),
        ("begins", -os.getpid()),
        ("dead", ended.pid),
        ("ended", -ended.pid),
    ):
        data = tmp_path / f"{postgres.PREFIX}{name}" / "data"
        data.mkdir(parents=True)
        (data / "postmaster.pid").write_text(f"{pid}\n/somewhere\n")
    (tmp_path / f"{postgres.PREFIX}new").mkdir()
    postgres.remove_leftovers()
    assert {path.name.removeprefix(postgres.PREFIX) for path in tmp_path.iterdir()} == {
        "lives",
        "begins",
        "new",
    }


class Breaks(RuleBasedStateMachine):
    """Fails at its first large number."""

    runs = 0

    def __init__(self):
        super().__init__()
        type(self).runs += 1

    @rule(number=st.integers(0, 10**6))
    def count(self, number):
        assert number < 1000


def test_a_machine_that_breaks_says_its_steps_at_once(capsys, request):
    """Found, and run again to be told: no hundreds of runs to make it shorter, unless that is asked for."""
    if request.config.getoption("--shrink"):
        pytest.skip("asked for")
    with pytest.raises(AssertionError) as failed:
        run_state_machine_as_test(Breaks, settings=settings(max_examples=50, derandomize=True, database=None))
    assert "state.count(number=" in "\n".join(failed.value.__notes__)
    assert Breaks.runs < 20
