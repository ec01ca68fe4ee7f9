"""Planned events: one, a fixed day, a year; moved or cancelled before they are held. Part of the services."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.core import clock, repeats
from pbtrain.core.db import db, insert_new
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events import joint, plan_rules, rules, telling
from pbtrain.events.inheriting import attended
from pbtrain.events.kinds import KINDS
from pbtrain.events.models import Event, EventAmendment, EventSeries
from pbtrain.events.plan_rules import Proposal
from pbtrain.org.access import Actor
from pbtrain.org.models import Unit

PLANS = uuid.UUID("5de0c0de-35aa-4000-8000-000000000035")
LONGEST_SERIES = 36  # meetings
MOST_AHEAD = 2  # years
MOVED = N_("%(name)s has changed this planned meeting already, at %(when)s.")
MOVED_BY_SOMEBODY = N_("Somebody changed this planned meeting meanwhile.")
BEGUN = N_(
    "People have signed in at this meeting already: it stays on its day. Close its attendance, or cancel it."
)
CHANGES = ("event.moved", "event.cancelled", "event.recorded")


@dataclass(frozen=True)
class Plan:
    """A meeting that is to be held."""

    unit_id: int
    activity: str
    title: str
    starts_at: datetime
    minutes: int
    place: str = ""
    theme_id: int | None = None
    series_id: int | None = None
    hosts: tuple[int, ...] = ()

    @property
    def day(self) -> date:
        """The day on which it begins."""
        return clock.local(self.starts_at).date()


def check_plan(plan: Plan) -> None:
    """Raise RuleError unless a branch can plan this: from today on, at most two years ahead."""
    if plan.activity not in KINDS:
        raise RuleError(N_("Choose what kind of meeting it was."), field="activity")
    if not KINDS[plan.activity].shortest <= plan.minutes <= rules.LONGEST:
        raise RuleError(
            N_("The time of study is between %(least)s and %(most)s minutes."),
            field="minutes",
            least=KINDS[plan.activity].shortest,
            most=rules.LONGEST,
        )
    check_day(plan.day)
    rules.check_hosts(len(plan.hosts))


def check_day(day: date) -> None:
    """Raise RuleError for a day that is over or too far off."""
    if day < clock.today():
        raise RuleError(N_("This day is over. What was held is recorded, not planned."), field="day")
    if day.year > clock.today().year + MOST_AHEAD:
        raise RuleError(N_("At most %(years)s years ahead."), field="day", years=MOST_AHEAD)


def plan_event(actor: Actor, plan: Plan) -> int:
    """Put one meeting into the calendar of a branch; its id. The very same, sent again, is the one there is.
    The caller has made sure of the reach."""
    check_plan(plan)
    known = _planned_already(plan)
    if known is not None:
        return known
    event_id = _insert([plan], [str(uuid.uuid4())], actor)[0]
    joint.keep(event_id, plan.hosts)
    audit.record(actor, "event.planned", f"event:{event_id}", unit_id=plan.unit_id, day=plan.day.isoformat())
    return event_id


def _planned_already(plan: Plan) -> int | None:
    """The planned meeting that says exactly this, of a form that was sent twice."""
    repeats.alone_in(Unit, plan.unit_id)
    said = {name: value for name, value in vars(plan).items() if name != "hosts"}
    known = repeats.earlier(Event, state="planned", **said)
    return known if known is not None and joint.hosts_of(known) == plan.hosts else None


def _insert(plans: Sequence[Plan], keys: Sequence[str], actor: Actor) -> list[int]:
    """Write planned events, one statement; whose key is there already stays as it is."""
    rows = [
        {
            "unit_id": plan.unit_id,
            "activity": plan.activity,
            "title": plan.title,
            "day": plan.day,
            "starts_at": plan.starts_at,
            "minutes": plan.minutes,
            "place": plan.place,
            "theme_id": plan.theme_id,
            "series_id": plan.series_id,
            "form_id": key,
            "form_hash": "",
            "recorded_by_id": actor.account_id,
            "recorded_at": clock.now(),
            "version": 1,
            "state": "planned",
            "channel": "onsite",
        }
        for plan, key in zip(plans, keys, strict=True)
    ]
    return list(db.session.scalars(insert_new(Event).values(rows).returning(Event.id))) if rows else []


def plan_year(
    actor: Actor,
    unit_id: int,
    wanted: Sequence[Proposal],
    titles: dict[str, str],
    *,
    begins: time,
    minutes: int,
    place: str,
) -> int:
    """Plan what is proposed; how many are new. Sent twice it plans once: one for each activity and month."""
    plans = [
        Plan(
            unit_id,
            each.activity,
            titles[each.activity].replace("{月份}", str(each.day.month))[:100],
            clock.at(each.day, begins.hour, begins.minute),
            minutes,
            place,
        )
        for each in wanted
    ]
    for plan in plans[:1]:
        check_plan(plan)
    keys = [
        str(uuid.uuid5(PLANS, f"{unit_id}/{plan.day.year}/{plan.day.month}/{plan.activity}"))
        for plan in plans
    ]
    made = _insert(plans, keys, actor)
    if made:
        audit.record(actor, "year.planned", f"unit:{unit_id}", unit_id=unit_id, events=len(made))
    return len(made)


def start_series(
    actor: Actor,
    unit_id: int,
    *,
    activity: str,
    title: str,
    every: str,
    begins: time,
    minutes: int,
    place: str,
    since: date,
    until: date,
) -> int:
    """Begin a fixed day and plan its meetings from `since` to `until`; its id. The very same, sent again, is
    the one there is."""
    plan_rules.check_every(every)
    check_day(since)
    days = plan_rules.series_days(every, since, until)
    if not days:
        raise RuleError(N_("There is no such day between these dates."), field="until")
    if len(days) > LONGEST_SERIES:
        raise RuleError(N_("At most %(most)s meetings at once."), field="until", most=LONGEST_SERIES)
    said = {
        "unit_id": unit_id,
        "activity": activity,
        "title": title,
        "every": every,
        "time": f"{begins:%H:%M}",
        "minutes": minutes,
        "place": place,
        "from_day": since,
        "until_day": until,
    }
    repeats.alone_in(Unit, unit_id)
    known = repeats.earlier(EventSeries, open=True, **said)
    if known is not None:
        return known
    series = EventSeries(**said, made_by_id=actor.account_id)
    db.session.add(series)
    db.session.flush()  # its meetings name series.id
    plans = [_of_series(series, day, begins) for day in days]
    check_plan(plans[0])
    _insert(plans, [str(uuid.uuid4()) for _each in plans], actor)
    audit.record(actor, "series.started", f"series:{series.id}", unit_id=unit_id, events=len(plans))
    return series.id


def _of_series(series: EventSeries, day: date, begins: time) -> Plan:
    title = series.title.replace("{月份}", str(day.month))
    starts_at = clock.at(day, begins.hour, begins.minute)
    return Plan(
        series.unit_id, series.activity, title, starts_at, series.minutes, series.place, series_id=series.id
    )


def end_series(actor: Actor, series_id: int, version: int) -> int:
    """End a fixed day: its meetings that are still to come are cancelled, but for one at which somebody has
    signed in already; how many."""
    unit_id = db.session.scalar(
        update(EventSeries)
        .where(EventSeries.id == series_id, EventSeries.version == version, EventSeries.open)
        .values(open=False, version=version + 1)
        .returning(EventSeries.unit_id)
    )
    if unit_id is None:
        raise races.lost_to(
            N_("%(name)s has ended this fixed day already, at %(when)s."),
            N_("Somebody changed this fixed day meanwhile."),
            f"series:{series_id}",
            "series.ended",
        )
    gone = db.session.execute(
        update(Event)
        .where(
            Event.series_id == series_id, Event.state == "planned", Event.day >= clock.today(), ~attended()
        )
        .values(state="cancelled", version=Event.version + 1)
        .returning(Event.id, Event.day)
    ).all()
    for one in gone:
        if one.day <= clock.today() + timedelta(days=1):  # nobody was reminded of later ones
            telling.tell_change(one.id, one.day, "")
    audit.record(actor, "series.ended", f"series:{series_id}", unit_id=unit_id, cancelled=len(gone))
    return len(gone)


def move_event(
    actor: Actor, event_id: int, version: int, *, starts_at: datetime, minutes: int, place: str, reason: str
) -> None:
    """Hold a planned meeting on another day, at another time or place; the old one stays to be seen.

    RuleError once somebody has signed in at it: who came then would count as having come on the new day.
    """
    day = clock.local(starts_at).date()
    check_day(day)
    was = db.session.execute(
        select(Event.starts_at, Event.place, Event.activity, Event.unit_id).where(Event.id == event_id)
    ).one()
    check_plan(Plan(was.unit_id, was.activity, "", starts_at, minutes, place))
    _change(event_id, version, {"starts_at": starts_at, "day": day, "minutes": minutes, "place": place})
    if db.session.scalar(select(Event.id).where(Event.id == event_id, attended())) is not None:
        raise RuleError(BEGUN)  # asked behind the UPDATE: nobody signs in meanwhile
    _amend(actor, event_id, "day", f"{clock.local(was.starts_at):%Y-%m-%d %H:%M} {was.place}".strip(), reason)
    audit.record(actor, "event.moved", f"event:{event_id}", unit_id=was.unit_id, day=day.isoformat())
    telling.tell_change(event_id, clock.local(was.starts_at).date(), reason)


def cancel_event(actor: Actor, event_id: int, version: int, *, reason: str) -> None:
    """Say that a planned meeting will not be held, and why. Its month may be planned anew."""
    if len(reason) < 2:
        raise RuleError(N_("Give the reason, in 2 to 300 characters."), field="reason")
    event = _change(event_id, version, {"state": "cancelled", "form_id": str(uuid.uuid4())})
    _amend(actor, event_id, "state", "planned", reason)
    audit.record(actor, "event.cancelled", f"event:{event_id}", unit_id=event.unit_id, reason=reason)
    telling.tell_change(event_id, event.day, reason)


def _change(event_id: int, version: int, values: dict[str, Any]) -> Any:
    """The unit and the day of the meeting that was changed; Conflict when somebody was faster."""
    moved = db.session.execute(
        update(Event)
        .where(Event.id == event_id, Event.version == version, Event.state == "planned")
        .values(version=version + 1, **values)
        .returning(Event.unit_id, Event.day)
    ).first()
    if moved is None:
        raise races.lost_to(MOVED, MOVED_BY_SOMEBODY, f"event:{event_id}", *CHANGES)
    return moved


def _amend(actor: Actor, event_id: int, field: str, was: str, reason: str) -> None:
    db.session.add(
        EventAmendment(event_id=event_id, field=field, was=was, reason=reason[:300], by_id=actor.account_id)
    )
