"""The time a lesson takes, as values."""

from datetime import UTC, datetime, timedelta

import pytest

from pbtrain.core.errors import RuleError
from pbtrain.courses import rules

NOW = datetime(2026, 9, 25, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "counts"),
    [(0, 0), (1, 1), (30, 30), (30.9, 30), (45, 45), (46, 45), (90, 45), (91, 0), (3600, 0), (-1, 0)],
)
def test_a_heartbeat_adds_the_time_since_the_last_one(passed, counts):
    assert rules.gained(NOW - timedelta(seconds=passed), NOW) == counts


def test_a_lesson_is_complete_after_the_one_before_it_and_its_shortest_time():
    for enough in (600, 601, 3600):
        assert rules.check_lesson(locked_by=None, seconds=enough, min_seconds=600) is None
    with pytest.raises(RuleError, match="lesson 2 first"):
        rules.check_lesson(locked_by=2, seconds=600, min_seconds=600)
    for shortest, least, seconds, spent in ((600, 10, 119, 1), (601, 11, 120, 2)):
        with pytest.raises(RuleError) as refusal:
            rules.check_lesson(locked_by=None, seconds=seconds, min_seconds=shortest)
        assert (refusal.value.params["least"], refusal.value.params["spent"]) == (least, spent)
