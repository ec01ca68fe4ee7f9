"""Start the whole site with one command: web, scheduler and worker as children of one parent.

`python -m pbtrain.launcher` (what `make run` types) prepares the site, then forks: the code is read once and
its memory shared. Signals and failures end all children within five seconds. HOST, PORT and DEMO come from
the environment; everything else from the settings.
"""

import ctypes
import http.client
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pbtrain.prepare import Ready

PATIENCE = 3.5  # seconds between asking children to end and killing them


class Launcher:
    """The parent: knows its children, and that none of them lives without the others."""

    def __init__(self, host: str, port: int, site: "Ready") -> None:
        self.host, self.port, self.site = host, port, site
        self.children: dict[str, int] = {}  # those alive, by name
        self.asked = 0

    def run(self) -> int:
        """Start the children, announce the address when it answers, wait for an end; the exit status."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.asked_to_stop)
        announced = False
        try:
            self.children["web"] = fork(self.web)
            while not self.asked:
                if gone := self.gone():
                    say(f"The {gone[0]} process has ended by itself (see above); stopping the rest.")
                    return 1
                if not announced and self.answers():
                    announced = True
                    say(announcement(self.address, self.site))
                    self.children["scheduler"] = fork(self.scheduler)
                    self.children["worker"] = fork(self.worker)
                time.sleep(0.1)
        finally:
            self.stop()
        return 0

    def web(self) -> None:
        """Pages, by gunicorn."""
        from gunicorn.app.base import BaseApplication

        from pbtrain import gunicorn_conf

        app = self.site.app

        class Web(BaseApplication):
            def load_config(self) -> None:
                for name, value in vars(gunicorn_conf).items():
                    if name in self.cfg.settings:
                        self.cfg.set(name, value)

            def load(self) -> object:
                return app

        Web().run()

    def scheduler(self) -> None:
        """What happens by the clock."""
        from pbtrain import scheduler

        scheduler.run_until_signal(self.site.app)

    def worker(self) -> None:
        """What takes long."""
        from pbtrain.core import queue

        queue.work(self.site.app)

    def asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        """The first signal asks, the second insists."""
        self.asked += 1

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
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def gone(self) -> list[str]:
        """Names of children that have ended; they are forgotten."""
        ended = [name for name, pid in self.children.items() if os.waitpid(pid, os.WNOHANG)[0]]
        for name in ended:
            del self.children[name]
        return ended

    def stop(self) -> None:
        """Ask every child's process group to end, then kill what is left."""
        left = list(self.children.values())  # groups live on after their first process
        for pid in left:
            send(pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while self.children and self.asked < 2 and time.monotonic() < deadline:
            self.gone()
            time.sleep(0.05)
        for pid in left:
            send(pid, signal.SIGKILL)
        for pid in self.children.values():
            os.waitpid(pid, 0)


def fork(work: Callable[[], None]) -> int:
    """Run `work` in a child with a process group of its own: Ctrl-C reaches the parent alone."""
    sys.stdout.flush()
    if pid := os.fork():
        os.setpgid(pid, pid)  # here as well as there: whoever comes first
        return pid
    status: object = 1
    try:
        os.setpgid(0, 0)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: a killed parent leaves no orphans
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        work()
        status = 0
    except SystemExit as end:
        status = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status if isinstance(status, int) else int(status is not None))


def send(group: int, number: signal.Signals) -> None:
    """Signal a child and all it started, if anything is left of them."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return


def announcement(address: str, site: "Ready") -> str:
    """What stands on the terminal when the site answers."""
    lines = ["", f"pbtrain answers at {address}   (Ctrl-C ends it)"]
    if site.accounts:
        width = max(len(account["username"]) for account in site.accounts)
        lines += ["", "Demo accounts, one for each role (user name, password, role, unit):"]
        lines += [
            f"  {account['username']:<{width}}  {account['password']}  {account['role']}  {account['unit']}"
            for account in site.accounts
        ]
    elif site.kind is None:
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
    """Prepare the site and run it; 1 with a sentence when it must not start."""
    host, port = os.environ.get("HOST") or "127.0.0.1", int(os.environ.get("PORT") or 8000)
    os.environ |= {"HOST": host, "PORT": str(port)}
    refuse_taken_port(host, port)
    from psycopg import OperationalError
    from sqlalchemy.exc import SQLAlchemyError

    from pbtrain import prepare  # reading the code takes a second or two: only after the quick refusals
    from pbtrain.config import ConfigProblem
    from pbtrain.core.keys import KeyProblem

    try:
        site = prepare.ready(host, os.environ.get("DEMO", ""))
    except (prepare.Refused, KeyProblem, ConfigProblem) as error:
        sys.exit(f"pbtrain does not start: {error}")
    except (SQLAlchemyError, OperationalError) as error:
        sys.exit(f"pbtrain does not start, its database does not answer: {getattr(error, 'orig', error)}")
    return Launcher(host, port, site).run()


if __name__ == "__main__":
    sys.exit(main())
