"""Lists of members and logins, and all about one of them. Part of the queries of org."""

import unicodedata
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, literal, or_, select, tuple_, union

from pbtrain.accounts.models import Account, Slip
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.core.paging import EXACT, counted
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import (
    Affiliation,
    CareSpan,
    Member,
    Post,
    RoleGrant,
    StatusSpan,
    Unit,
    UnitClosure,
)
from pbtrain.org.queries import is_on
from pbtrain.org.roles import Perm
from pbtrain.org.uploads.cells import name_variants

PAGE = 50
SLIPS = 500  # people offered on the page of slips
ORDERS: dict[str, Any] = {"name": Member.pinyin, "code": Member.code}
SHOW: dict[str, ColumnElement[bool]] = {
    "asleep": and_(Account.activated_at.is_(None), Member.left_on.is_(None)),
    "gone": Member.left_on.is_not(None),
}


@dataclass(frozen=True)
class Page:
    """Some rows, and whether there are more before and after them."""

    rows: list[Any]
    earlier: bool
    later: bool
    total: int


def named(column: Any, word: str) -> ColumnElement[bool]:
    """A name holds this word, whichever dot is typed between its parts and however wide its letters are."""
    spellings = name_variants(word) | name_variants(plain(word))
    return or_(*(column.contains(one, autoescape=True) for one in sorted(spellings)))


def plain(word: str) -> str:
    """What was typed to search by, full-width letters and digits as ordinary ones.

    >>> plain("ＷＹ　０１")
    'WY 01'
    """
    return unicodedata.normalize("NFKC", word).strip()


def matching(q: str) -> ColumnElement[bool]:
    """Members whose name contains `q`, or whose pinyin, initials or number begins with it. Phone and ID
    numbers are found by a form (home/views/personal.py): no address holds them."""
    text = plain(q).lower()
    return or_(
        named(Member.name, q.strip()),
        Member.pinyin.startswith(text.replace(" ", ""), autoescape=True),
        Member.pinyin.contains(" " + text, autoescape=True),
        Member.code.startswith(text.upper(), autoescape=True),
    )


def members(
    unit_id: int, *, q: str = "", show: str = "", sort: str = "name", after: int = 0, before: int = 0
) -> Page:
    """One page of the members in a unit and below it; `after` and `before` are ids of members. Of many the
    total is counted no further than paging does."""
    descending = sort.startswith("-")
    column = ORDERS.get(sort.lstrip("-"), Member.pinyin)
    below = select(UnitClosure.below_id).where(UnitClosure.above_id == unit_id)
    where = [Member.unit_id.in_(below), SHOW.get(show, Member.left_on.is_(None))]
    if q.strip():
        where.append(matching(q))
    everybody = select(Member.id).where(*where)
    if show == "asleep":
        everybody = everybody.outerjoin(Account, Account.id == Member.account_id)
    total = counted(everybody)
    query = (
        select(
            Member.id,
            Member.name,
            Member.code,
            Member.stage,
            Member.left_on,
            Member.unit_id,
            Unit.name.label("unit_name"),
            Account.activated_at,
            Account.disabled_at,
        )
        .join(Unit, Unit.id == Member.unit_id)
        .outerjoin(Account, Account.id == Member.account_id)
        .where(*where)
    )
    if total > EXACT and not q.strip() and column is Member.pinyin:  # else SQLite sorts them all by itself
        query = query.with_hint(Member, "INDEXED BY ix_member_pinyin_id", "sqlite")
    rows, more = _keyset(query, column, after=after, before=before, descending=descending)
    return Page(rows, earlier=bool(after) or (bool(before) and more), later=bool(before) or more, total=total)


def _keyset(
    query: Select[Any], column: Any, *, after: int, before: int, descending: bool
) -> tuple[list[Row[Any]], bool]:
    """The page behind or before the row with that id, in the order of (column, id)."""
    key = tuple_(column, Member.id)
    backwards = bool(before)
    forward = descending if backwards else not descending
    if anchor := before or after:
        value = db.session.scalar(select(column).where(Member.id == anchor))
        if value is not None:
            query = query.where(key > (value, anchor) if forward else key < (value, anchor))
    order = (column, Member.id) if forward else (column.desc(), Member.id.desc())
    rows = list(db.session.execute(query.order_by(*order).limit(PAGE + 1)))
    more, rows = len(rows) > PAGE, rows[:PAGE]
    return (rows[::-1] if backwards else rows), more


