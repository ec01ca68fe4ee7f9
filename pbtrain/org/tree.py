"""Changing the tree of units. Part of the services of org; what touches members too is in reshaping.py.

Every change locks the root, so that two at once cannot close a circle; the closure table follows in the
same transaction, the dated links and names keep what was. A link whose `valid_until` lies ahead is the end
that was planned for a temporary unit.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import case, delete, func, insert, literal, or_, select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import UNKEYED, db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.org import rules, unit_rules
from pbtrain.org.access import Actor, may
from pbtrain.org.models import Member, Post, RoleGrant, Unit, UnitClosure, UnitLink, UnitName
from pbtrain.org.names import new_code
from pbtrain.org.roles import Perm, Role


def lock_tree() -> None:
    """One change of the tree at a time; SQLite's writer is alone anyway."""
    db.session.execute(
        select(Unit.id).where(Unit.parent_id.is_(None)).order_by(Unit.id).with_for_update(**UNKEYED)
    )


def live(unit_id: int, field: str | None = None) -> Unit:
    """The unit, unless it is abolished or does not exist."""
    unit = db.session.get(Unit, unit_id, populate_existing=True)
    if unit is None or unit.valid_until is not None:
        raise RuleError(N_("This unit does not exist any more."), field=field)
    return unit


def below(unit_id: int) -> set[int]:
    """The ids of the unit and all below it."""
    return set(db.session.scalars(select(UnitClosure.below_id).where(UnitClosure.above_id == unit_id)))


def demand(actor: Actor | None, perm: Perm, unit_id: int | None, field: str | None = None) -> None:
    """Refuse unless the actor holds `perm` in that unit; None is the system, which may."""
    if actor is not None and (unit_id is None or not may(actor, perm, unit_id)):
        raise RuleError(N_("You have no right to do this in that unit."), field=field)


def check_name(name: str, parent_id: int | None, *, but: int = 0) -> None:
    """Two live units right below one another unit do not share a name."""
    taken = db.session.scalar(
        select(func.count()).where(
            Unit.parent_id == parent_id, Unit.name == name, Unit.valid_until.is_(None), Unit.id != but
        )
    )
    if taken:
        raise RuleError(N_("A unit of this name stands there already."), field="name")


def check_names(parent_id: int | None, names: Collection[str]) -> None:
    """The same for many new names at once."""
    taken = db.session.scalars(
        select(Unit.name)
        .where(Unit.parent_id == parent_id, Unit.valid_until.is_(None), Unit.name.in_(names))
        .order_by(Unit.id)
    ).first()
    if taken is not None:
        raise RuleError(N_("“%(name)s” stands there already."), field="names", name=taken)


def check_code(code: str) -> None:
    """No two units share a code."""
    if code and db.session.scalar(select(Unit.id).where(Unit.code == code)) is not None:
        raise RuleError(N_("This code is used by another unit."), field="code")


def add_unit(
    actor: Actor | None,
    *,
    name: str,
    kind: str,
    parent_id: int | None,
    code: str = "",
    field: str = "",
    valid_from: date | None = None,
    ends_on: date | None = None,
) -> Unit:
    """A new unit below its parent; the first of all has none. `ends_on`: it ends then by itself.

    Flushes for its id.
    """
    lock_tree()
    if parent_id is None:
        if db.session.scalar(select(Unit.id).limit(1)) is not None:
            raise RuleError(N_("Choose the unit above."), field="parent_id")
    else:
        demand(actor, Perm.UNIT_MANAGE, parent_id, "parent_id")
        rules.check_child(live(parent_id, "parent_id").kind, kind)
    check_name(name, parent_id)
    check_code(code)
    unit_rules.check_end(kind, ends_on, today=clock.today())
    since = valid_from or clock.today()
    unit = Unit(
        name=name,
        kind=kind,
        parent_id=parent_id,
        code=code or new_code("U"),
        field=field,
        valid_from=since,
    )
    db.session.add(unit)
    db.session.flush()  # the tree and the audit event name unit.id
    db.session.execute(
        insert(UnitLink).values(unit_id=unit.id, parent_id=parent_id, valid_from=since, valid_until=ends_on)
    )
    db.session.execute(insert(UnitName).values(unit_id=unit.id, name=name, valid_from=since))
    db.session.execute(insert(UnitClosure).values(above_id=unit.id, below_id=unit.id, depth=0))
    if parent_id is not None:
        _hang([unit.id], parent_id)
    audit.record(actor, "unit.added", f"unit:{unit.id}", unit_id=unit.id, name=name, kind=kind)
    return unit


