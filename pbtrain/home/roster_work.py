"""Writing a roster together with the years of its people: the ledger lies above it, both change at once.

What takes time is worked out before the transaction, so that nobody waits long for the writer.
"""

from pbtrain.core import clock
from pbtrain.core.batches import batched
from pbtrain.core.db import transaction
from pbtrain.hours import rosters
from pbtrain.hours import services as hours
from pbtrain.org import roster_services
from pbtrain.org.access import Actor
from pbtrain.org.roster_merge import Written

CHUNK = 1_000


def write(actor: Actor, import_id: int, mode: str, *, transfers: bool = False) -> Written:
    """Write a preview, all of it in one transaction: people, posts, rights and the years they begin with."""
    plan = roster_services.prepare(actor, import_id, mode, transfers=transfers)
    years = rosters.first_years(
        [
            rosters.Arrival(one.unit_id, one.since, one.stage, one.post, one.post_since)
            for one in plan.new.people
        ]
    )
    with transaction():
        written = roster_services.confirm(actor, plan)
        rosters.begin_years(written.new, years)
        for some in batched(written.settle, CHUNK):
            hours.refresh_years(some, clock.today().year)
    return written
