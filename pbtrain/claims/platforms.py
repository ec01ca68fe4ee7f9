"""Keeping the registry of outside platforms. Part of the services."""

from typing import Any

from sqlalchemy import select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.claims.models import Platform
from pbtrain.claims.presets import PRESETS
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.org.access import Actor


def add(actor: Actor, unit_id: int, **fields: Any) -> int:
    """Add a platform for this unit and all below; RuleError when it has one of that name already."""
    _check_name(unit_id, fields["name"])
    row = Platform(unit_id=unit_id, **fields)
    db.session.add(row)
    db.session.flush()  # the audit event names row.id
    audit.record(actor, "platform.added", f"platform:{row.id}", unit_id=unit_id, **fields)
    return row.id


def add_presets(actor: Actor, unit_id: int) -> int:
    """Add the usual platforms this unit has not got yet; returns how many."""
    known = set(db.session.scalars(select(Platform.name).where(Platform.unit_id == unit_id)))
    fresh = [preset for preset in PRESETS if preset["name"] not in known]
    for preset in fresh:
        add(actor, unit_id, **preset)
    return len(fresh)


def change(actor: Actor, platform_id: int, version: int, **fields: Any) -> None:
    """Change it from now on; hours that were approved stay. Conflict when somebody changed it meanwhile."""
    unit_id = db.session.scalar(select(Platform.unit_id).where(Platform.id == platform_id))
    _check_name(unit_id or 0, fields["name"], but=platform_id)
    moved = db.session.execute(
        update(Platform)
        .where(Platform.id == platform_id, Platform.version == version)
        .values(version=Platform.version + 1, **fields)
        .returning(Platform.id)
    ).first()
    if moved is None:
        raise races.lost_to(
            N_("%(name)s has changed this platform already, at %(when)s."),
            N_("Somebody changed this platform meanwhile."),
            f"platform:{platform_id}",
            "platform.changed",
        )
    audit.record(actor, "platform.changed", f"platform:{platform_id}", unit_id=unit_id, **fields)


def _check_name(unit_id: int, name: str, *, but: int = 0) -> None:
    taken = select(Platform.id).where(Platform.unit_id == unit_id, Platform.name == name, Platform.id != but)
    if db.session.scalar(taken) is not None:
        raise RuleError(N_("This unit has a platform of that name already."), "name")
