"""Who leads which unit, until when, and where nobody does. Part of the queries of org."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, func, literal, or_, select, true
from sqlalchemy.orm import aliased

from pbtrain.accounts.models import Account, Slip
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.org.access import Actor, units_where
from pbtrain.org.counts import branches_with
from pbtrain.org.models import Member, Post, RoleGrant, Unit, UnitClosure
from pbtrain.org.queries import is_on, led
from pbtrain.org.roles import Perm, Role

SOON = timedelta(days=60)  # a term that ends within so many days wants an election prepared
LEAD = ("secretary", "rotating_secretary")
TEMPORARY = "temporary_branch"
BRANCHES = ("branch", TEMPORARY)
FIRST = 5
OFFERED = 200  # people whose names are offered while somebody types


def acting_on(day: date) -> ColumnElement[bool]:
    """Grants by which somebody acts as secretary on that day: the role without a post."""
    return and_(RoleGrant.role == Role.BRANCH_SECRETARY, RoleGrant.post_id.is_(None), is_on(RoleGrant, day))


def _secretary_on(day: date) -> ColumnElement[bool]:
    """Posts by which somebody leads on that day: 书记, or 轮值书记 where they take turns."""
    return and_(Post.kind.in_(LEAD), is_on(Post, day))


def _lives() -> ColumnElement[bool]:
    return and_(Unit.kind.in_(BRANCHES), Unit.valid_until.is_(None))


def _below(unit_id: int) -> Select[tuple[int]]:
    return select(UnitClosure.below_id).where(UnitClosure.above_id == unit_id)


def within(actor: Actor, perm: Perm, unit_id: int = 0) -> Select[tuple[int]]:
    """The units in which `actor` holds `perm`: of a unit and all below it, or all where none is named."""
    reach = units_where(actor, perm)
    return reach.where(Unit.id.in_(_below(unit_id))) if unit_id else reach


def led_from(unit_id: int) -> Select[tuple[int]]:
    """The branches whose members may hold a post in this unit: itself and all below it; for a temporary
    branch, which may have no members of its own, all below the unit above it."""
    around = select(Unit.parent_id).where(Unit.id == unit_id, Unit.kind == TEMPORARY).scalar_subquery()
    return select(UnitClosure.below_id).where(
        or_(UnitClosure.above_id == unit_id, UnitClosure.above_id == around)
    )


SHOW = ("none", "acting", "all")


def _held_by(today: date) -> tuple[Any, Any, Any]:
    """For each `Unit`: the name of its secretary, of who acts, and until when somebody acts."""
    person, stand_in = aliased(Member), aliased(Account)
    secretary = (
        select(func.min(person.name))
        .join(Post, Post.member_id == person.id)
        .where(Post.unit_id == Unit.id, _secretary_on(today))
    )
    acts = (RoleGrant.unit_id == Unit.id, acting_on(today))
    acting = select(func.min(stand_in.name)).join(RoleGrant, RoleGrant.account_id == stand_in.id).where(*acts)
    until = select(func.max(RoleGrant.valid_until)).where(*acts)
    one, two, three = (query.correlate(Unit).scalar_subquery() for query in (secretary, acting, until))
    return one.label("secretary"), two.label("acting"), three.label("until")


def branches(actor: Actor, today: date, *, show: str, unit_id: int = 0, q: str = "") -> Select[Any]:
    """Live branches in reach, with who leads each today: id, name, code, above, secretary, acting, until.

    `show`: "none" where nobody may record anything, "acting" where somebody only acts, or all of them.
    """
    above = aliased(Unit)
    found = (
        select(Unit.id, Unit.name, Unit.code, func.coalesce(above.name, "").label("above"), *_held_by(today))
        .outerjoin(above, above.id == Unit.parent_id)
        .where(_lives(), Unit.id.in_(within(actor, Perm.GRANT_MANAGE, unit_id)))
        .order_by(Unit.code, Unit.id)
    )
    if show == "none":
        found = found.where(~led(today))
    elif show == "acting":
        acts = exists().where(RoleGrant.unit_id == Unit.id, acting_on(today))
        found = found.where(acts, ~exists().where(Post.unit_id == Unit.id, _secretary_on(today)))
    if q:
        found = found.where(
            or_(Unit.name.contains(q, autoescape=True), Unit.code.startswith(q, autoescape=True))
        )
    return found


def ending_terms(units: Select[tuple[int]] | None, today: date) -> Select[Any]:
    """Posts in these units, or in any, that end within 60 days with nobody to follow, the nearest first."""
    later = aliased(Post)
    followed = exists().where(
        later.unit_id == Post.unit_id,
        later.kind == Post.kind,
        later.id != Post.id,
        or_(Post.kind == "secretary", later.member_id == Post.member_id),
        later.valid_from <= Post.valid_until,
        or_(later.valid_until.is_(None), later.valid_until > Post.valid_until),
    )
    return (
        select(
            Post.id,
            Post.kind,
            Post.unit_id,
            Post.member_id,
            Post.valid_from,
            Post.valid_until,
            Member.name,
            Unit.name.label("unit_name"),
            Unit.code,
        )
        .join(Member, Member.id == Post.member_id)
        .join(Unit, Unit.id == Post.unit_id)
        .where(
            true() if units is None else Post.unit_id.in_(units),
            Post.valid_until > today,
            Post.valid_until <= today + SOON,
            Unit.valid_until.is_(None),
            ~followed,
        )
        .order_by(Post.valid_until, Post.id)
    )


def counts(units: Select[tuple[int]], today: date, kept: dict[str, Any] | None = None) -> Row[Any]:
    """Branches nobody leads, those where somebody only acts, terms that end soon, whether any member was
    ever handed a slip; one statement. `kept` are the counts of a large tree, which are not counted again.
    """
    live = select(func.count()).select_from(Unit).where(_lives(), Unit.id.in_(units))
    acts = exists().where(RoleGrant.unit_id == Unit.id, acting_on(today))
    has_post = exists().where(Post.unit_id == Unit.id, _secretary_on(today))
    terms = ending_terms(units, today).order_by(None).with_only_columns(literal(1)).subquery()
    return db.session.execute(
        select(
            (literal(kept["leaderless"]) if kept else live.where(~led(today)).scalar_subquery()).label(
                "none"
            ),
            (literal(kept["acting"]) if kept else live.where(acts, ~has_post).scalar_subquery()).label(
                "acting"
            ),
            select(func.count()).select_from(terms).scalar_subquery().label("terms"),
            exists().where(Slip.account_id == Member.account_id, Member.unit_id.in_(units)).label("slips"),
        )
    ).one()


def leaderless(
    units: Select[tuple[int]], today: date, kept: dict[str, Any] | None = None
) -> tuple[int, list[Row[Any]]]:
    """How many of these branches have nobody who may record for them, and the first five; one statement."""
    if kept is not None:
        first = db.session.execute(branches_with("leaderless", units).limit(FIRST)).all()
        return kept["leaderless"], list(first)
    rows = db.session.execute(
        select(Unit.id, Unit.name, func.count().over().label("all"))
        .where(Unit.id.in_(units), _lives(), ~led(today))
        .order_by(Unit.code, Unit.id)
        .limit(FIRST)
    ).all()
    return (rows[0].all if rows else 0), list(rows)


def asleep(actor: Actor, unit_id: int = 0, *, kept: bool = False) -> Select[Any]:
    """Branches in reach with members who have never signed in: id, name, code, above, members, asleep.

    With `kept` by the counts that are kept of a large tree.
    """
    if kept:
        return branches_with("asleep", within(actor, Perm.SLIP_PRINT, unit_id))
    above = aliased(Unit)
    waits = Account.activated_at.is_(None)
    return (
        select(
            Unit.id,
            Unit.name,
            Unit.code,
            func.coalesce(func.min(above.name), "").label("above"),
            func.count().label("members"),
            func.count().filter(waits).label("asleep"),
        )
        .join(Member, Member.unit_id == Unit.id)
        .outerjoin(Account, Account.id == Member.account_id)
        .outerjoin(above, above.id == Unit.parent_id)
        .where(Member.left_on.is_(None), Unit.id.in_(within(actor, Perm.SLIP_PRINT, unit_id)))
        .group_by(Unit.id, Unit.name, Unit.code)
        .having(func.count().filter(waits) > 0)
        .order_by(Unit.code, Unit.id)
    )


def asleep_total(actor: Actor, unit_id: int = 0, *, kept: bool = False) -> Row[Any]:
    """How many people of how many branches in reach have never signed in."""
    found = asleep(actor, unit_id, kept=kept).order_by(None).subquery()
    return db.session.execute(
        select(func.count().label("branches"), func.coalesce(func.sum(found.c.asleep), 0).label("people"))
    ).one()


def ending(unit_id: int, on: date) -> tuple[list[Row[Any]], list[Row[Any]]]:
    """What a new secretary from that day on would end: posts of 书记, and acting roles."""
    held = db.session.execute(
        select(Post.id, Post.member_id, Member.name, Post.valid_from, Post.valid_until)
        .join(Member, Member.id == Post.member_id)
        .where(Post.unit_id == unit_id, Post.kind == "secretary", Post.valid_from <= on)
        .where(or_(Post.valid_until.is_(None), Post.valid_until > on))
        .order_by(Post.id)
    )
    acting = db.session.execute(
        select(RoleGrant.id, Account.name, RoleGrant.valid_from, RoleGrant.valid_until)
        .join(Account, Account.id == RoleGrant.account_id)
        .where(RoleGrant.unit_id == unit_id, RoleGrant.role == Role.BRANCH_SECRETARY)
        .where(RoleGrant.post_id.is_(None))
        .where(or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > on))
        .order_by(RoleGrant.id)
    )
    return list(held), list(acting)


def leading(unit_id: int, today: date) -> tuple[list[Row[Any]], list[Row[Any]]]:
    """Who is secretary now or later, with dates, and who acts now or later."""
    held = db.session.execute(
        select(Post.id, Post.member_id, Member.name, Post.kind, Post.valid_from, Post.valid_until)
        .join(Member, Member.id == Post.member_id)
        .where(Post.unit_id == unit_id, Post.kind.in_(LEAD))
        .where(or_(Post.valid_until.is_(None), Post.valid_until > today))
        .order_by(Post.valid_from, Post.id)
    )
    return list(held), ending(unit_id, today)[1]


def people(actor: Actor, unit_id: int) -> list[Row[Any]]:
    """Members who may lead a unit and whose names are offered: id, name, code; the first 200 by name."""
    return list(
        db.session.execute(
            select(Member.id, Member.name, Member.code)
            .where(Member.unit_id.in_(led_from(unit_id)), Member.left_on.is_(None))
            .where(Member.unit_id.in_(units_where(actor, Perm.ROSTER_MANAGE)))
            .order_by(Member.pinyin, Member.id)
            .limit(OFFERED)
        )
    )


def person_named(actor: Actor, text: str, *, unit_id: int = 0, field: str = "person") -> int:
    """The member of this name, number or user name in reach who may lead `unit_id`; RuleError unless just
    one. A temporary branch may be led by anybody in reach."""
    wanted = text.strip()
    query = (
        select(Member.id)
        .outerjoin(Account, Account.id == Member.account_id)
        .where(or_(Member.name == wanted, Member.code == wanted.upper(), Account.username == wanted.lower()))
        .where(Member.left_on.is_(None), Member.unit_id.in_(units_where(actor, Perm.ROSTER_MANAGE)))
        .order_by(Member.id)
        .limit(2)
    )
    if unit_id:
        lent = exists().where(Unit.id == unit_id, Unit.kind == TEMPORARY)
        query = query.where(or_(Member.unit_id.in_(led_from(unit_id)), lent))
    found = db.session.scalars(query).all()
    if not found:
        raise RuleError(N_("Nobody on your roster has this name, number or user name."), field=field)
    if len(found) > 1:
        raise RuleError(N_("Several people have this name. Enter the member's number."), field=field)
    return found[0]


def temporary_branches(actor: Actor, member_unit_id: int) -> list[Row[Any]]:
    """Living temporary branches in which the actor gives posts: id, name; those nearest to this branch first,
    the first 200."""
    near = select(UnitClosure.above_id).where(UnitClosure.below_id == member_unit_id)
    return list(
        db.session.execute(
            select(Unit.id, Unit.name)
            .where(Unit.kind == TEMPORARY, Unit.valid_until.is_(None), Unit.id != member_unit_id)
            .where(Unit.id.in_(units_where(actor, Perm.GRANT_MANAGE)))
            .order_by(case((Unit.parent_id.in_(near), 0), else_=1), Unit.code, Unit.id)
            .limit(OFFERED)
        )
    )
