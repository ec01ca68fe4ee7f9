"""When the database is locked, out of connections, full or gone: a sentence, and nothing half done."""

import errno
import io
import threading

import pytest
from PIL import Image
from sqlalchemy import event, func, select, text

from pbtrain.accounts.models import LoginSession
from pbtrain.audit.models import AuditEvent
from pbtrain.core import storage
from pbtrain.core.db import db as database
from pbtrain.events.models import Attendance, Event
from pbtrain.hours.models import Book, HourEntry
from tests.support.fuzz import Shot, encoded, multipart

FORM_ID = "9b2f2b34-5a3b-4e59-9a6f-0a4f3f0b8b11"
KEPT = (Event, Attendance, HourEntry, Book, AuditEvent)


@pytest.fixture(autouse=True)
def stands_still(frozen):
    """Nothing here depends on today."""


@pytest.fixture
def sheet(make, branch):
    """A meeting as the browser sends it."""
    return {
        "unit": [str(branch.id)],
        "activity": ["theme_day"],
        "title": ["重温入党志愿书"],
        "day": ["2026-09-24"],
        "time": ["15:00"],
        "minutes": ["90"],
        "form_id": [FORM_ID],
        "present": [str(make.member(branch).id) for _ in range(3)],
    }


@pytest.fixture
def impatient(backend, db):
    """An application that waits a fifth of a second for a lock, and for a connection."""
    app = backend.app(THREADS=2, DATABASE_WAIT=0.2)
    with app.app_context():
        if database.engine.dialect.name == "sqlite":

            @event.listens_for(database.engine, "connect")
            def short(connection, record):
                connection.execute("PRAGMA busy_timeout=200")

    return app


def send(app, cookie, fields, files=None):
    body, kind = multipart(fields, files or {})
    headers = {"Content-Type": kind, "Cookie": cookie}
    return Shot("POST", "/events/new/people", b"", body, headers).send(app)


def counts():
    database.session.rollback()
    return [database.session.scalar(select(func.count()).select_from(table)) for table in KEPT]


def refused(answer, code=503):
    page = answer.get_data(as_text=True)
    assert answer.status_code == code
    assert "没有保存" in page
    assert 'href="/"' in page
    assert "Traceback" not in page
    return page


def test_a_locked_database_answers_503_and_saves_nothing(app, backend, impatient, sheet, secretary, cookie):
    before, signed = counts(), cookie(app, secretary)
    holder = database.engine.raw_connection()
    if backend.name == "sqlite":
        holder.execute("BEGIN IMMEDIATE")
    else:
        holder.cursor().execute("LOCK TABLE event, book IN ACCESS EXCLUSIVE MODE")
    try:
        answer = send(impatient, signed, sheet)
        refused(answer)
        assert int(answer.headers["Retry-After"]) > 0
        if backend.name == "sqlite":  # readers do not wait for a writer
            assert Shot("GET", "/hours", headers={"Cookie": signed}).send(impatient).status_code == 200
    finally:
        holder.rollback()
        holder.close()
    assert counts() == before
    assert send(impatient, signed, sheet).status_code == 303
    assert counts() != before


def test_without_a_free_connection_503(impatient, sheet, secretary, cookie, db, app):
    before, signed = counts(), cookie(app, secretary)
    with impatient.app_context():
        held = [database.engine.connect() for _ in range(2)]
    try:
        for answer in (
            send(impatient, signed, sheet),
            Shot("GET", "/", headers={"Cookie": signed}).send(impatient),
            Shot("GET", "/login").send(impatient),
        ):
            refused(answer)
            assert int(answer.headers["Retry-After"]) > 0
        assert Shot("GET", "/healthz").send(impatient).status_code in (200, 503)
    finally:
        for connection in held:
            connection.close()
    assert counts() == before
    assert Shot("GET", "/login").send(impatient).status_code == 200


