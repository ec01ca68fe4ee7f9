"""The hours of the units below a unit: how many people stand where, down to the branch."""

from collections.abc import Iterator
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.core import clock, sheets
from pbtrain.core.db import db
from pbtrain.core.formatting import moment
from pbtrain.core.i18n import N_, _
from pbtrain.core.paging import paged
from pbtrain.hours import figures
from pbtrain.hours.queries import Attainment
from pbtrain.hours.views.common import bp
from pbtrain.org import rollup
from pbtrain.org.access import Actor, may, needs, signed
from pbtrain.org.kinds import UNIT_KINDS
from pbtrain.org.queries import path_to
from pbtrain.org.reach import unit_or_404
from pbtrain.org.roles import Perm

SORTS = {
    "pace": N_("Lowest first"),
    "behind": N_("Most behind first"),
    "waiting": N_("Most claims waiting first"),
    "name": N_("By name of the unit"),
}
SHOWN = {
    "": N_("All"),
    "overdue": N_("Sign-off overdue"),
    "silent": N_("Without a single line"),
}
UNITS_SHOWN = 100
FIGURES = (
    (N_("Branches"), "number"),
    (N_("Branches that have met the year"), "number"),
    (N_("Branches whose leaders have met the year"), "number"),
    (N_("Members"), "number"),
    (N_("Met or on pace"), "number"),
    (N_("Met"), "number"),
    (N_("Behind"), "number"),
    (N_("Care list"), "number"),
    (N_("Claims waiting"), "number"),
    (N_("Attendances"), "number"),
    (N_("Took part at all"), "number"),
    (N_("Hours given"), "hours"),
    (N_("Sign-offs missing"), "number"),
    (N_("Sign-offs overdue"), "number"),
)


def overview(person: Actor, unit: Any) -> dict[str, Any]:
    """What the template `hours/unit.html` wants to know of a unit; three statements."""
    sort, show = request.args.get("sort", "pace"), request.args.get("show", "")
    if sort not in SORTS or show not in SHOWN:
        abort(404)
    today = clock.today()
    year, live = today.year, rollup.is_small([unit.id])
    page = paged(figures.below(unit.id, year, live=live, sort=sort, show=show), size=UNITS_SHOWN)
    return {
        "unit": unit,
        "year": year,
        "page": page,
        "rows": [(row, shown(row)) for row in page.rows],
        "whole": figures.of(unit.id, year, live=live),
        "sort": sort,
        "sorts": SORTS,
        "show": show,
        "shows": SHOWN,
        "month": today.month - 1 or 12,  # the last that is over
        "sign_year": year if today.month > 1 else year - 1,
        "has_members": {row.id for row in page.rows if UNIT_KINDS[row.kind].has_members},
        "sees_members": may(person, Perm.MEMBERS_VIEW),
        "sees_reports": may(person, Perm.REPORT_VIEW),
        "sees_claims": may(person, Perm.CLAIM_JUDGE),
    }


def shown(row: Any) -> Attainment | None:
    """The people of a listed unit; None while it is being counted."""
    return None if row.members is None else figures.attainment(row)


@bp.get("/units/<int:unit_id>/hours")
@needs(Perm.UNITS_VIEW)
def unit(unit_id: int) -> str | Response:
    """How the units below stand; a branch shows its members."""
    person = signed()
    found = unit_or_404(unit_id, Perm.UNITS_VIEW)
    if UNIT_KINDS[found.kind].has_members:
        if not may(person, Perm.MEMBERS_VIEW, unit_id):
            abort(403)
        return redirect(url_for(".members", branch_id=unit_id))
    tops = set(person.units_with(Perm.UNITS_VIEW, subtree=True))
    path = path_to(unit_id)
    reach = next(index for index, step in enumerate(path) if step.id in tops)
    return render_template("hours/unit.html", path=path[reach:], **overview(person, found))


@bp.get("/units/<int:unit_id>/hours.xlsx")
@needs(Perm.UNITS_VIEW)
def unit_xlsx(unit_id: int) -> Response:
    """The units below with the same figures as Excel, all of them."""
    found = unit_or_404(unit_id, Perm.UNITS_VIEW)
    if UNIT_KINDS[found.kind].has_members:
        abort(404)
    year, live = clock.today().year, rollup.is_small([unit_id])
    columns = [
        sheets.Column(_("Unit"), 36),
        *(sheets.Column(_(title), 12, kind) for title, kind in FIGURES),
    ]

    def cells(name: str, people: Attainment, row: Any) -> list[Any]:
        counts = [people.people, people.met + people.on_pace, people.met, people.behind, people.care]
        given = [row.waiting, row.person_times, row.took_part, row.credit]
        return [
            name,
            row.branches,
            row.met_branches,
            row.led_branches,
            *counts,
            *given,
            row.unsigned,
            row.overdue,
        ]

    def rows() -> Iterator[list[Any]]:
        listed = figures.below(unit_id, year, live=live, sort="name")
        for row in db.session.execute(listed.execution_options(yield_per=500)):
            people = shown(row)
            name = _("%(unit)s (ended)", unit=row.name) if row.valid_until else row.name
            yield cells(name, people, row) if people else [name, *[None] * len(FIGURES)]

    whole = figures.of(unit_id, year, live=live)
    title = _("Study hours of %(unit)s, %(year)s", unit=found.name, year=year)
    since = (whole.as_of if whole else None) or clock.now()
    file = sheets.written(
        _("Units below"), columns, rows(), above=[title, _("As of %(day)s", day=moment(since))]
    )
    return sheets.sent(file, title)
