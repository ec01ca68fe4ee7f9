"""A region in small: five levels, finished chains, guards as shipped; and what becomes of a broken load."""

import os
import signal
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from sqlalchemy import func, select, text

from pbtrain.accounts.models import Account
from pbtrain.core import clock, schema, site
from pbtrain.core.db import db as database
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.demo import load
from pbtrain.demo.bulk import load as bulk
from pbtrain.demo.bulk import postgresql, sqlite
from pbtrain.demo.bulk.make import Maker, runs
from pbtrain.demo.bulk.shapes import SHAPES
from pbtrain.demo.roster import PASSWORD
from pbtrain.events.models import Event
from pbtrain.hours import services as hours
from pbtrain.hours import shipped
from pbtrain.hours.checks import Finding
from pbtrain.hours.models import Book, HourEntry, MemberYear, UnitYear
from pbtrain.hours.services import Line
from pbtrain.hours.verify import installed_triggers, verify
from pbtrain.org.models import Affiliation, Member, Unit, UnitClosure, UnitCount, UnitLink, UnitName
from pbtrain.org.roles import Role
from tests.support import frozen
from tests.support.rows import count
from tests.test_migrations import differences

SCALE = 0.0003  # of the region: 22 branches on five levels, 450 members, some 9,000 lines
TODAY = frozen.USUAL


def quiet(told):
    """Nobody listens."""


@pytest.fixture(scope="module")
def region(backend):
    """A region in small, loaded once on 25 September; what it told."""
    backend.reset()
    told = []
    app = backend.app()
    with time_machine.travel(TODAY, tick=False), app.app_context():
        before = schema_of(backend)
        load.load("region", SCALE, told.append)
        yield SimpleNamespace(app=app, told=told, before=before)
        database.session.remove()
    backend.release()


@pytest.fixture
def region_db(region):
    """What one test read is no longer in the next one's way."""
    yield region
    database.session.rollback()


def schema_of(backend):
    """Every table, key, index and trigger, in the database's own words."""
    if backend.name == "sqlite":
        rows = database.session.execute(text("SELECT type, name, tbl_name, sql FROM sqlite_master"))
        return sorted(map(repr, rows))
    connection = database.session.connection().connection.driver_connection
    return postgresql.catalogue(connection)


def test_it_is_whole(region_db):
    kinds = Counter(database.session.scalars(select(Unit.kind)))
    assert kinds == {"committee": 7, "branch": 22, "academy": 1}
    assert database.session.scalar(select(func.max(UnitClosure.depth))) == 4  # five levels
    members, lines = count(Member.id > 0), count(HourEntry.reverses_id.is_(None))
    assert members == 450
    assert 19 < lines / members < 22
    assert count(HourEntry.reverses_id.is_not(None)) == 2
    evenings = sum((clock.today() - timedelta(weeks=n)).year == clock.today().year for n in (1, 2, 3))
    assert count(Event.id > 0) == evenings + bool(evenings)  # the secretary's branch; two at the same time
    assert site.kind() == "demo"
    assert any("members 450 of 450" in told for told in region_db.told)


def test_the_ledger_verifies_in_one_process_and_in_two(region_db):
    assert list(verify()) == []
    done = []
    assert list(verify(2, lambda *far: done.append(far))) == []
    assert done[-1][0] == done[-1][1] == len(done)


def test_guards_keys_and_indexes_are_as_shipped(region_db, backend):
    assert installed_triggers() == shipped.TRIGGERS[backend.name]
    assert schema_of(backend) == region_db.before
    assert differences(database) == []


