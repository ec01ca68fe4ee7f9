"""The fixtures keep their promises: an empty database each time, two backends, honest counts."""

import os
import subprocess
from types import SimpleNamespace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from pbtrain.core import clock, site
from pbtrain.core.db import record_apart, transaction
from pbtrain.hours import services as hours
from pbtrain.hours.verify import verify
from pbtrain.org.models import Unit
from tests.support import postgres
from tests.support.drawn import Drawn
from tests.support.remembering import remembered


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


@pytest.fixture
@remembered
def village(make, frozen):
    root = make.ruled("示例市委", since=2026)
    branch = make.unit("示例支部", parent=root)
    member = make.member(branch)
    line = hours.Line(make.key(member), clock.today(), "theme_day", 90, "event:1", "示例")
    with transaction():
        hours.post_many(None, [line])
    return SimpleNamespace(root=root, branch=branch, ids=[member.id], actor=make.actor(member))


@pytest.mark.parametrize("run", ["built", "put back", "put back again"])
def test_a_remembered_world_is_the_same_each_time(db, make, village, run):
    """Its rows, the counters behind them and the triggers; what a test does to it is gone."""
    assert (village.branch.name, village.branch.parent_id) == ("示例支部", village.root.id)
    assert village.actor.member_id == village.ids[0]
    assert [one.name for one in db.session.scalars(select(Unit).order_by(Unit.id))] == [
        "示例市委",
        "示例支部",
    ]
    assert [str(one) for one in verify()] == []
    db.session.rollback()
    with pytest.raises(DBAPIError), transaction() as session:
        session.execute(text("DELETE FROM hour_entry"))
    village.ids.append(make.member(village.branch).id)
    assert village.ids[1] == village.ids[0] + 1
    with transaction() as session:
        session.get_one(Unit, village.branch.id).name = "改名"


def test_a_remembered_world_is_built_where_something_stands_already(make, request):
    first = make.unit("先有的")
    village = request.getfixturevalue("village")
    assert village.root.id == first.id + 1


def test_a_page_is_known_by_its_elements_and_the_length_of_its_words():
    """What could be wider than what a browser has looked at has a sign of its own."""

    def page(table, name="示例青松", code="A-1"):
        row = "<td>1</td>" * table
        text = f"<h1>{name}</h1><a class=pb-b href=/x?a=1&amp;b=2><b>{code}</b></a><table><tr>{row}</table>"
        return Drawn(
            "x", f"<title>T</title><nav><a href=#y>y</a></nav><main>{text}<pre lang=en>Z</pre></main>"
        )

    known = page(3, "示例云杉社区第二党支部", "ABCD-1234")
    assert (known.heads, known.links) == (1, ["/x?a=1&b=2"])
    assert known.words.startswith("y 示例云杉社区第二党支部 ABCD-1234 1")
    assert not {"T", "Z"} & set(known.words.split())
    assert page(2).signs < known.signs
    for other in (page(4), page(3, "示例" * 9), page(3, code="ABCD-12345678"), Drawn("x", "<main><h2>")):
        assert other.signs - known.signs
