"""单选题: one choice of several."""

from collections.abc import Sequence

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.quizzes.grading import Mark, grade_one
from pbtrain.quizzes.kinds import Kind


class Single(Kind):
    key, label = "single", N_("Single choice")

    def check(self, options: Sequence[str], key: frozenset[str]) -> None:
        super().check(options, key)
        if len(key) > 1:
            raise RuleError(N_("A single choice has exactly one right answer."), field="right")

    def grade(self, key: frozenset[str], chosen: frozenset[str], points: int, *, partial: bool) -> Mark:
        return grade_one(key, chosen, points)
