"""Attendance at the door: one meeting whose code is shown at this moment, and one closed yesterday."""

import uuid
from datetime import datetime, timedelta

from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.demo.cast import Person
from pbtrain.demo.roster import ACTIVE, MEMBER, World
from pbtrain.events.door import marking, queries, rules, running, scanning
from pbtrain.events.door import people as listing
from pbtrain.events.models import Event

HOME = "office"  # whose secretary and member sign in
FORMS = uuid.UUID("5de0c0de-32aa-4000-8000-000000000036")


def keep_doors(world: World) -> None:
    """The meeting of today first: people arrive, two with one phone, one is on leave, the rest to come."""
    running_since = clock.now().replace(second=0, microsecond=0) - timedelta(minutes=10)
    _arrive(world, _planned(world, "国庆前主题学习", running_since, 90))
    evening = clock.at(world.today - timedelta(days=1), 19)
    if clock.local(evening).year == world.today.year:
        _closed(world, _planned(world, "微党课：读书分享会", evening, 60))


def _planned(world: World, title: str, starts: datetime, minutes: int) -> Event:
    local = clock.local(starts)
    event = Event(
        unit_id=world.units[HOME],
        activity="party_lecture",
        title=title,
        day=local.date(),
        starts_at=starts,
        minutes=minutes,
        place="示例党员活动室",
        form_id=str(uuid.uuid5(FORMS, title)),
        form_hash="",
        state="planned",
        recorded_by_id=world.scribe[HOME],
    )
    db.session.add(event)
    db.session.flush()  # event.id
    return event


def _arrive(world: World, event: Event) -> None:
    chair, branch = world.actor(world.scribe[HOME]), world.people[HOME]
    running.open_door(chair, event.id)
    for place in ACTIVE:
        if place == MEMBER or place > 12:  # whoever signs in as `member` may try it
            continue
        phone = "示例同一部手机" if place in (8, 9) else f"示例手机{place}"
        scanning.check_in(
            world.actor(branch[place].account_id), event.id, out=False, device=phone, ticket=f"示例{place}"
        )
    away = _row(event, branch[14])
    marking.tick(
        chair, event.id, away, "leave", was="absent", record_id=_record(event, 14), reason="示例：外出开会"
    )


def _closed(world: World, event: Event) -> None:
    chair, branch = world.actor(world.scribe[HOME]), world.people[HOME]
    listing.expect_branch(event.id)
    session = queries.session_of(queries.event_of(event.id))
    late = rules.Presence(True, "late", session.starts_at + timedelta(minutes=20), None, "chair")
    early = rules.Presence(True, "early", session.starts_at, session.ends_at - timedelta(minutes=15), "chair")
    for place, one in ((6, late), (7, early)):
        marking.enter(
            chair, event.id, _row(event, branch[place]), one, was="absent", record_id=_record(event, place)
        )
    here = {_row(event, person) for person in branch[:6]}
    marking.tick_many(chair, event.id, here, record=_record(event, 0))
    running.close_door(chair, event.id, version=1, witnessed=True)


def _row(event: Event, person: Person) -> int:
    row = queries.own_row(event.id, person.id)
    if row is None:
        raise LookupError(f"{person.name} is not expected at {event.title}")
    return int(row.id)


def _record(event: Event, place: int) -> str:
    return str(uuid.uuid5(FORMS, f"{event.title}/{place}"))