def test_a_full_disk_says_so_and_writes_no_half(backend, app, sheet, secretary, cookie, db):
    if backend.name != "sqlite":
        return  # its disk is not ours to fill; the answer is the same, by test_the_answer_to_full_disks
    before, signed = counts(), cookie(app, secretary)
    full = backend.app()
    with full.app_context():

        @event.listens_for(database.engine, "connect")
        def small(connection, record):
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count={pages}")

    many = sheet | {"title": ["示例" * 50], "place": ["示" * 100]}
    answers = [send(full, signed, many | {"form_id": [f"{FORM_ID[:-3]}{n:03}"]}) for n in range(60)]
    codes = {answer.status_code for answer in answers}
    assert codes <= {303, 507}
    refused(answers[-1], 507)
    saved = [answer for answer in answers if answer.status_code == 303]
    after = counts()
    assert after[0] - before[0] == len(saved)
    assert after[1] - before[1] == 4 * len(saved)  # the secretary stands on the list too
    assert Shot("GET", "/events", headers={"Cookie": signed}).send(full).status_code == 200
    assert database.session.scalar(text("PRAGMA integrity_check")) == "ok"
    assert send(app, signed, sheet).status_code == 303  # there is room again


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_the_answer_to_full_disks(app, sheet, secretary, cookie, monkeypatch, db, number):
    """The pictures cannot be kept: then the meeting is not kept either."""

    def put(content):
        raise OSError(number, "示例")

    before, signed = counts(), cookie(app, secretary)
    monkeypatch.setattr(storage, "put", put)
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    answer = send(app, signed, sheet, {"photos": ("示例.png", picture.getvalue())})
    refused(answer, 507 if number in (errno.ENOSPC, errno.EDQUOT) else 503)
    assert counts() == before


def test_a_killed_connection_is_one_503_and_then_forgotten(backend, app, sheet, secretary, cookie, db):
    """The pool hands out a connection whose server process is gone, as after a restart of the database."""
    if backend.name == "sqlite":
        return  # there is no server between us and the file
    signed = cookie(app, secretary)
    assert Shot("GET", "/events", headers={"Cookie": signed}).send(app).status_code == 200
    database.session.rollback()
    killer = backend.server.connect()
    killer.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (backend.database,)
    )
    killer.close()
    codes = [Shot("GET", "/events", headers={"Cookie": signed}).send(app).status_code for _ in range(4)]
    assert set(codes[:-1]) <= {200, 503}
    assert codes[-1] == 200


def test_a_lost_write_of_last_seen_does_not_lose_the_page(
    app, impatient, secretary, cookie, db, backend, frozen
):
    """Last-seen is written after the answer was made; a lock must not turn the page into an error."""
    signed = cookie(app, secretary)
    frozen.shift(minutes=6)
    holder = database.engine.raw_connection()
    if backend.name == "sqlite":
        holder.execute("BEGIN IMMEDIATE")
    else:
        holder.cursor().execute("LOCK TABLE login_session IN SHARE MODE")
    try:
        answer = Shot("GET", "/events", headers={"Cookie": signed}).send(impatient)
    finally:
        holder.rollback()
        holder.close()
    assert answer.status_code == 200
    seen = database.session.scalar(select(LoginSession.seen_at).order_by(LoginSession.id.desc()))
    assert Shot("GET", "/events", headers={"Cookie": signed}).send(impatient).status_code == 200
    database.session.rollback()
    assert database.session.scalar(select(LoginSession.seen_at).order_by(LoginSession.id.desc())) > seen


def test_readiness_turns_red_and_health_stays_green(impatient, db):
    with impatient.app_context():
        held = [database.engine.connect() for _ in range(2)]
    try:
        assert Shot("GET", "/readyz").send(impatient).status_code == 503
        assert Shot("GET", "/healthz").send(impatient).status_code == 200
    finally:
        for connection in held:
            connection.close()
    assert Shot("GET", "/readyz").send(impatient).status_code == 200


def test_twenty_at_once_are_served(app, secretary, cookie, db):
    signed, codes = cookie(app, secretary), []
    query = encoded({"q": ["示例"]})
    threads = [
        threading.Thread(
            target=lambda: codes.append(
                Shot("GET", "/events", query, headers={"Cookie": signed}).send(app).status_code
            )
        )
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [200] * 20
