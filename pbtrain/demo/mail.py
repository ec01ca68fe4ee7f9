"""What people were told, a mail that came back, a job that failed: for the inbox and the page of jobs."""

import json
from contextlib import suppress

from sqlalchemy import select, update

from pbtrain.accounts.models import Account
from pbtrain.core import clock, queue
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.demo.roster import ACTIVE, World
from pbtrain.notify import services as notify
from pbtrain.notify.models import Delivery, Message
from pbtrain.notify.services import Note
from pbtrain.org.roles import Role
from pbtrain.reminders.jobs import REMINDERS
from pbtrain.reminders.services import remind_behind

WELCOME = Note(
    0, "demo:welcome", "欢迎使用示例区党员学习", "打开首页即可看到今年的学时和可以学习的课程。", "/"
)
PARKED_ERROR = "550 5.1.1 <shili@example.invalid>: mailbox unavailable"


def send_messages(world: World) -> None:
    """A welcome to everybody with a login; the mail to one of them came back."""
    office = world.people["office"]
    active = [office[place].account_id for place in (0, *ACTIVE)] + list(world.staff.values())
    notify.enqueue_many(
        Note(account_id, WELCOME.about, WELCOME.subject, WELCOME.body, WELCOME.link) for account_id in active
    )
    lost = office[ACTIVE[1]].account_id
    db.session.execute(update(Account).where(Account.id == lost).values(email="shili@example.invalid"))
    message_id = db.session.scalars(select(Message.id).where(Message.account_id == lost)).first()
    if message_id is not None:
        db.session.add(
            Delivery(
                message_id=message_id, channel="email", state="parked", attempts=8, next_at=clock.now(),
                error=PARKED_ERROR,
            )
        )  # fmt: skip


def remind(world: World) -> None:
    """What the nightly reminders and one secretary have written; nobody is behind early on New Year's Day."""
    for find in REMINDERS.values():
        notify.enqueue_many(note for _, note in find(world.today, 0, notify.BATCH))
    with suppress(RuleError):
        remind_behind(world.actor(world.scribe["office"]), world.units["office"])


def leave_failed_job(world: World) -> None:
    """A roster that could not be read; trying again finds that it is gone, and ends well."""
    sentence = {"message": N_("There is no line below the headers."), "params": {}}
    db.session.add(
        queue.Job(
            kind="roster.read", args={"import_id": 0}, state="failed", attempts=1, error=json.dumps(sentence),
            owner_id=world.staff[Role.UNIT_ADMIN], finished_at=clock.now(),
        )
    )  # fmt: skip
