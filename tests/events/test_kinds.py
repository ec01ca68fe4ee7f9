"""Fixed days, frequencies and what a unit writes over them: no database."""

from collections import Counter
from datetime import date
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbtrain.core.errors import RuleError
from pbtrain.events import kinds, plan_rules
from pbtrain.hours.activities import ACTIVITIES


def row(activity, unit_id, **fields):
    usual = {"label": "", "per_year": None, "steps": None, "open": True, "version": 1}
    return SimpleNamespace(activity=activity, unit_id=unit_id, **usual | fields)


def test_every_activity_a_branch_records_is_asked_about():
    assert {key for key, kind in ACTIVITIES.items() if kind.recorded_by_branch} == set(kinds.KINDS)
    assert not ACTIVITIES["volunteering"].earns
    assert all(kind.form in ("", *kinds.FORMS) for kind in kinds.KINDS.values())


def test_service_is_counted_in_full_hours():
    assert [kinds.points_of(minutes) for minutes in (10, 60, 119, 120, 480)] == [1, 1, 1, 2, 8]
    assert [key for key in kinds.SERVING if ACTIVITIES[key].earns] == [], "points or hours, never both"


def test_the_nearest_level_decides_and_keeps_what_it_left_empty():
    near = row("theme_day", 3, label="固定党日")
    far = row("theme_day", 1, per_year=24, label="主题活动", steps={"before": ["一"]})
    found = kinds.settled([near, far, row("warning", 1, per_year=2, open=False)])
    assert (found["theme_day"].label, found["theme_day"].per_year, found["theme_day"].by) == (
        "固定党日",
        12,
        3,
    )
    assert not found["theme_day"].written
    assert (found["warning"].per_year, found["warning"].open) == (2, False)
    assert kinds.settled([far])["theme_day"].steps["before"] == ("一",)


@given(st.integers(1, 60))
def test_spans_cover_the_year_once(times):
    months = [month for span in kinds.due_months(times) for month in span]
    assert months == list(range(1, 13))


@pytest.mark.parametrize(
    ("every", "month", "day"),
    [("day:31", 2, 28), ("day:31", 4, 30), ("nth:2:5", 9, 11), ("nth:5:5", 10, 30), ("nth:1:1", 6, 1)],
)
def test_fixed_day(every, month, day):
    assert plan_rules.fixed_day(every, 2026, month) == date(2026, month, day)


@pytest.mark.parametrize(
    "every", ["", "day:0", "day:32", "nth:6:1", "nth:1:8", "nth:1", "day:1:2", "day:²", "week:1"]
)
def test_what_is_no_fixed_day_is_refused(every):
    with pytest.raises(RuleError):
        plan_rules.check_every(every)


@given(
    st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.sampled_from(["day:1", "day:15", "day:31", "nth:5:7"])
)
def test_a_plan_keeps_every_frequency_and_never_dates_back(today, every):
    settings_ = list(kinds.settled([]).values())
    found = plan_rules.proposals(settings_, set(), year=2026, today=today, every=every)
    assert all(each.day >= today and each.day.year == 2026 for each in found)
    if today == date(2026, 1, 1):
        counts = Counter(each.activity for each in found)
        asked = {key: kind.per_year for key, kind in kinds.KINDS.items() if kind.per_year}
        assert {key: counts[key] for key in asked} == asked


def test_ticks_say_held_missed_due_planned_later():
    setting = kinds.settled([])["members_meeting"]
    found = plan_rules.ticks(setting, {2: 1}, {12: 1}, year=2026, today=date(2026, 9, 25))
    assert [tick.state for tick in found] == ["held", "missed", "due", "planned"]
    assert [t.state for t in plan_rules.ticks(setting, {}, {}, year=2027, today=date(2026, 9, 25))] == [
        "later"
    ] * 4
    assert [t.state for t in plan_rules.ticks(setting, {}, {}, year=2025, today=date(2026, 9, 25))] == [
        "missed"
    ] * 4
