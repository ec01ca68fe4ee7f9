"""单选题: one choice of several."""

from pbtrain.core.marks import N_
from pbtrain.quizzes.grading import Mark, grade_one
from pbtrain.quizzes.kinds import Kind


class Single(Kind):
    key, label = "single", N_("Single choice")
    place = 1

    def grade(self, key: frozenset[str], chosen: frozenset[str], points: int, *, partial: bool) -> Mark:
        return grade_one(key, chosen, points)
