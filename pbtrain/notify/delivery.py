"""The worker of the outbox: claim for a while, send outside any transaction, mark each one.

Killed between sending and marking, a message goes out again after its lease, with the same Message-ID.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, delete, exists, literal, or_, select, update

from pbtrain.accounts.models import Account
from pbtrain.core import clock, queue
from pbtrain.core.db import db, transaction
from pbtrain.notify.channels import CHANNELS, Channel, Parcel, Refused, Send, Unreachable
from pbtrain.notify.models import Delivery, Message
from pbtrain.notify.queries import is_asked_for
from pbtrain.notify.rules import is_hopeless, outside_quiet_hours, wait_after
from pbtrain.notify.services import DELIVER

BATCH = 500
STEP = 25  # after so many the job says how far it is, which renews its own lease
LEASE = timedelta(minutes=10)
MARGIN = timedelta(minutes=1)  # no new message is begun so near the end of the lease
log = logging.getLogger(__name__)


def nudge() -> None:
    """Ask for a worker when something is due and none is asked for; the scheduler does so twice a minute."""
    due = select(exists().where(_is_due(clock.now())))
    if db.session.scalar(due) and not is_asked_for(DELIVER):
        with transaction():
            queue.enqueue(DELIVER, {})


@queue.handler(DELIVER)
def deliver(running: queue.Running) -> dict[str, Any]:
    """Send all that is due, in batches of 500; a channel that cannot be reached is left until later."""
    sent = 0
    for key, channel in CHANNELS.items():
        if not channel.is_on():
            continue
        while parcels := _claim(key, channel):
            sent_now, reachable = _carry(channel, parcels, running)
            sent += sent_now
            if not reachable:
                break
    return {"sent": sent}


def _is_due(now: datetime) -> Any:
    return or_(
        and_(Delivery.state == "new", Delivery.next_at <= now),
        and_(Delivery.state == "claimed", Delivery.lease_until < now),
    )


def _claim(key: str, channel: Channel) -> list[Parcel]:
    """Take up to 500 due deliveries for ourselves: the UPDATE decides, however many workers there are. What
    waited for somebody whose login was closed meanwhile, or who has no address any more, is given up."""
    now = clock.now()
    some = (
        select(Delivery.id)
        .where(Delivery.channel == key, _is_due(now))
        .order_by(Delivery.next_at, Delivery.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    with transaction() as session:
        ids = session.scalars(
            update(Delivery)
            .where(Delivery.id.in_(some), _is_due(now))
            .values(state="claimed", lease_until=now + LEASE, attempts=Delivery.attempts + 1)
            .returning(Delivery.id)
        ).all()
    if not ids:
        return []
    rows = db.session.execute(
        select(
            Delivery.id.label("delivery_id"),
            Message.id.label("message_id"),
            Message.created_at,
            channel.address().label("address"),
            Account.name,
            Message.subject,
            Message.body,
            Message.link,
        )
        .join(Message, Message.id == Delivery.message_id)
        .join(Account, Account.id == Message.account_id)
        .where(Delivery.id.in_(ids), Account.disabled_at.is_(None), channel.reaches())
        .order_by(Delivery.id)
    ).all()
    db.session.rollback()  # no transaction stays open while the other side takes its time
    if gone := set(ids) - {row.delivery_id for row in rows}:
        with transaction() as session:
            session.execute(delete(Delivery).where(Delivery.id.in_(gone), Delivery.state == "claimed"))
    return [Parcel(**row._mapping) for row in rows]


def _carry(channel: Channel, parcels: list[Parcel], running: queue.Running) -> tuple[int, bool]:
    """Send each and mark it; returns how many went out, and whether the way stayed open."""
    sent, until = 0, clock.now() + LEASE - MARGIN
    waiting = [parcel.delivery_id for parcel in parcels]
    try:
        with channel.open() as send:
            for number, parcel in enumerate(parcels):
                if number % STEP == 0:
                    running.progress(number, len(parcels))
                if clock.now() > until:
                    _give_back(waiting)
                    return sent, False
                sent += _send_one(send, parcel)
                waiting.remove(parcel.delivery_id)
    except Unreachable as error:
        log.warning("%s cannot be reached: %s", channel.key, error)
        _wait(waiting, str(error))
        return sent, False
    return sent, True


def _send_one(send: Send, parcel: Parcel) -> bool:
    try:
        send(parcel)
    except Unreachable:
        raise
    except Refused as error:
        if error.for_good:
            _mark([parcel.delivery_id], state="parked", error=str(error)[:300], lease_until=None)
        else:
            _wait([parcel.delivery_id], str(error), blame=True)
        return False
    except Exception as error:  # one poisonous message must not hold up the others
        log.exception("delivery %s", parcel.delivery_id)
        _wait([parcel.delivery_id], repr(error), blame=True)
        return False
    _mark([parcel.delivery_id], state="sent", sent_at=clock.now(), error="", lease_until=None)
    return True


def _mark(ids: list[int], **values: Any) -> None:
    with transaction() as session:
        session.execute(
            update(Delivery).where(Delivery.id.in_(ids), Delivery.state == "claimed").values(**values)
        )


def _give_back(ids: list[int]) -> None:
    _mark(ids, state="new", attempts=Delivery.attempts - 1, lease_until=None)


def _wait(ids: list[int], error: str, *, blame: bool = False) -> None:
    """Try again later, the longer the more often it failed. Blamed too often, a message is parked."""
    if not ids:
        return
    now, most, kind = clock.now(), _most_attempts(ids), Delivery.next_at.type
    steps = {
        attempts: outside_quiet_hours(clock.local(now + wait_after(attempts)))
        for attempts in range(1, most + 1)
    }
    later = case(
        *((Delivery.attempts == attempts, literal(at, kind)) for attempts, at in steps.items()),
        else_=literal(steps[most], kind),
    )
    state = "parked" if blame and is_hopeless(most) else "new"
    _mark(ids, state=state, next_at=later, error=error[:300], lease_until=None)


def _most_attempts(ids: list[int]) -> int:
    most = max(
        db.session.scalars(select(Delivery.attempts).where(Delivery.id.in_(ids)).order_by(Delivery.id))
    )
    db.session.rollback()
    return most
