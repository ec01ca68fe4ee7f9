"""Start the whole site with one command: web, scheduler and worker as children of one parent.

`python -m pbtrain.launcher` (what `make run` types). Signals and failures end all of them within five
seconds. HOST, PORT and DEMO come from the environment; everything else from the settings.
"""

import ctypes
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

TOP = Path(__file__).resolve().parents[1]
PATIENCE = 4.0  # seconds between asking children to end and killing them
CHILDREN = {
    "web": ("gunicorn", "--config", "python:pbtrain.gunicorn_conf", "wsgi:app"),
    "scheduler": ("flask", "--app", "wsgi", "scheduler"),
    "worker": ("flask", "--app", "wsgi", "worker"),
}


class Launcher:
    """The parent: knows its children, and that none of them lives without the others."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.stopping = 0

    def run(self, site: dict[str, Any]) -> int:
        """Start the children, announce the address when it answers, wait for an end; the exit status."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.asked_to_stop)
        announced, status = False, 0
        try:
            for name, command in CHILDREN.items():
                self.children[name] = start(command)
            while not self.stopping:
                if gone := [name for name, child in self.children.items() if child.poll() is not None]:
                    say(f"The {gone[0]} process has ended by itself (see above); stopping the rest.")
                    status = 1
                    break
                if not announced and self.answers():
                    announced = True
                    say(announcement(self.address, site))
                time.sleep(0.1)
        finally:
            self.stop()
        return status

    def asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        """The first signal asks, the second insists."""
        self.stopping += 1

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the site."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared only
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def answers(self) -> bool:
        """Does the web process answer yet?"""
        connection = http.client.HTTPConnection(self.address.removeprefix("http://"), timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """Ask every child's process group to end, then kill what is left."""
        for child in self.children.values():
            send(child, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.stopping < 2:
            if all(child.poll() is not None for child in self.children.values()):
                break
            time.sleep(0.05)
        for child in self.children.values():
            send(child, signal.SIGKILL)
            child.wait()


def start(command: tuple[str, ...]) -> subprocess.Popen[bytes]:
    """A child in a group of its own: Ctrl-C reaches the parent alone, and the child ends with the parent."""
    return subprocess.Popen(  # noqa: S603 - our own table
        [sys.executable, "-m", *command], cwd=TOP, stdin=subprocess.DEVNULL, preexec_fn=_child_of_ours
    )


def _child_of_ours() -> None:
    os.setpgid(0, 0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: a killed parent leaves no orphans


def send(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal the child and all it started, if anything is left of them."""
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return


def announcement(address: str, site: dict[str, Any]) -> str:
    """What stands on the terminal when the site answers."""
    lines = ["", f"pbtrain answers at {address}   (Ctrl-C ends it)"]
    if site["accounts"]:
        lines += ["", "Demo accounts, one for each role:"]
        width = max(len(account["username"]) for account in site["accounts"])
        lines += [
            f"  {account['username']:<{width}}  {account['password']}  {account['role']}, {account['unit']}"
            for account in site["accounts"]
        ]
    elif site["kind"] is None:
        lines += ["", "The site is empty. Make its root unit and first administrator:  .venv/bin/flask setup"]
    return "\n".join([*lines, ""])


def say(text: str) -> None:
    """One message to whoever started the site, at once."""
    print(text, flush=True)


def refuse_taken_port(host: str, port: int) -> None:
    """Exit with a sentence when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            sys.exit(f"{host}:{port} cannot be used ({error.strerror}). Type:  make run PORT={port + 1}")


def main() -> int:
    """Prepare the site in a process of its own, then run it."""
    host, port = os.environ.get("HOST") or "127.0.0.1", int(os.environ.get("PORT") or 8000)
    os.environ |= {"HOST": host, "PORT": str(port)}
    refuse_taken_port(host, port)
    prepared = subprocess.run(
        [sys.executable, "-m", "pbtrain.prepare"], cwd=TOP, stdout=subprocess.PIPE, check=False
    )
    if prepared.returncode != 0:
        return prepared.returncode
    return Launcher(host, port).run(json.loads(prepared.stdout))


if __name__ == "__main__":
    sys.exit(main())
