"""Jobs whose workers die, sleep or fail: done once, by one of them, or failed in words."""

import pytest
from sqlalchemy import select

from pbtrain.core import queue
from pbtrain.core.db import db as database
from pbtrain.core.db import transaction
from pbtrain.core.queue import Job
from pbtrain.notify.views import explain


@pytest.fixture
def asked(db, frozen, monkeypatch):
    """`asked(work)` is the id of a job that waits and does this."""

    def ask(work):
        monkeypatch.setitem(queue.HANDLERS, "test.work", work)
        with transaction():
            return queue.enqueue("test.work", {})

    return ask


def standing(job_id):
    database.session.rollback()
    return database.session.execute(
        select(Job.state, Job.attempts, Job.result, Job.error).where(Job.id == job_id)
    ).one()


def test_a_job_that_kills_each_worker_is_not_begun_for_ever(asked, frozen):
    def killed(running):
        raise SystemExit

    job_id = asked(killed)
    for _try in range(queue.MAX_ATTEMPTS):
        with pytest.raises(SystemExit):
            queue.run(job_id)
        assert not queue.run(job_id), "its lease still runs"
        frozen.shift(minutes=3)  # the lease is over
    assert queue.run(job_id)
    found = standing(job_id)
    assert found.state == "failed"
    assert explain(found.error) == "工作进程做到一半停了 5 次，没有做完。请告诉系统管理员。"
    assert queue.sweep() == 0


def test_whoever_slept_over_the_lease_leaves_the_job_to_the_next(asked, frozen):
    """The first worker sleeps, the second begins; waking, the first neither goes on nor says how it ended."""
    tries = []

    def slow(running):
        tries.append(running)
        if len(tries) == 1:
            frozen.shift(minutes=3)
            queue.run(job_id)
            running.progress(1, 2)
            pytest.fail("it went on")
        if len(tries) == 2:
            frozen.shift(minutes=3)
            queue.run(job_id)
            raise OSError("the file is gone")
        return {"by": running.attempt}

    job_id = asked(slow)
    queue.run(job_id)
    assert tuple(standing(job_id)) == ("done", 3, {"by": 3}, "")
