"""Who below a unit lacks the training class of a new secretary: a list, and the same as Excel."""

from collections.abc import Iterator
from typing import Any

from flask import abort, render_template, request
from werkzeug.wrappers import Response

from pbtrain.core import clock, sheets
from pbtrain.core.db import db
from pbtrain.core.forms import clean
from pbtrain.core.i18n import N_, _
from pbtrain.core.paging import paged
from pbtrain.hours import lacking
from pbtrain.hours.newcomers import last_day
from pbtrain.hours.views.common import bp
from pbtrain.org.access import needs
from pbtrain.org.reach import unit_or_404
from pbtrain.org.roles import Perm

STATES = {"overdue": N_("Overdue"), "asked": N_("Still in time")}


def wanted() -> dict[str, str]:
    """Search and filter in the address; what is no filter is 404."""
    found = {"search": clean(request.args.get("q", ""))[:100], "state": request.args.get("state", "")}
    if found["state"] not in ("", *STATES):
        abort(404)
    return found


@bp.get("/units/<int:unit_id>/new-secretaries")
@needs(Perm.MEMBERS_VIEW)
def newcomers(unit_id: int) -> str:
    """Secretaries below a unit who have not attended the class of a new post."""
    unit, filters = unit_or_404(unit_id, Perm.MEMBERS_VIEW), wanted()
    return render_template(
        "hours/newcomers.html",
        unit=unit,
        filters=filters,
        states=STATES,
        last_day=last_day,
        page=paged(lacking.secretaries(unit_id, **filters)),
    )


@bp.get("/units/<int:unit_id>/new-secretaries.xlsx")
@needs(Perm.MEMBERS_VIEW)
def newcomers_xlsx(unit_id: int) -> Response:
    """The same list as Excel, whole."""
    unit, filters = unit_or_404(unit_id, Perm.MEMBERS_VIEW), wanted()
    columns = [
        sheets.Column(_("Number"), 14),
        sheets.Column(_("Name"), 18),
        sheets.Column(_("Branch"), 36),
        sheets.Column(_("Secretary of"), 36),
        sheets.Column(_("Secretary since"), 14, "day"),
        sheets.Column(_("Class asked by"), 14, "day"),
        sheets.Column(_("Standing"), 12),
    ]

    def rows() -> Iterator[list[Any]]:
        listed = lacking.secretaries(unit_id, **filters)
        for row in db.session.execute(listed.execution_options(yield_per=500)):
            state, until = STATES["overdue" if row.late else "asked"], last_day(row.since, row.months)
            yield [row.code, row.name, row.branch, row.post_unit, row.since, until, _(state)]

    title = _("New secretaries without their training class: %(unit)s", unit=unit.name)
    above = [title, _("As of %(day)s", day=clock.today())]
    return sheets.sent(sheets.written(_("New secretaries"), columns, rows(), above=above), title)
