"""What members of a branch can still study this year, as offers of `hours.forecast`: published courses, days
of training classes, meetings the branch has planned, and the theme Party day as it usually is.

A class is attended as a whole and is offered by its days, because at most so much of a day counts.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Select,
    String,
    bindparam,
    cast,
    exists,
    literal,
    null,
    or_,
    select,
    union_all,
)

from pbtrain.classes.kinds import MODES, study_minutes
from pbtrain.classes.queries import joining
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.courses.models import Course, Enrolment
from pbtrain.events.models import Event, EventHost
from pbtrain.hours.activities import ACTIVITIES
from pbtrain.hours.forecast import Offer, Room, theme_days
from pbtrain.hours.policy import PolicyRules
from pbtrain.org.models import Member

COURSE, THEME_DAY = "online_course", "theme_day"
USUAL_MINUTES, USUAL_DAY = 90, 25  # of a theme Party day in a branch that has not recorded one yet
MOST_COURSES = 366  # one a day: shorter courses than these cannot be among the fewest


@dataclass(frozen=True)
class Habit:
    """The theme Party day of a branch as it was last held."""

    minutes: int = USUAL_MINUTES
    day: int = USUAL_DAY  # of the month
    held_on: date | None = None


@dataclass(frozen=True)
class Known:
    """What is known of a branch: courses and sessions as rows of `_statement`, and its habit."""

    courses: tuple[Any, ...]
    sessions: tuple[Any, ...]  # of classes
    meetings: tuple[Any, ...]
    habit: Habit

    def published(
        self, rules: PolicyRules, *, finished: Collection[int] = (), classes: Collection[int] | None = None
    ) -> list[Offer]:
        """All of it as offers, but for courses that are `finished`; of the classes only these, if given."""
        courses = [row for row in self.courses if row.id not in finished]
        sessions = [row for row in self.sessions if classes is None or row.id in classes]
        return [*_courses(courses, rules), *_class_days(sessions, rules), *_meetings(self.meetings, rules)]

    def assumed(self, room: Room, rules: PolicyRules) -> list[Offer]:
        """A theme Party day in each month that has none yet, as the branch last held it."""
        mode = rules.mode(THEME_DAY, ACTIVITIES[THEME_DAY].mode)
        offer = Offer("", rules.credit(THEME_DAY, self.habit.minutes), THEME_DAY, mode, "B")
        taken = {row.day.month for row in self.meetings if row.activity == THEME_DAY}
        held_on = self.habit.held_on
        if held_on is not None and held_on.year == room.last.year:
            taken.add(held_on.month)
        return theme_days(offer, self.habit.day, room, taken=taken)


def known(unit: Any, who: ColumnElement[bool], *finished: ColumnElement[bool]) -> Known:
    """What is published and planned for these members of a branch (an id, or a statement for it), but for
    the courses that are `finished`; one statement."""
    return _read(_statement(unit, who, finished, clock.today()), {})


def known_of(member_id: int) -> Known:
    """The same of one member and the branch they stand in, but for the courses they have finished."""
    return _read(_of_member(clock.today()), {"member_id": member_id})


def _read(statement: Any, parameters: dict[str, Any]) -> Known:
    rows = db.session.execute(statement, parameters).all()
    found: dict[str, list[Any]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.day or date.max, -row.minutes, row.id)):
        found[row.kind].append(row)
    last = next(iter(found["habit"]), None)
    return Known(
        tuple(found["course"]),
        tuple(found["class"]),
        tuple(found["meeting"]),
        Habit(last.minutes, last.day.day, last.day) if last else Habit(),
    )


@lru_cache(maxsize=2)
def _of_member(today: date) -> Any:
    """`_statement` of a member who is told when it runs: to build it takes longer than to run it."""
    me: Any = bindparam("member_id")
    branch = select(Member.unit_id).where(Member.id == me).scalar_subquery()
    done = exists().where(
        Enrolment.course_id == Course.id, Enrolment.member_id == me, Enrolment.state == "finished"
    )
    return _statement(branch, Member.id == me, [done], today)


def _statement(unit: Any, who: ColumnElement[bool], finished: Iterable[Any], today: date) -> Any:
    """(kind, id, title, activity, mode, minutes, day), one of a kind after the other."""
    year_end = date(today.year, 12, 31)
    classes = select(joining.attendable(who, today).subquery().c.class_id)
    found = joining.sessions_to_come(classes, today, year_end).subquery()
    courses, held = _open_courses(finished).subquery(), _last_held(unit, today).subquery()
    nothing, never = literal("", String), cast(null(), Date)
    joint = select(EventHost.event_id).where(EventHost.unit_id == unit)
    return union_all(
        select(
            literal("course", String).label("kind"), courses.c.id, courses.c.title,
            nothing.label("activity"), nothing.label("mode"), courses.c.minutes, never.label("day"),
        ),
        select(
            literal("habit", String), cast(literal(0), Integer), nothing, nothing, nothing,
            held.c.minutes, held.c.day,
        ),
        select(
            literal("class", String), found.c.class_id, found.c.title, found.c.activity, found.c.mode,
            found.c.minutes, found.c.day,
        ),
        select(
            literal("meeting", String), Event.id, Event.title, Event.activity, nothing, Event.minutes,
            Event.day,
        )
        .where(or_(Event.unit_id == unit, Event.id.in_(joint)))
        .where(Event.state == "planned", Event.day.between(today, year_end)),
    )  # fmt: skip


def _open_courses(finished: Iterable[ColumnElement[bool]]) -> Select[Any]:
    """The published courses, the longest first, but for those that are `finished`."""
    listed = select(Course.id, Course.title, Course.minutes).where(Course.state == "published")
    for one in finished:
        listed = listed.where(~one)
    return listed.order_by(Course.minutes.desc(), Course.id).limit(MOST_COURSES)


def _last_held(unit: Any, today: date) -> Select[Any]:
    """The newest theme Party day of a branch that was held."""
    return (
        select(Event.minutes, Event.day)
        .where(Event.unit_id == unit, Event.activity == THEME_DAY)
        .where(Event.state == "held", Event.day <= today)
        .order_by(Event.day.desc(), Event.id.desc())
        .limit(1)
    )


def _courses(rows: Iterable[Any], rules: PolicyRules) -> list[Offer]:
    """They are studied on any day, and a platform's record proves them."""
    mode = rules.mode(COURSE, ACTIVITIES[COURSE].mode)
    return [
        Offer(row.title, rules.credit(COURSE, row.minutes), COURSE, mode, "C", path=f"/courses/{row.id}")
        for row in rows
    ]


def _class_days(rows: Iterable[Any], rules: PolicyRules) -> list[Offer]:
    """Each day of a class with all of its sessions, proved as the weakest of them."""
    days: dict[tuple[int, date], list[Any]] = defaultdict(list)
    for row in rows:
        days[row.id, row.day].append(row)
    offers = []
    for (class_id, day), sessions in days.items():
        title, activity = sessions[0].title, sessions[0].activity
        credit = sum(rules.credit(activity, study_minutes(one.minutes, one.mode)) for one in sessions)
        proof = max(MODES[one.mode].proof for one in sessions)
        mode = rules.mode(activity, ACTIVITIES[activity].mode)
        offers.append(Offer(title, credit, activity, mode, proof, day, path=f"/classes/open/{class_id}"))
    return offers


def _meetings(rows: Iterable[Any], rules: PolicyRules) -> list[Offer]:
    """Those that are study; nobody signs up for them, so they have no page to open."""
    return [
        Offer(
            row.title,
            rules.credit(row.activity, row.minutes),
            row.activity,
            rules.mode(row.activity, ACTIVITIES[row.activity].mode),
            "B",
            row.day,
        )
        for row in rows
        if ACTIVITIES[row.activity].earns
    ]
