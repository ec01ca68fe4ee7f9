"""Question kinds. Each module here defines one subclass of Kind; importing it registers it.

Pure: a kind says how it is asked (which control), what an answer may be, how it is graded and what its
author may write; templates draw the control it names.
"""

import sys
from collections.abc import Mapping, Sequence

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.core.registry import load_all
from pbtrain.quizzes.grading import Mark

KINDS: dict[str, "Kind"] = {}
LETTERS = "ABCDEFGH"


class Kind:
    """One way to ask. `fixed` options are the same for every question, and in their own order."""

    key = label = ""
    place = 9  # among the kinds an author chooses from
    control = "radio"  # or "checkbox": what the template draws
    fixed: Mapping[str, str] = {}  # option -> msgid

    def __init_subclass__(cls) -> None:
        KINDS[cls.key] = cls()

    def rule(self, *, partial: bool) -> str:
        """One sentence for the member on how it is marked, or nothing to say."""
        return ""

    def parse(self, values: Sequence[str], options: Sequence[str]) -> list[str]:
        """The chosen options in their stored order; refuses what the page did not offer."""
        chosen = set(values)
        if not chosen <= set(options) or (self.control == "radio" and len(chosen) > 1):
            raise RuleError(N_("This answer does not fit the question. Reload the page and choose again."))
        return [option for option in options if option in chosen]

    def check(self, options: Sequence[str], key: frozenset[str]) -> None:
        """Refuse a question nobody could answer; `options` are the ids of those that have a text."""
        if len(options) < 2:
            raise RuleError(N_("Give at least two choices."), field="options")
        if not key:
            raise RuleError(N_("Say which choice is right."), field="right")
        if not key <= set(options):
            raise RuleError(N_("A choice marked as right has no text."), field="right")
        if self.control == "radio" and len(key) > 1:
            raise RuleError(N_("This question has exactly one right answer."), field="right")

    def grade(self, key: frozenset[str], chosen: frozenset[str], points: int, *, partial: bool) -> Mark:
        """What this answer earns, in hundredths of a point."""
        raise NotImplementedError


load_all(sys.modules[__name__])
KINDS = dict(sorted(KINDS.items(), key=lambda item: (item[1].place, item[0])))
