"""A region beside the small site, in one run: what must not grow with its size, and what is done in bulk."""

import json
import os
from argparse import Namespace
from pathlib import Path
from typing import Any

from bench import bulk, counts, data, measure, servers
from pbtrain.app import create_app
from pbtrain.core import keys, site
from pbtrain.core.db import db
from pbtrain.org.access import actor_for

PEOPLE = 5_000  # of the roster that is taken in
EXPORTS = 3


def given(wanted: Namespace) -> tuple[str, str]:
    """Instance folder and database of a region that is there already; empty when one is to be made."""
    instance = wanted.region_instance or os.environ.get("PBTRAIN_BENCH_REGION", "")
    address = wanted.region_database or os.environ.get("PBTRAIN_BENCH_REGION_DATABASE_URL", "")
    if instance and not address:
        address = f"sqlite:///{Path(instance).resolve() / 'pbtrain.sqlite3'}"
    if address.startswith("postgresql://"):
        address = address.replace("postgresql://", "postgresql+psycopg://", 1)
    return instance, address


class Region:
    """Where the region stands, its cast, and a server over it."""

    def __init__(self, kind: str, folder: Path, address: str, process: int | None, tell: Any) -> None:
        self.kind, self.address, self.process = kind, address, process
        self.instance = folder / f"region-{kind}"
        self.cast_file = counts.cast_file(folder, f"region-{kind}")
        self.tell = tell
        self.made = True

    def make(self, scale: float) -> None:
        """Load a region of that scale, and what the journeys need."""
        keys.ensure(self.instance / "keys")
        self.tell(f"{self.kind}: a region, scale {scale}")
        app = create_app(**self.settings, MAY_CHANGE_SCHEMA=True)
        told = lambda text: self.tell(f"{self.kind}: {text}")  # noqa: E731
        data.build(app, self.cast_file, told, "region", scale)
        self._open()

    def attach(self, instance: str) -> None:
        """Use demo data that are there; the journeys add to them."""
        self.instance, self.made = Path(instance), False
        app = create_app(**self.settings)
        with app.app_context():
            if site.kind() != "demo":
                raise SystemExit(f"{instance} holds no demo data: nothing is measured on it.")
            db.session.remove()
        data.prepare(app, self.cast_file)
        self._open()

    @property
    def settings(self) -> dict[str, Any]:
        """Of an application over it."""
        return {"INSTANCE_PATH": str(self.instance), "SQLALCHEMY_DATABASE_URI": self.address}

    def _open(self) -> None:
        self.cast: dict[str, Any] = json.loads(self.cast_file.read_text())
        self.server = servers.pbtrain(self.instance, self.address, self.process)

    def measure(
        self,
        wanted: Namespace,
        drivers: tuple[measure.Driver, measure.Driver],
        small: servers.Server,
        small_cast: Path,
    ) -> dict[str, Any]:
        """Everything that needs a large site."""
        rounds, seconds = wanted.rounds, wanted.seconds
        self.server.start("/login")
        try:
            self.tell(f"{self.kind}: small and region in turn")
            grown = measure.growth(
                drivers,
                {"small": small, "region": self.server},
                {"small": small_cast, "region": self.cast_file},
                rounds,
                seconds,
            )
            pairs = {
                name: measure.pair(drivers, self.server, self.cast_file, journeys, rounds, seconds)
                for name, journeys in (
                    ("dashboard", ("branch_dashboard", "unit_dashboard")),
                    ("list", ("list_first", "list_far")),
                )
            }
            self.tell(f"{self.kind}: export, figures, verification, posting, import")
            return {"made": self.made, "growth": grown, **pairs, **self._bulk(wanted)}
        finally:
            self.server.stop()

    def _bulk(self, wanted: Namespace) -> dict[str, Any]:
        app = create_app(**self.settings)
        meter = bulk.Meter(os.getpid(), *([self.process] if self.process else []))
        times = 1 if wanted.quick else EXPORTS
        found: dict[str, Any] = {
            "export": bulk.export(app, self.server, self.cast, meter, times),
            "figures": bulk.regroup(app, meter, times),
            "verification": bulk.verification(app),
        }
        mark = f"{os.getpid() % 100:02}"
        with app.app_context():
            actor = actor_for(self.cast["admin"])
            if actor is None:
                raise LookupError("the administrator of the measurement is gone")
            found["posting"] = bulk.posting(meter, mark)
            people = PEOPLE // 10 if wanted.quick else PEOPLE
            found["import"] = bulk.taken_in(actor, self.cast["root"], people, meter, mark)
            db.session.remove()
            db.engine.dispose()
        return found
