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


def _history(database: str, page: str) -> Callable[[Results], float]:
    return lambda found: float(found["databases"][database]["history"][page]["ratio"])


def _wire(load: str, figure: str) -> Callable[[Results], float]:
    return lambda found: float(found["wire"]["pbtrain"][load][figure])


def _grown(found: Results) -> float:
    """Only a full run is judged: a short one still fills its caches."""
    memory = found["databases"]["postgresql"]["memory"]
    if memory["requests"] < 20_000:
        raise KeyError
    return float(memory["growth"])


def _region(database: str, *path: str) -> Callable[[Results], float]:
    def figure(found: Results) -> float:
        value = found["databases"][database]["region"]
        for step in path:
            value = value[step]
        return float(value)

    return figure


def _ledger(way: str) -> Callable[[Results], float]:
    return lambda found: float(found["databases"]["postgresql"]["ledger"][way]["ratio"])


def _pressed(database: str) -> Callable[[Results], float]:
    """p95 against p50; only a full run is judged: five hundred at once are no five hundred in a minute."""

    def figure(found: Results) -> float:
        door = found["databases"][database]["door"]
        if door["seconds"] < DOOR_SECONDS:
            raise KeyError
        return float(door["ratio"])

    return figure


def _miscounted(database: str) -> Callable[[Results], float]:
    def figure(found: Results) -> float:
        door = found["databases"][database]["door"]
        return float(sum(abs(door[wrong]) for wrong in ("refused", "lost", "doubled")))

    return figure


DOOR_SECONDS = 60  # within which five hundred people sign in, at the door or at /login


def _crowd(figure: str) -> Callable[[Results], float]:
    return lambda found: abs(float(found["databases"]["postgresql"]["crowd"][figure]))


def _signed_in(database: str, figure: str) -> Callable[[Results], float]:
    """Only a full run is judged: five hundred at once are no five hundred in a minute."""

    def value(found: Results) -> float:
        surge = found["databases"][database]["surge"]
        if surge["seconds"] < DOOR_SECONDS:
            raise KeyError
        return float(surge[figure])

    return value


NAMES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
SIZES = tuple(
    Floor(f"{text}, {NAMES[kind]}", most, _region(kind, *path), unit)
    for kind in NAMES
    for text, most, path, unit in (
        ("home at a region's size against a small one's", 1.3, ("growth", "member_home", "ratio"), "x"),
        ("heartbeat at a region's size", 1.3, ("growth", "heartbeat", "ratio"), "x"),
        ("handing in a quiz at a region's size", 1.3, ("growth", "submit", "ratio"), "x"),
        ("one's own ledger at a region's size", 1.3, ("growth", "own_ledger", "ratio"), "x"),
        ("dashboard of the whole site against a branch's", 1.5, ("dashboard", "ratio"), "x"),
        ("a page far down a list against its first", 1.2, ("list", "ratio"), "x"),
        ("export of everybody against the driver's fetch", 15, ("export", "ratio"), "x"),
        ("what an export adds to the memory", 30, ("export", "added"), " MB"),
        ("refresh of the figures against plain grouping", 2, ("figures", "ratio"), "x"),
        ("posting 500 people at once against 50", 3, ("posting", "ratio"), "x"),
    )
)
VERIFICATION = tuple(
    floor
    for kind, most in (("postgresql", 12), ("sqlite", 60))
    for floor in (
        Floor(
            f"verification of the whole ledger against its plain sum, {NAMES[kind]}",
            most,
            _region(kind, "verification", "ratio"),
        ),
        Floor(
            f"what a verification adds to the memory, {NAMES[kind]}",
            200,
            _region(kind, "verification", "added"),
            " MB",
        ),
    )
)
POSTING = tuple(
    Floor(f"{text}, lines/s of the bare insert and sums against it", most, _ledger(way))
    for way, text, most in (  # at least 35, 35 and 15 % of it
        ("sql", "a line by SQL through the guards", 2.86),
        ("batch", "500 lines posted at once", 2.86),
        ("single", "one line posted", 6.67),
    )
)
DOOR = tuple(
    floor
    for kind, name in NAMES.items()
    for floor in (
        Floor(f"p95 against p50 of 500 people signing in within a minute, {name}", 4, _pressed(kind)),
        Floor(f"of them refused, lost or counted twice, {name}", 0, _miscounted(kind), ""),
    )
)
CROWD = (
    Floor(
        "classes of 100 from 300 branches, eight clients against one with the same lines", 3, _crowd("ratio")
    ),
    Floor("lines of them lost or doubled", 0, _crowd("lost"), ""),
)
SURGE = tuple(
    floor
    for kind, name in NAMES.items()
    for floor in (
        Floor(f"p95 of home while 500 people sign in within a minute, {name}", 3, _signed_in(kind, "ratio")),
        Floor(f"sign-ins of them that failed, {name}", 0, _signed_in(kind, "failed"), ""),
    )
)
FLOORS = (
    Floor("CPU of a member's home against the bare home", 8, _postgresql("member_home")),
    Floor("CPU of a heartbeat against the bare event", 4, _postgresql("heartbeat")),
    Floor("CPU of a login against its hash alone", 1.10, _postgresql("login")),
    Floor("p95 of home during 8 parallel logins against quiet", 3, _of("postgresql", "storm")),
    *(
        Floor(f"{text} with 1,000 own entries against 10, {name}", 1.2, _history(kind, page))
        for page, text in (("home", "home"), ("year", "the page of one's year"))
        for kind, name in NAMES.items()
    ),
    Floor("cold start against bare gunicorn", 10, _of("postgresql", "cold")),
    Floor("memory after load against bare gunicorn", 2, _of("postgresql", "memory")),
    Floor("memory after 20,000 requests more", 5, _grown, "%"),
    *SURGE,
    *POSTING,
    *CROWD,
    *SIZES,
    *VERIFICATION,
    *DOOR,
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
        found += [f"{kind} memory: {text}" for text in part["memory"].get("problems", ())]
        for name, one in _regional(part):
            found += [
                f"{kind} region {name}: {text}" for text in one["own"]["problems"] + one["limit"]["problems"]
            ]
        for name in ("storm", "surge", "crowd"):
            found += [f"{kind} {name}: {text}" for text in part.get(name, {}).get("problems", ())]
    return found


def _regional(part: Results) -> list[tuple[str, Results]]:
    large = part.get("region")
    return (
        [*large["growth"].items(), *((name, large[name]) for name in ("dashboard", "list"))] if large else []
    )
