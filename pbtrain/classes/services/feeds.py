"""The address under which a calendar programme reads somebody's dates, and what it gets. Only the hash of the
address's secret is stored; made anew, the old address is void."""

import secrets
from collections.abc import Iterable
from datetime import UTC, date, timedelta

from sqlalchemy import delete, select, update

from pbtrain.audit import services as audit
from pbtrain.classes.queries import calendar as queries
from pbtrain.classes.queries.around import term
from pbtrain.classes.queries.calendar import ClassDays, Date
from pbtrain.core import clock
from pbtrain.core.db import db, record_apart
from pbtrain.core.tokens import fingerprint
from pbtrain.events.models import CalendarFeed
from pbtrain.org.access import Actor

SECRET = 32  # hexadecimal digits: 128 bits
BACK, AHEAD = timedelta(days=60), timedelta(days=400)
READ_EVERY = timedelta(hours=1)  # so often is it kept that an address was used
STATES = {"planned": "CONFIRMED", "held": "CONFIRMED", "cancelled": "CANCELLED"}


def make_feed(actor: Actor) -> str:
    """A new address for this person, in place of the one before; returns its secret of 128 bits, once."""
    token = secrets.token_hex(SECRET // 2)
    end_feed(actor)
    db.session.add(CalendarFeed(account_id=actor.account_id, token_hash=fingerprint(token)))
    audit.record(actor, "feed.made", f"account:{actor.account_id}")
    return token


def end_feed(actor: Actor) -> None:
    """No calendar programme reads this person's dates any more."""
    db.session.execute(delete(CalendarFeed).where(CalendarFeed.account_id == actor.account_id))


def feed_of(account_id: int) -> CalendarFeed | None:
    """When it was made and read last; None where there is none."""
    return db.session.scalar(select(CalendarFeed).where(CalendarFeed.account_id == account_id))


def reader_of(token: str) -> int | None:
    """Whose dates this secret opens, and that it was used; None for one that is void."""
    row = db.session.execute(
        select(CalendarFeed.id, CalendarFeed.account_id, CalendarFeed.read_at).where(
            CalendarFeed.token_hash == fingerprint(token)
        )
    ).first()
    if row is None:
        return None
    if row.read_at is None or clock.now() - row.read_at > READ_EVERY:
        with record_apart() as apart:
            apart.execute(update(CalendarFeed).where(CalendarFeed.id == row.id).values(read_at=clock.now()))
    return int(row.account_id)


def written(actor: Actor, name: str, today: date) -> bytes:
    """This person's dates as an iCalendar file (RFC 5545): the same UID for a date whenever it is asked for,
    a higher SEQUENCE when it changed, CANCELLED when it does not take place."""
    reach, days = queries.own(actor) | queries.of_units(actor), (today - BACK, today + AHEAD)
    return ics(queries.dates(reach, *days, cancelled=True), name, queries.classes_led(actor, *days))


def ics(dates: Iterable[Date], name: str, classes: Iterable[ClassDays] = ()) -> bytes:
    """These dates as an iCalendar file, and classes as entries of whole days with who of the branch is in."""
    from icalendar import Calendar  # loaded where a feed is read, not at every start
    from icalendar import Event as Entry

    calendar = Calendar()
    calendar.add("prodid", "-//pbtrain//calendar//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", "Asia/Shanghai")
    for one in dates:
        entry = Entry()
        entry.add("uid", f"event-{one.id}@pbtrain")
        entry.add("dtstamp", clock.now())
        entry.add("dtstart", one.starts.astimezone(UTC))
        entry.add("dtend", one.ends.astimezone(UTC))
        entry.add("summary", one.title)
        if one.place:
            entry.add("location", one.place)
        entry.add("description", one.unit)
        entry.add("sequence", one.version - 1)
        entry.add("status", STATES[one.state])
        calendar.add_component(entry)
    for row in classes:
        entry = Entry()
        entry.add("uid", f"class-{row.id}-{row.unit_id}@pbtrain")
        entry.add("dtstamp", clock.now())
        entry.add("dtstart", row.starts_on)
        entry.add("dtend", row.ends_on + timedelta(days=1))
        entry.add("summary", f"{term(row)} {row.title}")
        entry.add("description", "、".join((row.academy, *row.people)))
        entry.add("sequence", row.version - 1)
        entry.add("status", "CONFIRMED")
        entry.add("transp", "TRANSPARENT")  # whoever leads the branch is free on these days
        calendar.add_component(entry)
    return bytes(calendar.to_ical())
