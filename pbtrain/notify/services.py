"""Putting messages into the outbox, and what readers do with theirs."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, literal, select, update

from pbtrain.accounts import races
from pbtrain.accounts.models import Account
from pbtrain.audit import services as audit
from pbtrain.core import clock, queue
from pbtrain.core.batches import batched
from pbtrain.core.db import db, insert_new
from pbtrain.core.marks import N_
from pbtrain.notify.channels import CHANNELS
from pbtrain.notify.models import Delivery, Message
from pbtrain.notify.queries import is_asked_for
from pbtrain.notify.rules import outside_quiet_hours
from pbtrain.org.access import Actor

BATCH = 1000
DELIVER = "notify.deliver"


@dataclass(frozen=True)
class Note:
    """What one account is told, in the words it will read. `about` names the occasion: "behind:2026-09"."""

    account_id: int
    about: str
    subject: str
    body: str = ""
    link: str = ""  # a path of this site


def enqueue_many(notes: Iterable[Note]) -> list[int]:
    """Tell these accounts, each once per occasion, in the caller's transaction; returns who was told now,
    one account id for each new message.

    A constant number of statements for each 1000. Whoever already heard of the occasion hears nothing.
    """
    told: list[int] = []
    for some in batched(notes, BATCH):
        fresh = _insert(some)
        told += [account_id for _, account_id in fresh]
        if fresh:
            _send_out([message_id for message_id, _ in fresh])
    if told and not is_asked_for(DELIVER):
        queue.enqueue(DELIVER, {})
    return told


def _insert(notes: tuple[Note, ...]) -> list[tuple[int, int]]:
    now = clock.now()
    rows = [
        {
            "account_id": note.account_id,
            "about": note.about,
            "subject": note.subject[:200],
            "body": note.body,
            "link": note.link,
            "created_at": now,
        }
        for note in notes
    ]
    statement = insert_new(Message).values(rows).returning(Message.id, Message.account_id)
    return [(row.id, row.account_id) for row in db.session.execute(statement)]


def _send_out(message_ids: list[int]) -> None:
    start = outside_quiet_hours(clock.local(clock.now()))
    for key, channel in CHANNELS.items():
        if not channel.is_on():
            continue
        reached = (
            select(
                Message.id,
                literal(key),
                literal("new"),
                literal(0),
                literal(start, Delivery.next_at.type),
                literal(""),
            )
            .join(Account, Account.id == Message.account_id)
            .where(Message.id.in_(message_ids), Account.disabled_at.is_(None), channel.reaches())
            .order_by(Message.id)
        )
        columns = ["message_id", "channel", "state", "attempts", "next_at", "error"]
        db.session.execute(insert_new(Delivery).from_select(columns, reached))


def mark_read(actor: Actor, message_id: int) -> None:
    """The reader has opened it; a second time changes nothing."""
    db.session.execute(
        update(Message)
        .where(Message.id == message_id, Message.account_id == actor.account_id, Message.read_at.is_(None))
        .values(read_at=clock.now())
    )


def mark_all_read(actor: Actor) -> None:
    """The reader has seen them all."""
    db.session.execute(
        update(Message)
        .where(Message.account_id == actor.account_id, Message.read_at.is_(None))
        .values(read_at=clock.now())
    )


def retry_delivery(actor: Actor, delivery_id: int) -> None:
    """Send a parked message again, from the first attempt on."""
    moved = db.session.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state == "parked")
        .values(state="new", attempts=0, next_at=clock.now(), error="")
        .returning(Delivery.id)
    ).first()
    if moved is None:
        raise races.lost_to(
            N_("%(name)s has sent this message again already, at %(when)s."),
            N_("This message is not parked any more."),
            f"delivery:{delivery_id}",
            "delivery.retried",
        )
    audit.record(actor, "delivery.retried", f"delivery:{delivery_id}")
    queue.enqueue(DELIVER, {})


def retry_job(actor: Actor, job_id: int) -> None:
    """Do a failed job again, from the first attempt on."""
    job = queue.Job
    moved = db.session.execute(
        update(job)
        .where(job.id == job_id, job.state == "failed")
        .values(state="queued", attempts=0, error="", finished_at=None)
        .returning(job.id)
    ).first()
    if moved is None:
        raise races.lost_to(
            N_("%(name)s has started this job again already, at %(when)s."),
            N_("This job has not failed any more: somebody started it again."),
            f"job:{job_id}",
            "job.retried",
        )
    audit.record(actor, "job.retried", f"job:{job_id}")
    db.session.info.setdefault("pb_nudges", []).append(job_id)


def forget(account_id: int) -> None:
    """Remove every message to somebody whose data are erased, and what was still to go out."""
    mine = select(Message.id).where(Message.account_id == account_id)
    db.session.execute(delete(Delivery).where(Delivery.message_id.in_(mine)))
    db.session.execute(delete(Message).where(Message.account_id == account_id))
