"""The units of work, one function each: a whole piece of work, however many requests it takes.

A journey gets a browser, the people of the data set (`cast`), and the number of its turn: turns are dealt to
the clients so that no two of them ever act as one person at one moment where that would make one wait.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from bench.client import Browser, Person

QUESTIONS = 10
SLOTS, SLOT = 48, 10  # meetings of 10 minutes between midnight and eight, when nobody else meets
Cast = dict[str, Any]
Journey = Callable[[Browser, Cast, int], None]


def person(cast: Cast, group: str, turn: int) -> Person:
    """Whose turn it is, of this group of people."""
    people = cast[group]
    return Person(**people[turn % len(people)])


def bare_home(browser: Browser, cast: Cast, turn: int) -> None:
    """Session, three queries, a template of the size of a member's home."""
    browser.get(person(cast, "bare", turn), "/")


def bare_event(browser: Browser, cast: Cast, turn: int) -> None:
    """Two writes, one commit."""
    browser.post(person(cast, "bare", turn), "/event", 204)


def bare_login(browser: Browser, cast: Cast, turn: int) -> None:
    """The hash alone, with the parameters of pbtrain."""
    browser.post(person(cast, "bare", turn), "/login", 204)


def bare_list(browser: Browser, cast: Cast, turn: int) -> None:
    """Session, one query of 40 rows, a table."""
    browser.get(person(cast, "bare", turn), "/list")


def member_home(browser: Browser, cast: Cast, turn: int) -> None:
    """A member's first page."""
    browser.get(person(cast, "members", turn), "/")


def short_history(browser: Browser, cast: Cast, turn: int) -> None:
    """The first page of a member with 10 entries."""
    browser.get(person(cast, "short", turn), "/")


def long_history(browser: Browser, cast: Cast, turn: int) -> None:
    """The first page of a member with 1,000 entries."""
    browser.get(person(cast, "long", turn), "/")


def short_year(browser: Browser, cast: Cast, turn: int) -> None:
    """The page of the year of a member with 10 entries."""
    browser.get(person(cast, "short", turn), "/hours")


def long_year(browser: Browser, cast: Cast, turn: int) -> None:
    """The page of the year of a member with 1,000 entries."""
    browser.get(person(cast, "long", turn), "/hours")


def login(browser: Browser, cast: Cast, turn: int) -> None:
    """The form of the entrance, sent."""
    who = person(cast, "visitors", turn)
    form = [("username", who.facts["username"]), ("password", who.facts["password"]), ("own_device", "")]
    browser.post(who, "/login", 303, form)


def heartbeat(browser: Browser, cast: Cast, turn: int) -> None:
    """A lesson tells that it is being looked at."""
    who = person(cast, "members", turn)
    browser.post(who, f"/courses/{cast['course']}/lessons/{cast['lesson']}/beat", 204)


def secretary_home(browser: Browser, cast: Cast, turn: int) -> None:
    """A branch secretary's first page."""
    browser.get(person(cast, "secretaries", turn), "/")


def member_list(browser: Browser, cast: Cast, turn: int) -> None:
    """The members of a branch with their hours."""
    who = person(cast, "secretaries", turn)
    browser.get(who, f"/branches/{who.facts['branch']}/members")


def own_ledger(browser: Browser, cast: Cast, turn: int) -> None:
    """A member's own year, line by line."""
    browser.get(person(cast, "readers", turn), "/hours")


def branch_dashboard(browser: Browser, cast: Cast, turn: int) -> None:
    """How one branch stands, for who audits it."""
    browser.get(person(cast, "auditors", turn), f"/branches/{cast['branch']}/members")


def unit_dashboard(browser: Browser, cast: Cast, turn: int) -> None:
    """How the whole site stands: the unit at the top."""
    browser.get(person(cast, "auditors", turn), f"/units/{cast['root']}/hours")


def list_first(browser: Browser, cast: Cast, turn: int) -> None:
    """The first page of everybody on the roster."""
    browser.get(person(cast, "admins", turn), cast["list"]["first"])


def list_far(browser: Browser, cast: Cast, turn: int) -> None:
    """A page far behind it."""
    browser.get(person(cast, "admins", turn), cast["list"]["far"])


def begin(browser: Browser, cast: Cast, turn: int) -> tuple[Person, str]:
    """Start a quiz and save ten answers; who sat it and where the attempt is."""
    who = person(cast, "sitters", turn)
    answer = browser.post(who, f"/courses/{who.facts['quiz_course']}/quiz/start", 303)
    attempt = answer.location.rsplit("/", 1)[0]
    for number in range(1, QUESTIONS + 1):
        browser.post(who, f"{attempt}/{number}/save", 204, [("answer", "A")])
    return who, attempt


def quiz(browser: Browser, cast: Cast, turn: int) -> None:
    """Start, ten answers saved one by one, submit: graded and audited."""
    hand_in(browser, *begin(browser, cast, turn))


def hand_in(browser: Browser, who: Person, attempt: str) -> None:
    """Submit alone."""
    browser.post(who, f"{attempt}/submit", 303)


def meeting(browser: Browser, cast: Cast, turn: int) -> None:
    """A secretary records a meeting of 20; its hours are posted."""
    who = person(cast, "secretaries", turn)
    held = turn // len(cast["secretaries"])
    day = date.fromisoformat(cast["today"]) - timedelta(days=1 + held // SLOTS)
    minute = held % SLOTS * SLOT
    form = [
        ("unit", who.facts["branch"]),
        ("activity", cast["activity"]),
        ("title", f"示例会议{turn}"),
        ("day", day.isoformat()),
        ("time", f"{minute // 60:02}:{minute % 60:02}"),
        ("minutes", SLOT),
        ("place", ""),
        ("form_id", str(uuid4())),
        *(("present", member) for member in who.facts["people"]),
    ]
    browser.post(who, "/events/new/people", 303, form)


JOURNEYS: dict[str, Journey] = {
    function.__name__: function
    for function in (
        bare_home, bare_event, bare_login, bare_list, member_home, short_history, long_history, short_year,
        long_year, login,
        heartbeat, own_ledger, branch_dashboard, unit_dashboard, list_first, list_far, secretary_home,
        member_list, quiz, meeting,
    )
}  # fmt: skip
