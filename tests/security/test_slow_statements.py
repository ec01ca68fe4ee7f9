"""A statement of a page that takes too long is stopped and says so; exports and jobs have their own time."""

import pytest
from sqlalchemy import func, select, text

from pbtrain.audit import services as audit
from pbtrain.audit.models import AuditEvent
from pbtrain.core.db import db as database
from pbtrain.core.db import transaction, unhurried
from tests.support.fuzz import Shot

PAGE, EXPORT, JOB = 1, 20, 30  # seconds
TOO_LONG, LONGER = 60, 1.2


@pytest.fixture(scope="session")
def backend(_backends):
    """Only PostgreSQL has a clock for statements; SQLite works in our own process, where nothing stops it."""
    return _backends("postgresql")


@pytest.fixture
def site(backend, db):
    """A site with two connections and pages that sleep in the database."""
    app = backend.app(
        STATEMENT_WAIT=PAGE, EXPORT_STATEMENT_WAIT=EXPORT, JOB_STATEMENT_WAIT=JOB, THREADS=2, DATABASE_WAIT=2
    )

    @app.get("/slow")
    def slow():
        sleep(TOO_LONG)
        return "slept"

    @app.get("/export")
    def export():
        unhurried()
        sleep(LONGER)
        return "slept"

    @app.post("/write")
    def write():
        with transaction():
            audit.record(None, "half.done", "nothing:1")
            sleep(TOO_LONG)
        return "slept"

    return app


def sleep(seconds):
    database.session.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})


def allowed():
    return database.session.scalar(text("SHOW statement_timeout"))


def compiles():
    return database.session.scalar(text("SHOW jit"))


def test_it_is_stopped_with_a_sentence_and_the_pool_is_whole(site):
    for _ in range(3):  # more often than there are connections
        answer = Shot("GET", "/slow").send(site)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 503
        assert "用时太长，已停止" in page
        assert 'href="/"' in page
        assert int(answer.headers["Retry-After"]) > 0
    with site.app_context():
        assert database.engine.pool.checkedout() == 0
        assert database.session.scalar(select(func.count(AuditEvent.id))) == 0


def test_what_was_begun_is_not_kept(site, db):
    assert Shot("POST", "/write").send(site).status_code == 503
    assert db.session.scalar(select(func.count(AuditEvent.id))) == 0


def test_an_export_may_take_longer(site):
    assert Shot("GET", "/export").send(site).status_code == 200


def test_each_gets_its_own_time_on_the_same_connection(site):
    with site.app_context():
        assert allowed() == f"{JOB}s"
        as_set = compiles()
        database.session.rollback()
    with site.test_request_context():
        assert (allowed(), compiles()) == (f"{PAGE}s", "off")
        unhurried()
        assert allowed() == f"{EXPORT}s"
        database.session.rollback()
    with site.test_request_context():
        assert allowed() == f"{PAGE}s", "the next reader is not given what an export had"
        database.session.rollback()
    with site.app_context():
        assert (allowed(), compiles()) == (f"{JOB}s", as_set)


def test_a_change_of_the_schema_has_no_end(backend, db):
    app = backend.app(MAY_CHANGE_SCHEMA=True)
    with app.app_context():
        assert allowed() == "0"


def test_as_shipped_a_page_has_ten_seconds(app, db):
    with app.test_request_context():
        assert allowed() == "10s"
        database.session.rollback()
    assert app.config["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"]["connect_timeout"] == 10
