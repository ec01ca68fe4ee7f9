"""What each kind takes as an answer and as a question."""

import pytest

from pbtrain.core.errors import RuleError
from pbtrain.quizzes.kinds import KINDS


def test_the_three_kinds_of_the_journey_are_there():
    assert {"single", "multiple", "true_false"} <= set(KINDS)


@pytest.mark.parametrize(
    ("kind", "values"), [("single", ["a", "b"]), ("single", ["z"]), ("multiple", ["a", ""])]
)
def test_an_answer_the_page_did_not_offer_is_refused(kind, values):
    with pytest.raises(RuleError):
        KINDS[kind].parse(values, ["a", "b", "c"])


def test_an_answer_keeps_the_order_of_its_options_and_names_each_once():
    assert KINDS["multiple"].parse(["c", "a", "c"], ["a", "b", "c"]) == ["a", "c"]
    assert KINDS["single"].parse([], ["a", "b"]) == []


@pytest.mark.parametrize(
    ("kind", "options", "key", "field"),
    [
        ("single", ["a"], {"a"}, "options"),
        ("single", ["a", "b"], set(), "right"),
        ("single", ["a", "b"], {"a", "b"}, "right"),
        ("multiple", ["a", "b"], {"c"}, "right"),
        ("true_false", ["true", "false"], {"true", "false"}, "right"),
    ],
)
def test_a_question_nobody_could_answer_is_refused(kind, options, key, field):
    with pytest.raises(RuleError) as refused:
        KINDS[kind].check(options, frozenset(key))
    assert refused.value.field == field


def test_all_options_may_be_right():
    assert KINDS["multiple"].check(["a", "b"], frozenset("ab")) is None