def test_sums_equal_the_lines(region_db):
    lines = select(func.count(), func.sum(HourEntry.minutes), func.sum(HourEntry.credit))
    books = select(func.sum(Book.entries), func.sum(Book.minutes), func.sum(Book.credit))
    assert database.session.execute(lines).one() == database.session.execute(books).one()
    raw = [getattr(MemberYear, f"{mode}_{proof}") for mode in ("group", "self") for proof in "abcd"]
    years = select(func.sum(MemberYear.entries), func.sum(MemberYear.minutes), func.sum(sum(raw)))
    assert database.session.execute(lines).one() == database.session.execute(years).one()
    root = database.session.scalars(select(UnitYear).where(UnitYear.unit_id == 1)).one()
    people = database.session.scalars(select(UnitCount).where(UnitCount.unit_id == 1)).one()
    assert root.branches == people.branches == 22
    assert people.members == count(Member.left_on.is_(None))
    assert root.members == count(MemberYear.custody_unit_id.is_not(None))


def test_the_closure_equals_the_links(region_db):
    parents = dict(database.session.execute(select(UnitLink.unit_id, UnitLink.parent_id)).tuples().all())
    assert parents == dict(database.session.execute(select(Unit.id, Unit.parent_id)).tuples().all())
    expected = set()
    for unit_id in parents:
        above, depth = unit_id, 0
        while above is not None:
            expected.add((above, unit_id, depth))
            above, depth = parents[above], depth + 1
    columns = select(UnitClosure.above_id, UnitClosure.below_id, UnitClosure.depth)
    assert set(database.session.execute(columns).tuples()) == expected
    names = dict(database.session.execute(select(UnitName.unit_id, UnitName.name)).tuples().all())
    assert names == dict(database.session.execute(select(Unit.id, Unit.name)).tuples().all())


def test_everybody_is_plainly_invented_and_nothing_lies_ahead(region_db):
    for column in (Member.name, Unit.name, Account.name):
        assert not count(~column.startswith("示例"))
    assert not count(Member.phone.is_not(None), ~Member.phone.startswith("1990"))
    assert not count(HourEntry.day >= clock.today())
    assert not count(Affiliation.valid_from > clock.today())


def test_all_states_are_there(region_db):
    owing = MemberYear.target > 0
    people, behind = count(owing), count(owing, MemberYear.counted < MemberYear.due)
    assert people / 10 < behind < people / 2
    assert count(owing, MemberYear.counted == 0) > 5
    assert count(MemberYear.on_care) > 5
    assert count(Member.left_on.is_not(None)) > 0
    assert count(Member.stage == "activist") > 0
    assert count(MemberYear.target == 5600) > 50


def test_each_role_signs_in_and_opens_its_pages(region_db):
    accounts = load.accounts()
    assert {account["role"] for account in accounts} == {str(role) for role in Role}
    for account in accounts:
        client = region_db.app.test_client()
        answer = client.post("/login", data={"username": account["username"], "password": PASSWORD})
        assert answer.status_code in (302, 303), account
        home = client.get("/", follow_redirects=True)
        assert home.status_code == 200
        assert account["username"] not in ("unitadmin", "auditor") or "示例" in home.get_data(as_text=True)


def test_the_ledger_goes_on(region_db, backend):
    """The guards work again: nothing loaded can be changed, and the next line follows the last one."""
    member_id = database.session.scalar(select(Member.id).order_by(Member.id).limit(1))
    with transaction():
        hours.post_many(None, [Line(member_id, clock.today(), "theme_day", 90, "event:1", "示例主题党日")])
    assert list(verify()) == []
    with pytest.raises(Exception, match="append-only"), transaction() as session:
        session.execute(text("UPDATE hour_entry SET minutes = 1 WHERE seq = 1"))


def test_rows_are_the_same_in_whatever_order_they_are_made():
    shape = SHAPES["city"].scaled(0.01)
    maker = Maker(shape, date(2026, 3, 1), datetime(2026, 3, 1, tzinfo=UTC), "hash")
    other = Maker(shape, date(2026, 3, 1), datetime(2026, 3, 1, tzinfo=UTC), "hash")
    forward = [maker.branches(run) for run in runs(shape, 5)]
    backward = [other.branches(run) for run in reversed(list(runs(shape, 5)))]
    assert forward == backward[::-1]
    assert len(maker.years.numbers) == 2  # early in the year the last one is in the window


