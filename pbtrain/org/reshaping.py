"""Merging and splitting units. Part of the services of org; reopening.py takes back what was done today.

Members keep their history: their old affiliation ends today, the new one begins. Whoever calls these also
brings the hours along (`home.reshaping`): hours lie above this package.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import case, delete, func, insert, or_, select, update

from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import UNKEYED, db
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.org import rules, tree, unit_rules
from pbtrain.org.access import Actor
from pbtrain.org.kinds import UNIT_KINDS
from pbtrain.org.models import (
    Academy,
    Affiliation,
    DataReport,
    Member,
    Post,
    RoleGrant,
    Unit,
    UnitClosure,
    UnitSuccession,
)
from pbtrain.org.roles import Perm, Role


@dataclass(frozen=True)
class Part:
    """A new unit of a split: its name and code, and the members or child units that go there."""

    name: str
    chosen: tuple[int, ...]
    code: str = ""


@dataclass(frozen=True)
class Shift:
    """Members who now stand in another unit, and child units that now stand below another one."""

    from_id: int
    to_id: int
    member_ids: tuple[int, ...] = ()
    unit_ids: tuple[int, ...] = ()


def merge(actor: Actor | None, unit_ids: Collection[int], into_id: int) -> list[Shift]:
    """End these units today; members and units below them go over to `into_id`, which is of the same kind.

    Needs the right to end each of them and to manage the one that stays.
    """
    tree.lock_tree()
    into = tree.live(into_id, "into")
    ending = [tree.live(unit_id, "chosen") for unit_id in sorted(set(unit_ids))]
    unit_rules.check_merge({into.kind, *(unit.kind for unit in ending)}, into_id=into_id, ending=unit_ids)
    for perm in (Perm.UNIT_MANAGE, Perm.ROSTER_MANAGE):
        tree.demand(actor, perm, into_id, "into")
        for unit in ending:
            tree.demand(actor, perm, unit.parent_id, "chosen")
            rules.check_move(unit.id, into_id, tree.below(unit.id))
    return [_merge_one(actor, unit_id, into_id) for unit_id in _deepest_first([u.id for u in ending])]


def _deepest_first(unit_ids: Sequence[int]) -> list[int]:
    return list(
        db.session.scalars(
            select(UnitClosure.below_id)
            .where(UnitClosure.below_id.in_(unit_ids))
            .group_by(UnitClosure.below_id)
            .order_by(func.count().desc(), UnitClosure.below_id)
        )
    )


def _merge_one(actor: Actor | None, unit_id: int, into_id: int) -> Shift:
    today = clock.today()
    name = db.session.scalar(select(Unit.name).where(Unit.id == unit_id))
    members, units = members_of(unit_id), units_of(unit_id)
    unit_rules.check_moved(len(members))
    if units:
        _check_names_below(units, into_id)
        tree.rehang(units, unit_id, into_id)
    move_people(members, unit_id, into_id, today)
    hand_over_reports(unit_id, into_id)
    succeed(actor, unit_id, into_id, "merge")
    academies = serve(unit_id, into_id)
    ended = tree.end([unit_id], today)[unit_id]
    audit.record(
        actor, "unit.merged", f"unit:{unit_id}", unit_id=into_id, name=name, into=into_id,
        members=members, units=units, academies=academies, **ended,
    )  # fmt: skip
    return Shift(unit_id, into_id, tuple(members), tuple(units))


def split(actor: Actor | None, unit_id: int, parts: Sequence[Part]) -> list[Shift]:
    """Make new units of the same kind beside this one; the chosen members or child units go there today."""
    tree.lock_tree()
    unit = tree.live(unit_id)
    if unit.parent_id is None:
        raise RuleError(N_("The unit at the top cannot be split."))
    for perm in (Perm.UNIT_MANAGE, Perm.ROSTER_MANAGE):
        tree.demand(actor, perm, unit.parent_id)
    of_members = UNIT_KINDS[unit.kind].has_members
    whole = members_of(unit_id) if of_members else units_of(unit_id)
    unit_rules.check_split(unit.kind, [part.chosen for part in parts], whole)
    named = [(part.name, part.code) for part in parts]
    unit_rules.check_names([name for name, _ in named], most=unit_rules.MOST_PARTS)
    kind, field, parent_id = unit.kind, unit.field, unit.parent_id
    new_ids = tree.add_units(actor, parent_id, named, kind=kind, field=field)
    shifts = []
    for new_id, part in zip(new_ids, parts, strict=True):
        chosen = sorted(part.chosen)
        if of_members:
            unit_rules.check_moved(len(chosen))
            end_ties(chosen, unit_id, clock.today())
            move_people(chosen, unit_id, new_id, clock.today())
            shifts.append(Shift(unit_id, new_id, member_ids=tuple(chosen)))
        else:
            tree.rehang(chosen, unit_id, new_id)
            shifts.append(Shift(unit_id, new_id, unit_ids=tuple(chosen)))
        succeed(actor, unit_id, new_id, "split")
    audit.record(
        actor, "unit.split", f"unit:{unit_id}", unit_id=unit_id,
        parts=[[shift.to_id, len(shift.member_ids) + len(shift.unit_ids)] for shift in shifts],
    )  # fmt: skip
    return shifts


def serve(from_id: int, to_id: int, unit_ids: Collection[int] | None = None) -> list[int]:
    """Academies whose area was one unit serve another; returns whose: the ids of their units."""
    theirs = update(Academy).where(Academy.service_unit_id == from_id)
    if unit_ids is not None:
        theirs = theirs.where(Academy.unit_id.in_(unit_ids))
    moved = theirs.values(service_unit_id=to_id).returning(Academy.unit_id)
    return sorted(db.session.scalars(moved.execution_options(synchronize_session=False)))


def succeed(actor: Actor | None, from_id: int, to_id: int, kind: str) -> None:
    """Keep which unit took over from which today; `kind`: merge, split or turned."""
    db.session.execute(
        insert(UnitSuccession).values(
            from_id=from_id,
            to_id=to_id,
            kind=kind,
            on_day=clock.today(),
            made_by_id=actor.account_id if actor else None,
            made_at=clock.now(),
        )
    )


def members_of(unit_id: int) -> list[int]:
    """Who stands in this branch and has not left, by id."""
    return list(
        db.session.scalars(
            select(Member.id).where(Member.unit_id == unit_id, Member.left_on.is_(None)).order_by(Member.id)
        )
    )


def units_of(unit_id: int) -> list[int]:
    """The live units right below, by id."""
    return list(
        db.session.scalars(
            select(Unit.id).where(Unit.parent_id == unit_id, Unit.valid_until.is_(None)).order_by(Unit.id)
        )
    )


def _check_names_below(unit_ids: Collection[int], parent_id: int) -> None:
    names = select(Unit.name).where(Unit.id.in_(unit_ids))
    taken = db.session.scalar(
        select(Unit.name)
        .where(Unit.parent_id == parent_id, Unit.valid_until.is_(None), Unit.name.in_(names))
        .order_by(Unit.id)
        .limit(1)
    )
    if taken is not None:
        raise RuleError(N_("Both have a unit “%(name)s”. Rename one first."), name=taken)


def move_people(member_ids: Collection[int], from_id: int, to_id: int, day: date) -> None:
    """The affiliations of these members of `from_id` go over to `to_id` on `day`; statements do not grow
    with their number. Conflict when one of them stands elsewhere."""
    if not member_ids:
        return
    db.session.flush()  # what follows is set-based
    spans = db.session.execute(
        select(Affiliation.id, Affiliation.member_id, Affiliation.valid_from)
        .join(Member, Member.id == Affiliation.member_id)
        .where(Affiliation.member_id.in_(member_ids), Affiliation.valid_until.is_(None))
        .where(Affiliation.unit_id == from_id, Member.unit_id == from_id)
        .order_by(Affiliation.member_id, Affiliation.id)
        .with_for_update(of=Member, **UNKEYED)
    ).all()
    if len(spans) != len(set(member_ids)):
        raise Conflict(N_("Somebody has just moved one of these members."))
    fresh = [span for span in spans if span.valid_from >= day]
    _rejoin(fresh, to_id)
    older = [span for span in spans if span.valid_from < day]
    if older:
        set_rows(Affiliation, [span.id for span in older], valid_until=day)
        db.session.execute(
            insert(Affiliation),
            [{"member_id": span.member_id, "unit_id": to_id, "valid_from": day} for span in older],
        )
    set_rows(Member, member_ids, unit_id=to_id)
    db.session.expire_all()


def _rejoin(fresh: Sequence[Any], to_id: int) -> None:
    """Spans that began today take the new branch; who returns to this morning's branch never left it."""
    before = {
        row.member_id: row
        for row in db.session.execute(
            select(Affiliation.id, Affiliation.member_id, Affiliation.valid_until)
            .where(Affiliation.member_id.in_([span.member_id for span in fresh]))
            .where(Affiliation.unit_id == to_id, Affiliation.valid_until.is_not(None))
            .order_by(Affiliation.valid_until, Affiliation.id)
        )
    }
    back = [
        span
        for span in fresh
        if span.member_id in before and before[span.member_id].valid_until == span.valid_from
    ]
    if back:
        db.session.execute(delete(Affiliation).where(Affiliation.id.in_([span.id for span in back])))
        set_rows(Affiliation, [before[span.member_id].id for span in back], valid_until=None)
    gone = {span.id for span in back}
    set_rows(Affiliation, [span.id for span in fresh if span.id not in gone], unit_id=to_id)


