"""What is measured: one row a unit, and the bare limit it is held against."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """A journey on a server; `limit` names the bare unit of the same run."""

    key: str
    server: str  # "bare" or "pbtrain"
    limit: str = ""
    peers: str = ""  # which rows of peers.py stand beside it


GROWING = ("member_home", "heartbeat", "submit", "own_ledger")  # as dear at a region's size as at a small
UNITS = (
    Unit("bare_home", "bare"),
    Unit("member_home", "pbtrain", "bare_home", "home"),
    Unit("bare_event", "bare"),
    Unit("heartbeat", "pbtrain", "bare_event", "event"),
    Unit("bare_login", "bare"),
    Unit("login", "pbtrain", "bare_login", "login"),
    Unit("bare_list", "bare"),
    Unit("secretary_home", "pbtrain", "bare_list"),
    Unit("member_list", "pbtrain", "bare_list"),
    Unit("own_ledger", "pbtrain", "bare_list"),
    Unit("branch_dashboard", "pbtrain", "bare_list"),
    Unit("unit_dashboard", "pbtrain", "bare_list"),
    Unit("quiz", "pbtrain", "bare_event", "quiz"),
    Unit("submit", "pbtrain", "bare_event", "submit"),
    Unit("meeting", "pbtrain", "bare_event"),
)
