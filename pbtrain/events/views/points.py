"""Learning points (党员中心户) of a branch."""

from typing import Any

from flask import abort, flash, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.i18n import _
from pbtrain.events import points as services
from pbtrain.events import queries
from pbtrain.events.forms.plans import PointForm
from pbtrain.events.views import bp
from pbtrain.org.access import needs, signed
from pbtrain.org.reach import branch_or_404
from pbtrain.org.roles import Perm


@bp.get("/branches/<int:branch_id>/points")
@needs(Perm.EVENT_RECORD)
def points(branch_id: int) -> str:
    """The learning points of a branch."""
    unit = branch_or_404(branch_id, Perm.EVENT_RECORD)
    return render_template("events/points.html", unit=unit, rows=services.points(unit.id))


@bp.route("/branches/<int:branch_id>/points/new", methods=["GET", "POST"])
@needs(Perm.EVENT_RECORD)
def point_new(branch_id: int) -> Response:
    """Add one."""
    unit = branch_or_404(branch_id, Perm.EVENT_RECORD)
    return _edit(unit, PointForm(data={"version": 0, "open": True, "host": 0}), None)


@bp.route("/branches/<int:branch_id>/points/<int:point_id>", methods=["GET", "POST"])
@needs(Perm.EVENT_RECORD)
def point(branch_id: int, point_id: int) -> Response:
    """Change one, or say that it is not in use any more."""
    unit = branch_or_404(branch_id, Perm.EVENT_RECORD)
    row = next((one for one in services.points(unit.id) if one.id == point_id), None) or abort(404)
    values = {name: getattr(row, name) for name in ("version", "name", "place", "open")}
    values["host"] = row.host_id or 0
    return _edit(unit, PointForm(data=values), point_id)


def _edit(unit: Any, form: PointForm, point_id: int | None) -> Response:
    form.offer(queries.roster(unit.id, clock.today()))
    if form.validate_on_submit():
        with transaction(form):
            services.save_point(
                signed(),
                unit.id,
                point_id,
                version=form.version.data or 0,
                name=form.name.data or "",
                host_id=form.host.data or None,
                place=form.place.data or "",
                open=bool(form.open.data),
            )
        if not form.errors:
            flash(_("Saved."), "ok")
            return redirect(url_for(".points", branch_id=unit.id), 303)
    page = render_template("events/point.html", form=form, unit=unit, new=point_id is None)
    return make_response(page, 422 if form.errors else 200)
