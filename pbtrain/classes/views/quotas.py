"""The quotas of a class: how many seats are whose."""

from typing import Any

from flask import flash, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from pbtrain.classes.forms.quotas import QuotasForm
from pbtrain.classes.queries import enrolment as queries
from pbtrain.classes.services import quotas as services
from pbtrain.classes.views import bp
from pbtrain.classes.views.common import managed_or_404
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.i18n import _, ngettext
from pbtrain.core.marks import N_
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm

SPARE = 3  # empty rows below those there are


@bp.route("/<int:class_id>/quotas", methods=["GET", "POST"])
@needs(Perm.CLASS_MANAGE)
def quotas(class_id: int) -> Response:
    """Set the quotas of a class, a row each."""
    row = managed_or_404(class_id)
    known = queries.quotas(class_id)
    form = QuotasForm(data=_stands(row, known))
    if form.validate_on_submit():
        lucky: list[int] = []
        with transaction(form):
            lucky = services.set_quotas(
                signed(), class_id, _wanted(form, row.unit_id), version=form.version.data or 0
            )
        if not form.errors:
            moved = ngettext(
                "%(num)s person moved up from the waiting list.",
                "%(num)s people moved up from the waiting list.",
                len(lucky),
            )
            flash(" ".join([_("The quotas are saved.")] + [moved] * bool(lucky)), "ok")
            return redirect(url_for(".page", class_id=class_id), 303)
        row = managed_or_404(class_id)
    body = render_template("classes/quotas.html", row=row, form=form, known=known)
    return make_response(body, 422 if form.errors else 200)


def _stands(row: Any, known: list[Any]) -> dict[str, Any]:
    """The quotas as they are, with some rows to fill in."""
    rows = [{"unit": one.name, "seats": one.seats} for one in known if one.unit_id is not None]
    guests = next((one.seats for one in known if one.unit_id is None), None)
    return {"rows": rows + [{}] * SPARE, "guests": guests, "version": row.version}


def _wanted(form: QuotasForm, academy_id: int) -> list[tuple[int | None, int]]:
    """What the form asks for; RuleError naming the row that is not clear."""
    wanted: list[tuple[int | None, int]] = []
    for line in form.rows:
        name, seats = (line.unit.data or "").strip(), line.seats.data
        if not name and not seats:
            continue
        if not name:
            raise RuleError(N_("Say for which unit the %(seats)s seats are."), "rows", seats=seats)
        if seats is None:
            continue
        wanted.append((services.unit_named(academy_id, name), seats))
    if form.guests.data is not None:
        wanted.append((None, form.guests.data))
    return wanted
