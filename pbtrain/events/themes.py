"""Themes (主题): a level above gives one, each branch below opens its own event of it. Reading and giving."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, func, select, update
from sqlalchemy.orm import aliased

from pbtrain.accounts import races
from pbtrain.accounts.models import Account
from pbtrain.audit import services as audit
from pbtrain.core import clock, repeats
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.kinds import KINDS
from pbtrain.events.models import Event, Theme
from pbtrain.events.overview import WITH_MEMBERS, branches_below
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Unit, UnitClosure
from pbtrain.org.roles import Perm

LONGEST = 366  # days a theme may run
STANDINGS = {"held": N_("Held"), "planned": N_("Planned"), "open": N_("Not opened yet")}


def give_theme(
    actor: Actor, unit_id: int, *, activity: str, title: str, body: str, from_day: date, due_on: date
) -> int:
    """Give a theme to every branch below a unit; its id. The very same, sent again, is the one there is."""
    if activity not in KINDS:
        raise RuleError(N_("Choose what kind of meeting it was."), field="activity")
    if due_on < clock.today():
        raise RuleError(N_("The last day is over already."), field="due_on")
    if not 0 <= (due_on - from_day).days <= LONGEST:
        raise RuleError(N_("The last day comes after the first, within a year."), field="due_on")
    said = {
        "unit_id": unit_id,
        "activity": activity,
        "title": title,
        "body": body,
        "from_day": from_day,
        "due_on": due_on,
    }
    repeats.alone_in(Unit, unit_id)
    known = repeats.earlier(Theme, withdrawn_at=None, **said)
    if known is not None:
        return known
    row = Theme(**said, made_by_id=actor.account_id)
    db.session.add(row)
    db.session.flush()  # the audit event names row.id
    audit.record(actor, "theme.given", f"theme:{row.id}", unit_id=unit_id, title=title)
    return row.id


def withdraw_theme(actor: Actor, theme_id: int, version: int) -> None:
    """Take a theme back: nobody opens it any more; what was held of it stays."""
    unit_id = db.session.scalar(
        update(Theme)
        .where(Theme.id == theme_id, Theme.version == version, Theme.withdrawn_at.is_(None))
        .values(withdrawn_at=clock.now(), version=version + 1)
        .returning(Theme.unit_id)
    )
    if unit_id is None:
        raise races.lost_to(
            N_("%(name)s has withdrawn this theme already, at %(when)s."),
            N_("Somebody has withdrawn this theme meanwhile."),
            f"theme:{theme_id}",
            "theme.withdrawn",
        )
    audit.record(actor, "theme.withdrawn", f"theme:{theme_id}", unit_id=unit_id)


def themes_of(unit_id: int) -> Select[Any]:
    """The themes a unit has given, the newest first."""
    return (
        select(Theme.id, Theme.title, Theme.activity, Theme.from_day, Theme.due_on, Theme.withdrawn_at)
        .where(Theme.unit_id == unit_id)
        .order_by(Theme.due_on.desc(), Theme.id.desc())
    )


def theme_in_reach(actor: Actor, theme_id: int) -> Any:
    """A theme of a unit in which this person gives themes; None elsewhere."""
    return db.session.execute(
        select(
            Theme.id, Theme.unit_id, Theme.title, Theme.body, Theme.activity, Theme.from_day, Theme.due_on,
            Theme.withdrawn_at, Theme.version, Unit.name.label("unit_name"), Account.name.label("giver"),
        )
        .join(Unit, Unit.id == Theme.unit_id)
        .outerjoin(Account, Account.id == Theme.made_by_id)
        .where(Theme.id == theme_id, Theme.unit_id.in_(units_where(actor, Perm.THEME_GIVE)))
    ).first()  # fmt: skip


def _has(theme_id: int, state: str) -> ColumnElement[bool]:
    return exists().where(Event.theme_id == theme_id, Event.unit_id == Unit.id, Event.state == state)


def _stands(theme_id: int) -> ColumnElement[str]:
    return case((_has(theme_id, "held"), "held"), (_has(theme_id, "planned"), "planned"), else_="open")


def coverage(theme: Any) -> dict[str, int]:
    """How many branches below have held it, planned it, not opened it."""
    stand = _stands(theme.id).label("standing")
    each = branches_below(theme.unit_id).add_columns(stand).order_by(None).subquery()
    rows = db.session.execute(
        select(each.c.standing, func.count()).group_by(each.c.standing).order_by(each.c.standing)
    )
    return dict.fromkeys(STANDINGS, 0) | dict(rows.tuples().all())


def coverage_map(theme: Any) -> list[Any]:
    """The same for each unit right below: id, name, branches, held."""
    child, link = aliased(Unit), aliased(UnitClosure)
    held = func.sum(case((_has(theme.id, "held"), 1), else_=0))
    return list(
        db.session.execute(
            select(child.id, child.name, func.count().label("branches"), held.label("held"))
            .select_from(child)
            .join(link, link.above_id == child.id)
            .join(Unit, Unit.id == link.below_id)
            .where(child.parent_id == theme.unit_id, child.valid_until.is_(None))
            .where(Unit.kind.in_(WITH_MEMBERS), Unit.valid_until.is_(None))
            .group_by(child.id, child.name, child.code)
            .order_by(child.code, child.id)
            .limit(200)
        )
    )


def branches_of(theme: Any, standing: str = "") -> Select[Any]:
    """The branches below with how they stand, by code; `standing`: only those."""
    found = branches_below(theme.unit_id).add_columns(_stands(theme.id).label("standing"))
    return found.where(_stands(theme.id) == standing) if standing else found