def member_in_reach(actor: Actor, perm: Perm, member_id: int) -> Row[Any] | None:
    """All that stands on the roster about a member whose branch the actor reaches."""
    return db.session.execute(
        select(
            Member.id,
            Member.name,
            Member.code,
            Member.sex,
            Member.born_on,
            Member.joined_on,
            Member.stage,
            Member.category,
            Member.phone,
            Member.id_lookup,
            Member.id_shown,
            Member.flow,
            Member.flow_place,
            Member.left_on,
            Member.erased_at,
            Member.unit_id,
            Unit.name.label("unit_name"),
            Account.id.label("account_id"),
            Account.username,
            Account.activated_at,
            Account.disabled_at,
        )
        .join(Unit, Unit.id == Member.unit_id)
        .outerjoin(Account, Account.id == Member.account_id)
        .where(Member.id == member_id, Member.unit_id.in_(units_where(actor, perm)))
    ).first()


def homes_of(member_id: int) -> list[Row[Any]]:
    """The branches a member stood in, the latest first."""
    return list(
        db.session.execute(
            select(Affiliation.id, Unit.name, Affiliation.valid_from, Affiliation.valid_until)
            .join(Unit, Unit.id == Affiliation.unit_id)
            .where(Affiliation.member_id == member_id)
            .order_by(Affiliation.valid_from.desc(), Affiliation.id.desc())
        )
    )


def posts_of(member_id: int) -> list[Row[Any]]:
    """A member's posts, the latest first."""
    return list(
        db.session.execute(
            select(Post.id, Post.kind, Post.unit_id, Unit.name, Post.valid_from, Post.valid_until)
            .join(Unit, Unit.id == Post.unit_id)
            .where(Post.member_id == member_id)
            .order_by(Post.valid_from.desc(), Post.id.desc())
        )
    )


def spans_of(member_id: int) -> tuple[list[Row[Any]], list[Row[Any]]]:
    """A member's spans on the care list, and those of kinds.STATUSES, each the latest first; one statement.

    Rows of id, kind ("" for care), reason, valid_from and valid_until.
    """
    care = select(
        CareSpan.id, literal("").label("kind"), CareSpan.reason, CareSpan.valid_from, CareSpan.valid_until
    ).where(CareSpan.member_id == member_id)
    status = select(
        StatusSpan.id, StatusSpan.kind, literal(""), StatusSpan.valid_from, StatusSpan.valid_until
    ).where(StatusSpan.member_id == member_id)
    found = sorted(
        db.session.execute(care.union_all(status)), key=lambda row: (row.valid_from, row.id), reverse=True
    )
    return [row for row in found if not row.kind], [row for row in found if row.kind]


def unit_named(actor: Actor, perm: Perm, text: str, field: str) -> int:
    """The live unit of this code or name within reach; RuleError when there is none, or more than one."""
    wanted = text.strip()
    found = db.session.scalars(
        select(Unit.id)
        .where(
            or_(Unit.code == wanted, Unit.name == wanted),
            Unit.valid_until.is_(None),
            Unit.id.in_(units_where(actor, perm)),
        )
        .order_by(Unit.code == wanted, Unit.id)
        .limit(2)
    ).all()
    if not found:
        raise RuleError(N_("There is no unit of this name or code in your reach."), field=field)
    if len(found) > 1:
        raise RuleError(N_("Several units have this name. Enter the code."), field=field)
    return found[0]


def unit_names(actor: Actor, perm: Perm, kinds: tuple[str, ...] = (), limit: int = 200) -> list[str]:
    """Names of live units within reach, to complete what is typed; the first `limit` of them."""
    query = select(Unit.name).where(Unit.valid_until.is_(None), Unit.id.in_(units_where(actor, perm)))
    if kinds:
        query = query.where(Unit.kind.in_(kinds))
    return list(db.session.scalars(query.order_by(Unit.code, Unit.id).limit(limit)))


def logins(actor: Actor, *, show: str = "roles", q: str = "") -> Select[Any]:
    """Logins the actor manages, by user name: those with roles, not activated, disabled, or all.

    One statement finds out how large the reach is: a small one is gone through branch by branch, however many
    logins the site has; a large one in the order of the list, which ends with the page.
    """
    filters: dict[str, ColumnElement[bool]] = {
        "asleep": and_(
            Account.activated_at.is_(None), Account.disabled_at.is_(None), Member.left_on.is_(None)
        ),
        "disabled": Account.disabled_at.is_not(None),
        "all": Account.id.is_not(None),
    }
    listed = _in_reach(actor, filters[show]) if show in filters else _listed(Account.id.in_(_holders(actor)))
    if q.strip():
        name = q.strip()
        listed = listed.where(
            or_(
                Account.name.contains(name, autoescape=True),
                Account.username.startswith(name.lower(), autoescape=True),
            )
        )
    return listed


