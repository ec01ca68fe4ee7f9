"""Running journeys against servers and reading the meters: time by the driver, CPU from /proc."""

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import cpu_seconds, pss_megabytes
from bench.servers import TOP, Server
from bench.units import GROWING, UNITS

LEVELS = (1, 8)
JUDGED = 8  # ratios of CPU are taken with eight sessions at once
SURGING, QUIET = 16, 20  # connections that sign in at once; seconds of home alone
SUBMITS = {1: 40, 8: 12}  # attempts to hand in, begun beforehand, for each client


@dataclass(frozen=True)
class Sample:
    """One unit at one level in one round; times in ms."""

    rate: float  # units/s
    p50: float
    p95: float
    cpu: float  # ms a unit
    requests: float
    bytes: float
    count: int
    problems: tuple[str, ...]


class Driver:
    """The process that plays the clients."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.drive"],
            cwd=TOP,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(
        self, server: Server, cast: Path, journey: str, clients: int, seconds: float, spread: int = 0
    ) -> float:
        """Let the clients warm up and go; the CPU seconds the server had used when they went.

        With `spread` there are so many units in all, at any moments of these seconds.
        """
        job = {
            "port": server.port,
            "cast": str(cast),
            "journey": journey,
            "clients": clients,
            "seconds": seconds,
            "units": SUBMITS.get(clients, 0),
            "spread": spread,
        }
        self._say(json.dumps(job))
        self._hear()
        used = cpu_seconds(*server.roots)
        self._say("go")
        return used

    def finish(self, server: Server, used: float) -> Sample:
        """What came of it."""
        result = self._hear()
        cpu = cpu_seconds(*server.roots) - used
        times = [1000 * at for at in result["times"]] or [float("nan")]
        count = len(result["times"])
        return Sample(
            rate=count / result["seconds"],
            p50=statistics.median(times),
            p95=times[min(len(times) - 1, int(0.95 * len(times)))],
            cpu=1000 * cpu / max(count, 1),
            requests=result["requests"] / max(count, 1),
            bytes=result["bytes"] / max(count, 1),
            count=count,
            problems=tuple(result["problems"]),
        )

    def run(self, server: Server, cast: Path, journey: str, clients: int, seconds: float) -> Sample:
        """Begin and wait."""
        return self.finish(server, self.begin(server, cast, journey, clients, seconds))

    def _say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the driver has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)


def middle(samples: list[Sample]) -> dict[str, Any]:
    """The medians of the rounds."""
    figures = ("rate", "p50", "p95", "cpu", "requests", "bytes")
    found: dict[str, Any] = {
        name: round(statistics.median(getattr(each, name) for each in samples), 2) for name in figures
    }
    found["count"] = sum(each.count for each in samples)
    found["problems"] = sorted({problem for each in samples for problem in each.problems})
    return found


def rounds(
    drivers: tuple[Driver, Driver], servers: dict[str, Server], cast: Path, times: int, seconds: float
) -> dict[str, Any]:
    """Every unit at every level, round after round, a bare unit beside what is held against it."""
    samples: dict[tuple[str, int], list[Sample]] = {}
    for _ in range(times):
        for unit in UNITS:
            for level in LEVELS:
                sample = drivers[0].run(servers[unit.server], cast, unit.key, level, seconds)
                samples.setdefault((unit.key, level), []).append(sample)
    found: dict[str, Any] = {
        unit.key: {f"c{level}": middle(samples[unit.key, level]) for level in LEVELS} for unit in UNITS
    }
    for unit in UNITS:
        if unit.limit:
            pairs = zip(samples[unit.key, JUDGED], samples[unit.limit, JUDGED], strict=True)
            found[unit.key]["ratio"] = round(
                statistics.median(own.cpu / limit.cpu for own, limit in pairs), 2
            )
    return found


def history(
    drivers: tuple[Driver, Driver], server: Server, cast: Path, times: int, seconds: float
) -> dict[str, Any]:
    """The homes of two members at the same time, one with ten entries and one with a thousand; then the pages
    of their years."""
    return {
        "home": _two(drivers, server, cast, ("short_history", "long_history"), times, seconds),
        "year": _two(drivers, server, cast, ("short_year", "long_year"), times, seconds),
    }


def _two(
    drivers: tuple[Driver, Driver],
    server: Server,
    cast: Path,
    journeys: tuple[str, str],
    times: int,
    seconds: float,
) -> dict[str, Any]:
    """Two people at the same time: the second against the first."""
    short, long = [], []
    for _ in range(times):
        used = drivers[0].begin(server, cast, journeys[0], 1, seconds)
        long.append(drivers[1].run(server, cast, journeys[1], 1, seconds))
        short.append(drivers[0].finish(server, used))
    pairs = zip(long, short, strict=True)
    ratio = statistics.median(many.p50 / few.p50 for many, few in pairs)
    return {"p50_10": middle(short)["p50"], "p50_1000": middle(long)["p50"], "ratio": round(ratio, 2)}


def growth(
    drivers: tuple[Driver, Driver],
    servers: dict[str, Server],
    casts: dict[str, Path],
    times: int,
    seconds: float,
) -> dict[str, Any]:
    """The same units at a small size and at a region's, one after the other in each round; ratios of CPU."""
    found: dict[str, Any] = {}
    for journey in GROWING:
        samples: dict[str, list[Sample]] = {"small": [], "region": []}
        for _ in range(times):
            for size, server in servers.items():
                samples[size].append(drivers[0].run(server, casts[size], journey, 1, seconds))
        found[journey] = beside(samples["region"], samples["small"])
    return found


