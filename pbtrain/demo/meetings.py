"""A year of meetings: recorded, confirmed, corrected, ticked again, and two at the same time."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.demo import cast
from pbtrain.demo.cast import LEADERS, Person
from pbtrain.demo.roster import World
from pbtrain.events import queries
from pbtrain.events import services as events
from pbtrain.events.services import Meeting
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourClaim
from pbtrain.hours.rules import HELD_OVERLAP, HELD_OWN
from pbtrain.notify.services import mark_all_read
from pbtrain.org.access import Actor
from pbtrain.org.models import Affiliation, Member

LAST_YEAR = "office"  # the branch that also has a second half of last year
CORRECTED = ("office", "joint", "pasture")  # branches whose last two records were corrected
FORMS = uuid.UUID("5de0c0de-32aa-4000-8000-000000000032")
THEMES = (
    "走访慰问老党员", "新春学习交流", "学雷锋志愿服务", "国家安全教育日专题学习", "青年党员学习交流",
    "节能环保宣传与学习", "重温入党誓词", "防汛安全知识学习", "民族团结进步主题学习", "国庆主题学习",
    "消防安全知识学习", "年终学习总结",
)  # fmt: skip
LECTURES = (
    "党员教育管理工作条例学习", "学时制度与学习台账", "党支部工作条例学习", "廉洁自律准则学习",
    "边境安全常识", "党章学习", "党员权利保障条例学习", "保密常识学习", "党费收缴使用和管理规定学习",
    "基层组织选举工作条例学习", "信访工作条例学习", "年度学习计划与安排",
)  # fmt: skip
THEME_MINUTES = (120, 90, 120, 90, 120, 90, 120, 90, 120, 90, 120, 90)
LECTURE_MINUTES = (90, 90, 120, 90, 90, 90, 90, 120, 90, 90, 90, 90)


@dataclass(frozen=True)
class Plan:
    """A meeting as it will be held; `leaders` marks those of the branch committee."""

    day: date
    activity: str
    title: str
    minutes: int
    hour: int = 14
    leaders: bool = False


def calendar(year: int, months: range, offset: int) -> Iterator[Plan]:
    """A theme day and a lecture each month, and every second month a long session of those who lead."""
    for month in months:
        yield Plan(
            _workday(date(year, month, 3 + 2 * offset)), "theme_day",
            f"{month}月主题党日：{THEMES[month - 1]}", THEME_MINUTES[month - 1],
        )  # fmt: skip
        yield Plan(
            _workday(date(year, month, 19 + offset)), "party_lecture",
            f"党课：{LECTURES[month - 1]}", LECTURE_MINUTES[month - 1], hour=9,
        )  # fmt: skip
        if month % 2 == 0:
            yield Plan(
                _workday(date(year, month, 27)), "party_lecture",
                "支部班子扩大专题党课", 180, hour=15, leaders=True,
            )  # fmt: skip


def _workday(day: date) -> date:
    """The Friday before, for a day on a weekend."""
    return day - timedelta(days=max(day.weekday() - 4, 0))


def hold_meetings(world: World, tell: Callable[[str], None]) -> None:
    """Every branch from January until yesterday; one of them also in the second half of last year."""
    yesterday = world.today - timedelta(days=1)
    for offset, plan in enumerate(cast.BRANCHES):
        dates = list(calendar(world.today.year, range(1, 13), offset))
        if plan.key == LAST_YEAR:
            dates = [*calendar(world.today.year - 1, range(7, 13), offset), *dates]
        held = [each for each in dates if each.day <= yesterday]
        habits, home = Habits(world.people[plan.key]), Home(world.units[plan.key])
        ids = [_hold(world, plan.key, each, habits.come(each, home.on(each.day))) for each in held]
        if plan.key in CORRECTED and len(ids) >= 2:
            _correct(world, plan.key, ids[-1], again=True)
            _correct(world, plan.key, ids[-2], again=False)
        _confirm(world, plan.key, waiting=1 if plan.key == LAST_YEAR else 0)
        if shared := [each for each in held if not each.leaders]:
            _overlap(world, plan.key, shared[-1])
        tell(f"{plan.name}: {len(held)} meetings")


def hold_lately(actor: Actor, unit_id: int, today: date) -> None:
    """Evenings of the last weeks in a branch whose year came in bulk, so that it has meetings. Who sat in
    two of them at once is held for a decision."""
    home = Home(unit_id)
    evenings = [today - timedelta(weeks=n) for n in (3, 2, 1)]
    evenings = [day for day in evenings if day.year == today.year]
    for number, day in enumerate(evenings):
        came = sorted(home.on(day))[: -1 - number]
        _evening(actor, unit_id, f"微党课：{LECTURES[number]}", clock.at(day, 19, 30), came)
        if day == evenings[-1]:
            _evening(actor, unit_id, "微党课：身边的榜样", clock.at(day, 19, 50), came[1:3])


def _evening(actor: Actor, unit_id: int, title: str, starts: datetime, came: list[int]) -> None:
    events.record_event(
        actor, Meeting(unit_id, "party_lecture", title, starts, 45, "示例党员活动室"), set(came),
        form_id=str(uuid.uuid5(FORMS, f"{unit_id}/{starts}")), days_back=732,
    )  # fmt: skip


class Habits:
    """Who comes: some always, some a share of the times, most as often as 32 学时 a year ask for."""

    AHEAD = 90  # minutes somebody keeps before the pace: what it grows until the next meeting, and a little

    def __init__(self, branch: list[Person]) -> None:
        self.branch, self.year, self.number = branch, 0, 0
        self.minutes: dict[int, int] = {}

    def come(self, plan: Plan, home: set[int]) -> set[int]:
        """The ids of those of `home` who come to this meeting."""
        if plan.day.year != self.year:
            self.year, self.number, self.minutes = plan.day.year, 0, {}
        if plan.leaders:
            return {person.id for person in self.branch[:LEADERS]} & home
        pace = 32 * 45 * plan.day.timetuple().tm_yday // 365
        came = set()
        for place, person in enumerate(self.branch):
            phase = (place * 37 % 100) / 100
            if person.zeal is None:
                comes = self.minutes.get(person.id, 0) < pace + self.AHEAD * (0.6 + phase / 2)
            else:  # evenly spread, so that the share is met on any day
                comes = int((self.number + 1) * person.zeal + phase) > int(self.number * person.zeal + phase)
            if comes and person.id in home:
                came.add(person.id)
                self.minutes[person.id] = self.minutes.get(person.id, 0) + plan.minutes
        self.number += 1
        return came or home


class Home:
    """Who stood in a branch on which day, asked once for all its meetings."""

    def __init__(self, unit_id: int) -> None:
        self.spans = db.session.execute(
            select(Member.id, Affiliation.valid_from, Affiliation.valid_until, Member.left_on)
            .join(Affiliation, Affiliation.member_id == Member.id)
            .where(Affiliation.unit_id == unit_id)
            .order_by(Member.id)
        ).all()

    def on(self, day: date) -> set[int]:
        """The ids of that day's roster."""
        return {
            member_id
            for member_id, since, *ends in self.spans
            if since <= day and all(end is None or day < end for end in ends)
        }


