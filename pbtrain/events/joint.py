"""Joint activities: several branches hold one event, each member is credited at home (domain.md A107).

The recording branch's secretary may tick members of a co-host; the co-host's secretaries are told at once,
see the record and have it in their own calendar. Only sister branches, of the same level, can be named.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import aliased

from pbtrain.accounts.models import Account
from pbtrain.core import bulk, clock
from pbtrain.core.db import db
from pbtrain.core.formatting import short_day
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
from pbtrain.events.models import EventHost
from pbtrain.notify.services import Note, enqueue_many
from pbtrain.org.access import Actor
from pbtrain.org.kinds import WITH_MEMBERS
from pbtrain.org.models import RoleGrant, Unit
from pbtrain.org.queries import is_on
from pbtrain.org.roles import Role

MOST_SISTERS = 100  # of a list to tick


def sisters(unit_id: int) -> list[Any]:
    """The other branches right below the same unit, by name: id, name; at most MOST_SISTERS."""
    here = aliased(Unit)
    return list(
        db.session.execute(
            select(Unit.id, Unit.name)
            .join(here, here.parent_id == Unit.parent_id)
            .where(here.id == unit_id, Unit.id != unit_id, Unit.kind.in_(WITH_MEMBERS))
            .where(Unit.valid_until.is_(None))
            .order_by(Unit.name, Unit.id)
            .limit(MOST_SISTERS)
        )
    )


def keep(event_id: int, hosts: Sequence[int], *, planned: bool = False) -> None:
    """Write which further branches hold this event; of a `planned` one in place of those it had."""
    had = set(hosts_of(event_id)) if hosts or planned else set()
    if gone := had - set(hosts):
        away = delete(EventHost).where(EventHost.event_id == event_id, EventHost.unit_id.in_(gone))
        db.session.execute(away.execution_options(synchronize_session=False))
    rows = [{"event_id": event_id, "unit_id": unit_id} for unit_id in sorted(set(hosts) - had)]
    if rows:
        db.session.execute(insert(EventHost).values(rows))


def hosts_of(event_id: int) -> tuple[int, ...]:
    """The further branches of an event, by id."""
    return tuple(
        db.session.scalars(
            select(EventHost.unit_id).where(EventHost.event_id == event_id).order_by(EventHost.unit_id)
        )
    )


def host_names(event_id: int) -> list[str]:
    """Their names."""
    return names_of([event_id]).get(event_id, [])


def names_of(event_ids: Collection[int]) -> dict[int, list[str]]:
    """The names of the further branches of each of these events that has some; one statement."""
    found: dict[int, list[str]] = {}
    for event_id, name in db.session.execute(
        select(EventHost.event_id, Unit.name)
        .join(Unit, EventHost.unit_id == Unit.id)
        .where(EventHost.event_id.in_(bulk.among(event_ids)))
        .order_by(EventHost.event_id, Unit.name, Unit.id)
    ):
        found.setdefault(event_id, []).append(name)
    return found


def tell(actor: Actor, event_id: int, title: str, day: date, hosts: Sequence[int]) -> None:
    """Tell the secretaries of the co-hosts that their members were recorded, once for each event."""
    rows = db.session.execute(
        select(RoleGrant.account_id, Unit.name)
        .join(Unit, Unit.id == RoleGrant.unit_id)
        .join(Account, Account.id == RoleGrant.account_id)
        .where(RoleGrant.unit_id.in_(hosts), RoleGrant.role == Role.BRANCH_SECRETARY)
        .where(is_on(RoleGrant, clock.today()), Account.disabled_at.is_(None))
        .where(RoleGrant.account_id != actor.account_id)
        .order_by(RoleGrant.account_id, Unit.id)
    )
    subject = N_("Recorded together with your branch: %(title)s, %(day)s")
    body = N_("Members of %(branch)s were ticked by %(name)s; their hours stand in your ledger. Look whether "
              "it is right.")  # fmt: skip
    enqueue_many(
        Note(
            account_id,
            f"event:{event_id}:joint",
            in_chinese(subject, title=title, day=short_day(day)),
            in_chinese(body, branch=branch, name=actor.name),
            f"/events/{event_id}",
        )
        for account_id, branch in rows
    )
