"""The members of a unit and all below it with their year, as a CSV file of any length."""

from typing import Any

from flask import Response

from pbtrain.audit import services as audit
from pbtrain.core import clock, csvfile
from pbtrain.core.csvfile import plain
from pbtrain.core.db import record_apart
from pbtrain.core.i18n import N_, _
from pbtrain.hours import queries
from pbtrain.hours.progress import standing as standing_of
from pbtrain.hours.views.branch import STANDINGS
from pbtrain.hours.views.common import bp
from pbtrain.org.access import needs, signed
from pbtrain.org.kinds import STAGES
from pbtrain.org.reach import unit_or_404
from pbtrain.org.roles import Perm


@bp.get("/units/<int:unit_id>/members.csv")
@needs(Perm.MEMBERS_VIEW)
def members_csv(unit_id: int) -> Response:
    """Everybody below a unit; that it was given out is recorded first."""
    person, year = signed(), clock.today().year
    unit = unit_or_404(unit_id, Perm.MEMBERS_VIEW)
    with record_apart() as apart:
        audit.record(person, "members.exported", f"unit:{unit_id}", unit_id=unit_id, session=apart, year=year)
    head = [
        _("Number"), _("Name"), _("Branch"), _("Stage"), _("Hours done"), _("Target of the year"),
        _("Due by today"), _("Standing"),
    ]  # fmt: skip
    stages = {key: _(label) for key, label in STAGES.items()}
    standings = {key: _(label) for key, label in {**STANDINGS, "none": N_("Nothing is asked")}.items()}

    def cells(row: Any) -> tuple[Any, ...]:
        asked = (row.target / 100, row.due / 100) if row.target else ("", "")
        return (
            plain(row.code), plain(row.name), plain(row.unit_name), stages[row.stage],
            (row.counted or 0) / 100, *asked, standings[standing_of(row)],
        )  # fmt: skip

    name = _("Study hours of %(unit)s, %(year)s", unit=unit.name, year=year)
    listed = queries.members_below(unit_id, year)
    return csvfile.sent(listed, head, cells, name=name, whose=person.account_id)
