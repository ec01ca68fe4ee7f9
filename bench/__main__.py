"""`python -m bench`: bare limits and pbtrain side by side; status 1 when a floor does not hold."""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import psycopg

from bench import bare, counts, crowd, data, door, floors, ledger, machine, measure, report, servers, wire
from bench.region import Region, given
from pbtrain.app import create_app
from pbtrain.core import keys
from tests.support import postgres

SIGN_INS, QUICK_SURGE = 500, 12  # people in a minute; seconds at that pace
COLD_PATHS = {"bare": "/plain", "pbtrain": "/login"}


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of one second: is all in order?")
    parser.add_argument("--seconds", type=float, default=2, help="of each unit, level and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", choices=("both", "sqlite", "postgresql"), default="both")
    parser.add_argument("--no-judge", action="store_true", help="floors are shown, the exit status stays 0")
    parser.add_argument("--requests", type=int, default=20_000, help="after which memory is looked at again")
    parser.add_argument("--no-door", action="store_true", help="leave five hundred people at the door out")
    parser.add_argument("--no-region", action="store_true", help="leave the region out")
    parser.add_argument("--region-scale", type=float, default=0.025, help="of the region that is made")
    parser.add_argument("--region-instance", help="a region loaded before; else PBTRAIN_BENCH_REGION")
    parser.add_argument("--region-database", help="its database; else PBTRAIN_BENCH_REGION_DATABASE_URL")
    parser.add_argument("--no-wire", action="store_true", help="leave the browser out")
    wanted = parser.parse_args()
    if wanted.quick:
        wanted.seconds, wanted.rounds, wanted.requests = 1, 1, min(wanted.requests, 500)
        wanted.region_scale = min(wanted.region_scale, 0.002)
    return wanted


def say(text: str) -> None:
    """One line of progress."""
    print(text, file=sys.stderr, flush=True)


class Place:
    """Where one kind of database keeps both data sets, and the two servers over them."""

    def __init__(self, kind: str, folder: Path, server: postgres.Server | None) -> None:
        self.kind, self.folder = kind, folder
        process = server.process.pid if server and server.process else None
        if server is None:
            bare_address, address = (f"sqlite:///{folder / name}.sqlite3" for name in ("bare", "pbtrain"))
        else:
            server.run("DROP DATABASE IF EXISTS bench_bare", "DROP DATABASE IF EXISTS bench_pbtrain")
            server.run("CREATE DATABASE bench_bare", "CREATE DATABASE bench_pbtrain")
            bare_address = server.address("bench_bare").replace("+psycopg", "")
            address = server.address("bench_pbtrain")
        instance = folder / f"instance-{kind}"
        keys.ensure(instance / "keys")
        self.cast_file = counts.cast_file(folder, kind)
        settings = {"INSTANCE_PATH": str(instance), "SQLALCHEMY_DATABASE_URI": address}
        say(f"{kind}: data")
        bare.fill(bare_address)
        data.build(
            create_app(**settings, MAY_CHANGE_SCHEMA=True),
            self.cast_file,
            lambda text: say(f"{kind}: {text}"),
        )
        self.cast: dict[str, Any] = json.loads(self.cast_file.read_text())
        app = create_app(**settings)
        sizes = counts.page_sizes(app, self.cast)
        self.cast["bare"] = data.bare_cast(bare.create_app(bare_address, *sizes), bare.PEOPLE)
        self.cast_file.write_text(json.dumps(self.cast, ensure_ascii=False))
        self.statements = counts.count(app, self.cast)
        self.servers = {
            "bare": servers.bare(bare_address, sizes, process),
            "pbtrain": servers.pbtrain(instance, address, process),
        }

    def measure(
        self, wanted: argparse.Namespace, drivers: tuple[measure.Driver, measure.Driver]
    ) -> dict[str, Any]:
        """Start both servers and run everything that needs no browser; they go on running."""
        begun: dict[str, float] = {}
        for name, server in self.servers.items():
            begun[name] = server.start(COLD_PATHS[name])
            server.stop()  # the second start has everything in the disk's cache
            begun[name] = server.start(COLD_PATHS[name])
        say(f"{self.kind}: units")
        units = measure.rounds(drivers, self.servers, self.cast_file, wanted.rounds, wanted.seconds)
        say(f"{self.kind}: memory after {wanted.requests} requests")
        memory = measure.fullness(drivers, self.servers, self.cast_file, wanted.requests)
        say(f"{self.kind}: logins and histories")
        site = self.servers["pbtrain"]
        crowded = QUICK_SURGE if wanted.quick else floors.DOOR_SECONDS
        return {
            "memory": memory,
            "statements": self.statements,
            "units": units,
            "history": measure.history(drivers, site, self.cast_file, wanted.rounds, wanted.seconds),
            "storm": measure.storm(drivers, site, self.cast_file, wanted.rounds, wanted.seconds),
            "surge": measure.surge(
                drivers, site, self.cast_file, round(SIGN_INS * crowded / floors.DOOR_SECONDS), crowded
            ),
            "cold": begun | {"ratio": round(begun["pbtrain"] / begun["bare"], 2)},
        }

    def stop(self) -> None:
        """End both servers."""
        for server in self.servers.values():
            server.stop()