def add_units(
    actor: Actor | None, parent_id: int, named: Sequence[tuple[str, str]], *, kind: str, field: str = ""
) -> list[int]:
    """Many new units of one kind below one parent, (name, code or "") each; returns their ids.

    The same few statements for any number of them; all or none.
    """
    lock_tree()
    demand(actor, Perm.UNIT_MANAGE, parent_id)
    rules.check_child(live(parent_id).kind, kind)
    names, codes = [name for name, _ in named], [code for _, code in named if code]
    unit_rules.check_names(names, codes)
    check_names(parent_id, names)
    used = db.session.scalars(select(Unit.code).where(Unit.code.in_(codes)).order_by(Unit.id)).first()
    if used is not None:
        raise RuleError(N_("The code %(code)s is used by another unit."), field="names", code=used)
    today = clock.today()
    rows = [
        {
            "name": name,
            "code": code or new_code("U"),
            "kind": kind,
            "field": field,
            "parent_id": parent_id,
            "valid_from": today,
        }
        for name, code in named
    ]
    db.session.execute(insert(Unit), rows)
    made = {
        row.code: row
        for row in db.session.execute(
            select(Unit.id, Unit.code).where(Unit.code.in_([row["code"] for row in rows])).order_by(Unit.id)
        )
    }
    ids = [made[row["code"]].id for row in rows]
    since = {"valid_from": today}
    db.session.execute(insert(UnitLink), [{"unit_id": i, "parent_id": parent_id} | since for i in ids])
    db.session.execute(
        insert(UnitName),
        [{"unit_id": i, "name": name} | since for i, name in zip(ids, names, strict=True)],
    )
    db.session.execute(insert(UnitClosure), [{"above_id": i, "below_id": i, "depth": 0} for i in ids])
    _hang(ids, parent_id)
    audit.record(
        actor, "unit.added_many", f"unit:{parent_id}", unit_id=parent_id, kind=kind, count=len(ids), ids=ids
    )
    return ids


def _hang(unit_ids: Collection[int], parent_id: int) -> None:
    """Put subtrees under their parent in the closure table."""
    over, under = UnitClosure.__table__.alias("over"), UnitClosure.__table__.alias("under")
    pairs: Any = (
        select(over.c.above_id, under.c.below_id, over.c.depth + under.c.depth + literal(1))
        .select_from(over.join(under, under.c.above_id.in_(unit_ids)))
        .where(over.c.below_id == parent_id)
    )
    db.session.execute(insert(UnitClosure).from_select(["above_id", "below_id", "depth"], pairs))


def _unhang(unit_ids: Collection[int], parent_id: int) -> None:
    inside = select(UnitClosure.below_id).where(UnitClosure.above_id.in_(unit_ids))
    outside = select(UnitClosure.above_id).where(UnitClosure.below_id == parent_id)
    db.session.execute(
        delete(UnitClosure)
        .where(UnitClosure.below_id.in_(inside), UnitClosure.above_id.in_(outside))
        .execution_options(synchronize_session=False)
    )


def change_unit(
    actor: Actor | None,
    unit_id: int,
    *,
    name: str,
    field: str = "",
    code: str = "",
    ends_on: date | None = None,
    version: str | None = None,
) -> None:
    """Rename a unit from today, change code, field or planned end; `version`: of unit_rules.version_of."""
    lock_tree()
    unit = live(unit_id)
    demand(actor, Perm.UNIT_MANAGE, unit_id)
    link = newest_links([unit_id])[unit_id]
    if version not in (None, unit_rules.version_of(unit.name, unit.code, unit.field, link.valid_until)):
        raise races.changed(f"unit:{unit_id}", "unit.changed")
    check_name(name, unit.parent_id, but=unit_id)
    if code and code != unit.code:
        check_code(code)
        unit.code = code
    if ends_on != link.valid_until:
        unit_rules.check_end(unit.kind, ends_on, today=clock.today())
        db.session.execute(update(UnitLink).where(UnitLink.id == link.id).values(valid_until=ends_on))
    audit.record(actor, "unit.changed", f"unit:{unit_id}", unit_id=unit_id, was=unit.name, name=name)
    if name != unit.name:
        _call(unit, name)
    unit.name, unit.field = name, field


