"""What a draft would mean for a member: a few sentences, worked out by `assess`. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pbtrain.core.formatting import hours
from pbtrain.core.marks import N_
from pbtrain.hours.formula import Formula, explain
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.rules import Studied, Tie, assess, duties

MEETING, LONG_DAY, LESSON = 90, 600, 20  # minutes
WHOLE_DAYS = 10


@dataclass(frozen=True)
class Example:
    """A sentence: a msgid with its parameters; or the derivation of a target behind its beginning."""

    message: str
    params: dict[str, Any]
    formula: Formula | None = None


def examples(rules: PolicyRules, year: int) -> Iterator[Example]:
    """What these rules make of a meeting, a lesson, a long day, self-study, a post since June."""
    meeting = rules.credit("theme_day", MEETING)
    yield Example(
        N_("A theme Party day of %(minutes)s minutes is %(hours)s hours."),
        {"minutes": MEETING, "hours": hours(meeting)},
    )
    lesson = rules.credit("online_course", LESSON)
    yield Example(
        N_("An online course of %(minutes)s minutes is %(hours)s hours."),
        {"minutes": LESSON, "hours": hours(lesson)},
    )
    first = date(year, 1, 1)
    long = _counted(rules, year, [_line(rules, 1, first, "training_class", "group", LONG_DAY)])
    yield Example(
        N_("Of a class of %(minutes)s minutes in one day %(hours)s hours count."),
        {"minutes": LONG_DAY, "hours": hours(long)},
    )
    alone = [_line(rules, n, first + timedelta(days=n), "self_study", "self", 90) for n in range(WHOLE_DAYS)]
    yield Example(
        N_("Of %(raw)s hours of self-study %(hours)s count."),
        {"raw": hours(sum(line.credit for line in alone)), "hours": hours(_counted(rules, year, alone))},
    )
    home, post = Tie("home", date(2000, 1, 1)), Tie("post", date(year, 6, 12), None, "secretary")
    result = assess(rules, duties(year, (home, post)), (), year=year, today=date(year, 12, 31))
    yield Example(N_("Who becomes secretary on 12 June:"), {}, explain(result))


def _line(rules: PolicyRules, number: int, day: date, activity: str, mode: str, minutes: int) -> Studied:
    credit = rules.credit(activity, minutes)
    return Studied(number, day, rules.mode(activity, mode), "B", minutes, credit, activity=activity)


def _counted(rules: PolicyRules, year: int, lines: list[Studied]) -> int:
    stretches = duties(year, (Tie("home", date(2000, 1, 1)),))
    return assess(rules, stretches, lines, year=year, today=date(year, 12, 31)).counted