def set_rows(table: Any, ids: Collection[int], **values: Any) -> None:
    """Give these rows these values; no rows, no statement."""
    if ids:
        db.session.execute(
            update(table)
            .where(table.id.in_(ids))
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def end_ties(member_ids: Collection[int], unit_id: int, day: date) -> None:
    """Posts that these members hold in that branch end, and the rights of a secretary with them."""
    held = select(Post.id).where(Post.member_id.in_(member_ids), Post.unit_id == unit_id)
    accounts = select(Member.account_id).where(Member.id.in_(member_ids))
    as_secretary = RoleGrant.account_id.in_(accounts) & (RoleGrant.role == Role.BRANCH_SECRETARY)
    for table, whose in (
        (RoleGrant, or_(RoleGrant.post_id.in_(held), as_secretary & (RoleGrant.unit_id == unit_id))),
        (Post, Post.id.in_(held)),
    ):
        db.session.execute(
            update(table)
            .where(whose, or_(table.valid_until.is_(None), table.valid_until > day))
            .values(valid_until=case((table.valid_from > day, table.valid_from), else_=day))
            .execution_options(synchronize_session=False)
        )


def hand_over_reports(from_id: int, to_id: int | None, member_ids: Collection[int] | None = None) -> None:
    """Open reports of wrong data wait for another branch; None: each for the branch its member stands in."""
    hand_over_waiting(DataReport, ("open",), from_id, to_id, member_ids)


def hand_over_waiting(
    table: Any,
    states: Collection[str],
    from_id: int,
    to_id: int | None,
    member_ids: Collection[int] | None = None,
) -> None:
    """What waits in these states for a branch, of these members or of all, waits for another; None: for the
    branch its member stands in."""
    waiting = update(table).where(table.unit_id == from_id, table.state.in_(states))
    if member_ids is not None:
        waiting = waiting.where(table.member_id.in_(member_ids))
    home = select(Member.unit_id).where(Member.id == table.member_id).scalar_subquery()
    db.session.execute(
        waiting.values(unit_id=to_id or func.coalesce(home, from_id)).execution_options(
            synchronize_session=False
        )
    )
