"""A migrated, empty database for each test: a copied file on SQLite, a copied template on PostgreSQL.

Nothing is rolled back behind a test's back: what it commits is committed for real, on both.
"""

import fcntl
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from jinja2.bccache import Bucket, BytecodeCache

from pbtrain.app import create_app
from pbtrain.core.db import db
from tests.support import postgres
from tests.support.emptying import Emptier, Rows

KEYS = {name: bytes([number]) * 32 for number, name in enumerate(("session", "data", "lookup", "link"), 1)}
COMPILED: dict[str, bytes] = {}
SETTINGS = {"TESTING": True, "WTF_CSRF_ENABLED": False, "KEYS": KEYS, "THREADS": 12, "DATABASE_WAIT": 5}


class Remembered(BytecodeCache):
    """Templates are compiled once in a run, not for each application and worker: all take some seconds."""

    folder: Path | None = None  # that the workers of a run share

    def load_bytecode(self, bucket: Bucket) -> None:
        key = bucket.key + bucket.checksum
        file = self.folder / key if self.folder else None
        if key not in COMPILED and file is not None and file.exists():
            COMPILED[key] = file.read_bytes()
        if key in COMPILED:
            bucket.bytecode_from_string(COMPILED[key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        key = bucket.key + bucket.checksum
        COMPILED[key] = bucket.bytecode_to_string()
        if self.folder:
            part = self.folder / f"{key}.{os.getpid()}"
            part.write_bytes(COMPILED[key])
            part.rename(self.folder / key)


def make_app(address: str, **settings: object) -> Flask:
    """An application for tests over this database; other settings than the usual may be given."""
    app = create_app(**(SETTINGS | {"SQLALCHEMY_DATABASE_URI": address} | settings))
    app.jinja_env.bytecode_cache = Remembered()
    return app


@contextmanager
def once(folder: Path, name: str) -> Iterator[bool]:
    """True for the first worker that comes, False for the rest, who wait until it is done."""
    with (folder / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = folder / f"{name}.done"
        yield not done.exists()
        done.touch()


def migrate(address: str) -> None:
    """Bring the database at this address to the newest version."""
    app = make_app(address, MAY_CHANGE_SCHEMA=True)
    with app.app_context():
        upgrade()
        db.session.remove()
        db.engine.dispose()


class Backend(ABC):
    """One kind of database: its name, its applications, and a way to begin afresh."""

    name: str
    address: str

    def __init__(self) -> None:
        self.apps: list[Flask] = []
        self.fresh = False

    def app(self, **settings: object) -> Flask:
        """An application over this backend's test database."""
        app = make_app(self.address, **settings)
        self.apps.append(app)
        return app

    def release(self, *, but: Flask | None = None) -> None:
        """Close every connection our applications hold."""
        for app in self.apps:
            if app is not but:
                with app.app_context():
                    db.engine.dispose()

    def rest(self) -> None:
        """A test is over."""
        self.release()

    @abstractmethod
    def reset(self) -> None:
        """Give the next test an empty, migrated database."""

    @abstractmethod
    def untouched(self) -> bool:
        """Is the database empty, and can what is made now be kept and put back?"""

    @abstractmethod
    def keep(self) -> Any:
        """What `put_back` needs to bring all rows back to how they are now."""

    @abstractmethod
    def put_back(self, kept: Any) -> None:
        """Give an empty database the rows of `keep`."""

    def close(self) -> None:
        """Leave nothing behind."""
        self.release()


class Sqlite(Backend):
    """A file, copied from a migrated template."""

    name = "sqlite"

    def __init__(self, shared: Path, own: Path) -> None:
        super().__init__()
        self.template, self.file = shared / "template.sqlite3", own / "test.sqlite3"
        self.address = f"sqlite:///{self.file}"
        self.kept = 0
        with once(shared, "sqlite") as first:
            if first:
                migrate(f"sqlite:///{self.template}")

    def reset(self) -> None:
        self.put_back(self.template)

    def untouched(self) -> bool:
        written = self.file.with_name(self.file.name + "-wal")
        return not (written.exists() and written.stat().st_size)

    def keep(self) -> Path:
        self.release()  # the last connection writes everything into the one file
        self.kept += 1
        return Path(shutil.copyfile(self.file, self.file.with_name(f"kept-{self.kept}.sqlite3")))

    def put_back(self, kept: Path) -> None:
        self.release()
        for ending in ("", "-wal", "-shm"):  # a new file: a forgotten connection keeps the old one to itself
            self.file.with_name(self.file.name + ending).unlink(missing_ok=True)
        shutil.copyfile(kept, self.file)


class Postgres(Backend):
    """A database of this worker's own, created from a migrated template and emptied after each test."""

    name = "postgresql"

    def __init__(self, server: postgres.Server, shared: Path, run: str, worker: str) -> None:
        super().__init__()
        self.server = server
        self.template, self.database = f"pbtrain_{run}_template", f"pbtrain_{run}_{worker}"
        self.address = server.address(self.database)
        with once(shared, "postgresql") as first:
            if first:
                server.run(f'CREATE DATABASE "{self.template}"')
                migrate(server.address(self.template))
        self.keeper = server.connect()
        # Copying files is the quicker way; before version 15 it is the only one and has no name.
        self.copying = "STRATEGY FILE_COPY" if self.keeper.info.server_version >= 150000 else ""
        self.emptier: Emptier | None = None

    def rest(self) -> None:
        self.release(but=self.apps[0] if self.apps else None)

    def reset(self) -> None:
        if self.emptier is not None:
            if self.emptier.empty(self._idle()):
                return
            self.emptier.close()
        self.release()
        self._drop()
        self.keeper.execute(f'CREATE DATABASE "{self.database}" TEMPLATE "{self.template}" {self.copying}')
        self.emptier = Emptier.of(self.address, self.keeper)

    def untouched(self) -> bool:
        return self.emptier is not None and not self.emptier.written()

    def keep(self) -> Rows:
        assert self.emptier is not None
        return self.emptier.rows()

    def put_back(self, kept: Rows) -> None:
        assert self.emptier is not None
        self.emptier.fill(kept)

    def _idle(self) -> int:
        """Connections that wait in the pools of our applications."""
        waiting = 0
        for app in self.apps:
            with app.app_context():
                waiting += db.engine.pool.checkedin()  # type: ignore[attr-defined]
        return waiting

    def _drop(self) -> None:
        self.keeper.execute(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')

    def close(self) -> None:
        super().close()
        if self.emptier is not None:
            self.emptier.close()
        self._drop()
        self.keeper.close()
