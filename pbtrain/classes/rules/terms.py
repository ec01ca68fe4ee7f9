"""What a class may say of itself, and from which state it goes to which."""

from datetime import date
from typing import Any

from pbtrain.classes.rules.catalogue import MOST_DAYS
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_

MOVES = {  # act: from which states, to which
    "open": (("draft",), "open"),
    "draft": (("open",), "draft"),
    "run": (("open",), "running"),
    "close": (("running",), "closed"),
    "cancel": (("draft", "open", "running"), "cancelled"),
}


def check_days(starts_on: date, ends_on: date, enrol_until: date | None) -> None:
    """RuleError unless the days follow each other and enrolment ends before the class does."""
    if ends_on < starts_on:
        raise RuleError(N_("The last day is before the first."), field="ends_on")
    if (ends_on - starts_on).days >= MOST_DAYS:
        raise RuleError(N_("A class has at most %(most)s days."), field="ends_on", most=MOST_DAYS)
    if enrol_until is not None and enrol_until > ends_on:
        raise RuleError(N_("Enrolment ends after the class is over."), field="enrol_until")


def check_capacity(capacity: int, taken: int) -> None:
    """RuleError where people already sit on the seats that would go."""
    if capacity < taken:
        raise RuleError(
            N_("%(taken)s seats are taken already; there cannot be fewer."), field="capacity", taken=taken
        )


def lacking(row: Any, units: int, teacherless: int, venueless: int) -> list[str]:
    """What a class lacks before it can begin, as keys of LACKS, the most urgent first."""
    found = []
    if not units:
        found.append("timetable")
    if teacherless:
        found.append("teacher")
    if venueless:
        found.append("venue")
    if row.state == "draft":
        found.append("opening")
    elif row.taken < row.capacity:
        found.append("seats")
    if not row.notice:
        found.append("notice")
    return found


LACKS = {
    "timetable": N_("no timetable"),
    "teacher": N_("units without a teacher"),
    "venue": N_("units without a venue"),
    "opening": N_("not open for enrolment yet"),
    "seats": N_("free seats"),
    "notice": N_("no notice sheet"),
}
