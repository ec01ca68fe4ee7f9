"""Finding learners to nominate, for whoever manages an academy."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from pbtrain.core import clock, sheets
from pbtrain.core.db import db
from pbtrain.core.forms import clean
from pbtrain.core.i18n import _
from pbtrain.core.paging import paged
from pbtrain.home import learners
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm
from pbtrain.org.views.units import number

bp = Blueprint("learners", __name__)


def asked() -> tuple[Any, list[Any], dict[str, Any]]:
    """The academy asked for, those there are, and the search; 404 for an academy that is not the reader's."""
    own, wanted = learners.areas(signed()), number("academy")
    chosen = next((one for one in own if not wanted or one.id == wanted), None)
    if wanted and chosen is None:
        abort(404)
    search = {"q": clean(request.args.get("q", ""))[:100], "fresh": request.args.get("fresh") == "1"}
    return chosen, own, search


@bp.get("/learners")
@needs(Perm.LEARNER_FIND)
def index() -> str:
    """Members of the service area by name, branch or number; four statements."""
    chosen, own, search = asked()
    year = clock.today().year
    return render_template(
        "home/learners.html",
        chosen=chosen,
        academies=own,
        year=year,
        page=paged(learners.found(chosen.area_id, year, **search)) if chosen else None,
        **search,
    )


@bp.get("/learners.xlsx")
@needs(Perm.LEARNER_FIND)
def xlsx() -> Response | BaseResponse:
    """The same list as Excel, whole: the paper for a nomination."""
    chosen, _own, search = asked()
    if chosen is None:
        abort(404)
    year = clock.today().year
    columns = [
        sheets.Column(_("Number"), 16),
        sheets.Column(_("Name"), 18),
        sheets.Column(_("Branch"), 36),
    ]

    def rows() -> Iterator[list[Any]]:
        listed = learners.found(chosen.area_id, year, **search)
        for row in db.session.execute(listed.execution_options(yield_per=500)):
            yield [row.code, row.name, row.unit_name]

    title = _("Learners of %(unit)s", unit=chosen.area)
    note = _("no class in %(year)s", year=year) if search["fresh"] else ""
    above = [title, " ".join(text for text in (_("As of %(day)s", day=clock.today()), note) if text)]
    return sheets.sent(sheets.written(_("Find learners"), columns, rows(), above=above), title)
