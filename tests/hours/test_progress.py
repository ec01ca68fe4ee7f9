"""The ruler of a year: how it stands, where its pace changes, and the short way to the same figures."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.progress import Progress, is_even, of_assessment, owed, segments
from pbtrain.hours.rules import Tie, assess, duties, terms

POLICY = PolicyRules()
HOME = Tie("home", date(2020, 1, 1))
POST = Tie("post", date(2026, 6, 12), None, "secretary")
TODAY = date(2026, 9, 25)


def ruler(*ties, today=TODAY, year=2026):
    result = assess(POLICY, duties(year, ties), [], year=year, today=today)
    return of_assessment(result, year, today)


@pytest.mark.parametrize(
    ("counted", "target", "due", "more", "standing"),
    [
        (0, 0, 0, {}, "none"),
        (0, 3200, 2000, {"on_care": True}, "care"),
        (3200, 3200, 2000, {}, "met"),
        (3300, 3200, 2000, {}, "met"),
        (3199, 3200, 2000, {}, "pace"),
        (2000, 3200, 2000, {}, "pace"),
        (1999, 3200, 2000, {}, "behind"),
    ],
)
def test_how_a_year_stands(counted, target, due, more, standing):
    assert Progress(2026, counted, target, due, **more).standing == standing


def test_what_is_left_is_never_negative_and_the_gap_may_be():
    ahead, behind = Progress(2026, 3300, 3200, 3000), Progress(2028, 1000, 3200, 1500)
    assert (ahead.left, ahead.gap, ahead.days) == (0, 300, 365)
    assert (behind.left, behind.gap, behind.days) == (2200, -500, 366)


def test_a_ruler_told_nothing_more_has_one_pace_and_runs():
    plain = Progress(2026, 0, 3200, 0)
    assert (plain.segments, plain.self_study, plain.running, plain.on_care) == (((0, 1),), 0, True, False)


def test_the_pace_changes_on_the_day_of_the_post():
    assert segments(terms(POLICY, duties(2026, (HOME, POST))), 2026) == ((0, 3200), (162, 5600))


def test_a_year_that_was_judged_as_a_ruler():
    now = ruler(HOME, POST)
    assert (now.year, now.target, now.counted, now.running) == (2026, 4550, 0, True)
    assert now.due == -(-(3200 * 162 + 5600 * 106) // 3650) * 10
    assert now.segments == ((0, 3200), (162, 5600))
    assert not ruler(HOME, today=date(2027, 1, 2)).running
    assert not ruler(HOME, today=date(2025, 12, 31)).running


@pytest.mark.parametrize(
    ("since", "until", "today", "on_care"),
    [
        (date(2026, 9, 25), None, TODAY, True),
        (date(2026, 9, 26), None, TODAY, False),
        (date(2026, 9, 1), date(2026, 9, 26), TODAY, True),
        (date(2026, 9, 1), date(2026, 9, 25), TODAY, False),
        (date(2026, 9, 1), date(2026, 9, 10), TODAY, False),
        (date(2026, 12, 31), None, date(2027, 3, 1), True),  # a year that is over: its last day
        (date(2026, 9, 1), date(2026, 12, 31), date(2027, 3, 1), False),
    ],
)
def test_on_the_care_list_today_or_on_the_last_day(since, until, today, on_care):
    assert ruler(HOME, Tie("care", since, until), today=today).on_care is on_care


@given(st.integers(0, 364), st.integers(0, 364), st.booleans())
def test_the_short_ways_give_what_assess_gives(passed, change, with_post):
    """Home pages use `owed` and `is_even` without looking at a line; the figures are the same."""
    today = date(2026, 1, 1) + timedelta(days=passed)
    ties = (HOME, Tie("post", date(2026, 1, 1) + timedelta(days=change), None, "deputy"))[: 1 + with_post]
    stretches = duties(2026, ties)
    result = assess(POLICY, stretches, [], year=2026, today=today)
    assert owed(POLICY, stretches, today) == (result.target, result.due)
    assert is_even(POLICY, result.target, result.due, today) or len(stretches) > 1


def test_a_duty_that_changed_is_not_even():
    target, due = owed(POLICY, duties(2026, (HOME, POST)), TODAY)
    assert not is_even(POLICY, target, due, TODAY)
    assert not is_even(POLICY, 3200, 2340, TODAY)
    assert not is_even(POLICY, 3200, 2360, TODAY)
    assert is_even(POLICY, 3200, 2350, TODAY)
    assert is_even(POLICY, 3200, 3200, date(2026, 12, 31))
