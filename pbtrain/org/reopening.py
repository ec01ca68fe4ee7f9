"""Taking back what was merged or abolished today. Part of the services of org."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, select

from pbtrain.audit import services as audit
from pbtrain.audit.models import AuditEvent
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.org import tree
from pbtrain.org.access import Actor
from pbtrain.org.models import Member, Post, RoleGrant, Unit, UnitLink, UnitName, UnitSuccession
from pbtrain.org.reshaping import hand_over_reports, move_people, serve, set_rows
from pbtrain.org.roles import Perm


@dataclass(frozen=True)
class Ended:
    """How a unit came to its end today, from the audit trail."""

    unit_id: int
    at: datetime
    into_id: int | None
    member_ids: tuple[int, ...]
    unit_ids: tuple[int, ...]
    detail: dict[str, Any]


def ended_today(unit_id: int) -> Ended | None:
    """What ended this unit today, None when it lives or ended before."""
    if db.session.scalar(select(Unit.valid_until).where(Unit.id == unit_id)) != clock.today():
        return None
    event = db.session.execute(
        select(AuditEvent.at, AuditEvent.detail)
        .where(AuditEvent.target == f"unit:{unit_id}")
        .where(AuditEvent.action.in_(("unit.merged", "unit.abolished")))
        .order_by(AuditEvent.id.desc())
        .limit(1)
    ).first()
    if event is None or clock.local(event.at).date() != clock.today():
        return None
    detail = event.detail
    return Ended(
        unit_id,
        event.at,
        detail.get("into"),
        tuple(detail.get("members", ())),
        tuple(detail.get("units", ())),
        detail,
    )


def reopen(actor: Actor | None, unit_id: int) -> Ended:
    """Take back today's merge or abolition: the unit lives again, with its members, units, posts and roles.

    RuleError where something has moved on since: then it is put right by hand.
    """
    tree.lock_tree()
    ended = ended_today(unit_id)
    if ended is None:
        raise RuleError(N_("Only what was merged or abolished today can be taken back."))
    unit = db.session.get_one(Unit, unit_id, populate_existing=True)
    tree.demand(actor, Perm.UNIT_MANAGE, unit.parent_id)
    tree.live(unit.parent_id or 0)
    tree.check_name(unit.name, unit.parent_id, but=unit_id)
    if ended.into_id is not None:
        tree.live(ended.into_id)
        for perm in (Perm.UNIT_MANAGE, Perm.ROSTER_MANAGE):
            tree.demand(actor, perm, ended.into_id)
        _check_still_there(ended)
    _open(unit_id, ended)
    if ended.into_id is not None:
        if ended.unit_ids:
            tree.rehang(ended.unit_ids, ended.into_id, unit_id)
        move_people(ended.member_ids, ended.into_id, unit_id, clock.today())
        hand_over_reports(ended.into_id, unit_id, ended.member_ids)
        serve(ended.into_id, unit_id, ended.detail.get("academies", ()))
        db.session.execute(
            delete(UnitSuccession).where(
                UnitSuccession.from_id == unit_id, UnitSuccession.on_day == clock.today()
            ).where(UnitSuccession.to_id == ended.into_id, UnitSuccession.kind == "merge")
        )  # fmt: skip
    audit.record(actor, "unit.reopened", f"unit:{unit_id}", unit_id=unit_id, name=unit.name)
    return ended


def _check_still_there(ended: Ended) -> None:
    members = db.session.scalar(
        select(func.count()).where(
            Member.id.in_(ended.member_ids), Member.unit_id == ended.into_id, Member.left_on.is_(None)
        )
    )
    units = db.session.scalar(
        select(func.count()).where(
            Unit.id.in_(ended.unit_ids), Unit.parent_id == ended.into_id, Unit.valid_until.is_(None)
        )
    )
    moved = len(ended.member_ids) + len(ended.unit_ids) - (members or 0) - (units or 0)
    if moved:
        raise RuleError(
            N_("%(moved)s members or units have moved on since. Set up a new unit and transfer by hand."),
            moved=moved,
        )


def _open(unit_id: int, ended: Ended) -> None:
    set_rows(Unit, [unit_id], valid_until=None)
    until = ended.detail.get("until")
    set_rows(
        UnitLink,
        [tree.newest_links([unit_id])[unit_id].id],
        valid_until=date.fromisoformat(until) if until else None,
    )
    name_id = db.session.scalar(
        select(UnitName.id)
        .where(UnitName.unit_id == unit_id)
        .order_by(UnitName.valid_from.desc(), UnitName.id.desc())
        .limit(1)
    )
    set_rows(UnitName, [name_id] if name_id else [], valid_until=None)
    for table, name in ((Post, "posts"), (RoleGrant, "grants")):
        same_end: dict[str | None, list[int]] = defaultdict(list)
        for row_id, until in ended.detail.get(name, ()):
            same_end[until].append(row_id)
        for until, ids in same_end.items():
            set_rows(table, ids, valid_until=date.fromisoformat(until) if until else None)
    db.session.expire_all()
