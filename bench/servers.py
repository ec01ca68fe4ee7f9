"""Servers to measure: gunicorn as in production, once over pbtrain and once over the bare application."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import postgres

SETTINGS = {  # as a site would run it, but for the disk: data and journal lie in memory where there is room
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "autovacuum": "on",
}
TOP = Path(__file__).parents[1]


@dataclass
class Server:
    """One gunicorn with two processes; `database` is the process of its database, if it has one."""

    name: str
    program: list[str]
    environment: dict[str, str]
    database: int | None = None
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self, path: str) -> float:
        """Start it; seconds until `path` was answered for the first time."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        own = {"HOST": "127.0.0.1", "PORT": str(self.port), "PBTRAIN_WEB_PROCESSES": "2"}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PBTRAIN_")}
        command = [sys.executable, "-m", "gunicorn", *self.program]
        begun = time.perf_counter()
        self.process = subprocess.Popen(
            command, cwd=TOP, env=clean | own | self.environment, start_new_session=True
        )
        while not self._answers(path):
            if self.process.poll() is not None or time.perf_counter() - begun > 60:
                raise RuntimeError(f"{self.name} did not start")
            time.sleep(0.01)
        return time.perf_counter() - begun

    def _answers(self, path: str) -> bool:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            line.request("GET", path)
            return line.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    @property
    def own(self) -> list[int]:
        """Its own process, without the database."""
        return [self.process.pid] if self.process else []

    @property
    def roots(self) -> list[int]:
        """The processes whose CPU, with that of their children, this server's work costs."""
        return self.own + ([self.database] if self.database else [])

    def stop(self) -> None:
        """End it and all its processes."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(5)
        self.process = None


def pbtrain(instance: Path, address: str, database: int | None) -> Server:
    """pbtrain over this database."""
    environment = {"PBTRAIN_INSTANCE_PATH": str(instance), "PBTRAIN_SQLALCHEMY_DATABASE_URI": address}
    return Server("pbtrain", ["-c", "python:pbtrain.gunicorn_conf", "wsgi:app"], environment, database)


def bare(address: str, sizes: tuple[int, int], database: int | None) -> Server:
    """The bare limit over a database of the same kind."""
    environment = {"BENCH_BARE": address, "BENCH_SIZES": ",".join(map(str, sizes))}
    program = ["-c", "python:bench.bare_conf", "bench.bare:from_environment()"]
    return Server("bare", program, environment, database)


def postgresql() -> postgres.Server:
    """PBTRAIN_BENCH_DATABASE_URL, else a server of our own that syncs as a site's does."""
    if given := os.environ.get("PBTRAIN_BENCH_DATABASE_URL"):
        return postgres.Server("postgresql://" + given.split("://", 1)[1])
    return postgres.start(**SETTINGS)
