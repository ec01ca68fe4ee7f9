"""What a class tells its people, each once per occasion; in Chinese, for it is read later and by another."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from pbtrain.classes.kinds import SOON
from pbtrain.classes.models import ClassEnrolment, TrainingClass
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.formatting import clock_time, long_day, short_day
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
from pbtrain.events.telling import CANCELLED, MOVED
from pbtrain.notify.services import Note, enqueue_many
from pbtrain.org.access import Actor
from pbtrain.org.models import Member

SEATED = ("offered", "enrolled")  # whom the change of a single unit concerns
CONCERNED = ("nominated", "applied", "approved", "waiting", "offered", "enrolled")  # whom changes concern


def _tell(
    actor: Actor | None,
    class_id: int,
    occasion: str,
    subject: str,
    body: str,
    states: Sequence[str] = CONCERNED,
) -> int:
    """A note to everybody who stands so in the class and has a login; how many were told."""
    doer = actor.account_id if actor else None
    people = db.session.scalars(
        select(Member.account_id)
        .join(ClassEnrolment, ClassEnrolment.member_id == Member.id)
        .where(
            ClassEnrolment.class_id == class_id,
            ClassEnrolment.state.in_(states),
            Member.account_id.is_not(None),
        )
        .order_by(Member.id)
    ).all()
    return len(
        enqueue_many(
            Note(account_id, f"class:{class_id}:{occasion}", subject, body, f"/classes/open/{class_id}")
            for account_id in people
            if account_id and account_id != doer
        )
    )


def tell_moved(actor: Actor | None, class_id: int, row: Any, version: int, reason: str) -> int:
    """The class has other days; `row` has its title and first day, as they are now."""
    subject = in_chinese(N_("%(title)s begins on %(day)s now"), title=row.title, day=short_day(row.starts_on))
    message = N_("The whole class was moved. Reason: %(why)s. Your place in it stays yours; the times of its "
                 "units are on its page.")  # fmt: skip
    body = in_chinese(message, why=reason.rstrip("。."))
    return _tell(actor, class_id, f"moved:{version}", subject, body)


def tell_unit(actor: Actor | None, row: TrainingClass, slot_id: int, was: Any, now: Any) -> int:
    """A unit has another time or place, or is not held; `was` and `now`: title, starts_at, place, state, day
    and version of its event. Told once the class has begun or begins within two days, as its reminder says
    then; before that the page and the calendars show it."""
    same = (was.starts_at, was.place, was.state) == (now.starts_at, now.place, now.state)
    if same or row.state not in ("open", "running") or row.starts_on > clock.today() + SOON:
        return 0
    if now.state == "cancelled":
        subject = in_chinese(CANCELLED, title=was.title, day=short_day(was.day))
    else:
        at = {"day": long_day(now.day), "time": clock_time(now.starts_at)}
        subject = in_chinese(MOVED, title=now.title, **at)
    place = now.place or was.place
    body = in_chinese(N_("%(title)s. Place: %(place)s"), title=row.title, place=place) if place else row.title
    return _tell(actor, row.id, f"unit:{slot_id}:{now.version}", subject, body, SEATED)


def tell_cancelled(actor: Actor | None, class_id: int, row: Any, reason: str) -> int:
    """The class does not take place."""
    subject = in_chinese(
        N_("%(title)s of %(day)s is cancelled"), title=row.title, day=short_day(row.starts_on)
    )
    body = in_chinese(N_("Reason: %(why)s."), why=reason.rstrip("。."))
    return _tell(actor, class_id, "cancelled", subject, body)
