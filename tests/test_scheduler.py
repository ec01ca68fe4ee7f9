"""Timed work: every job runs, one process leads, and another takes over when it is gone."""

import threading
import time
from itertools import pairwise

import pytest

from pbtrain import scheduler


@pytest.fixture
def site(app, tmp_path, monkeypatch):
    """The application with an instance folder of this test's own."""
    monkeypatch.setattr(app, "instance_path", str(tmp_path))
    return app


def until(condition, seconds=5):
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


def test_one_leads_and_another_takes_over(site, db):
    first, second = scheduler.lock_for(site), scheduler.lock_for(site)
    assert first.acquire()
    assert first.held()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_a_job_fires_once_with_two_schedulers(site, db, monkeypatch):
    """Two processes, as threads here: the second waits for as long as the first leads."""
    fired, stops = [], (threading.Event(), threading.Event())

    def tick():
        fired.append(time.monotonic())

    monkeypatch.setattr(scheduler, "JOBS", ((tick, "interval", {"seconds": 0.3}),))
    monkeypatch.setattr(scheduler, "PAUSE", scheduler.timedelta(0))
    threads = [threading.Thread(target=scheduler.run, args=(site, stop)) for stop in stops]
    for thread in threads:
        thread.start()
    try:
        assert until(lambda: len(fired) >= 4)
        gaps = [later - earlier for earlier, later in pairwise(fired)]
        assert min(gaps) > 0.15, "a double firing"
        stops[0].set()
        threads[0].join(5)
        count = len(fired)
        assert until(lambda: len(fired) > count + 1), "nobody took over"
    finally:
        for stop, thread in zip(stops, threads, strict=True):
            stop.set()
            thread.join(5)


def test_a_lost_connection_is_noticed(site, db, backend):
    if backend.name == "sqlite":  # a file's lock lives exactly as long as its process
        lock = scheduler.lock_for(site)
        assert lock.acquire()
        lock.release()
        assert not lock.held()
        return
    lock = scheduler.lock_for(site)
    assert lock.acquire()
    backend.server.run(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{backend.database}'"
        " AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')"
    )
    assert until(lambda: not lock.held())
    lock.release()
    assert lock.acquire(), "leads again on a new connection"
    lock.release()
