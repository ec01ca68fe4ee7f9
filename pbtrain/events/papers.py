"""What belongs to the record of a meeting: photos, and papers as PDF. Part of the services."""

from collections.abc import Sequence

from pbtrain.core import images, papers
from pbtrain.core.db import db
from pbtrain.core.images import Picture
from pbtrain.events import rules
from pbtrain.events.models import EventPhoto
from pbtrain.org.access import Actor


def keep(
    actor: Actor,
    event_id: int,
    unit_id: int,
    photos: Sequence[tuple[Picture, str]],
    attached: Sequence[tuple[bytes, str]] = (),
) -> None:
    """Store pictures and PDFs, which the caller has drawn anew and checked, with the event's record."""
    rules.check_photos(len(photos))
    rules.check_papers(len(attached))
    for picture, name in photos:
        file = images.keep(picture, name, unit_id=unit_id, made_by_id=actor.account_id)
        db.session.add(EventPhoto(event_id=event_id, file_id=file.id))
    for content, name in attached:
        file = papers.keep(content, name, unit_id=unit_id, made_by_id=actor.account_id)
        db.session.add(EventPhoto(event_id=event_id, file_id=file.id, kind="paper"))
    db.session.flush()  # so that a wrong reference shows here, not at the commit
