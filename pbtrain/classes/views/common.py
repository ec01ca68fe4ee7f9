"""What the pages of classes share."""

from collections.abc import Container, Mapping
from datetime import date
from itertools import groupby

from flask import abort, request

from pbtrain.classes.models import TrainingClass
from pbtrain.classes.queries import classes as queries
from pbtrain.classes.rules.timetable import Slot
from pbtrain.core.forms import number_of
from pbtrain.org.access import signed


def managed_or_404(class_id: int) -> TrainingClass:
    """The class, when it belongs to an academy this person manages."""
    return queries.managed(signed(), class_id) or abort(404)


def one_of(name: str, known: Container[str], usual: str = "") -> str:
    """A word of the address that must be one of these, or be left out; 404 for anything else."""
    asked = request.args.get(name, "")
    if asked and asked not in known:
        abort(404)
    return asked or usual


def sorting(known: Container[str], usual: str) -> str:
    """The order asked for: one of these, perhaps with "-" before it; 404 for anything else."""
    asked = request.args.get("sort", usual)
    if asked.removeprefix("-") not in known:
        abort(404)
    return asked


def version_of(form: Mapping[str, str]) -> int:
    """The version a button was drawn from; 0, which no row has, for anything else."""
    return number_of(form.get("version")) or 0


def by_day(units: list[Slot]) -> list[tuple[date, list[Slot]]]:
    """The units of a timetable, day by day."""
    return [(day, list(some)) for day, some in groupby(units, key=lambda unit: unit.day)]
