"""The whole site as `make run` starts it: it answers, it ends, and it refuses to be half or open."""

import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest

from pbtrain import prepare
from pbtrain.core import keys
from tests.support.launched import Run
from tests.support.patience import busy


@pytest.fixture
def launch(tmp_path):
    """`launch(HOST="…")` starts the site; it is killed at the end if it still lives."""
    runs = []

    def started(**environment):
        runs.append(Run(tmp_path, **environment))
        return runs[-1]

    yield started
    for run in runs:
        run.kill()


def alive(pids: list[int]) -> list[int]:
    """Those that are still processes and not merely waiting to be counted."""
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found.append(pid)
    return found


def eventually(condition, seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_and_one_signal_ends_all_of_it(launch, tmp_path, number):
    run = launch()
    assert run.answering(), run.said
    assert run.get("/readyz")[0] == 200
    assert "flask setup" in run.said, "an empty site says how to begin"
    assert eventually(lambda: len(run.children()) >= 5), "web and its two, scheduler, worker"
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "instance/keys").iterdir()}
    assert modes == dict.fromkeys(keys.NAMES, 0o600)

    children, begun = run.children(), time.monotonic()
    run.process.send_signal(number)
    assert run.process.wait(60) == 0
    assert time.monotonic() - begun < 5 * busy()
    assert alive(children) == []


def test_no_process_lives_without_the_others(launch):
    run = launch()
    assert run.answering(), run.said
    assert eventually(lambda: len(run.children()) >= 5)
    children = run.children()
    os.kill(children[0], signal.SIGKILL)
    assert run.process.wait(60) == 1
    assert re.search(r"The \w+ process has ended by itself", run.said)
    assert eventually(lambda: alive(children) == [])


def test_a_killed_parent_leaves_no_orphans(launch):
    run = launch()
    assert run.answering(), run.said
    assert eventually(lambda: len(run.children()) >= 5)
    children = run.children()
    run.process.kill()
    run.process.wait(30)
    assert eventually(lambda: alive(children) == []), "they end with their parent"


def test_a_taken_port_is_named(launch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        run = launch(PORT=str(taken.getsockname()[1]))
        assert run.process.wait(30) == 1
    assert "make run PORT=" in run.said


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ({"PBTRAIN_SMTP_HOST": "mail.example.org"}, "MAIL_FROM"),
        ({"PBTRAIN_SQLALCHEMY_DATABASE_URI": "postgresql://nobody@127.0.0.1:9/none"}, "database"),
    ],
)
def test_a_half_set_site_does_not_start(launch, setting, word):
    run = launch(**setting)
    assert run.process.wait(60) == 1
    assert "pbtrain does not start" in run.said
    assert word in run.said
    assert "Traceback" not in run.said


def test_a_key_that_others_can_read_is_refused(launch, tmp_path):
    folder = tmp_path / "instance/keys"
    keys.ensure(folder)
    (folder / "data").chmod(0o644)
    run = launch()
    assert run.process.wait(60) == 1
    assert "chmod 600" in run.said


@pytest.mark.parametrize(
    ("host", "refused"),
    [("127.0.0.1", False), ("::1", False), ("localhost", False), ("0.0.0.0", True), ("10.0.0.5", True)],
)
def test_a_demo_answers_to_this_machine_only(host, refused):
    if refused:
        with pytest.raises(prepare.Refused, match="DEMO=0"):
            prepare.refuse_open_demo(host)
    else:
        assert prepare.refuse_open_demo(host) is None


@pytest.mark.parametrize(
    ("demo", "host", "setting", "expected"),
    [
        ("", "127.0.0.1", None, True),
        ("0", "127.0.0.1", None, False),
        ("", "0.0.0.0", None, False),
        ("", "127.0.0.1", "PBTRAIN_SMTP_HOST", False),
        ("1", "127.0.0.1", "PBTRAIN_SMTP_HOST", True),
    ],
)
def test_a_production_setting_starts_empty(monkeypatch, app, demo, host, setting, expected):
    if setting:
        monkeypatch.setenv(setting, "x")
    assert prepare.wants_demo(app, host, demo) is expected
