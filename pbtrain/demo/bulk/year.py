"""What the members of a large preset learnt: calendars of branches, habits of members. Pure.

There are few calendars and few habits, so that `assess` judges each combination once and not each person.
The window holds whole years and ends yesterday: this year, and last year as well while this one is young.
Whatever its length it has the same number of occasions, of which members attend about 20.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from pbtrain.core import clock
from pbtrain.demo.meetings import LECTURES, THEMES
from pbtrain.hours.bulk import Occasion, Year, year_of
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.rules import Tie

CALENDARS = 12
MEETINGS = 23
LEADING = 6  # more sessions of those who lead
HABITS = (1.0, 0.95, 0.9, 0.97, 0.85, 1.0, 0.9, 0.7, 0.95, 0.5, 0.85, 1.0, 0.93, 0.9, 0.8, 0.97, 0.9, 0.0)
LEADERS = 4


@dataclass(frozen=True)
class Habit:
    """Everything that decides what a member's year looks like."""

    share: int  # an index of HABITS
    leads: bool = False
    applies: bool = False
    since: date | None = None  # joined the branch within the window
    left_on: date | None = None
    care_since: date | None = None
    led_until: date | None = None  # the post has ended, or will
    reversed: bool = False  # the last line was cancelled


@dataclass(frozen=True)
class Plan:
    """An occasion as the calendar has it; `leading` is for those who lead only."""

    occasion: Occasion
    leading: bool = False


@dataclass
class Years:
    """The window of a load, its rules and calendars; what was judged once is remembered."""

    today: date
    _lines: dict[tuple[int, Habit], tuple[int, ...]] = field(default_factory=dict)
    _years: dict[tuple[int, Habit, int], Year] = field(default_factory=dict)
    _calendars: dict[int, tuple[Plan, ...]] = field(default_factory=dict)

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The calendar years of the window."""
        return tuple(range((self.today - timedelta(days=182)).year, self.today.year + 1))

    @cached_property
    def first(self) -> date:
        """The first day of the window."""
        return date(self.numbers[0], 1, 1)

    def policy_id(self, year: int) -> int:
        """Policies are published for each year of the window and the one before, and have these ids."""
        return year - self.numbers[0] + 2

    def calendar(self, number: int) -> tuple[Plan, ...]:
        """What branches of this kind meet for, day by day."""
        if number not in self._calendars:
            plans = sorted(self._plans(number), key=lambda plan: (plan.occasion.day, plan.leading))
            self._calendars[number] = tuple(plans)
        return self._calendars[number]

    def _plans(self, number: int) -> Iterator[Plan]:
        yesterday = self.today - timedelta(days=1)
        if yesterday < self.first:
            return
        days = (yesterday - self.first).days
        for count in range(MEETINGS):
            place = (count * CALENDARS + number + 1) / (MEETINGS * CALENDARS)
            yield Plan(self._occasion(count, self._workday(days * place), days))
        for count in range(LEADING):
            place = (count * CALENDARS + number + 7) / (LEADING * CALENDARS + 7)
            day = self._workday(days * place)
            long = self._made(day, "party_lecture", "支部班子扩大专题党课", _minutes(180, days), 18)
            yield Plan(long, leading=True)

    def _workday(self, days: float) -> date:
        """So many days into the window, or the Friday before a weekend."""
        day = self.first + timedelta(days=int(days))
        return max(day - timedelta(days=max(day.weekday() - 4, 0)), self.first)

    def _occasion(self, count: int, day: date, days: int) -> Occasion:
        if count % 11 == 5:
            return self._made(day, "online_course", "学时制度与学习台账", _minutes(90, days), None, proof="C")
        if count % 11 == 8:
            title = f"自学：{LECTURES[day.month - 1]}"
            return self._made(day, "self_study", title, _minutes(60, days), None, proof="D")
        if count % 2:
            return self._made(day, "party_lecture", f"党课：{LECTURES[day.month - 1]}", _minutes(75, days), 9)
        title = f"{day.month}月主题党日：{THEMES[day.month - 1]}"
        return self._made(day, "theme_day", title, _minutes(90 if count % 4 else 75, days), 14)

    def _made(
        self, day: date, activity: str, title: str, minutes: int, hour: int | None, proof: str = "B"
    ) -> Occasion:
        starts = None if hour is None else clock.at(day, hour, 30)
        ends = None if starts is None else starts + timedelta(minutes=minutes)
        return Occasion(
            day, activity, title, minutes, PolicyRules().credit(activity, minutes), self.policy_id(day.year),
            starts, ends, ends or clock.at(day, 20), proof,
        )  # fmt: skip

    def attended(self, calendar: int, habit: Habit) -> tuple[int, ...]:
        """The places in the calendar of what somebody with this habit took part in."""
        key = (calendar, habit)
        if key not in self._lines:
            share, phase, met = HABITS[habit.share], habit.share * 37 % 100 / 100, 0
            places = []
            for place, plan in enumerate(self.calendar(calendar)):
                if plan.leading:
                    comes = habit.leads
                else:
                    comes = int((met + 1) * share + phase) > int(met * share + phase)
                    met += 1
                day = plan.occasion.day
                here = (habit.since is None or day >= habit.since) and (
                    habit.left_on is None or day < habit.left_on
                )
                if comes and here:
                    places.append(place)
            self._lines[key] = tuple(places)
        return self._lines[key]

    def year(self, calendar: int, habit: Habit, year: int) -> Year:
        """What a year of somebody with this habit comes to."""
        key = (calendar, habit, year)
        if key not in self._years:
            plans, places = self.calendar(calendar), self.attended(calendar, habit)
            lines = [
                (plans[place].occasion, habit.reversed and place == places[-1])
                for place in places
                if plans[place].occasion.day.year == year
            ]
            self._years[key] = year_of(PolicyRules(), self._ties(habit), lines, year=year, today=self.today)
        return self._years[key]

    def _ties(self, habit: Habit) -> list[Tie]:
        long_ago = date(self.first.year - 3, 1, 1)
        ties = [Tie("home", habit.since or long_ago)]
        if habit.leads:
            ties.append(Tie("post", long_ago, habit.led_until, label="secretary"))
        if habit.care_since:
            ties.append(Tie("care", habit.care_since))
        if habit.left_on:
            ties.append(Tie("left", habit.left_on))
        if habit.applies:
            ties.append(Tie("applicant", date.min))
        return ties


def _minutes(usual: int, days: int) -> int:
    """As long as the pace of the year asks: `usual` minutes where the window is a year, in steps of five."""
    return max(round(usual * days / 365 / 5) * 5, 15)
