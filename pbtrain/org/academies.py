"""Academies: the unit, whom it serves, its seal, and the people who run it. Part of the services of org."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, select
from sqlalchemy.orm import aliased

from pbtrain.accounts.models import Account
from pbtrain.audit import services as audit
from pbtrain.core import clock, repeats
from pbtrain.core.db import UNKEYED, db
from pbtrain.core.errors import RuleError
from pbtrain.core.images import Picture, keep
from pbtrain.core.marks import N_
from pbtrain.core.storage import StoredFile
from pbtrain.org import posts, services, tree
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Academy, Member, RoleGrant, Unit
from pbtrain.org.queries import is_on
from pbtrain.org.roles import Perm, Role


def found(actor: Actor | None, *, name: str, parent_id: int, area_id: int, code: str = "") -> Unit:
    """A new academy below a unit, serving a unit and all below it. Flushes for ids."""
    unit = tree.add_unit(actor, name=name, kind="academy", parent_id=parent_id, code=code)
    set_area(actor, unit.id, area_id)
    return unit


def set_area(actor: Actor | None, unit_id: int, area_id: int) -> None:
    """Whom the academy serves: this unit and all below it; needs the right in both."""
    row = _row(actor, unit_id)
    tree.demand(actor, Perm.UNIT_MANAGE, area_id, "area")
    if tree.live(area_id, "area").kind == "academy":
        raise RuleError(N_("An academy serves a unit with members, not an academy."), field="area")
    audit.record(
        actor, "academy.area", f"unit:{unit_id}", unit_id=unit_id, was=row.service_unit_id, area=area_id
    )
    row.service_unit_id = area_id


def set_seal(actor: Actor, unit_id: int, picture: Picture, name: str) -> None:
    """Keep this picture as the academy's seal; the one before stays among the files."""
    row = _row(actor, unit_id)
    file = keep(picture, name, unit_id=unit_id, made_by_id=actor.account_id)
    audit.record(actor, "academy.seal", f"unit:{unit_id}", unit_id=unit_id, was=row.seal, seal=file.sha256)
    row.seal = file.sha256


def name_staff(
    actor: Actor, unit_id: int, account_id: int, *, role: Role, valid_until: date | None = None
) -> RoleGrant:
    """Somebody manages the academy or writes its courses, from today."""
    if tree.live(unit_id).kind != "academy" or role not in (Role.ACADEMY_ADMIN, Role.COURSE_AUTHOR):
        raise RuleError(N_("You cannot give this role."), field="role")
    return posts.grant_role(actor, account_id, unit_id=unit_id, role=role, valid_until=valid_until)


def new_guest(actor: Actor, unit_id: int, name: str) -> int:
    """A login for somebody of an academy who stands on no roster; its id. Flushes for it. Of a form that came
    twice it is the one there is: of that name, with a role here, not used yet."""
    tree.demand(actor, Perm.GRANT_MANAGE, unit_id)
    repeats.alone_in(Unit, unit_id)
    idle = (one.id for one in staff(unit_id) if one.name == name and not (one.activated_at or one.unit_name))
    if (known := next(idle, None)) is not None:
        return int(known)
    account = Account(username=services.free_username(name), name=name)
    db.session.add(account)
    db.session.flush()  # the role names account.id
    audit.record(actor, "account.added", f"account:{account.id}", unit_id=unit_id)
    return account.id


def _row(actor: Actor | None, unit_id: int) -> Academy:
    """The academy's row, locked, made where its unit has none yet."""
    tree.demand(actor, Perm.UNIT_MANAGE, unit_id)
    if tree.live(unit_id).kind != "academy":
        raise RuleError(N_("This unit is no academy."))
    row = db.session.scalars(
        select(Academy).where(Academy.unit_id == unit_id).order_by(Academy.id).with_for_update(**UNKEYED)
    ).first()
    if row is None:
        row = Academy(unit_id=unit_id)
        db.session.add(row)
    return row


def listed(actor: Actor) -> Select[Any]:
    """Live academies in reach: id, name, code, area, seal, how many run it and write for it."""
    area, today = aliased(Unit), clock.today()

    def held(role: Role) -> Any:
        return (
            select(func.count())
            .where(RoleGrant.unit_id == Unit.id, RoleGrant.role == role, is_on(RoleGrant, today))
            .correlate(Unit)
            .scalar_subquery()
        )

    return (
        select(
            Unit.id,
            Unit.name,
            Unit.code,
            area.name.label("area"),
            Academy.seal,
            held(Role.ACADEMY_ADMIN).label("admins"),
            held(Role.COURSE_AUTHOR).label("authors"),
        )
        .outerjoin(Academy, Academy.unit_id == Unit.id)
        .outerjoin(area, area.id == Academy.service_unit_id)
        .where(
            Unit.kind == "academy",
            Unit.valid_until.is_(None),
            Unit.id.in_(units_where(actor, Perm.UNIT_MANAGE)),
        )
        .order_by(Unit.code, Unit.id)
    )


def in_reach(actor: Actor, unit_id: int) -> Row[Any] | None:
    """One of them: the columns of the list."""
    return db.session.execute(listed(actor).where(Unit.id == unit_id)).first()


def seal_file(sha256: str) -> StoredFile | None:
    """The stored picture of a seal."""
    return db.session.scalars(
        select(StoredFile).where(StoredFile.sha256 == sha256).order_by(StoredFile.id).limit(1)
    ).first()


def staff(unit_id: int) -> list[Row[Any]]:
    """Who runs the academy or writes for it, now or later: grant_id, id of the login, name, role, dates."""
    today = clock.today()
    return list(
        db.session.execute(
            select(
                RoleGrant.id.label("grant_id"),
                Account.id,
                Account.name,
                Account.username,
                Account.activated_at,
                RoleGrant.role,
                RoleGrant.valid_from,
                RoleGrant.valid_until,
                func.coalesce(Unit.name, "").label("unit_name"),
            )
            .join(Account, Account.id == RoleGrant.account_id)
            .outerjoin(Member, Member.account_id == Account.id)
            .outerjoin(Unit, Unit.id == Member.unit_id)
            .where(
                RoleGrant.unit_id == unit_id,
                RoleGrant.role.in_((Role.ACADEMY_ADMIN, Role.COURSE_AUTHOR)),
                RoleGrant.valid_until.is_(None) | (RoleGrant.valid_until > today),
            )
            .order_by(RoleGrant.role, Account.username, RoleGrant.id)
        )
    )


def account_named(actor: Actor, text: str) -> int:
    """The login of this user name, or of the member of this name or number, in reach; RuleError otherwise."""
    wanted = text.strip()
    reach = units_where(actor, Perm.GRANT_MANAGE)
    holds = select(RoleGrant.account_id).where(RoleGrant.unit_id.in_(reach))
    known: ColumnElement[bool] = Member.unit_id.in_(reach) | Account.id.in_(holds)
    rows = db.session.execute(
        select(Account.id)
        .outerjoin(Member, and_(Member.account_id == Account.id, Member.left_on.is_(None)))
        .where(known, Account.disabled_at.is_(None))
        .where(
            (Account.username == wanted.lower()) | (Account.name == wanted) | (Member.code == wanted.upper())
        )
        .order_by(Account.id)
        .limit(2)
    ).all()
    if not rows:
        raise RuleError(N_("Nobody in your reach has this name, number or user name."), field="person")
    if len(rows) > 1:
        raise RuleError(N_("Several people have this name. Enter the member's number."), field="person")
    return int(rows[0].id)
