"""A unit becomes another kind today: a branch grows into a 党总支, a temporary branch lasts. Part of the
services of org.

Posts stay with the unit and the roles they bring follow its kind. Books stay with the unit that wrote them.
Members never stand in a unit that has none: a branch that is set up below takes them over in the same step.
Whoever calls these also brings the hours along (`home.reshaping`): hours lie above this package.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, and_, delete, func, insert, or_, select

from pbtrain.audit import services as audit
from pbtrain.audit.models import AuditEvent
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.org import rules, services, tree, unit_rules
from pbtrain.org.access import Actor
from pbtrain.org.kinds import UNIT_KINDS
from pbtrain.org.models import (
    Affiliation,
    Member,
    Post,
    RoleGrant,
    Unit,
    UnitKindSpan,
    UnitLink,
    UnitSuccession,
)
from pbtrain.org.reshaping import Shift, hand_over_reports, move_people, set_rows, succeed, units_of
from pbtrain.org.roles import Perm, Role


@dataclass(frozen=True)
class Turned:
    """How a unit changed its kind today, from the audit trail."""

    unit_id: int
    at: datetime
    was: str
    heir_id: int | None  # the branch below that took its members over
    member_ids: tuple[int, ...]
    detail: dict[str, Any]


@dataclass(frozen=True)
class Following:
    """A post that runs or will run, whose role changes with the kind of its unit."""

    post: Row[Any]  # id, kind, member_id, valid_from, valid_until, name
    old: Role | None
    new: Role | None


def following(unit_id: int, was: str, kind: str) -> list[Following]:
    """The posts of a unit that bring another role when it becomes `kind`, by name."""
    rows = db.session.execute(
        select(Post.id, Post.kind, Post.member_id, Post.valid_from, Post.valid_until, Member.name)
        .join(Member, Member.id == Post.member_id)
        .where(Post.unit_id == unit_id, _runs(Post))
        .order_by(Member.pinyin, Post.id)
    )
    changing = [
        Following(row, rules.role_of_post(row.kind, was), rules.role_of_post(row.kind, kind)) for row in rows
    ]
    return [one for one in changing if one.old != one.new]


def _runs(table: Any) -> Any:
    return or_(table.valid_until.is_(None), table.valid_until > clock.today())


def acting(unit_id: int) -> int:
    """How many act as secretary of a branch today or later, without a post."""
    held = select(func.count()).where(RoleGrant.unit_id == unit_id, _acts(), _runs(RoleGrant))
    return db.session.scalar(held) or 0


def _acts() -> Any:
    return and_(RoleGrant.post_id.is_(None), RoleGrant.role == Role.BRANCH_SECRETARY)


def stand_in(unit_id: int) -> list[int]:
    """Everybody whose open affiliation is this branch, also who has left the Party, by id."""
    return list(
        db.session.scalars(
            select(Member.id)
            .join(Affiliation, Affiliation.member_id == Member.id)
            .where(
                Member.unit_id == unit_id,
                Affiliation.unit_id == unit_id,
                Affiliation.valid_until.is_(None),
            )
            .order_by(Member.id)
        )
    )


def turn(actor: Actor | None, unit_id: int, kind: str, *, name: str = "", code: str = "") -> Shift | None:
    """Make this unit one of another kind from today; `name`: a new branch below takes its members over.

    Returns who went over, None where nobody did. Needs the right in the unit above. Flushes for ids.
    """
    tree.lock_tree()
    unit = tree.live(unit_id)
    _demand(actor, unit)
    members = stand_in(unit_id)
    unit_rules.check_turn(
        unit.kind, kind, members=len(members), units=len(units_of(unit_id)), named=bool(name),
        top=unit.parent_id is None,
    )  # fmt: skip
    unit_rules.check_moved(len(members))
    was, field = unit.kind, unit.field
    _note_kind(unit, kind)
    detail: dict[str, Any] = {"was": was, "kind": kind, **_roles_follow(actor, unit_id, was, kind)}
    if was == "temporary_branch":
        link = tree.newest_links([unit_id])[unit_id]
        detail["until"] = link.valid_until.isoformat() if link.valid_until else None
        set_rows(UnitLink, [link.id], valid_until=None)
    shift = None
    if name:
        heir = tree.add_unit(actor, name=name, kind="branch", parent_id=unit_id, code=code, field=field)
        shift = Shift(unit_id, heir.id, member_ids=tuple(members))
        move_people(members, unit_id, shift.to_id, clock.today())
        hand_over_reports(unit_id, shift.to_id)
        succeed(actor, unit_id, shift.to_id, "turned")
        detail |= {"heir": shift.to_id, "members": members}
    audit.record(actor, "unit.turned", f"unit:{unit_id}", unit_id=unit_id, **detail)
    return shift


def _demand(actor: Actor | None, unit: Unit) -> None:
    """The right is asked in the unit above; the one at the top has none."""
    for perm in (Perm.UNIT_MANAGE, Perm.ROSTER_MANAGE):
        tree.demand(actor, perm, unit.parent_id or unit.id)


def _note_kind(unit: Unit, kind: str) -> None:
    """The unit is of this kind from today; what changes twice on a day was on that day what it was last."""
    today = clock.today()
    last = db.session.execute(
        select(UnitKindSpan.id, UnitKindSpan.kind, UnitKindSpan.valid_until)
        .where(UnitKindSpan.unit_id == unit.id)
        .order_by(UnitKindSpan.valid_from.desc(), UnitKindSpan.id.desc())
        .limit(1)
    ).first()
    since = last.valid_until if last else unit.valid_from
    if since < today:
        values = {"kind": unit.kind, "valid_from": since, "valid_until": today}
        db.session.execute(insert(UnitKindSpan).values(unit_id=unit.id, **values))
    elif last is not None and last.kind == kind:  # what it was this morning: as if it had never changed
        db.session.execute(delete(UnitKindSpan).where(UnitKindSpan.id == last.id))
    unit.kind = kind
    db.session.flush()  # what is hung below it is judged by its new kind


def _roles_follow(actor: Actor | None, unit_id: int, was: str, kind: str) -> dict[str, list[Any]]:
    """End and give the roles that come with posts; who acts as secretary of a branch ends with it.

    Returns the ids of what was made, and [id, end] of what was ended.
    """
    today = clock.today()
    right = _rightly_held(unit_id)
    changing = [one for one in following(unit_id, was, kind) if (one.post.id, one.new) not in right]
    over = RoleGrant.post_id.in_([one.post.id for one in changing])
    if not UNIT_KINDS[kind].has_members:
        over = or_(over, _acts())
    ended = []
    for grant in db.session.scalars(
        select(RoleGrant).where(RoleGrant.unit_id == unit_id, over, _runs(RoleGrant)).order_by(RoleGrant.id)
    ):
        ended.append([grant.id, grant.valid_until.isoformat() if grant.valid_until else None])
        grant.valid_until = max(today, grant.valid_from)
    made = [
        RoleGrant(
            account_id=services.ensure_account(db.session.get_one(Member, one.post.member_id)),
            unit_id=unit_id,
            role=one.new,
            post_id=one.post.id,
            valid_from=max(today, one.post.valid_from),
            valid_until=one.post.valid_until,
            granted_by_id=actor.account_id if actor else None,
        )
        for one in changing
        if one.new is not None
    ]
    db.session.add_all(made)
    db.session.flush()  # the trail names their ids, so that they can be taken back
    return {"made": [grant.id for grant in made], "grants": ended}


def _rightly_held(unit_id: int) -> set[tuple[int | None, str]]:
    """(post, role) of the grants that run in a unit and came with posts."""
    rows = db.session.execute(
        select(RoleGrant.post_id, RoleGrant.role).where(
            RoleGrant.unit_id == unit_id, RoleGrant.post_id.is_not(None), _runs(RoleGrant)
        )
    )
    return {(row.post_id, row.role) for row in rows}


def turned_today(unit_id: int) -> Turned | None:
    """The last change of kind of this unit, if it was today and has not been taken back."""
    event = db.session.execute(
        select(AuditEvent.at, AuditEvent.action, AuditEvent.detail)
        .where(AuditEvent.target == f"unit:{unit_id}")
        .where(AuditEvent.action.in_(("unit.turned", "unit.turned_back")))
        .order_by(AuditEvent.id.desc())
        .limit(1)
    ).first()
    if event is None or event.action != "unit.turned" or clock.local(event.at).date() != clock.today():
        return None
    detail = event.detail
    return Turned(
        unit_id, event.at, detail["was"], detail.get("heir"), tuple(detail.get("members", ())), detail
    )


def turn_back(actor: Actor | None, unit_id: int) -> Turned:
    """Take back today's change of kind, with members, posts' roles and the branch that was set up for it.

    RuleError where something has been built on it since.
    """
    tree.lock_tree()
    turned, unit = turned_today(unit_id), tree.live(unit_id)
    if turned is None:
        raise RuleError(N_("Only a change of today can be taken back."))
    _demand(actor, unit)
    others = [one for one in units_of(unit_id) if one != turned.heir_id]
    if others and not UNIT_KINDS[turned.was].has_units:
        raise RuleError(
            N_("%(units)s units still stand below this one. Move or abolish them first."), units=len(others)
        )
    if turned.heir_id is not None:
        tree.live(turned.heir_id)
        _check_untouched(stand_in(turned.heir_id), turned.member_ids)
    _note_kind(unit, turned.was)
    if turned.heir_id is not None:
        move_people(turned.member_ids, turned.heir_id, unit_id, clock.today())
        hand_over_reports(turned.heir_id, unit_id)
        db.session.execute(
            delete(UnitSuccession).where(
                UnitSuccession.from_id == unit_id, UnitSuccession.to_id == turned.heir_id
            )
        )
        tree.end([turned.heir_id], clock.today())
    _give_back(turned.detail, unit_id)
    _roles_follow(actor, unit_id, turned.detail["kind"], turned.was)  # of posts that were given in between
    audit.record(
        actor, "unit.turned_back", f"unit:{unit_id}", unit_id=unit_id, kind=turned.was, heir=turned.heir_id
    )
    return turned


def _check_untouched(now: Sequence[int], then: Sequence[int]) -> None:
    moved = len(set(now) ^ set(then))
    if moved:
        raise RuleError(
            N_("%(moved)s members have come or gone since. Change the kind again instead."), moved=moved
        )


def _give_back(detail: dict[str, Any], unit_id: int) -> None:
    """Roles and the planned end are what they were this morning; a post that has ended since brings none."""
    db.session.execute(delete(RoleGrant).where(RoleGrant.id.in_(detail["made"])))
    before = dict(detail["grants"])
    ends = select(RoleGrant.id, Post.valid_until).outerjoin(Post, Post.id == RoleGrant.post_id)
    same_end: dict[date | None, list[int]] = defaultdict(list)
    for grant_id, post_until in db.session.execute(
        ends.where(RoleGrant.id.in_(before)).order_by(RoleGrant.id)
    ):
        until = _day(before[grant_id])
        same_end[min(filter(None, (until, post_until)), default=None)].append(grant_id)
    for until, ids in same_end.items():
        set_rows(RoleGrant, ids, valid_until=until)
    if planned := _day(detail.get("until")):
        set_rows(UnitLink, [tree.newest_links([unit_id])[unit_id].id], valid_until=planned)
    db.session.expire_all()


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
