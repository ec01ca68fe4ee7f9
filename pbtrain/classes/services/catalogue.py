"""Keeping the catalogue of an academy: teachers, venues, templates. They are closed, never deleted, for past
classes name them. Part of the services of classes."""

from typing import Any

from sqlalchemy import update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.classes.models import ClassTemplate, Teacher, Venue
from pbtrain.classes.rules import catalogue as rules
from pbtrain.core.db import db
from pbtrain.core.marks import N_
from pbtrain.org.access import Actor
from pbtrain.org.names import pinyin

CHANGED_BY = N_("%(name)s changed this at %(when)s. Both versions are shown below.")
CHANGED = N_("Someone else changed this meanwhile. Both versions are shown below.")
NAMES = {Teacher: "teacher", Venue: "venue", ClassTemplate: "class_template"}


def create(actor: Actor | None, model: Any, unit_id: int, **values: Any) -> int:
    """A new teacher, venue or template of this academy; returns its id. Flushes for it."""
    row = model(unit_id=unit_id, **_checked(model, values))
    db.session.add(row)
    db.session.flush()  # the audit event names row.id
    name = NAMES[model]
    audit.record(actor, f"{name}.created", f"{name}:{row.id}", unit_id=unit_id)
    return int(row.id)


def edit(actor: Actor | None, model: Any, item_id: int, version: int, **values: Any) -> None:
    """Change it, from this version; Conflict when somebody was faster."""
    _move(actor, model, item_id, version, "edited", **_checked(model, values))


def set_open(actor: Actor | None, model: Any, item_id: int, version: int, *, open: bool) -> None:
    """Close it for new classes, or open it again; past and planned ones keep it."""
    _move(actor, model, item_id, version, "opened" if open else "closed", open=open)


def _move(actor: Actor | None, model: Any, item_id: int, version: int, act: str, **values: Any) -> None:
    name = NAMES[model]
    moved = db.session.execute(
        update(model)
        .where(model.id == item_id, model.version == version)
        .values(version=version + 1, **values)
        .returning(model.unit_id)
        .execution_options(synchronize_session=False)
    ).first()
    if moved is None:
        acts = [f"{name}.{one}" for one in ("edited", "closed", "opened")]
        raise races.lost_to(CHANGED_BY, CHANGED, f"{name}:{item_id}", *acts)
    audit.record(actor, f"{name}.{act}", f"{name}:{item_id}", unit_id=moved.unit_id)


def _checked(model: Any, values: dict[str, Any]) -> dict[str, Any]:
    """What is to be stored; RuleError for what cannot be."""
    if model is Teacher:
        return values | {"pinyin": pinyin(values["name"])}
    if model is Venue:
        rules.check_venue(values["opens"], values["closes"], values["closed_on"])
    else:
        rules.check_template(values["days"], values["season"], values["sessions"])
    return values
