"""The hours of the units below a unit: how many people stand where, down to the branch."""

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.core import clock
from pbtrain.core.i18n import N_
from pbtrain.core.paging import paged
from pbtrain.hours import figures
from pbtrain.hours.queries import Attainment
from pbtrain.hours.views.common import bp
from pbtrain.org import rollup
from pbtrain.org.access import Actor, may, needs, signed
from pbtrain.org.kinds import UNIT_KINDS
from pbtrain.org.queries import path_to, unit_in_reach
from pbtrain.org.roles import Perm

SORTS = {"pace": N_("Lowest first"), "behind": N_("Most behind first"), "name": N_("By name of the unit")}
UNITS_SHOWN = 100


def overview(person: Actor, unit: Any) -> dict[str, Any]:
    """What the template `hours/unit.html` wants to know of a unit; three statements."""
    sort = request.args.get("sort", "pace")
    if sort not in SORTS:
        abort(404)
    year = clock.today().year
    live = rollup.is_small([unit.id])
    page = paged(figures.below(unit.id, year, live=live, sort=sort), size=UNITS_SHOWN)
    return {
        "unit": unit,
        "year": year,
        "page": page,
        "rows": [(row, shown(row)) for row in page.rows],
        "whole": figures.of(unit.id, year, live=live),
        "sort": sort,
        "sorts": SORTS,
        "has_members": {row.id for row in page.rows if UNIT_KINDS[row.kind].has_members},
        "sees_members": may(person, Perm.MEMBERS_VIEW),
    }


def shown(row: Any) -> Attainment | None:
    """The people of a listed unit; None while it is being counted."""
    return None if row.members is None else figures.attainment(row)


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
