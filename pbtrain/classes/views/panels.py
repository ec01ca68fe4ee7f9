"""What hangs on the page of a class: one row for each panel, in the order of the page.

A panel has a template that is included with the names its `read` returned, and a place: `top` stands above
the timetable, `main` and `side` next to each other below it, `end` below those. It may put buttons beside
the heading, too (`actions`, a template without names of its own but `row`, the class).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pbtrain.classes.models import TrainingClass
from pbtrain.classes.rules.timetable import Slot
from pbtrain.classes.views import learners
from pbtrain.classes.views.certificates import entry_lists, issuing
from pbtrain.org.access import Actor


@dataclass(frozen=True)
class Panel:
    """One panel: its template, what it shows of a class to this person, where it stands, what it may do."""

    template: str  # "classes/_learners.html"
    read: Callable[[Actor, TrainingClass, Sequence[Slot]], dict[str, Any]]  # the units are read already
    place: str = "main"  # top, main, side or end
    actions: str = ""  # "classes/_learner_actions.html"


PANELS: tuple[Panel, ...] = (
    Panel("classes/_tiles.html", learners.tiles, "top"),
    Panel("classes/_learners.html", learners.some, actions="classes/_learner_actions.html"),
    Panel("classes/_quotas.html", learners.quotas, "side"),
    Panel("classes/_certificate_panel.html", issuing.panel, "side"),
    Panel("classes/_papers_panel.html", entry_lists.panel, "side"),
)
PLACES = ("top", "main", "side", "end")


def of_class(
    actor: Actor, row: TrainingClass, units: Sequence[Slot]
) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """What the page includes: for each place its templates and the names they are given."""
    shown: dict[str, list[tuple[str, dict[str, Any]]]] = {place: [] for place in PLACES}
    for panel in PANELS:
        shown[panel.place].append((panel.template, panel.read(actor, row, units)))
    return shown
