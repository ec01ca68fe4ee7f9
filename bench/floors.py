"""What must hold: ratios within the run, on PostgreSQL where a unit touches the database."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Results = dict[str, Any]


@dataclass(frozen=True)
class Floor:
    """One promise: the figure must be at most this."""

    text: str
    most: float
    figure: Callable[[Results], float]
    unit: str = "x"


def _postgresql(key: str) -> Callable[[Results], float]:
    return lambda found: float(found["databases"]["postgresql"]["units"][key]["ratio"])


def _of(database: str, part: str) -> Callable[[Results], float]:
    return lambda found: float(found["databases"][database][part]["ratio"])


def _wire(load: str, figure: str) -> Callable[[Results], float]:
    return lambda found: float(found["wire"]["pbtrain"][load][figure])


FLOORS = (
    Floor("CPU of a member's home against the bare home", 8, _postgresql("member_home")),
    Floor("CPU of a heartbeat against the bare event", 4, _postgresql("heartbeat")),
    Floor("CPU of a login against its hash alone", 1.10, _postgresql("login")),
    Floor("p95 of home during 8 parallel logins against quiet", 3, _of("postgresql", "storm")),
    Floor("home with 1,000 own entries against 10, PostgreSQL", 1.2, _of("postgresql", "history")),
    Floor("home with 1,000 own entries against 10, SQLite", 1.2, _of("sqlite", "history")),
    Floor("cold start against bare gunicorn", 10, _of("postgresql", "cold")),
    Floor("first load: requests", 6, _wire("first", "requests"), ""),
    Floor("first load: bytes", 92_000, _wire("first", "bytes"), ""),
    Floor("first load: first paint against the bare page", 2.5, _wire("first", "ratio")),
    Floor("repeat load: requests", 1, _wire("repeat", "requests"), ""),
    Floor("repeat load: bytes", 10_000, _wire("repeat", "bytes"), ""),
    Floor("repeat load: first paint against the bare page", 1.4, _wire("repeat", "ratio")),
)


@dataclass(frozen=True)
class Verdict:
    """A floor and what was found; `found` is None when this run did not measure it."""

    floor: Floor
    found: float | None

    @property
    def holds(self) -> bool:
        """Not measured is not broken."""
        return self.found is None or self.found <= self.floor.most


def judge(results: Results) -> list[Verdict]:
    """Every floor; failed requests are judged in `problems`."""
    verdicts = []
    for floor in FLOORS:
        try:
            found: float | None = floor.figure(results)
        except KeyError:
            found = None
        verdicts.append(Verdict(floor, found))
    return verdicts


def problems(results: Results) -> list[str]:
    """Requests that failed in a measured run: there must be none."""
    found = []
    for kind, part in results["databases"].items():
        for key, unit in part["units"].items():
            for level in ("c1", "c8"):
                found += [f"{kind} {key} {level}: {text}" for text in unit[level]["problems"]]
        found += [f"{kind} storm: {text}" for text in part["storm"]["problems"]]
    return found
