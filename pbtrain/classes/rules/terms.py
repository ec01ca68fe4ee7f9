"""What a class may say of itself, and from which state it goes to which."""

from datetime import date, timedelta
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


LACKS = {
    "timetable": N_("no timetable"),
    "teacher": N_("units without a teacher"),
    "venue": N_("units without a venue"),
    "list": N_("a list of who enters is due"),
    "opening": N_("not open for enrolment yet"),
    "seats": N_("free seats"),
    "notice": N_("no notice sheet"),
}
SOON = 7  # days before a list is due that it is asked for


def lacking(row: Any, today: date) -> list[str]:
    """What a class lacks before it can be held, as keys of LACKS; `row` is one of queries.next_classes."""
    due = list_due(row)
    wanting = {
        "timetable": not row.units,
        "teacher": row.teacherless > 0,
        "venue": row.venueless > 0,
        "list": due is not None and (due - today).days <= SOON,
        "opening": row.state == "draft",
        "seats": row.state == "open" and row.taken < row.capacity,
        "notice": not row.notice,
    }
    return [key for key in LACKS if wanting[key]]


def list_due(row: Any) -> date | None:
    """Until when the next list of who enters a restricted site must be sent."""
    return row.list_for - timedelta(days=row.list_days) if row.list_for else None
