"""Reading the calendar: the year of one branch, branches by month for a level above. Part of the queries."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, extract, func, or_, select

from pbtrain.core.db import db
from pbtrain.events.kinds import FORMS, Setting
from pbtrain.events.models import Attendance, Event, EventHost, EventSeries, Theme
from pbtrain.events.plan_rules import Tick, ticks
from pbtrain.events.rules import full_every_time
from pbtrain.org.kinds import WITH_MEMBERS
from pbtrain.org.models import Unit, UnitClosure

MOST = 600  # events of a branch in a year


def of_branch(unit_id: int) -> ColumnElement[bool]:
    """Held by this branch, or together with it."""
    joint = select(EventHost.event_id).where(EventHost.unit_id == unit_id)
    return or_(Event.unit_id == unit_id, Event.id.in_(joint))


def year_of(unit_id: int, year: int) -> list[Any]:
    """The events of a branch in a year by day: id, activity, title, day, starts_at, state, form, place,
    version, theme_id, series_id, how many came of how many."""
    came = select(func.count()).where(Attendance.event_id == Event.id, Attendance.present).scalar_subquery()
    listed = select(func.count()).where(Attendance.event_id == Event.id).scalar_subquery()
    return list(
        db.session.execute(
            select(
                Event.id, Event.unit_id, Event.activity, Event.title, Event.day, Event.starts_at, Event.state,
                Event.form, Event.place, Event.version, Event.theme_id, Event.series_id,
                came.label("came"), listed.label("listed"),
            )
            .where(of_branch(unit_id), Event.day >= date(year, 1, 1), Event.day <= date(year, 12, 31))
            .order_by(Event.day, Event.starts_at, Event.id)
            .limit(MOST)
        )
    )  # fmt: skip


@dataclass(frozen=True)
class Standing:
    """One activity that is asked for: how often, and each span of the year."""

    setting: Setting
    ticks: list[Tick]

    @property
    def held(self) -> int:
        """How often it was held this year."""
        return sum(tick.held for tick in self.ticks)

    @property
    def missed(self) -> int:
        """How many spans went by without it."""
        return sum(tick.state == "missed" for tick in self.ticks)


def standing(
    settings: dict[str, Setting], events: Sequence[Any], *, year: int, today: date, since: date
) -> list[Standing]:
    """How a branch that began on `since` stands with everything it is asked for, from its year's events."""
    counts: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for event in events:
        counts[event.activity, event.state][event.day.month] += 1
    return [
        Standing(
            one,
            ticks(
                one, counts[one.key, "held"], counts[one.key, "planned"], year=year, today=today, since=since
            ),
        )
        for one in settings.values()
        if one.open and one.per_year
    ]


def forms_missing(events: Sequence[Any], today: date) -> list[str]:
    """Which of the six forms a branch has not used in this half-year (domain.md A6)."""
    first, last = (1, 6) if today.month <= 6 else (7, 12)
    used = {
        event.form
        for event in events
        if event.state == "held" and event.day.year == today.year and first <= event.day.month <= last
    }
    return [key for key in FORMS if key not in used]


def series_of(unit_id: int) -> list[Any]:
    """The fixed days of a branch that go on, the newest first."""
    return list(
        db.session.execute(
            select(
                EventSeries.id, EventSeries.activity, EventSeries.title, EventSeries.every, EventSeries.time,
                EventSeries.until_day, EventSeries.version, EventSeries.place,
            )
            .where(EventSeries.unit_id == unit_id, EventSeries.open)
            .order_by(EventSeries.id.desc())
            .limit(20)
        )
    )  # fmt: skip


def series_in(unit_ids: Any, series_id: int) -> Any:
    """A fixed day of one of these branches; None elsewhere."""
    return db.session.execute(
        select(EventSeries.id, EventSeries.unit_id).where(
            EventSeries.id == series_id, EventSeries.unit_id.in_(unit_ids)
        )
    ).first()


def themes_for(unit_id: int, today: date) -> list[Any]:
    """Themes given above a branch that it has not held yet; `planned`: it stands in the plan."""
    ours = exists().where(Event.theme_id == Theme.id, Event.unit_id == unit_id)
    return list(
        db.session.execute(
            select(
                Theme.id, Theme.title, Theme.activity, Theme.from_day, Theme.due_on, Theme.body,
                Unit.name.label("by"), ours.where(Event.state == "planned").label("planned"),
            )
            .join(Unit, Unit.id == Theme.unit_id)
            .join(UnitClosure, UnitClosure.above_id == Theme.unit_id)
            .where(UnitClosure.below_id == unit_id, Theme.withdrawn_at.is_(None), Theme.from_day <= today)
            .where(~ours.where(Event.state == "held"), Theme.due_on >= date(today.year, 1, 1))
            .order_by(Theme.due_on, Theme.id)
            .limit(20)
        )
    )  # fmt: skip


def branches_below(unit_id: int) -> Select[Any]:
    """The live branches below a unit, or the unit itself when it is one, by code: id, name, first day."""
    return (
        select(Unit.id, Unit.name, Unit.valid_from)
        .join(UnitClosure, UnitClosure.below_id == Unit.id)
        .where(UnitClosure.above_id == unit_id, Unit.kind.in_(WITH_MEMBERS), Unit.valid_until.is_(None))
        .order_by(Unit.code, Unit.id)
    )


def held_in(unit: Any, first: date, until: date) -> ColumnElement[bool]:
    """Did this `Unit` hold anything from `first` to the day before `until`?"""
    return exists().where(
        Event.unit_id == unit.id, Event.state == "held", Event.day >= first, Event.day < until
    )


def full_houses(unit_ids: Sequence[int], year: int) -> dict[int, int]:
    """Of these branches those where everybody was present every time: how many meetings; one statement."""
    rows = db.session.execute(
        select(Event.unit_id, func.sum(case((Attendance.present, 1), else_=0)), func.count())
        .join(Attendance, Attendance.event_id == Event.id)
        .where(Event.unit_id.in_(unit_ids), Event.state == "held")
        .where(Event.day >= date(year, 1, 1), Event.day <= date(year, 12, 31))
        .group_by(Event.unit_id, Event.id)
        .order_by(Event.unit_id, Event.id)
    )
    meetings: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for branch, came, expected in rows:
        meetings[branch].append((int(came), int(expected)))
    return {branch: often for branch, some in meetings.items() if (often := full_every_time(some))}


def months_of(unit_ids: Sequence[int], year: int) -> dict[int, dict[int, Counter[str]]]:
    """What these branches held, one statement: {branch: {month: {activity: how often}}}."""
    month = extract("month", Event.day)
    found: dict[int, dict[int, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    own = select(Event.id, Event.unit_id.label("branch")).where(Event.unit_id.in_(unit_ids))
    with_others = select(EventHost.event_id, EventHost.unit_id).where(EventHost.unit_id.in_(unit_ids))
    both = own.union(with_others).subquery()
    rows = db.session.execute(
        select(both.c.branch, month, Event.activity, func.count())
        .join(Event, Event.id == both.c.id)
        .where(Event.state == "held", Event.day >= date(year, 1, 1), Event.day <= date(year, 12, 31))
        .group_by(both.c.branch, month, Event.activity)
        .order_by(both.c.branch, month, Event.activity)
    )
    for branch, number, activity, count in rows:
        found[branch][int(number)][activity] += count
    return found
