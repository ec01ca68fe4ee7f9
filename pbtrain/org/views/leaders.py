"""Where nobody leads, whose term ends, and where people have not come in yet."""

from collections.abc import Iterator
from typing import Any

from flask import Response, abort, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from pbtrain.core import clock, sheets
from pbtrain.core.db import db
from pbtrain.core.forms import clean
from pbtrain.core.i18n import N_, _
from pbtrain.core.paging import paged
from pbtrain.org import counts as unit_counts
from pbtrain.org import leaders, queries
from pbtrain.org.access import needs, signed
from pbtrain.org.kinds import POSTS
from pbtrain.org.reach import unit_or_404
from pbtrain.org.roles import Perm
from pbtrain.org.views import bp
from pbtrain.org.views.units import number

TITLES = {
    "none": N_("Branches without a secretary"),
    "acting": N_("Branches with an acting secretary"),
    "all": N_("Branches and their secretaries"),
}


def heading(show: str) -> str:
    """What a list is called."""
    return _(TITLES[show])


def asked() -> dict[str, Any]:
    """The filter, the unit and the search in the address; what is no filter is 404."""
    show = request.args.get("show", "none")
    if show not in leaders.SHOW:
        abort(404)
    return {"show": show, "unit_id": unit_asked(), "q": clean(request.args.get("q", ""))[:100]}


def unit_asked() -> int:
    """The unit in the address to which the lists are limited; 0 for none, 404 out of reach."""
    unit_id = number("unit")
    if unit_id:
        unit_or_404(unit_id, Perm.GRANT_MANAGE)
    return unit_id


def counts(unit_id: int) -> Any:
    """How many there are of each in and below a unit, or in all of one's reach: for the filters above the
    lists."""
    person = signed()
    sums = unit_counts.kept([unit_id] if unit_id else person.units_with(Perm.GRANT_MANAGE, subtree=True))
    return leaders.counts(leaders.within(person, Perm.GRANT_MANAGE, unit_id), clock.today(), sums)


@bp.get("/leaders", endpoint="leaders")
@needs(Perm.GRANT_MANAGE)
def leaders_list() -> str:
    """Branches that nobody leads, that somebody only acts for, or all; seven statements at most."""
    wanted = asked()
    return render_template(
        "org/leaders.html",
        page=paged(leaders.branches(signed(), clock.today(), **wanted)),
        counts=counts(wanted["unit_id"]),
        tops=queries.tops(signed(), Perm.GRANT_MANAGE),
        title=heading(wanted["show"]),
        **wanted,
    )


@bp.get("/leaders.xlsx")
@needs(Perm.GRANT_MANAGE)
def leaders_xlsx() -> Response | BaseResponse:
    """The same list as Excel, whole."""
    wanted = asked()
    columns = [
        sheets.Column(_("Code of the unit"), 16),
        sheets.Column(_("Party branch"), 34),
        sheets.Column(_("Unit above"), 30),
        sheets.Column(_("Secretary"), 16),
        sheets.Column(_("Acting secretary"), 16),
        sheets.Column(_("Acts until before"), 14, "day"),
    ]

    def rows() -> Iterator[list[Any]]:
        listed = leaders.branches(signed(), clock.today(), **wanted)
        for row in db.session.execute(listed.execution_options(yield_per=500)):
            yield [row.code, row.name, row.above, row.secretary, row.acting, row.until]

    title = heading(wanted["show"])
    above = [title, _("As of %(day)s", day=clock.today())]
    return sheets.sent(sheets.written(_("Branches"), columns, rows(), above=above), title)


@bp.get("/terms")
@needs(Perm.GRANT_MANAGE)
def terms() -> str:
    """Posts that end within 60 days and that nobody follows on (按期换届)."""
    today, unit_id = clock.today(), unit_asked()
    return render_template(
        "org/terms.html",
        page=paged(leaders.ending_terms(leaders.within(signed(), Perm.GRANT_MANAGE, unit_id), today)),
        counts=counts(unit_id),
        unit_id=unit_id,
        posts=POSTS,
        day=today,
        days=leaders.SOON.days,
    )


@bp.get("/asleep")
@needs(Perm.SLIP_PRINT)
def asleep() -> str:
    """Branches with people who have never signed in, and the way to their slips."""
    person, unit_id = signed(), number("unit")
    if unit_id:
        unit_or_404(unit_id, Perm.SLIP_PRINT)
    roots = [unit_id] if unit_id else person.units_with(Perm.SLIP_PRINT, subtree=True)
    kept = unit_counts.kept(roots) is not None
    return render_template(
        "org/asleep.html",
        page=paged(leaders.asleep(person, unit_id, kept=kept)),
        total=leaders.asleep_total(person, unit_id, kept=kept),
    )
