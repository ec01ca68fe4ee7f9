"""How much of the time at an event is study, and how well it is proved at best: all of it, if none says else.

What stands above (classes, whose ways of teaching differ) adds to ADVISERS when it is imported.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """Percent of the minutes that are study, and the best proof (a key of hours.activities.PROOFS)."""

    percent: int = 100
    proof: str = "A"

    def minutes(self, there: int) -> int:
        """Minutes of study of somebody who was there so long, half up."""
        return (there * self.percent + 50) // 100

    def proved(self, proof: str) -> str:
        """This proof, or the best that such an event allows: "A" is better than "B"."""
        return max(proof, self.proof)


WHOLE = Share()
ADVISERS: list[Callable[[Collection[int]], dict[int, Share]]] = []


def shares(event_ids: Collection[int]) -> dict[int, Share]:
    """What was said of these events; those that are missing are WHOLE. A statement for each adviser."""
    found: dict[int, Share] = {}
    for adviser in ADVISERS:
        found |= adviser(event_ids)
    return found


def share_of(event_id: int) -> Share:
    """The same for one event."""
    return shares([event_id]).get(event_id, WHOLE)
