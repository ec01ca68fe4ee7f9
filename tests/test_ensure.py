"""What the tests need is installed where it can be; what only makes them quicker never stops them."""

import subprocess

import pytest

from tests.support import ensure


@pytest.fixture
def apt(monkeypatch):
    """A machine without the quicker Chromium; `apt(known, works)` says how its apt is and what it ran."""
    ran = []

    def of(known, works):
        def run(command, **options):
            ran.append(command)
            if command[0] == "apt-cache":
                return subprocess.CompletedProcess(
                    command, 0 if known else 100, b"Package: x" if known else b""
                )
            if not works:
                raise subprocess.CalledProcessError(100, command)
            return subprocess.CompletedProcess(command, 0)

        monkeypatch.setattr(ensure.subprocess, "run", run)
        monkeypatch.setattr(
            ensure.shutil, "which", lambda name: None if name == ensure.LIGHT else f"/bin/{name}"
        )
        return ran

    return of


def test_the_quicker_browser_is_installed_where_apt_knows_it(apt):
    ran = apt(known=True, works=True)
    ensure.lighten()
    assert ran[-1][0] == "apt-get"
    assert ran[-1][-1] == ensure.LIGHT


def test_it_is_left_where_apt_does_not_know_it(apt):
    ran = apt(known=False, works=True)
    ensure.lighten()
    assert [command[0] for command in ran] == ["apt-cache"]


def test_a_failure_stops_nothing(apt, monkeypatch, capsys):
    apt(known=True, works=False)
    monkeypatch.setattr(ensure, "missing", list)
    monkeypatch.setattr(ensure, "may_install", lambda: True)
    assert ensure.main() == 0
    assert "go on without" in capsys.readouterr().err
