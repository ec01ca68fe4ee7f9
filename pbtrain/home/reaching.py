"""Whether members can still reach the year's target: what the ledger leaves, what courses and branches offer.

`hours.forecast` decides; here stands what is published (courses a member has not finished) and what is
usual (the theme Party day of the branch, once a month).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, cast, exists, null, select, union_all

from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.courses.models import Course, Enrolment
from pbtrain.events.models import Event
from pbtrain.hours import posting
from pbtrain.hours import queries as hours_q
from pbtrain.hours.activities import ACTIVITIES
from pbtrain.hours.forecast import Forecast, Offer, Room, forecast, room_of, theme_days
from pbtrain.hours.models import HourEntry, MemberYear
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.rulebook import rulebook
from pbtrain.hours.rules import CadreYear, assess, duties
from pbtrain.org.models import Member

COURSE, THEME_DAY = "online_course", "theme_day"
USUAL_MINUTES, USUAL_DAY = 90, 25  # of a theme Party day in a branch that has not recorded one yet
MOST_OFFERS = 366  # one a day: shorter courses than these cannot be among the fewest
MOST_MEMBERS = 1000


@dataclass(frozen=True)
class Habit:
    """The theme Party day of a branch as it was last held."""

    minutes: int = USUAL_MINUTES
    day: int = USUAL_DAY  # of the month
    held_on: date | None = None


def last_held(unit: Any) -> Select[Any]:
    """The newest theme Party day of a branch (an id, or a statement for it)."""
    return (
        select(Event.minutes, Event.day)
        .where(Event.unit_id == unit, Event.activity == THEME_DAY)
        .order_by(Event.day.desc(), Event.id.desc())
        .limit(1)
    )


def habit_of(row: Any) -> Habit:
    """How a branch usually holds its theme Party day: as the newest one, or as everybody does."""
    return Habit(row.minutes, row.day.day, row.day) if row else Habit()


def open_courses(*finished: ColumnElement[bool]) -> Select[Any]:
    """The published courses, the longest first, but for those that are `finished`."""
    listed = select(Course.id, Course.title, Course.minutes).where(Course.state == "published")
    for one in finished:
        listed = listed.where(~one)
    return listed.order_by(Course.minutes.desc(), Course.id).limit(MOST_OFFERS)


def _finished(member_id: int) -> ColumnElement[bool]:
    return exists().where(
        Enrolment.course_id == Course.id, Enrolment.member_id == member_id, Enrolment.state == "finished"
    )


def of_member(member_id: int, room: Room, rules: PolicyRules, target: int) -> Forecast:
    """The forecast of one member, one statement; none where nothing is asked or all is done."""
    if not target or not room.missing:
        return forecast(room, target, (), ())
    courses = open_courses(_finished(member_id)).subquery()
    held = last_held(select(Member.unit_id).where(Member.id == member_id).scalar_subquery()).subquery()
    rows = db.session.execute(
        union_all(
            select(courses.c.id, courses.c.title, courses.c.minutes, cast(null(), Date).label("day")),
            select(null(), null(), held.c.minutes, held.c.day),
        )
    ).all()
    left = sorted((row for row in rows if row.id is not None), key=lambda row: (-row.minutes, row.id))
    usual = habit_of(next((row for row in rows if row.id is None), None))
    return forecast(room, target, published(left, rules), assumed(usual, room, rules))


def published(courses: Iterable[Any], rules: PolicyRules) -> list[Offer]:
    """Courses as offers: they are studied on any day, and a platform's record proves them."""
    mode = rules.mode(COURSE, ACTIVITIES[COURSE].mode)
    return [
        Offer(row.title, rules.credit(COURSE, row.minutes), COURSE, mode, "C", path=f"/courses/{row.id}")
        for row in courses
    ]


