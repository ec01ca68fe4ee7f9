"""The steps before, during and after one meeting as a list to tick off. Part of the services.

Which steps there are is said by the table of activities (`kinds.settled`); a tick is kept by the words of its
step, so that a step which is worded otherwise later begins anew.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from pbtrain.accounts.models import Account
from pbtrain.audit import services as audit
from pbtrain.core.db import db, insert_new
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.kinds import PHASES, Setting
from pbtrain.events.models import EventStep
from pbtrain.org.access import Actor


@dataclass(frozen=True)
class Step:
    """One step: a key of PHASES, its place there from 0, what is to be done (a shipped sentence to translate,
    or somebody's own words: `written`), and who ticked it off when."""

    phase: str
    place: int
    text: str
    written: bool
    at: datetime | None = None
    by: str = ""


def steps_of(event_id: int, setting: Setting) -> list[Step]:
    """The steps of a meeting of this activity, in their order; one statement."""
    rows = db.session.execute(
        select(EventStep.phase, EventStep.text, EventStep.at, Account.name)
        .outerjoin(Account, Account.id == EventStep.by_id)
        .where(EventStep.event_id == event_id)
        .order_by(EventStep.id)
    )
    done = {(row.phase, row.text): (row.at, row.name or "") for row in rows}
    return [
        Step(phase, place, text, setting.written, *done.get((phase, text), (None, "")))
        for phase in PHASES
        for place, text in enumerate(setting.steps.get(phase, ()))
    ]


def tick(actor: Actor, event_id: int, setting: Setting, phase: str, place: int, *, done: bool) -> None:
    """Tick a step off, or take the tick back; the same again changes nothing. RuleError where the activity
    has no such step any more. The caller has made sure that the meeting is the actor's."""
    texts = setting.steps.get(phase, ())
    if not 0 <= place < len(texts):
        raise RuleError(N_("This step is not there any more. Look at the list again."))
    text = texts[place]
    if done:
        row = insert_new(EventStep).values(event_id=event_id, phase=phase, text=text, by_id=actor.account_id)
        changed = db.session.scalar(row.returning(EventStep.id))
    else:
        changed = db.session.scalar(
            delete(EventStep)
            .where(EventStep.event_id == event_id, EventStep.phase == phase, EventStep.text == text)
            .returning(EventStep.id)
        )
    if changed is not None:
        audit.record(actor, "event.step", f"event:{event_id}", phase=phase, step=text, done=done)
