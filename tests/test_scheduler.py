"""Timed work: every job runs, one process leads, and another takes over when it is gone."""

import threading
import time

import pytest

from pbtrain import scheduler


@pytest.fixture
def site(app, tmp_path, monkeypatch):
    """The application with an instance folder of this test's own."""
    monkeypatch.setattr(app, "instance_path", str(tmp_path))
    return app


@pytest.fixture
def lock(site):
    """`lock()` is one more scheduler's lock; its connection does not outlive the test, however that ends."""
    made = []

    def new():
        made.append(scheduler.lock_for(site))
        return made[-1]

    yield new
    for one in made:
        one.release()


def until(condition, seconds=30):
    """Wait for it; the seconds are for a machine that has much else to do."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_every_job_runs_on_an_empty_site(app, db):
    built = scheduler.build(app)
    built.start(paused=True)
    try:
        jobs = built.get_jobs()
        assert len(jobs) == len(scheduler.JOBS)
        for job in jobs:
            assert job.coalesce
            assert job.max_instances == 1
            assert job.misfire_grace_time is None
            job.func()
    finally:
        built.shutdown(wait=False)


def test_one_leads_and_another_takes_over(lock, db):
    first, second = lock(), lock()
    assert first.acquire()
    assert first.held()
    assert not second.acquire()
    first.release()
    assert second.acquire()


def test_one_scheduler_fires_and_another_takes_over(site, db, monkeypatch):
    """Two processes, as threads here: the second waits for as long as the first leads."""
    built, leading, stops = [], [], (threading.Event(), threading.Event())
    build = scheduler.build

    def noted(app):
        built.append(build(app))
        return built[-1]

    def tick():
        leading.append(sum(one.running for one in built))

    monkeypatch.setattr(scheduler, "build", noted)
    monkeypatch.setattr(scheduler, "JOBS", ((tick, "interval", {"seconds": 0.1}),))
    monkeypatch.setattr(scheduler, "PAUSE", scheduler.timedelta(0))
    threads = [threading.Thread(target=scheduler.run, args=(site, stop)) for stop in stops]
    try:
        threads[0].start()
        assert until(lambda: len(leading) >= 2)
        threads[1].start()
        before = len(leading)
        assert until(lambda: len(leading) >= before + 10), (
            "a second of its own for the second to get it wrong"
        )
        assert len(built) == 1
        stops[0].set()
        threads[0].join(30)
        before = len(leading)
        assert until(lambda: len(leading) > before + 1), "nobody took over"
        assert len(built) == 2
        assert max(leading) == 1, "two fired at one time"
    finally:
        for stop, thread in zip(stops, threads, strict=True):
            stop.set()
            if thread.ident is not None:
                thread.join(30)


def test_a_lost_connection_is_noticed(lock, db, backend):
    first = lock()
    assert first.acquire()
    if backend.name == "sqlite":  # a file's lock lives exactly as long as its process
        first.release()
        assert not first.held()
        return
    backend.server.run(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{backend.database}'"
        " AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')"
    )
    assert until(lambda: not first.held())
    first.release()
    assert first.acquire(), "leads again on a new connection"
