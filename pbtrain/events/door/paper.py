"""What was signed on paper: the photo is the evidence, the ticks beside it say who."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import func, select

from pbtrain.core import images, repeats
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.images import Picture
from pbtrain.core.marks import N_
from pbtrain.core.storage import StoredFile
from pbtrain.events.door import marking, queries
from pbtrain.events.models import Event, EventPhoto
from pbtrain.org.access import Actor

MOST_SHEETS = 60  # photos of one event: a thousand people, and some taken twice


def enter(
    actor: Actor,
    event_id: int,
    attendance_ids: set[int],
    photos: Sequence[tuple[Picture, str]],
    *,
    record: str,
) -> int:
    """Keep the photos of a sheet and enter who has signed; how many people are new.

    Somebody is entered only where a photo of a sheet is there; the same one again is kept once. Photos are
    taken after closing, too: a closed list is corrected with them beside it. The caller has made sure that
    the door is the actor's.
    """
    repeats.alone_in(Event, event_id)
    kept = db.session.scalar(
        select(func.count()).where(EventPhoto.event_id == event_id, EventPhoto.kind == "sheet")
    )
    if (kept or 0) + len(photos) > MOST_SHEETS:
        raise RuleError(N_("At most %(most)s photos of sheets."), field="photos", most=MOST_SHEETS)
    if not kept and not photos:
        raise RuleError(N_("Send the photo of the signed sheet first: it is the evidence."), field="photos")
    unit_id = queries.event_of(event_id).unit_id
    known = _kept_already(event_id)
    for picture, name in photos:
        if hashlib.sha256(picture.content).hexdigest() in known:
            continue
        file = images.keep(picture, name, unit_id=unit_id, made_by_id=actor.account_id)
        db.session.add(EventPhoto(event_id=event_id, file_id=file.id, kind="sheet"))
    return marking.tick_many(actor, event_id, attendance_ids, record=record) if attendance_ids else 0


def _kept_already(event_id: int) -> set[str]:
    """The contents of the photos of sheets this event has."""
    return set(
        db.session.scalars(
            select(StoredFile.sha256)
            .join(EventPhoto, EventPhoto.file_id == StoredFile.id)
            .where(EventPhoto.event_id == event_id, EventPhoto.kind == "sheet")
        )
    )
