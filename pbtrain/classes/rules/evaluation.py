"""The evaluation of a class: what is asked, what an answer may say, what is shown of many. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_

QUESTIONS = {
    "content": N_("What was taught"),
    "teaching": N_("How it was taught"),
    "order": N_("Organisation: timetable, rooms, meals"),
}
SCORES = {5: N_("very good"), 4: N_("good"), 3: N_("fair"), 2: N_("poor"), 1: N_("very poor")}
FEWEST = 5  # answers below which nothing is shown: one could guess who said what


@dataclass(frozen=True)
class Result:
    """Mean of the answers to one question, in hundredths of a point, and how many there are; no mean while
    they are fewer than FEWEST."""

    answers: int
    mean: int | None


def checked(given: Mapping[str, str], sessions: Collection[int]) -> dict[str, int]:
    """The scores as they are kept; RuleError without an answer to each general question."""
    allowed = [*QUESTIONS, *(f"session:{one}" for one in sessions)]
    found = {key: int(given[key]) for key in allowed if given.get(key) in {str(score) for score in SCORES}}
    for key in QUESTIONS:
        if key not in found:
            raise RuleError(N_("Choose one answer for each of the first questions."), field=key)
    return found


def results(answers: Iterable[Mapping[str, Any]], groups: Mapping[str, Collection[str]]) -> dict[str, Result]:
    """For each group of questions its mean; half up. A group is a question, a session, all of a teacher.

    A mean of several questions, of which some are shown and the others answered by fewer than FEWEST, would
    tell by subtraction what these said: it is not shown either.
    """
    rows = list(answers)
    found = {}
    for name, keys in groups.items():
        scores = [int(row[key]) for row in rows for key in keys if key in row]
        people = _people(rows, keys)
        mean = (200 * sum(scores) + len(scores)) // (2 * len(scores)) if scores else 0
        few = [key for key in keys if _people(rows, [key]) < FEWEST]
        left = _people(rows, few) if len(few) < len(keys) else FEWEST
        found[name] = Result(people, mean if people >= FEWEST and not 0 < left < FEWEST else None)
    return found


def _people(rows: Collection[Mapping[str, Any]], keys: Collection[str]) -> int:
    """How many answered one of these questions."""
    return sum(any(key in row for key in keys) for row in rows)
