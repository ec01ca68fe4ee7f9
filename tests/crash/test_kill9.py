"""A few kills in every run of the suite; `make crash` does two hundred on each database."""

from tests.crash import kill9


def test_what_was_acknowledged_survives_kill_9(app, backend, tmp_path):
    backend.reset()
    seen = kill9.torment(app, backend.address, tmp_path, kills=2, seed=7)
    backend.release()
    assert seen.kills == 2
    assert seen.clean, (len(seen.acknowledged), seen.missing, seen.doubled, seen.findings, seen.broken)