def region_beside(place: Place, wanted: argparse.Namespace, server: postgres.Server | None) -> Region | None:
    """The region this run compares with, on this kind of database; none when another kind was given."""
    instance, address = given(wanted)
    if wanted.no_region or (instance and address.split(":")[0].split("+")[0] != place.kind):
        return None
    process = server.process.pid if server and server.process and place.kind == "postgresql" else None
    if not instance and place.kind == "sqlite":
        address = f"sqlite:///{place.folder / 'region'}.sqlite3"
    elif not instance and server is not None:
        server.run("DROP DATABASE IF EXISTS bench_region", "CREATE DATABASE bench_region")
        address = server.address("bench_region")
    found = Region(place.kind, place.folder, address, process, say)
    if instance:
        found.attach(instance)
    else:
        found.make(wanted.region_scale)
    return found


def run(wanted: argparse.Namespace, folder: Path, server: postgres.Server | None) -> dict[str, Any]:
    """Measure everything that is wanted."""
    kinds = ("sqlite", "postgresql") if wanted.database == "both" else (wanted.database,)
    results: dict[str, Any] = {
        "machine": machine.facts(),
        "rounds": wanted.rounds,
        "seconds": wanted.seconds,
        "place": str(folder.parent),
        "databases": {},
    }
    if server is not None:
        with psycopg.connect(server.address("postgres").replace("+psycopg", "")) as connection:
            results["postgresql"] = connection.info.parameter_status("server_version")
    drivers = measure.Driver(), measure.Driver()
    try:
        for kind in kinds:
            place = Place(kind, folder, server if kind == "postgresql" else None)
            try:
                part = results["databases"][kind] = place.measure(wanted, drivers)
                if kind == "postgresql" and server is not None:
                    say(f"{kind}: posting, eight clients at once")
                    part["ledger"] = ledger.measure(server, folder, wanted.rounds, wanted.seconds)
                    say(f"{kind}: classes from shared branches, eight clients and one")
                    part["crowd"] = crowd.measure(server, folder, wanted.rounds)
                if not wanted.no_door:
                    say(f"{kind}: five hundred people at the door")
                    part["door"] = door.beside(
                        kind, folder, server, 20 if wanted.quick else floors.DOOR_SECONDS
                    )
                if large := region_beside(place, wanted, server):
                    part["region"] = large.measure(wanted, drivers, place.servers["pbtrain"], place.cast_file)
                if not wanted.no_wire and kind == kinds[-1]:
                    say("the wire")
                    results["wire"] = wire.measure(place.servers, place.cast, wanted.rounds)
            finally:
                place.stop()
    finally:
        for driver in drivers:
            driver.stop()
    return results


def main() -> int:
    """Measure, print, keep, judge."""
    wanted = arguments()
    server = None if wanted.database == "sqlite" else servers.postgresql()
    try:
        with tempfile.TemporaryDirectory(prefix="pbtrain-bench-", dir=postgres.memory()) as folder:
            results = run(wanted, Path(folder), server)
    finally:
        if server is not None:
            server.stop()
    judged, failed = floors.judge(results), floors.problems(results)
    print(report.head(results))
    for kind, part in results["databases"].items():
        print(report.table(kind, part))
        if "region" in part:
            print(report.region(part["region"]))
    if "wire" in results:
        print(report.wire(results["wire"]))
    print(report.peers())
    print(report.verdicts(judged))
    for problem in failed:
        print(f"  FAILED REQUEST {problem}")
    path = report.keep(
        results | {"floors": {each.floor.text: each.found for each in judged}}, servers.TOP / "bench-results"
    )
    print(f"\nAll figures: {path.relative_to(servers.TOP)}")
    broken = failed or [each for each in judged if not each.holds]
    return 1 if broken and not wanted.no_judge else 0


if __name__ == "__main__":
    sys.exit(main())
