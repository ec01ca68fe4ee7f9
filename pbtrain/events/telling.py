"""Whoever was reminded of a meeting hears when it is moved or will not be held. Part of the services."""

from datetime import date

from sqlalchemy import exists, select

from pbtrain.accounts.models import Account
from pbtrain.core.db import db
from pbtrain.core.formatting import clock_time, long_day, short_day
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
from pbtrain.events.door.people import holders
from pbtrain.events.models import Event
from pbtrain.notify.models import Message
from pbtrain.notify.services import Note, enqueue_many
from pbtrain.org.models import Member

REMINDED = "meeting:"  # "meeting:12:2026-09-26", as the reminder of the day before calls its occasion
MOVED = N_("Moved: %(title)s is on %(day)s at %(time)s")
CANCELLED = N_("Will not be held: %(title)s on %(day)s")


def tell_change(event_id: int, was: date, reason: str) -> None:
    """Tell whoever was reminded that it is held on the day `was` how it stands now, in three statements."""
    event = db.session.execute(
        select(Event.unit_id, Event.title, Event.day, Event.starts_at, Event.state, Event.version).where(
            Event.id == event_id
        )
    ).one()
    reminded = db.session.scalars(
        select(Account.id)
        .join(Member, Member.account_id == Account.id)
        .where(Member.unit_id.in_(holders(event_id, event.unit_id)), Account.disabled_at.is_(None))
        .where(
            exists().where(Message.account_id == Account.id, Message.about == f"{REMINDED}{event_id}:{was}")
        )
        .order_by(Account.id)
    )
    if event.state == "cancelled":
        subject = in_chinese(CANCELLED, title=event.title, day=short_day(was))
    else:
        subject = in_chinese(
            MOVED, title=event.title, day=long_day(event.day), time=clock_time(event.starts_at)
        )
    about = f"{REMINDED}{event_id}:changed:{event.version}"
    enqueue_many([Note(account_id, about, subject, reason, "/calendar") for account_id in reminded])