def _call(unit: Unit, name: str) -> None:
    """From today the unit has this name; the names before stay."""
    today = clock.today()
    spans = db.session.execute(
        select(UnitName.id, UnitName.name, UnitName.valid_from, UnitName.valid_until)
        .where(UnitName.unit_id == unit.id)
        .order_by(UnitName.valid_from.desc(), UnitName.id.desc())
        .limit(2)
    ).all()
    last = spans[0] if spans else None
    if last is None and unit.valid_from < today:  # named before names were kept
        values = {"name": unit.name, "valid_from": unit.valid_from, "valid_until": today}
        db.session.execute(insert(UnitName).values(unit_id=unit.id, **values))
    if last is not None and last.valid_from >= today:  # renamed twice on one day: the last name counts
        before = spans[1] if len(spans) > 1 else None
        if before is not None and before.name == name and before.valid_until == last.valid_from:
            db.session.execute(delete(UnitName).where(UnitName.id == last.id))
            db.session.execute(update(UnitName).where(UnitName.id == before.id).values(valid_until=None))
        else:
            db.session.execute(update(UnitName).where(UnitName.id == last.id).values(name=name))
        return
    if last is not None:
        db.session.execute(update(UnitName).where(UnitName.id == last.id).values(valid_until=today))
    db.session.execute(insert(UnitName).values(unit_id=unit.id, name=name, valid_from=today))


def move_unit(actor: Actor | None, unit_id: int, parent_id: int) -> None:
    """Hang a unit and all below it under another parent from today; needs the right at both ends."""
    lock_tree()
    unit = live(unit_id)
    if unit.parent_id is None:
        raise RuleError(N_("The unit at the top cannot be moved."))
    demand(actor, Perm.UNIT_MANAGE, unit.parent_id)
    demand(actor, Perm.UNIT_MANAGE, parent_id, "parent_id")
    rules.check_move(unit_id, parent_id, below(unit_id))
    rules.check_child(live(parent_id, "parent_id").kind, unit.kind)
    if unit.parent_id == parent_id:
        raise RuleError(N_("It stands there already."), field="parent_id")
    check_name(unit.name, parent_id, but=unit_id)
    audit.record(
        actor, "unit.moved", f"unit:{unit_id}", unit_id=unit_id, was=unit.parent_id, parent=parent_id
    )
    rehang([unit_id], unit.parent_id, parent_id)


def rehang(unit_ids: Collection[int], old_id: int, parent_id: int) -> None:
    """Units that stand right below `old_id` stand below `parent_id` from today, with all below them."""
    db.session.flush()  # what follows is set-based
    _unhang(unit_ids, old_id)
    _hang(unit_ids, parent_id)
    _relink(unit_ids, parent_id)
    db.session.execute(
        update(Unit)
        .where(Unit.id.in_(unit_ids))
        .values(parent_id=parent_id)
        .execution_options(synchronize_session="evaluate")
    )


def newest_links(unit_ids: Collection[int]) -> dict[int, Any]:
    """The last link of each unit, by unit: id, parent_id, valid_from, valid_until."""
    rows = db.session.execute(
        select(UnitLink.id, UnitLink.unit_id, UnitLink.parent_id, UnitLink.valid_from, UnitLink.valid_until)
        .where(UnitLink.unit_id.in_(unit_ids))
        .order_by(UnitLink.unit_id, UnitLink.valid_from, UnitLink.id)
    )
    return {row.unit_id: row for row in rows}


