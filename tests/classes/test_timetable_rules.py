"""What stands in the way of what: each rule by itself, and the way out of a conflict."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from pbtrain.classes.kinds import study_minutes
from pbtrain.classes.rules import timetable as rules
from pbtrain.classes.rules.timetable import Frame, Other, Slot
from pbtrain.core.clock import SHANGHAI

DAY, TODAY = date(2026, 10, 12), date(2026, 9, 18)  # a Monday, a Friday
FRAME = Frame(DAY, DAY + timedelta(days=2), 35)


def slot(number=1, hour=9, *, day=DAY, minutes=150, **more):
    starts = datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI)
    known = {"venue_id": 5, "venue": "示例展馆", "capacity": 40, "opens": "08:00", "closes": "18:00"}
    return Slot(number, 1, number, f"示例{number}", starts, minutes, "lecture", **known | more)


def kinds(own, others=(), frame=FRAME, today=TODAY):
    return [each.kind for each in rules.conflicts(own, others, frame, today)]


def test_a_quiet_timetable_has_no_conflict():
    assert kinds([slot(1), slot(2, 14)]) == []


@pytest.mark.parametrize(
    ("own", "frame", "kind"),
    [
        ([slot(1), slot(2, 10)], FRAME, "class"),
        ([slot(closed_on="1,7")], FRAME, "weekday"),
        ([slot(hour=7)], FRAME, "hours"),
        ([slot(hour=16)], FRAME, "hours"),  # ends at 18:30
        ([slot(capacity=30)], FRAME, "capacity"),
        ([slot(list_days=30)], FRAME, "list"),
        ([slot(day=DAY + timedelta(days=3))], FRAME, "dates"),
        ([slot()], replace(FRAME, season="11-03"), "season"),
    ],
)
def test_what_is_wrong_is_named(own, frame, kind):
    assert kinds(own, frame=frame) == [kind]


def test_teacher_venue_and_learners_of_another_class():
    other = Other(slot(9, 10, venue_id=5, teacher_id=7), "示例第202期", shared=2)
    assert kinds([slot(teacher_id=7)], [other]) == ["teacher", "venue", "learners"]
    later = replace(other, slot=slot(9, 12, teacher_id=7))  # 11:30 is over by then
    assert kinds([slot(teacher_id=7)], [later]) == []


def test_two_units_one_after_the_other_do_not_meet():
    assert not slot(1, 9, minutes=60).meets(slot(2, 10))
    assert slot(1, 9, minutes=61).meets(slot(2, 10))


def test_a_season_may_go_over_the_end_of_the_year():
    winter = [date(2026, 10, 31), date(2026, 11, 1), date(2026, 12, 31), date(2027, 2, 28), date(2027, 3, 1)]
    assert [rules.in_season("11-02", day) for day in winter] == [False, True, True, True, False]
    assert [rules.in_season("05-10", day) for day in winter] == [True, False, False, False, False]
    assert rules.in_season("", DAY)
    late = slot(2, day=date(2026, 11, 1))  # the class runs on into the first month that is none
    frame = Frame(date(2026, 10, 31), late.day, 36, season="05-10")
    found = rules.conflicts([slot(1, day=date(2026, 10, 31)), late], [], frame, DAY)
    assert [(one.session_id, one.kind) for one in found] == [(2, "season")]


def test_the_way_out_is_the_first_free_time_of_the_class():
    own = [slot(1, teacher_id=7), slot(2, 14)]
    other = Other(slot(9, 9, venue_id=6, teacher_id=7), "示例第202期")
    found = rules.way_out(own[0], own, [other], FRAME, TODAY)
    assert found is not None
    assert (found.day, found.starts.hour) == (
        DAY + timedelta(days=1),
        9,
    )  # the afternoon of the 12th is taken
    short = replace(FRAME, ends_on=DAY)
    assert rules.way_out(own[0], own, [other], short, TODAY) is None


def test_a_class_moves_as_a_whole():
    units, frame = rules.moved_by([slot(1), slot(2, 14)], FRAME, -3)
    assert [unit.starts.hour for unit in units] == [9, 14]
    assert {unit.day for unit in units} == {DAY - timedelta(days=3)}
    assert (frame.starts_on, frame.ends_on) == (date(2026, 10, 9), date(2026, 10, 11))


def test_each_way_of_teaching_has_its_own_factor():
    assert study_minutes(150, "visit") == 120
    assert study_minutes(150, "lecture") == 150
