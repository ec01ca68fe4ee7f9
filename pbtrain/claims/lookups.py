"""Looking up what claims refer to: platforms, branches, secretaries, lines. Part of the queries."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased

from pbtrain.accounts.models import Account
from pbtrain.claims.models import Platform
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.hours.models import HourClaim, HourEntry, MemberYear
from pbtrain.org.access import Actor, units_where
from pbtrain.org.answering import stands
from pbtrain.org.models import Member, RoleGrant, Unit, UnitClosure
from pbtrain.org.queries import is_on
from pbtrain.org.roles import Perm, Role


def platforms_for(unit_id: int, *, closed: bool = False) -> list[Platform]:
    """The platforms that may be claimed in a unit: its own and those of all above; a nearer one of the same
    name takes the place of the farther."""
    rows = db.session.execute(
        select(Platform, UnitClosure.depth)
        .join(UnitClosure, UnitClosure.above_id == Platform.unit_id)
        .where(UnitClosure.below_id == unit_id)
        .order_by(UnitClosure.depth, Platform.name, Platform.id)
    ).all()
    nearest: dict[str, Platform] = {}
    for row in rows:
        nearest.setdefault(row.Platform.name, row.Platform)
    return sorted((p for p in nearest.values() if p.open or closed), key=lambda p: (p.name, p.id))


def platforms_of(unit_id: int) -> list[Any]:
    """What holds in a unit, with where it was written: platform, unit's name."""
    return list(
        db.session.execute(
            select(Platform, Unit.name.label("unit_name"), Unit.id.label("owner_id"))
            .join(Unit, Unit.id == Platform.unit_id)
            .join(UnitClosure, UnitClosure.above_id == Platform.unit_id)
            .where(UnitClosure.below_id == unit_id)
            .order_by(UnitClosure.depth, Platform.name, Platform.id)
        )
    )


def platform_in_reach(actor: Actor, platform_id: int) -> Platform | None:
    """A platform of a unit in which this person keeps the registry."""
    return db.session.scalars(
        select(Platform).where(
            Platform.id == platform_id, Platform.unit_id.in_(units_where(actor, Perm.PLATFORM_MANAGE))
        )
    ).first()


def used_of_platforms(
    pairs: Sequence[tuple[int, int]], years: Iterable[int]
) -> dict[tuple[int, int, int], int]:
    """Hundredths in the ledger from platforms, as {(member, platform, year): hundredths}.

    Two units may have written down the same platform, with the same name: who moves from one to the other
    has studied on one platform, and its cap is one.
    """
    if not pairs:
        return {}
    back, asked, same = aliased(HourEntry), aliased(Platform), aliased(Platform)
    rows = db.session.execute(
        select(HourClaim.member_id, asked.id, HourEntry.credit_year, func.sum(HourEntry.credit))
        .join(HourEntry, HourEntry.id == HourClaim.entry_id)
        .join(same, same.id == HourClaim.platform_id)
        .join(asked, asked.name == same.name)
        .outerjoin(back, back.reverses_id == HourEntry.id)
        .where(
            back.id.is_(None),
            HourClaim.member_id.in_(sorted({member for member, _platform in pairs})),
            asked.id.in_(sorted({platform for _member, platform in pairs})),
            HourClaim.state == "approved",
            HourEntry.credit_year.in_(sorted(set(years))),
        )
        .group_by(HourClaim.member_id, asked.id, HourEntry.credit_year)
    )
    return {(row[0], row[1], row[2]): int(row[3]) for row in rows}


def branch_called(text: str) -> list[Any]:
    """The branches of today with this name or number; at most two, which is one too many."""
    if not text:
        return []
    return list(
        db.session.execute(
            select(Unit.id, Unit.name)
            .where(or_(Unit.name == text, Unit.code == text), stands(Unit))
            .order_by(Unit.id)
            .limit(2)
        )
    )


def secretary_of(unit_id: int) -> str:
    """The name of a secretary of this branch; empty without one."""
    return (
        db.session.scalar(
            select(Account.name)
            .join(RoleGrant, RoleGrant.account_id == Account.id)
            .where(
                RoleGrant.unit_id == unit_id,
                RoleGrant.role == Role.BRANCH_SECRETARY,
                is_on(RoleGrant, clock.today()),
            )
            .order_by(RoleGrant.id)
            .limit(1)
        )
        or ""
    )


def accounts_of(member_ids: Iterable[int]) -> dict[int, int]:
    """The logins of members, as {member id: account id}."""
    found = db.session.execute(
        select(Member.id, Member.account_id)
        .where(Member.id.in_(sorted(set(member_ids))), Member.account_id.is_not(None))
        .order_by(Member.id)
    )
    return {row.id: row.account_id for row in found}


def lines_of(entry_ids: Iterable[int]) -> dict[str, int]:
    """Lines of the ledger that were claims, as {occurrence: entry id}."""
    found = db.session.execute(
        select(HourEntry.id, HourEntry.source).where(HourEntry.id.in_(sorted(set(entry_ids))))
    )
    return {row.source.rsplit("/", 1)[0]: row.id for row in found}


def used_of_proof(member_id: int, year: int, proof: str) -> int:
    """Hundredths of a member's year that stand on this proof level, before any cap."""
    name = proof.lower()
    parts = getattr(MemberYear, f"group_{name}") + getattr(MemberYear, f"self_{name}")
    return (
        db.session.scalar(
            select(parts).where(MemberYear.member_id == member_id, MemberYear.credit_year == year)
        )
        or 0
    )


def line_in_way(entry_id: int) -> Any:
    """The line that covers the same time: title, beginning, end."""
    return db.session.execute(
        select(HourEntry.id, HourEntry.title, HourEntry.starts_at, HourEntry.ends_at).where(
            HourEntry.id == entry_id
        )
    ).first()