def _relink(unit_ids: Collection[int], parent_id: int) -> None:
    """Close today's links and open new ones; who moves twice on one day spends it under the last parent."""
    today = clock.today()
    last = newest_links(unit_ids)
    fresh = [row for row in last.values() if row.valid_from >= today]
    before = {
        row.unit_id: row.id
        for row in db.session.execute(
            select(UnitLink.id, UnitLink.unit_id)
            .where(UnitLink.unit_id.in_([row.unit_id for row in fresh]), UnitLink.parent_id == parent_id)
            .where(UnitLink.valid_until == today, UnitLink.valid_from < today)
            .order_by(UnitLink.id)
        )
    }
    back = [row for row in fresh if row.unit_id in before]
    for row in back:  # it returns to where it stood this morning: as if it had never gone
        db.session.execute(delete(UnitLink).where(UnitLink.id == row.id))
        db.session.execute(
            update(UnitLink).where(UnitLink.id == before[row.unit_id]).values(valid_until=row.valid_until)
        )
    changed = [row.id for row in fresh if row.unit_id not in before]
    db.session.execute(update(UnitLink).where(UnitLink.id.in_(changed)).values(parent_id=parent_id))
    older = [row for row in last.values() if row.valid_from < today]
    if older:
        db.session.execute(
            update(UnitLink).where(UnitLink.id.in_([row.id for row in older])).values(valid_until=today)
        )
        db.session.execute(
            insert(UnitLink),
            [
                {
                    "unit_id": row.unit_id,
                    "parent_id": parent_id,
                    "valid_from": today,
                    "valid_until": row.valid_until,
                }
                for row in older
            ],
        )


def abolish_unit(actor: Actor | None, unit_id: int) -> None:
    """End an empty unit today. Its ledger stays readable to the units above."""
    lock_tree()
    unit = live(unit_id)
    demand(actor, Perm.UNIT_MANAGE, unit.parent_id)
    members = db.session.scalar(
        select(func.count()).where(Member.unit_id == unit_id, Member.left_on.is_(None))
    )
    units = db.session.scalar(
        select(func.count()).where(Unit.parent_id == unit_id, Unit.valid_until.is_(None))
    )
    rules.check_abolish(members=members or 0, units=units or 0)
    ended = end([unit_id], clock.today())
    audit.record(
        actor, "unit.abolished", f"unit:{unit_id}", unit_id=unit_id, name=unit.name, **ended[unit_id]
    )


def end(unit_ids: Collection[int], day: date) -> dict[int, dict[str, Any]]:
    """End units, their names, posts and roles; `day` is the first day without.

    Returns by unit what was open, so that it can be opened again: `until` (the end that was planned),
    and `posts` and `grants` as [id, end].
    """
    check_last_admin(unit_ids)
    links = newest_links(unit_ids)
    db.session.flush()  # what follows is set-based
    ended: dict[int, dict[str, Any]] = {
        unit_id: {"until": _text(links[unit_id].valid_until), "posts": [], "grants": []}
        for unit_id in unit_ids
    }
    for name, table in (("posts", Post), ("grants", RoleGrant)):
        runs = or_(table.valid_until.is_(None), table.valid_until > day)
        for row in db.session.execute(
            select(table.id, table.unit_id, table.valid_until)
            .where(table.unit_id.in_(unit_ids), runs)
            .order_by(table.id)
        ):
            ended[row.unit_id][name].append([row.id, _text(row.valid_until)])
    db.session.execute(update(Unit).where(Unit.id.in_(unit_ids)).values(valid_until=day))
    for dated in (UnitLink, UnitName, Post, RoleGrant):
        db.session.execute(
            update(dated)
            .where(dated.unit_id.in_(unit_ids), or_(dated.valid_until.is_(None), dated.valid_until > day))
            .values(valid_until=case((dated.valid_from > day, dated.valid_from), else_=day))
            .execution_options(synchronize_session=False)
        )
    db.session.expire_all()
    return ended


def check_last_admin(unit_ids: Collection[int]) -> None:
    """Refuse to end a unit in which the last system administrator holds that role."""
    open_now = or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > clock.today())
    held = select(RoleGrant.id).where(RoleGrant.role == Role.SYSTEM_ADMIN, open_now).limit(1)
    inside = db.session.scalar(held.where(RoleGrant.unit_id.in_(unit_ids)))
    if inside is not None and db.session.scalar(held.where(RoleGrant.unit_id.not_in(unit_ids))) is None:
        raise RuleError(N_("The last system administrator stays."))


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None
