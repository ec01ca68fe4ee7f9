"""What has been said to whom, and what is stuck."""

from typing import Any

from sqlalchemy import Select, exists, func, select

from pbtrain.accounts.models import Account
from pbtrain.core.db import db
from pbtrain.core.queue import Job
from pbtrain.notify.models import Delivery, Message


def unread(account_id: int) -> int:
    """How many messages this account has not opened: one look into an index."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Message)
            .where(Message.account_id == account_id, Message.read_at.is_(None))
        )
        or 0
    )


def inbox(account_id: int) -> Select[Any]:
    """An account's messages, the newest first."""
    return (
        select(Message.id, Message.subject, Message.body, Message.link, Message.created_at, Message.read_at)
        .where(Message.account_id == account_id)
        .order_by(Message.id.desc())
    )


def heard(account_ids: list[int], about: str) -> set[int]:
    """Which of these accounts have already been told of this occasion."""
    rows = db.session.scalars(
        select(Message.account_id).where(Message.account_id.in_(account_ids), Message.about == about)
    )
    return set(rows)


def parked() -> Select[Any]:
    """Deliveries that no machine tries again, the newest first."""
    return (
        select(
            Delivery.id,
            Delivery.channel,
            Delivery.attempts,
            Delivery.error,
            Message.subject,
            Message.created_at,
            Account.name,
        )
        .join(Message, Message.id == Delivery.message_id)
        .join(Account, Account.id == Message.account_id)
        .where(Delivery.state == "parked")
        .order_by(Delivery.id.desc())
    )


def jobs(state: str = "") -> Select[Any]:
    """Long work, the newest first; of one state when it is named."""
    found = select(
        Job.id, Job.kind, Job.state, Job.attempts, Job.done_steps, Job.all_steps, Job.error, Job.created_at
    ).order_by(Job.id.desc())
    return found.where(Job.state == state) if state else found


def is_asked_for(kind: str) -> bool:
    """Does a job of this kind wait to be started?"""
    return bool(db.session.scalar(select(exists().where(Job.kind == kind, Job.state == "queued"))))