def pair(
    drivers: tuple[Driver, Driver],
    server: Server,
    cast: Path,
    journeys: tuple[str, str],
    times: int,
    seconds: float,
) -> dict[str, Any]:
    """Two units of one server, one after the other in each round: the second against the first."""
    samples: dict[str, list[Sample]] = {journey: [] for journey in journeys}
    for _ in range(times):
        for journey in journeys:
            samples[journey].append(drivers[0].run(server, cast, journey, 1, seconds))
    return beside(samples[journeys[1]], samples[journeys[0]])


def beside(own: list[Sample], limit: list[Sample]) -> dict[str, Any]:
    """What is looked at, what it is held against, and the ratio of their CPU."""
    ratio = statistics.median(one.cpu / other.cpu for one, other in zip(own, limit, strict=True))
    return {"own": middle(own), "limit": middle(limit), "ratio": round(ratio, 2)}


def fullness(
    drivers: tuple[Driver, Driver], servers: dict[str, Server], casts: Path, requests: int
) -> dict[str, Any]:
    """Memory (PSS) of both servers after all that load, and of ours after so many requests more."""
    found: dict[str, Any] = {name: round(pss_megabytes(*server.own), 1) for name, server in servers.items()}
    found["ratio"] = round(found["pbtrain"] / found["bare"], 2)
    begun = found["pbtrain"]
    done = 0
    while done < requests:
        for journey in ("member_home", "heartbeat"):
            sample = drivers[0].run(servers["pbtrain"], casts, journey, JUDGED, 10)
            done += round(sample.count * sample.requests)
            if sample.problems:
                found["problems"] = list(sample.problems)
                requests = 0
    after = pss_megabytes(*servers["pbtrain"].own)
    return found | {
        "requests": done,
        "after": round(after, 1),
        "growth": round(100 * (after / begun - 1), 1),
    }


def storm(
    drivers: tuple[Driver, Driver], server: Server, cast: Path, times: int, seconds: float
) -> dict[str, Any]:
    """A member's home while nobody else is there, and while eight people sign in again and again."""
    quiet, stormy, logins = [], [], []
    for _ in range(times):
        quiet.append(drivers[1].run(server, cast, "member_home", 1, seconds))
        used = drivers[0].begin(server, cast, "login", 8, seconds + 1)
        stormy.append(drivers[1].run(server, cast, "member_home", 1, seconds))
        logins.append(drivers[0].finish(server, used))
    pairs = zip(stormy, quiet, strict=True)
    return {
        "quiet_p95": middle(quiet)["p95"],
        "storm_p95": middle(stormy)["p95"],
        "logins": middle(logins)["rate"],
        "problems": middle(logins)["problems"] + middle(stormy)["problems"],
        "ratio": round(statistics.median(busy.p95 / calm.p95 for busy, calm in pairs), 2),
    }


def surge(
    drivers: tuple[Driver, Driver], server: Server, cast: Path, people: int, seconds: float
) -> dict[str, Any]:
    """A member's home while nobody else is there, and while so many people sign in within these seconds."""
    calm = drivers[1].run(server, cast, "member_home", 1, min(seconds, QUIET))
    used = drivers[0].begin(server, cast, "login", SURGING, seconds, people)
    busy = drivers[1].run(server, cast, "member_home", 1, seconds)
    logins = drivers[0].finish(server, used)
    return {
        "people": people,
        "seconds": seconds,
        "p50": round(logins.p50, 1),
        "p95": round(logins.p95, 1),
        "failed": people - logins.count,
        "quiet_p95": round(calm.p95, 2),
        "busy_p95": round(busy.p95, 2),
        "ratio": round(busy.p95 / calm.p95, 2),
        "problems": sorted({*logins.problems, *busy.problems, *calm.problems}),
    }
