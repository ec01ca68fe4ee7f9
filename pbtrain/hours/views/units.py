"""The hours of the units below a unit: how many people stand where, down to the branch."""

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.core import clock
from pbtrain.core.i18n import N_
from pbtrain.hours import queries
from pbtrain.hours.queries import Attainment
from pbtrain.hours.views.common import bp
from pbtrain.org.access import Actor, may, needs, signed
from pbtrain.org.kinds import UNIT_KINDS
from pbtrain.org.queries import path_to, unit_in_reach
from pbtrain.org.roles import Perm

SORTS = {"pace": N_("Lowest first"), "behind": N_("Most behind first"), "name": N_("By name of the unit")}


def share(figures: Attainment) -> float:
    """Which part of those who owe hours is met or on pace; 2 where nobody owes any, so that it comes last."""
    return (figures.met + figures.on_pace) / figures.owing if figures.owing else 2.0


def figures_below(unit_id: int, year: int, sort: str) -> tuple[list[tuple[Any, Attainment]], Attainment]:
    """The units right below with their figures, in order, and the sum of them; one statement."""
    rows = queries.children_attainment(unit_id, year)
    orders = {
        "pace": lambda row: (share(row[1]), row[0].name, row[0].id),
        "behind": lambda row: (-row[1].behind, row[0].name, row[0].id),
        "name": lambda row: (row[0].name, row[0].id),
    }
    whole = Attainment(
        *(sum(getattr(f, name) for _, f in rows) for name in ("people", "met", "behind", "care"))
    )
    return sorted(rows, key=orders[sort]), whole


def overview(person: Actor, unit: Any) -> dict[str, Any]:
    """What the template `hours/unit.html` wants to know of a unit."""
    sort = request.args.get("sort", "pace")
    if sort not in SORTS:
        abort(404)
    year = clock.today().year
    rows, whole = figures_below(unit.id, year, sort)
    return {
        "unit": unit,
        "year": year,
        "rows": rows,
        "whole": whole,
        "sort": sort,
        "sorts": SORTS,
        "has_members": {row.id for row, _ in rows if UNIT_KINDS[row.kind].has_members},
        "sees_members": may(person, Perm.MEMBERS_VIEW),
    }


@bp.get("/units/<int:unit_id>/hours")
@needs(Perm.UNITS_VIEW)
def unit(unit_id: int) -> str | Response:
    """How the units below stand; a branch shows its members."""
    person = signed()
    found = unit_in_reach(person, Perm.UNITS_VIEW, unit_id)
    if found is None:
        abort(404)
    if UNIT_KINDS[found.kind].has_members:
        if not may(person, Perm.MEMBERS_VIEW, unit_id):
            abort(403)
        return redirect(url_for(".members", branch_id=unit_id))
    tops = set(person.units_with(Perm.UNITS_VIEW, subtree=True))
    path = path_to(unit_id)
    reach = next(index for index, step in enumerate(path) if step.id in tops)
    return render_template("hours/unit.html", path=path[reach:], **overview(person, found))