def assumed(usual: Habit, room: Room, rules: PolicyRules) -> list[Offer]:
    """A theme Party day a month, as the branch last held it."""
    mode = rules.mode(THEME_DAY, ACTIVITIES[THEME_DAY].mode)
    offer = Offer("", rules.credit(THEME_DAY, usual.minutes), THEME_DAY, mode, "B")
    held = usual.held_on is not None and usual.held_on.replace(day=1) == room.first.replace(day=1)
    return theme_days(offer, usual.day, room, held=held)


@dataclass(frozen=True)
class Missed:
    """A member who can no longer reach the target with what is published and usual."""

    id: int
    name: str
    counted: int
    target: int
    forecast: Forecast
    cadre: CadreYear | None = None  # the separate account, which nothing above counts toward


def out_of_reach(branch_id: int) -> list[Missed]:
    """Whom the target of this year is out of reach for, the most missing first; nine statements, whatever
    the number of members. Nobody on the care list, nobody of whom nothing is asked."""
    today = clock.today()
    asked = hours_q.branch_members([branch_id], today.year).where(
        MemberYear.counted < MemberYear.target, ~hours_q.CARE
    )
    members = db.session.execute(asked.limit(MOST_MEMBERS)).all()
    if not members:
        return []
    ids = [row.id for row in members]
    courses = db.session.execute(open_courses()).all()
    finished: dict[int, set[int]] = defaultdict(set)
    for row in db.session.execute(_done(ids, [course.id for course in courses])):
        finished[row.member_id].add(row.course_id)
    usual, found = habit_of(db.session.execute(last_held(branch_id)).first()), []
    years = _years(members, today.year)
    accounts = hours_q.cadre_accounts([one for one in years if any(tie.kind == "cadre" for tie in one.ties)])
    for row, (room, target, rules) in zip(members, _rooms(members, years, today), strict=True):
        left = [course for course in courses if course.id not in finished[row.id]]
        told = forecast(room, target, published(left, rules), assumed(usual, room, rules))
        if told.state == "short":
            found.append(Missed(row.id, row.name, target - room.missing, target, told, accounts.get(row.id)))
    return sorted(found, key=lambda one: (-one.forecast.short, one.id))


def _done(member_ids: Sequence[int], course_ids: Sequence[int]) -> Select[Any]:
    return (
        select(Enrolment.member_id, Enrolment.course_id)
        .where(Enrolment.member_id.in_(member_ids), Enrolment.course_id.in_(course_ids))
        .where(Enrolment.state == "finished")
        .order_by(Enrolment.id)
    )


def _years(members: Sequence[Any], year: int) -> list[hours_q.Year]:
    """Who of these members owes what by which rules; two statements."""
    persons = posting.people(row.id for row in members)
    book = rulebook({home[2] for person in persons.values() for home in person.homes})
    return [
        hours_q.Year(
            row.id,
            year,
            book.of(persons[row.id].homes, persons[row.id].unit_id, year),
            duties(year, persons[row.id].ties),
            persons[row.id].ties,
        )
        for row in members
    ]


def _rooms(
    members: Sequence[Any], years: Sequence[hours_q.Year], today: date
) -> Iterable[tuple[Room, int, PolicyRules]]:
    """What may still count for each of these members; one statement."""
    lines: dict[int, list[Any]] = defaultdict(list)
    listed = hours_q.standing_lines(today.year).where(HourEntry.member_id.in_([row.id for row in members]))
    whole = any(year.has_caps for year in years)
    for line in db.session.execute(listed if whole else listed.where(HourEntry.day == today)):
        lines[line.member_id].append(line)
    for row, year in zip(members, years, strict=True):
        result = assess(year.policy, year.stretches, lines[row.id], year=today.year, today=today)
        counts = {verdict.entry_id: verdict.counted for verdict in result.verdicts}
        rules = year.policy.on(today)
        counted = result.counted if whole else row.counted
        pairs = [(line, counts[line.id]) for line in lines[row.id]]
        yield room_of(rules, result.target, counted, pairs, today=today), result.target, rules