@pytest.mark.parametrize(
    ("preset", "committees", "branches", "members"),
    [("district", 44, 363, 9_000), ("city", 64, 1_855, 35_000), ("region", 1_216, 74_102, 1_500_000)],
)
def test_the_full_size_is_that_of_the_sources(preset, committees, branches, members):
    shape = SHAPES[preset]
    assert 1 + sum(level.units for level in shape.levels) == committees
    assert (shape.branches, shape.starts[-1]) == (branches, members)
    ids = [unit_id for unit_id, *_rest in shape.committees()]
    assert ids == list(range(1, committees + 2))
    assert shape.branch_id(0) == committees + 2
    assert all(above in shape.lowest() for above in (shape.above(0)[0], shape.above(branches - 1)[0]))


# --- Loads that break ---------------------------------------------------------------------------------


def is_untouched(backend, before):
    """Empty and guarded as ever."""
    assert site.kind() is None
    assert not count(Unit.id > 0)
    assert not count(HourEntry.id > 0)
    assert installed_triggers() == shipped.TRIGGERS[backend.name]
    assert schema_of(backend) == before


@pytest.fixture
def tiny(monkeypatch):
    """A district of twelve branches, in several parts."""
    monkeypatch.setattr(bulk, "RUN", 4)
    return SHAPES["district"].scaled(0.01)


def test_it_is_refused_on_top_of_anything(make, tiny):
    make.account()
    with pytest.raises(RuleError, match="holds data already"):
        load.load("district", 0.01, quiet)
    writing = postgresql.writing if database.engine.dialect.name == "postgresql" else sqlite.writing
    database.session.rollback()
    with pytest.raises((postgresql.NotRestored, sqlite.NotRestored), match="not empty"), writing(quiet):
        pass
    assert not count(Unit.id > 0)


def test_a_load_that_fails_half_way_leaves_nothing(db, backend, tiny, monkeypatch):
    before = schema_of(backend)
    monkeypatch.setattr(bulk, "EVERY", 0)

    def stop(told):
        if told.startswith("Branches 8"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bulk.load(tiny, stop)
    is_untouched(backend, before)
    bulk.load(tiny, quiet)
    assert site.kind() == "demo"


@pytest.mark.parametrize("moment", ["Branches 8", "Foreign keys"])
def test_a_load_that_is_killed_leaves_nothing(db, backend, tiny, monkeypatch, moment):
    before = schema_of(backend)
    monkeypatch.setattr(bulk, "EVERY", 0)
    database.session.remove()
    child = os.fork()
    if not child:
        database.engine.dispose(close=False)

        def die(told):
            if told.startswith(moment):
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            bulk.load(tiny, die)
        finally:
            os._exit(9)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    is_untouched(backend, before)


def test_what_does_not_verify_stays_closed(app, db, tiny, client, monkeypatch, tmp_path):
    """Between the load and its verification the site says so, and can only be dropped."""
    wrong = Finding("book 1 line 2", "was changed: its hash does not fit")
    monkeypatch.setattr(bulk, "verify", lambda *how: iter([wrong]))
    with pytest.raises(bulk.Broken, match="book 1 line 2"):
        bulk.load(tiny, quiet)
    assert site.kind() == "loading"
    for path in ("/", "/login"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert "flask demo drop" in answer.get_data(as_text=True)
    assert client.get("/healthz").status_code == 200
    database.session.remove()
    runner = app.test_cli_runner()
    again = runner.invoke(args=["demo", "load"])
    assert (again.exit_code, "demo drop" in again.output) == (1, True)
    monkeypatch.setattr(app, "instance_path", str(tmp_path))
    assert runner.invoke(args=["demo", "drop", "--yes"]).exit_code == 0
    assert site.kind() is None
    assert schema.current() == schema.newest()
