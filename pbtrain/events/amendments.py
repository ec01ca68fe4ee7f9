"""What was changed of a record after it was written, and what may be. Part of the queries."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from pbtrain.accounts.models import Account
from pbtrain.core import bulk
from pbtrain.core.db import db
from pbtrain.core.marks import N_
from pbtrain.events.models import EventAmendment

FIELDS = {  # what may be amended, as a page calls it
    "title": N_("Subject"),
    "place": N_("Place"),
    "speaker": N_("Who spoke or led the reading"),
    "form": N_("Way of study"),
    "agenda": N_("Agenda"),
    "notes": N_("Minutes of the meeting"),
}
FILES = "files"  # photos and papers that came later: `was` holds the ids of those there were
GONE = "file"  # one that was added by mistake: `was` is its name
REMOVABLE = ("photo", "paper")  # kinds of files
LABELS = FIELDS | {"day": N_("Day"), "state": N_("Standing"), FILES: N_("Photos and attachments"),
                   GONE: N_("Photo or attachment")}  # fmt: skip


def added(files: Collection[Any], changes: Collection[Any]) -> set[int]:
    """Which of these photos and papers, rows with an `id`, came after the record was written, going by its
    amendments, the oldest first."""
    first = next((row.was for row in changes if row.field == FILES), None)
    if first is None:
        return set()
    return {file.id for file in files} - {int(each) for each in first.split()}


def of_event(event_id: int) -> list[Any]:
    """What was amended, the oldest first: field, was, reason, at, name of who did."""
    return of_events([event_id])[event_id]


def of_events(event_ids: Collection[int]) -> dict[int, list[Any]]:
    """The same for each of these meetings, in one statement."""
    found: dict[int, list[Any]] = {event_id: [] for event_id in event_ids}
    for row in db.session.execute(
        select(
            EventAmendment.event_id,
            EventAmendment.field,
            EventAmendment.was,
            EventAmendment.reason,
            EventAmendment.at,
            Account.name,
        )
        .outerjoin(Account, Account.id == EventAmendment.by_id)
        .where(EventAmendment.event_id.in_(bulk.among(event_ids)))
        .order_by(EventAmendment.id)
    ):
        found[row.event_id].append(row)
    return found
