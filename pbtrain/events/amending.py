"""Changes of what a record says: each keeps what stood there before, by whom and why. Part of the services.

Who came is corrected by `services.correct_event`, because hours follow from it; the day, time and kind of a
meeting that was held are not amended: its lines stand in the ledger with them.
"""

from typing import Any

from sqlalchemy import select, update

from pbtrain.accounts import races
from pbtrain.accounts.models import Account
from pbtrain.audit import services as audit
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.models import Event, EventAmendment
from pbtrain.events.services import CORRECTED, CORRECTED_BY_SOMEBODY
from pbtrain.org.access import Actor

FIELDS = {  # what may be amended, as a page calls it
    "title": N_("Subject"),
    "place": N_("Place"),
    "speaker": N_("Who spoke or led the reading"),
    "form": N_("Way of study"),
    "agenda": N_("Agenda"),
    "notes": N_("Minutes of the meeting"),
}
LABELS = FIELDS | {"day": N_("Day"), "state": N_("Standing")}


def amend_event(
    actor: Actor, event_id: int, fields: dict[str, str], *, reason: str, version: int
) -> list[str]:
    """Change what the record of a held meeting says; returns which fields. What stood there stays readable.

    RuleError when nothing differs, Conflict when somebody changed the record since `version` was read.
    """
    columns = {name: getattr(Event, name) for name in FIELDS}
    was = db.session.execute(select(*columns.values(), Event.unit_id).where(Event.id == event_id)).one()
    changed = [name for name in FIELDS if name in fields and fields[name] != getattr(was, name)]
    if not changed:
        raise RuleError(N_("Nothing has changed. Change something, or go back."), field="reason")
    if "title" in changed and not 2 <= len(fields["title"]) <= 100:
        raise RuleError(N_("Give the subject, in 2 to 100 characters."), field="title")
    moved = db.session.scalar(
        update(Event)
        .where(Event.id == event_id, Event.version == version, Event.state == "held")
        .values(version=version + 1, **{name: fields[name] for name in changed})
        .returning(Event.id)
    )
    if moved is None:
        target = f"event:{event_id}"
        raise races.lost_to(CORRECTED, CORRECTED_BY_SOMEBODY, target, "event.corrected", "event.amended")
    for name in changed:
        db.session.add(
            EventAmendment(
                event_id=event_id, field=name, was=getattr(was, name), reason=reason, by_id=actor.account_id
            )
        )
    audit.record(
        actor, "event.amended", f"event:{event_id}", unit_id=was.unit_id, fields=changed, reason=reason
    )
    return changed


def amendments(event_id: int) -> list[Any]:
    """What was amended, the oldest first: field, was, reason, at, name of who did."""
    return list(
        db.session.execute(
            select(
                EventAmendment.field,
                EventAmendment.was,
                EventAmendment.reason,
                EventAmendment.at,
                Account.name,
            )
            .outerjoin(Account, Account.id == EventAmendment.by_id)
            .where(EventAmendment.event_id == event_id)
            .order_by(EventAmendment.id)
        )
    )
