"""Changes of what a record says: each keeps what stood there before, by whom and why. Part of the services.

Who came is corrected by `services.correct_event`, because hours follow from it; the day, time and kind of a
meeting that was held are not amended: its lines stand in the ledger with them.
"""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import delete, select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.images import Picture
from pbtrain.core.marks import N_
from pbtrain.core.storage import StoredFile
from pbtrain.events import papers, rules
from pbtrain.events.amendments import FIELDS, FILES, GONE, REMOVABLE
from pbtrain.events.models import Event, EventAmendment, EventPhoto
from pbtrain.events.services import CORRECTED, CORRECTED_BY_SOMEBODY
from pbtrain.org.access import Actor


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
    _one_on(event_id, version, **{name: fields[name] for name in changed})
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


def add_files(
    actor: Actor,
    event_id: int,
    photos: Sequence[tuple[Picture, str]],
    attached: Sequence[tuple[bytes, str]],
    *,
    reason: str,
    version: int,
) -> None:
    """Put photos and papers, which the caller has drawn anew and checked, with a record that stands already;
    they show as added later.

    RuleError when there is nothing to add, or too much; Conflict when somebody changed the record since
    `version` was read.
    """
    if not photos and not attached:
        raise RuleError(N_("Choose at least one photo or paper."), field="photos")
    unit_id = _one_on(event_id, version)
    before = db.session.execute(
        select(EventPhoto.id, EventPhoto.kind).where(EventPhoto.event_id == event_id).order_by(EventPhoto.id)
    ).all()
    kinds = Counter(row.kind for row in before)
    rules.check_in_all(kinds["photo"] + len(photos), kinds["paper"] + len(attached))
    papers.keep(actor, event_id, unit_id, photos, attached)
    was = " ".join(str(row.id) for row in before)
    db.session.add(
        EventAmendment(event_id=event_id, field=FILES, was=was, reason=reason, by_id=actor.account_id)
    )
    audit.record(
        actor, "event.amended", f"event:{event_id}", unit_id=unit_id, fields=[FILES], reason=reason,
        photos=len(photos), papers=len(attached),
    )  # fmt: skip


def remove_file(actor: Actor, event_id: int, uuid: str, *, reason: str, version: int) -> None:
    """Take away a photo or paper that was added by mistake: its content goes, that it was there stays to be
    read. A photographed sheet is what people signed and stays.

    RuleError for what is not there; Conflict when somebody changed the record since `version` was read.
    """
    found = db.session.execute(
        select(EventPhoto.id, EventPhoto.file_id, StoredFile.name, StoredFile.sha256)
        .join(StoredFile, StoredFile.id == EventPhoto.file_id)
        .where(EventPhoto.event_id == event_id, StoredFile.uuid == uuid, EventPhoto.kind.in_(REMOVABLE))
    ).first()
    if found is None:
        raise RuleError(N_("This photo or paper is not there any more."))
    unit_id = _one_on(event_id, version)
    db.session.execute(delete(EventPhoto).where(EventPhoto.id == found.id))
    db.session.execute(delete(StoredFile).where(StoredFile.id == found.file_id))
    db.session.add(
        EventAmendment(event_id=event_id, field=GONE, was=found.name, reason=reason, by_id=actor.account_id)
    )
    audit.record(
        actor, "event.amended", f"event:{event_id}", unit_id=unit_id, fields=[GONE], reason=reason,
        sha256=found.sha256,
    )  # fmt: skip


def _one_on(event_id: int, version: int, **values: str) -> int:
    """The record one version on, with these values; its unit. Conflict when somebody was faster."""
    unit_id = db.session.scalar(
        update(Event)
        .where(Event.id == event_id, Event.version == version, Event.state == "held")
        .values(version=version + 1, **values)
        .returning(Event.unit_id)
    )
    if unit_id is None:
        target = f"event:{event_id}"
        raise races.lost_to(CORRECTED, CORRECTED_BY_SOMEBODY, target, "event.corrected", "event.amended")
    return int(unit_id)
