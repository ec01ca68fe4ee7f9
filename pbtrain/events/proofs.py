"""What shows that a meeting was held: asked for by its activity (`kinds.KINDS`) and by the channel through
which it reached people. Pure.

Which proof belongs to which of the five classrooms is said by domain.md A9; what an activity asks for
besides the names is ours. Nothing is refused for want of it: what is missing is named on the record's page,
where it can still be added.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from pbtrain.core.marks import N_
from pbtrain.events.kinds import KINDS

EVIDENCE = {
    "roll": N_("The names of who came"),
    "photo": N_("A photo"),
    "minutes": N_("The minutes"),
    "speaker": N_("Who spoke or led the reading"),
    "host": N_("The learning point, or at whose home (place)"),
    "slot": N_("Which broadcast, and when (in the agenda)"),
    "answers": N_("The answers to its short check (photo or attachment)"),
    "sheet": N_("The signed sheet (photo or attachment)"),
    "extract": N_("The record of the platform (photo or attachment)"),
}


@dataclass(frozen=True)
class Proof:
    """What a channel asks for besides the names, and the level (a key of hours.activities.PROOFS) of the
    lines that a branch records of it."""

    needs: tuple[str, ...] = ()
    level: str = "B"


CHANNEL_PROOFS = {
    "onsite": Proof(),
    "home": Proof(("host",)),  # the host's roll
    "air": Proof(("slot", "answers")),  # a broadcast, and a short check of who heard it
    "phone": Proof(("extract",), "C"),
    "paper": Proof(("sheet",)),
    "web": Proof(("extract",), "C"),
}


def needed(activity: str, channel: str) -> tuple[str, ...]:
    """What a record of this activity by this channel should hold, as keys of EVIDENCE, each once.

    >>> needed("theme_day", "onsite"), needed("party_lecture", "air")
    (('roll', 'photo'), ('roll', 'speaker', 'slot', 'answers'))
    """
    asked = KINDS[activity].proof if activity in KINDS else ()
    if channel != "onsite":  # nobody takes a photo of a room that nobody met in
        asked = tuple(each for each in asked if each != "photo")
    return tuple(dict.fromkeys(("roll", *asked, *CHANNEL_PROOFS[channel].needs)))


def evidence(event: Any, files: Collection[Any], came: int) -> dict[str, bool]:
    """What this record should hold, and whether it does. `event`: a row of `queries.record`; `files`: its
    photos and papers, rows with a `kind`. Who signed in by the code on the screen needs no photo besides."""
    pictures = any(file.kind in ("photo", "sheet") for file in files)
    there = {
        "roll": came > 0,
        "photo": pictures or event.door_closed_at is not None,
        "minutes": bool(event.notes),
        "speaker": bool(event.speaker),
        "host": bool(event.point or event.place),
        "slot": bool(event.agenda),
    }
    return {key: there.get(key, bool(files)) for key in needed(event.activity, event.channel)}
