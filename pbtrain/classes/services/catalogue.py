"""Keeping the catalogue of an academy: teachers, venues, templates. They are closed, never deleted, for past
classes name them. Part of the services of classes."""

from typing import Any

from sqlalchemy import select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.classes.models import ClassTemplate, Teacher, TrainingClass, Venue
from pbtrain.classes.queries.classes import timetable
from pbtrain.classes.rules import catalogue as rules
from pbtrain.core import repeats
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
from pbtrain.org.access import Actor
from pbtrain.org.models import Unit
from pbtrain.org.names import pinyin

AFTER = N_("%(title)s (after term %(number)s)")
LONGEST_NAME = 100
NAMES = {Teacher: "teacher", Venue: "venue", ClassTemplate: "class_template"}


def create(actor: Actor | None, model: Any, unit_id: int, **values: Any) -> int:
    """A new teacher, venue or template of this academy; returns its id. Flushes for it. The very same, sent
    again while it is open, is the one there is."""
    values = _checked(model, values)
    repeats.alone_in(Unit, unit_id)
    known = repeats.earlier(model, unit_id=unit_id, open=True, **values)
    if known is not None:
        return known
    row = model(unit_id=unit_id, **values)
    db.session.add(row)
    db.session.flush()  # the audit event names row.id
    name = NAMES[model]
    audit.record(actor, f"{name}.created", f"{name}:{row.id}", unit_id=unit_id)
    return int(row.id)


def template_after(actor: Actor, row: TrainingClass) -> int:
    """A template with the timetable, seats, audience and texts of this class; its id.

    Asked for again it is the one that was made, while that is open. RuleError for a timetable that is empty
    or holds two units at one time. The theme and the months are those of the template the class came from.
    """
    units = timetable(row.id)
    if not units:
        raise RuleError(N_("The timetable is still empty"))
    repeats.alone_in(Unit, row.unit_id)
    name = _name_after(row)
    known = db.session.scalar(
        select(ClassTemplate.id)
        .where(ClassTemplate.unit_id == row.unit_id, ClassTemplate.name == name, ClassTemplate.open)
        .order_by(ClassTemplate.id)
        .limit(1)
    )
    if known is not None:
        return known
    origin = db.session.get(ClassTemplate, row.template_id) if row.template_id else None
    return create(
        actor, ClassTemplate, row.unit_id, name=name, theme=origin.theme if origin else "",
        days=(row.ends_on - row.starts_on).days + 1, season=origin.season if origin else "",
        language=row.language, audience=row.audience, capacity=row.capacity, body=row.body,
        body_mn=row.body_mn, rule=dict(row.rule),
        sessions=[
            {"day": (unit.day - row.starts_on).days, "time": f"{unit.starts:%H:%M}", "minutes": unit.minutes,
             "title": unit.title, "mode": unit.mode, "teacher_id": unit.teacher_id,
             "venue_id": unit.venue_id}
            for unit in units
        ],
    )  # fmt: skip


def _name_after(row: TrainingClass) -> str:
    """The title with the term it was held as, cut where it would be too long."""
    over = len(in_chinese(AFTER, title=row.title, number=row.number)) - LONGEST_NAME
    title = row.title[: len(row.title) - over] if over > 0 else row.title
    return in_chinese(AFTER, title=title, number=row.number)


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
        raise races.changed(f"{name}:{item_id}", *acts)
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
