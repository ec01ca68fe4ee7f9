"""判断题: is the sentence right or wrong?"""

from collections.abc import Mapping

from pbtrain.core.marks import N_
from pbtrain.quizzes.grading import Mark, grade_one
from pbtrain.quizzes.kinds import Kind


class TrueFalse(Kind):
    key, label = "true_false", N_("True or false")
    place = 3
    fixed: Mapping[str, str] = {"true": N_("Right"), "false": N_("Wrong")}

    def grade(self, key: frozenset[str], chosen: frozenset[str], points: int, *, partial: bool) -> Mark:
        return grade_one(key, chosen, points)