def _holders(actor: Actor) -> Select[Any]:
    """The accounts that hold a role within reach today."""
    reach = units_where(actor, Perm.GRANT_MANAGE)
    return select(RoleGrant.account_id).where(RoleGrant.unit_id.in_(reach), is_on(RoleGrant, clock.today()))


def _listed(where: ColumnElement[bool], near: Any = None) -> Select[Any]:
    """The list of logins; `near` holds the ids of all that come into question, and is read first."""
    found = select(
        Account.id,
        Account.name,
        Account.username,
        Account.activated_at,
        Account.disabled_at,
        Member.left_on,
        Unit.name.label("unit_name"),
    )
    if near is not None:
        found = found.select_from(near).join(Account, Account.id == near.c.id)
    return (
        found.outerjoin(Member, Member.account_id == Account.id)
        .outerjoin(Unit, Unit.id == Member.unit_id)
        .where(where)
        .order_by(Account.username, Account.id)
    )


def _in_reach(actor: Actor, where: ColumnElement[bool]) -> Select[Any]:
    """Logins of members within reach, and of people on no roster who have a role there."""
    reach = units_where(actor, Perm.GRANT_MANAGE)
    if counted(select(Member.id).where(Member.unit_id.in_(reach))) > EXACT:
        guests = and_(Member.id.is_(None), Account.id.in_(_holders(actor)))
        return _listed(and_(where, or_(Member.unit_id.in_(reach), guests)))
    enrolled = exists().where(Member.account_id == RoleGrant.account_id)
    members = select(Member.account_id.label("id")).where(Member.unit_id.in_(reach))
    near = union(members, _holders(actor).where(~enrolled)).cte("near").prefix_with("MATERIALIZED")
    return _listed(where, near)


def login_in_reach(actor: Actor, account_id: int) -> Row[Any] | None:
    """A login of a member within reach, or of somebody with a role within reach."""
    reach = units_where(actor, Perm.GRANT_MANAGE)
    granted = select(RoleGrant.account_id).where(RoleGrant.unit_id.in_(reach))
    return db.session.execute(
        select(
            Account.id,
            Account.name,
            Account.username,
            Account.activated_at,
            Account.disabled_at,
            Member.id.label("member_id"),
            Member.unit_id,
            Member.left_on,
            Unit.name.label("unit_name"),
        )
        .outerjoin(Member, Member.account_id == Account.id)
        .outerjoin(Unit, Unit.id == Member.unit_id)
        .where(Account.id == account_id, or_(Member.unit_id.in_(reach), Account.id.in_(granted)))
    ).first()


def grants_of(account_ids: list[int]) -> list[Row[Any]]:
    """The roles these accounts hold now or later, by account."""
    today = clock.today()
    return list(
        db.session.execute(
            select(
                RoleGrant.id,
                RoleGrant.account_id,
                RoleGrant.role,
                RoleGrant.unit_id,
                RoleGrant.post_id,
                RoleGrant.valid_from,
                RoleGrant.valid_until,
                Unit.name.label("unit_name"),
            )
            .join(Unit, Unit.id == RoleGrant.unit_id)
            .where(
                RoleGrant.account_id.in_(account_ids),
                or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > today),
            )
            .order_by(RoleGrant.account_id, RoleGrant.id)
        )
    )


def grant_in_reach(actor: Actor, grant_id: int) -> Row[Any] | None:
    """A role given in a unit where the actor manages roles: id, account_id, unit_id."""
    return db.session.execute(
        select(RoleGrant.id, RoleGrant.account_id, RoleGrant.unit_id).where(
            RoleGrant.id == grant_id, RoleGrant.unit_id.in_(units_where(actor, Perm.GRANT_MANAGE))
        )
    ).first()


def slip_candidates(unit_id: int, limit: int = SLIPS) -> list[Row[Any]]:
    """The members of a unit with a login: who has none of a password yet, who holds an open slip."""
    below = select(UnitClosure.below_id).where(UnitClosure.above_id == unit_id)
    now = clock.now()
    return list(
        db.session.execute(
            select(
                Account.id,
                Member.name,
                Account.username,
                Account.activated_at,
                Unit.name.label("unit_name"),
                Slip.expires_at,
            )
            .join(Account, Account.id == Member.account_id)
            .join(Unit, Unit.id == Member.unit_id)
            .outerjoin(
                Slip, and_(Slip.account_id == Account.id, Slip.closed_at.is_(None), Slip.expires_at > now)
            )
            .where(Member.unit_id.in_(below), Member.left_on.is_(None), Account.disabled_at.is_(None))
            .order_by(Account.activated_at.is_not(None), Unit.code, Member.pinyin, Member.id)
            .limit(limit)
        )
    )
