"""Putting what is due into the outbox: safe to run twice, late, or after a crash."""

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.notify import services as notify
from pbtrain.reminders import catalog, finding, gatherings

BATCH = notify.BATCH
CATALOGUES = (catalog, gatherings)  # once both are read, the list is whole
REMINDERS = finding.REMINDERS


def enqueue_due() -> int:
    """Tell everyone who is due and has not been told; a few statements for each 1000. Returns how many."""
    today, told = clock.today(), 0
    for find in REMINDERS.values():
        after = 0
        while found := find(today, after, BATCH):
            with transaction():
                told += len(notify.enqueue_many(note for _, note in found))
            after = found[-1][0]
    return told