def _hold(world: World, key: str, plan: Plan, present: set[int]) -> int:
    unit_id = world.units[key]
    starts = clock.at(plan.day, plan.hour, 30)
    recorded = events.record_event(
        world.actor(world.scribe[key]),
        Meeting(unit_id, plan.activity, plan.title, starts, plan.minutes, "示例党员活动室"),
        present,
        form_id=str(uuid.uuid5(FORMS, f"{key}/{plan.day}/{plan.hour}/{plan.title}")),
        days_back=732,
    )
    return recorded.event_id


def _confirm(world: World, key: str, *, waiting: int) -> None:
    """The deputy confirms what the secretary recorded about themself, but the newest `waiting`.

    What those who lead were told of it has been read."""
    own = db.session.scalars(
        select(HourClaim.id)
        .where(HourClaim.unit_id == world.units[key], HourClaim.state == "held", HourClaim.kind == HELD_OWN)
        .order_by(HourClaim.day.desc(), HourClaim.id.desc())
    ).all()
    leaders = [world.actor(person.account_id) for person in world.people[key][:LEADERS]]
    if own[waiting:]:
        hours.approve_held(leaders[1], own[waiting:])
    for actor in leaders:
        mark_all_read(actor)


def _correct(world: World, key: str, event_id: int, *, again: bool) -> None:
    """Two people were ticked by mistake; one of them had been there after all."""
    actor = world.actor(world.scribe[key])
    came = {row.id for row in queries.attendance(event_id) if row.present}
    first, second = sorted(came)[-2:]
    events.correct_event(
        actor, event_id, came - {first, second}, reason="示例：签到表核对，当天请假未到", version=1
    )
    if again:
        events.correct_event(actor, event_id, came - {first}, reason="示例：再次核对，确已到会", version=2)


def _overlap(world: World, key: str, plan: Plan) -> None:
    """Another meeting in the last half hour of one: those who were at both are held for a decision."""
    branch, unit_id = world.people[key], world.units[key]
    actor = world.actor(world.scribe[key])
    starts = clock.at(plan.day, plan.hour, 30) + timedelta(minutes=plan.minutes - 30)
    home = {row.id for row in queries.roster(unit_id, plan.day)}
    meeting = Meeting(unit_id, "party_lecture", "微党课：身边的榜样", starts, 60, "示例党员活动室")
    events.record_event(
        actor, meeting, {person.id for person in branch[1:9:2] if person.id in home},
        form_id=str(uuid.uuid5(FORMS, f"{key}/overlap")), days_back=732,
    )  # fmt: skip
    waiting = db.session.scalars(
        select(HourClaim.id)
        .where(HourClaim.unit_id == unit_id, HourClaim.state == "held", HourClaim.kind == HELD_OVERLAP)
        .order_by(HourClaim.id)
    ).all()
    if len(waiting) > 2:  # one approved, one refused, the rest still to decide
        hours.decide_held(actor, waiting[0], approve=True)
        hours.decide_held(actor, waiting[1], approve=False, reason="示例：本人说明只参加了前一场")
