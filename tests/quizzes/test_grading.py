"""Grading as values: what holds for every key, every answer and every number of points."""

from hypothesis import given
from hypothesis import strategies as st

from pbtrain.quizzes.grading import Mark, grade_many, grade_one, has_passed, shuffled, total
from pbtrain.quizzes.kinds import KINDS

OPTIONS = "abcdefgh"
keys = st.sets(st.sampled_from(OPTIONS), min_size=1).map(frozenset)
choices = st.sets(st.sampled_from(OPTIONS)).map(frozenset)
points = st.integers(0, 100_000)


@given(keys, choices, points, st.booleans(), st.sampled_from(sorted(KINDS)))
def test_a_mark_lies_between_nothing_and_everything(key, chosen, worth, partial, kind):
    mark = KINDS[kind].grade(key, chosen, worth, partial=partial)
    assert 0 <= mark.earned <= mark.possible == worth


@given(keys, choices, points, st.booleans())
def test_a_wrong_choice_never_gains(key, chosen, worth, partial):
    for wrong in set(OPTIONS) - key:
        assert grade_many(key, chosen | {wrong}, worth, partial=partial).earned == 0


@given(keys, points, st.data())
def test_more_of_the_right_choices_never_earn_less(key, worth, data):
    some = frozenset(data.draw(st.sets(st.sampled_from(sorted(key)))))
    more = some | frozenset(data.draw(st.sets(st.sampled_from(sorted(key)))))
    earned = [grade_many(key, chosen, worth, partial=True).earned for chosen in (some, more, key)]
    assert earned == sorted(earned)
    assert earned[-1] == worth


@given(keys, choices, points)
def test_without_partial_credit_only_the_whole_key_earns(key, chosen, worth):
    assert grade_many(key, chosen, worth, partial=False).earned == (worth if chosen == key else 0)
    assert grade_one(key, chosen, worth).earned == (worth if chosen == key else 0)


def test_two_of_three_right_choices_earn_their_share_rounded_half_up():
    key = frozenset("abc")
    assert grade_many(key, frozenset("ab"), 500, partial=True) == Mark(333, 500)
    assert grade_many(key, frozenset("a"), 500, partial=True) == Mark(167, 500)
    assert grade_many(frozenset("ab"), frozenset("a"), 5, partial=True) == Mark(3, 5)
    assert grade_many(key, frozenset("abd"), 500, partial=True) == Mark(0, 500)


def test_what_cannot_be_earned_has_a_defined_result():
    assert grade_many(frozenset(), frozenset(), 500, partial=True) == Mark(0, 500)
    assert grade_one(frozenset(), frozenset(), 500) == Mark(0, 500)
    assert grade_many(frozenset(OPTIONS), frozenset(OPTIONS), 500, partial=True) == Mark(500, 500)
    assert total([]) == Mark(0, 0)
    assert not has_passed(total([]), 0)
    assert not has_passed(Mark(0, 0), 60)
    assert has_passed(Mark(0, 100), 0)


def test_a_hair_below_the_pass_mark_has_not_passed():
    assert has_passed(Mark(600, 1000), 60)
    assert not has_passed(Mark(599, 1000), 60)


@given(st.integers(0, 1000), st.integers(1, 1000), st.integers(0, 100))
def test_the_pass_mark_is_reached_exactly(earned, possible, pass_mark):
    mark = Mark(min(earned, possible), possible)
    assert has_passed(mark, pass_mark) == (mark.earned / mark.possible >= pass_mark / 100) or (
        100 * mark.earned == pass_mark * mark.possible
    )


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(100, 200))))
def test_the_total_is_the_sum(pairs):
    assert total(Mark(*pair) for pair in pairs) == Mark(sum(p[0] for p in pairs), sum(p[1] for p in pairs))


@given(st.integers(0, 2**31), st.integers(1, 2**31))
def test_options_are_shuffled_the_same_way_each_time_and_none_is_lost(seed, question_id):
    order = shuffled(OPTIONS, seed, question_id)
    assert sorted(order) == list(OPTIONS)
    assert order == shuffled(OPTIONS[::-1], seed, question_id)


def test_different_attempts_see_different_orders():
    assert len({tuple(shuffled(OPTIONS, seed, 1)) for seed in range(50)}) > 40
