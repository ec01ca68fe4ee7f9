"""What other platforms took for the same unit, recorded on another day: indicative, never judged.

2026-11-22, 2 cores of an AMD EPYC, Debian 12, client and server on the same cores. Units/s at 1 and 8
concurrent sessions, and CPU in ms a unit.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """One platform's figures for one unit."""

    name: str
    requests: int
    rate_1: float
    rate_8: float
    cpu: str


PEERS: dict[str, tuple[Peer, ...]] = {
    "home": (
        Peer("Kolibri 0.19.5", 2, 22, 17, "38-81"),
        Peer("Moodle 4.3 dashboard", 3, 12, 25, "77"),
        Peer("CTFd 3.8.7 challenges", 2, 27, 66, "27-35"),
        Peer("Indico 3.2.9 dashboard", 1, 16, 29, "59"),
    ),
    "event": (
        Peer("Kolibri trackprogress", 1, 79, 105, "10-12"),
        Peer("Moodle completion toggle", 1, 88, 192, "9"),
    ),
    "quiz": (
        Peer("Kolibri, graded by the browser", 2, 31, 30, "30"),
        Peer("Moodle start, page, submit", 3, 9, 18, "100"),
    ),
    "submit": (
        Peer("Moodle submit and grade", 1, 0, 0, "25"),  # its rate was not recorded
        Peer("CTFd one answer", 1, 32, 64, "27"),
    ),
    "login": (
        Peer("Kolibri (PBKDF2)", 1, 11, 22, "80-100"),
        Peer("Moodle (SHA-512 crypt)", 2, 27, 54, "33"),
        Peer("CTFd (bcrypt)", 2, 4, 8, "240"),
        Peer("Indico (bcrypt)", 2, 3.4, 3.2, "276"),
    ),
}
