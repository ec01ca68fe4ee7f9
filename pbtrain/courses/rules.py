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


def gained(previous: datetime, now: datetime) -> int:
    """Whole seconds a heartbeat adds: the time since the last one, never negative, at most 45."""
    return min(max(int((now - previous).total_seconds()), 0), BEAT_AT_MOST)


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
