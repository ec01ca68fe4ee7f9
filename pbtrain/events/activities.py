"""How activities are called and asked for in a unit: the nearest level above that wrote a row decides.

Reading is part of the queries, `set_activity` and `reset_activity` of the services.
"""

from typing import Any

from sqlalchemy import delete, select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.core.db import db, insert_new
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.kinds import KINDS, PHASES, Setting, settled
from pbtrain.events.models import ActivityRow
from pbtrain.org.access import Actor
from pbtrain.org.models import UnitClosure

CHANGED = N_("%(name)s has changed this activity already, at %(when)s.")
CHANGED_BY_SOMEBODY = N_("Somebody changed this activity meanwhile.")
MOST_TIMES, LABEL_LENGTH, MOST_STEPS, STEP_LENGTH = 52, 30, 12, 120


def settings_for(unit_id: int, *, above: bool = False) -> dict[str, Setting]:
    """Every activity as it holds in a unit, one statement; `above`: as it would without its own rows."""
    rows = db.session.execute(
        select(
            ActivityRow.activity,
            ActivityRow.unit_id,
            ActivityRow.label,
            ActivityRow.per_year,
            ActivityRow.steps,
            ActivityRow.open,
            ActivityRow.version,
        )
        .join(UnitClosure, UnitClosure.above_id == ActivityRow.unit_id)
        .where(UnitClosure.below_id == unit_id, UnitClosure.depth >= int(above))
        .order_by(UnitClosure.depth, ActivityRow.id)
    )
    return settled(rows)


def set_activity(
    actor: Actor,
    unit_id: int,
    activity: str,
    *,
    version: int,
    label: str,
    per_year: int | None,
    steps: dict[str, list[str]],
    open: bool,
) -> None:
    """Write how this unit and all below it name and ask for an activity; `version` 0 where it had no row.

    Raises RuleError for what cannot be, Conflict when somebody wrote it since.
    """
    _check(activity, label, per_year, steps)
    own = {phase: steps[phase] for phase in PHASES if steps.get(phase)}
    values = {
        "label": label,
        "per_year": per_year,
        "steps": own or None,
        "open": open,
        "changed_by_id": actor.account_id,
    }
    if version:
        moved = db.session.scalar(
            update(ActivityRow)
            .where(
                ActivityRow.unit_id == unit_id,
                ActivityRow.activity == activity,
                ActivityRow.version == version,
            )
            .values(version=version + 1, **values)
            .returning(ActivityRow.id)
        )
    else:
        row = insert_new(ActivityRow).values(unit_id=unit_id, activity=activity, version=1, **values)
        moved = db.session.scalar(row.returning(ActivityRow.id))
    if moved is None:
        raise _lost(unit_id, activity)
    audit.record(actor, "activity.set", _name(unit_id, activity), unit_id=unit_id, **_told(values))


def reset_activity(actor: Actor, unit_id: int, activity: str, *, version: int) -> None:
    """Take the unit's own row away: the level above decides again. Conflict when somebody was faster."""
    gone = db.session.scalar(
        delete(ActivityRow)
        .where(
            ActivityRow.unit_id == unit_id,
            ActivityRow.activity == activity,
            ActivityRow.version == version,
        )
        .returning(ActivityRow.id)
    )
    if gone is None:
        raise _lost(unit_id, activity)
    audit.record(actor, "activity.reset", _name(unit_id, activity), unit_id=unit_id)


def _check(activity: str, label: str, per_year: int | None, steps: dict[str, list[str]]) -> None:
    if activity not in KINDS:
        raise RuleError(N_("There is no such activity."))
    if len(label) > LABEL_LENGTH:
        raise RuleError(N_("A name has at most %(most)s characters."), "label", most=LABEL_LENGTH)
    if per_year is not None and not 0 <= per_year <= MOST_TIMES:
        raise RuleError(
            N_("How often a year: between 0 and %(most)s, or empty."), "per_year", most=MOST_TIMES
        )
    for phase in PHASES:
        lines = steps.get(phase, [])
        if len(lines) > MOST_STEPS or any(len(line) > STEP_LENGTH for line in lines):
            raise RuleError(
                N_("At most %(most)s steps of %(length)s characters, one in each line."),
                phase,
                most=MOST_STEPS,
                length=STEP_LENGTH,
            )


def _name(unit_id: int, activity: str) -> str:
    return f"unit:{unit_id}/activity:{activity}"


def _told(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "changed_by_id"}


def _lost(unit_id: int, activity: str) -> Exception:
    return races.lost_to(
        CHANGED, CHANGED_BY_SOMEBODY, _name(unit_id, activity), "activity.set", "activity.reset"
    )
