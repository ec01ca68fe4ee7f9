"""The members of a branch and the year of each, for who may see their hours."""

from collections.abc import Iterator
from typing import Any

from flask import Response, abort, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from pbtrain.core import clock, sheets
from pbtrain.core.db import db
from pbtrain.core.forms import clean
from pbtrain.core.i18n import N_, _
from pbtrain.core.paging import paged
from pbtrain.hours import queries
from pbtrain.hours.progress import standing as standing_of
from pbtrain.hours.views.common import CATEGORIES, bp, year_asked, year_page
from pbtrain.org.access import may, needs, signed, units_where
from pbtrain.org.kinds import STAGES
from pbtrain.org.models import Member, Unit
from pbtrain.org.reach import branch_or_404
from pbtrain.org.roles import Perm

STANDINGS = {
    "behind": N_("Behind"),
    "pace": N_("On pace"),
    "met": N_("Year's hours met"),
    "care": N_("Care list"),
}
SHOWN = {**STANDINGS, "apart": N_("Not counted yet")}  # the chips of the list
SORTS = {"name": N_("By name"), "behind": N_("Most behind first"), "counted": N_("Most hours first")}


def wanted() -> dict[str, str]:
    """The search, filter and order in the address; what is no filter is 404."""
    found = {
        "search": clean(request.args.get("q", ""))[:100],
        "standing": request.args.get("standing", ""),
        "sort": request.args.get("sort", "name"),
    }
    if found["standing"] not in ("", *SHOWN) or found["sort"] not in SORTS:
        abort(404)
    return found


@bp.get("/branches/<int:branch_id>/members")
@needs(Perm.MEMBERS_VIEW)
def members(branch_id: int) -> str:
    """The members of a branch with the hours of this year."""
    unit, year, filters = branch_or_404(branch_id, Perm.MEMBERS_VIEW), clock.today().year, wanted()
    return render_template(
        "hours/members.html",
        unit=unit,
        year=year,
        filters=filters,
        standings=SHOWN,
        sorts=SORTS,
        standing_of=standing_of,
        attainment=queries.branch_attainment(branch_id, year),
        listed=queries.listed_in(branch_id),
        page=paged(queries.branch_members([branch_id], year, **filters)),
    )


@bp.get("/branches/<int:branch_id>/members.xlsx")
@needs(Perm.MEMBERS_VIEW)
def members_xlsx(branch_id: int) -> BaseResponse:
    """The same list as Excel, whole."""
    unit, year, filters = branch_or_404(branch_id, Perm.MEMBERS_VIEW), clock.today().year, wanted()
    columns = [
        sheets.Column(_("Number"), 14),
        sheets.Column(_("Name"), 18),
        sheets.Column(_("Stage"), 14),
        sheets.Column(_("Hours done"), 10, "hours"),
        sheets.Column(_("Target of the year"), 10, "hours"),
        sheets.Column(_("Due by today"), 10, "hours"),
        sheets.Column(_("Standing"), 14),
    ]

    def rows() -> Iterator[list[Any]]:
        listed = queries.branch_members([branch_id], year, **filters)
        for row in db.session.execute(listed.execution_options(yield_per=500)):
            standing = STANDINGS.get(standing_of(row), N_("Nothing is asked"))
            asked = (row.target or 0, row.due or 0) if row.target else (None, None)
            yield [row.code, row.name, _(STAGES[row.stage]), row.counted or 0, *asked, _(standing)]

    title = _("Study hours of %(unit)s, %(year)s", unit=unit.name, year=year)
    file = sheets.written(_("Members"), columns, rows(), above=[title, _("As of %(day)s", day=clock.today())])
    return sheets.sent(file, title)


@bp.get("/branches/<int:branch_id>/members/<int:member_id>")
@needs(Perm.MEMBERS_VIEW)
def member(branch_id: int, member_id: int) -> str | Response:
    """A member's year, line by line, for the secretary."""
    person, year = signed(), year_asked()
    found = db.session.execute(
        select(Member.id, Member.name, Member.stage, Unit.id.label("unit_id"), Unit.name.label("unit_name"))
        .join(Unit, Unit.id == Member.unit_id)
        .where(
            Member.id == member_id,
            Unit.id == branch_id,
            Unit.id.in_(units_where(person, Perm.MEMBERS_VIEW)),
        )
    ).first()
    if found is None:
        abort(404)
    return render_template(
        "hours/member.html",
        member=found,
        page=year_page(member_id, year, own=False),
        categories=CATEGORIES,
        stages=STAGES,
        may_reverse=may(person, Perm.HOURS_REVERSE, branch_id) and member_id != person.member_id,
    )
