"""多选题: several choices; a part earns its share when the question says so, a wrong one earns nothing."""

from pbtrain.core.marks import N_
from pbtrain.quizzes.grading import Mark, grade_many
from pbtrain.quizzes.kinds import Kind


class Multiple(Kind):
    key, label = "multiple", N_("Multiple choice")
    place = 2
    control = "checkbox"

    def rule(self, *, partial: bool) -> str:
        if partial:
            return N_("A part of the right choices earns a part; a wrong choice earns nothing.")
        return N_("Only all the right choices together earn points.")

    def grade(self, key: frozenset[str], chosen: frozenset[str], points: int, *, partial: bool) -> Mark:
        return grade_many(key, chosen, points, partial=partial)
