"""What is right in a course: the words of its states, the time that counts, the order of lessons. Pure."""

from datetime import datetime

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_

STATES = {"draft": N_("Draft"), "published": N_("Published"), "withdrawn": N_("Withdrawn")}
LANGS = {"zh": N_("Chinese"), "mn-Mong": N_("Mongolian")}
RELEASES = {
    "done": N_("After passing or after the last attempt"),
    "never": N_("Never"),
}
BEAT_AT_MOST = 45  # seconds one heartbeat can add; pages send one every 30
BREAK = 90  # seconds without a heartbeat after which nobody was there


def gained(previous: datetime, now: datetime) -> int:
    """Whole seconds a heartbeat adds: the time since the last one, at most 45, and 0 after a break."""
    passed = int((now - previous).total_seconds())
    return min(passed, BEAT_AT_MOST) if 0 <= passed <= BREAK else 0


def check_lesson(*, locked_by: int | None, seconds: int, min_seconds: int) -> None:
    """Lessons go in order, each takes at least its shortest time; `locked_by` is the lesson to do first."""
    if locked_by is not None:
        raise RuleError(N_("Complete lesson %(number)s first."), number=locked_by)
    if seconds < min_seconds:
        raise RuleError(
            N_("This lesson takes at least %(least)s min; you have spent %(spent)s min on it so far."),
            least=-(-min_seconds // 60),
            spent=seconds // 60,
        )
