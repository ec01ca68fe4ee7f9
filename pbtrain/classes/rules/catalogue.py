"""What a teacher, a venue and a template of a class may say."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from pbtrain.classes.kinds import MODES
from pbtrain.classes.rules.timetable import LONGEST, SHORTEST
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_

CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
MONTHS = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|1[0-2])")
MOST_DAYS, MOST_UNITS = 30, 60
MOST_SEATS = 1000  # the ledger takes so many lines of one book at once


def check_venue(opens: str, closes: str, closed_on: str) -> None:
    """RuleError unless it opens before it closes, on some day of the week."""
    if not (CLOCK.fullmatch(opens) and CLOCK.fullmatch(closes) and opens < closes):
        raise RuleError(N_("It must open before it closes."), field="closes")
    if len(set(closed_on.split(","))) == 7:
        raise RuleError(N_("It must be open on some day of the week."), field="closed_on")


def check_template(days: int, season: str, units: Sequence[dict[str, Any]]) -> None:
    """RuleError unless the units lie within the days and do not overlap."""
    if season and not MONTHS.fullmatch(season):
        raise RuleError(N_("Choose both the first and the last month."), field="last_month")
    if len(units) > MOST_UNITS:
        raise RuleError(N_("At most %(most)s units."), field="sessions", most=MOST_UNITS)
    spans = []
    for unit in units:
        if not 0 <= unit["day"] < days:
            raise RuleError(
                N_("“%(title)s” is on day %(day)s, but the class has %(days)s days."), field="sessions",
                title=unit["title"], day=unit["day"] + 1, days=days,
            )  # fmt: skip
        if unit["mode"] not in MODES or not SHORTEST <= unit["minutes"] <= LONGEST:
            raise RuleError(
                N_("“%(title)s”: a unit has %(least)s to %(most)s minutes."), field="sessions",
                title=unit["title"], least=SHORTEST, most=LONGEST,
            )  # fmt: skip
        hour, minute = unit["time"].split(":")
        begins = unit["day"] * 1440 + int(hour) * 60 + int(minute)
        spans.append((begins, begins + unit["minutes"], unit["title"]))
    spans.sort()
    for (_b, ends, title), (begins, _e, other) in pairwise(spans):
        if begins < ends:
            raise RuleError(
                N_("“%(title)s” and “%(other)s” are at the same time."), field="sessions",
                title=title, other=other,
            )  # fmt: skip
