"""What stands in the way of what in a timetable: teacher, venue, class and learners who are needed twice,
closing hours and weekdays of a venue, seasons, places too small, lists that are due before anybody can write
them. Nothing here is refused: a conflict is shown at once, with a way out.

Times are those of a clock in Asia/Shanghai.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from pbtrain.classes.kinds import study_minutes
from pbtrain.core.marks import N_

SHORTEST, LONGEST = 10, 480  # minutes of one unit
EARLIEST, LATEST = time(6), time(22)


@dataclass(frozen=True)
class Slot:
    """A unit of a timetable with its teacher and venue, as far as they are known."""

    id: int
    class_id: int
    event_id: int
    title: str
    starts: datetime  # aware, in Asia/Shanghai
    minutes: int
    mode: str
    teacher_id: int | None = None
    teacher: str = ""
    venue_id: int | None = None
    venue: str = ""
    place: str = ""  # where it is no venue of the academy
    speaker: str = ""  # who teaches, where it is no teacher of the academy
    capacity: int | None = None
    opens: str = ""
    closes: str = ""
    closed_on: str = ""
    list_days: int = 0
    season: str = ""  # of the class
    version: int = 1
    door_opened: bool = False
    door_closed: bool = False

    @property
    def day(self) -> date:
        """On which it begins."""
        return self.starts.date()

    @property
    def ends(self) -> datetime:
        """When it is over."""
        return self.starts + timedelta(minutes=self.minutes)

    @property
    def study(self) -> int:
        """Minutes that count as study."""
        return study_minutes(self.minutes, self.mode)

    @property
    def list_due(self) -> date | None:
        """Until when the list of who enters must be with the venue."""
        return self.day - timedelta(days=self.list_days) if self.list_days else None

    def meets(self, other: "Slot") -> bool:
        """Do the two happen at the same time, be it for a minute?"""
        return self.starts < other.ends and other.starts < self.ends


@dataclass(frozen=True)
class Other:
    """A unit of another class: what that class is called, and how many of its learners sit in ours."""

    slot: Slot
    class_name: str
    shared: int = 0


@dataclass(frozen=True)
class Conflict:
    """What is wrong with a unit: a word for its tag, a sentence with its parameters, when."""

    session_id: int
    kind: str  # teacher venue class learners hours weekday season list capacity dates
    tag: str
    message: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Frame:
    """What the class itself says: its days, its seats, the months it is offered in ("05-10", or "")."""

    starts_on: date
    ends_on: date
    capacity: int
    season: str = ""


def conflicts(own: Sequence[Slot], others: Iterable[Other], frame: Frame, today: date) -> list[Conflict]:
    """Everything that stands in the way of these units, in the order of the timetable."""
    others, found = list(others), []
    for number, slot in enumerate(own):
        for later in own[number + 1 :]:
            if slot.meets(later):
                found.append(_twice(slot, later))
        for other in others:
            if slot.meets(other.slot):
                found += _with(slot, other)
        found += _at_the_venue(slot, frame, today)
        if not frame.starts_on <= slot.day <= frame.ends_on:
            found.append(Conflict(slot.id, "dates", N_("Outside the class"),
                                  N_("“%(title)s” lies outside the days of the class."),
                                  {"title": slot.title}))  # fmt: skip
    late = next((slot for slot in own if not in_season(frame.season, slot.day)), None)
    if late is not None:
        found.append(Conflict(late.id, "season", N_("Out of season"),
                              N_("The class is offered in the months %(months)s only; “%(title)s” lies"
                                 " outside."),
                              {"months": frame.season, "title": late.title}))  # fmt: skip
    return found


def _twice(slot: Slot, later: Slot) -> Conflict:
    return Conflict(slot.id, "class", N_("Two at once"),
                    N_("“%(title)s” and “%(other)s” of this class are at the same time."),
                    {"title": slot.title, "other": later.title})  # fmt: skip


def _with(slot: Slot, other: Other) -> list[Conflict]:
    """Who and what both need at the same time."""
    found = []
    if slot.teacher_id is not None and slot.teacher_id == other.slot.teacher_id:
        found.append(Conflict(slot.id, "teacher", N_("Teacher conflict"),
                              N_("%(teacher)s teaches in %(other)s at the same time."),
                              {"teacher": slot.teacher, "other": other.class_name}))  # fmt: skip
    if slot.venue_id is not None and slot.venue_id == other.slot.venue_id:
        found.append(Conflict(slot.id, "venue", N_("Venue conflict"),
                              N_("%(venue)s is taken by %(other)s at the same time."),
                              {"venue": slot.venue, "other": other.class_name}))  # fmt: skip
    if other.shared:
        found.append(Conflict(slot.id, "learners", N_("Learner conflict"),
                              N_("%(count)s learners of this class sit in %(other)s at the same time."),
                              {"count": other.shared, "other": other.class_name}))  # fmt: skip
    return found


def _at_the_venue(slot: Slot, frame: Frame, today: date) -> list[Conflict]:
    """Is it open, large enough, and is there time to tell it who comes?"""
    found, told = [], {"venue": slot.venue}
    if slot.venue_id is None:
        return []
    if closed(slot.closed_on, slot.day):
        found.append(Conflict(slot.id, "weekday", N_("Closed that day"),
                              N_("%(venue)s is closed on that weekday."), told))  # fmt: skip
    if not slot.opens <= f"{slot.starts:%H:%M}" or not f"{slot.ends:%H:%M}" <= slot.closes:
        found.append(Conflict(slot.id, "hours", N_("Outside opening hours"),
                              N_("%(venue)s is open from %(opens)s to %(closes)s."),
                              told | {"opens": slot.opens, "closes": slot.closes}))  # fmt: skip
    if slot.capacity is not None and slot.capacity < frame.capacity:
        found.append(Conflict(slot.id, "capacity", N_("Too small"),
                              N_("%(venue)s holds %(capacity)s people, the class has %(seats)s seats."),
                              told | {"capacity": slot.capacity, "seats": frame.capacity}))  # fmt: skip
    if slot.list_due is not None and slot.list_due < today <= slot.day:
        found.append(Conflict(slot.id, "list", N_("List overdue"),
                              N_("The list of who enters %(venue)s was due %(days)s days before the visit."),
                              told | {"days": slot.list_days}))  # fmt: skip
    return found


def closed(weekdays: str, day: date) -> bool:
    """Is this one of the ISO weekdays "1,7"?"""
    return str(day.isoweekday()) in weekdays.split(",")


def in_season(season: str, day: date) -> bool:
    """Does this day lie in the months "05-10", or "11-02" over the year's end? "" is the whole year."""
    if not season:
        return True
    begin, end = (int(month) for month in season.split("-"))
    if begin <= end:
        return begin <= day.month <= end
    return day.month >= begin or day.month <= end


def way_out(
    slot: Slot, own: Sequence[Slot], others: Sequence[Other], frame: Frame, today: date
) -> Slot | None:
    """The same unit at the first other time of the class that is free: on its days, at the times at which its
    units usually begin. None where there is none."""
    times = sorted({each.starts.timetz() for each in own})
    rest = [each for each in own if each.id != slot.id]
    days = (frame.ends_on - frame.starts_on).days + 1
    for day in (frame.starts_on + timedelta(days=number) for number in range(days)):
        for begins in times:
            moved = replace(slot, starts=datetime.combine(day, begins))
            if moved.starts == slot.starts or any(moved.meets(each) for each in rest):
                continue
            if not conflicts([moved], others, frame, today):
                return moved
    return None


def moved_by(own: Sequence[Slot], frame: Frame, days: int) -> tuple[list[Slot], Frame]:
    """The whole class so many days later (or earlier, when negative), each unit at its time of day."""
    step = timedelta(days=days)
    return (
        [replace(slot, starts=slot.starts + step) for slot in own],
        replace(frame, starts_on=frame.starts_on + step, ends_on=frame.ends_on + step),
    )
