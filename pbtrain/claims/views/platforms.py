"""The registry of outside platforms of a unit: which may be claimed, and what they are worth."""

from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.claims import lookups
from pbtrain.claims import platforms as services
from pbtrain.claims.forms import COUNTS, MODES, PlatformForm
from pbtrain.claims.views import bp
from pbtrain.core.db import transaction
from pbtrain.core.i18n import _, ngettext
from pbtrain.org.access import needs, signed
from pbtrain.org.reach import unit_or_404
from pbtrain.org.roles import Perm


@bp.get("/units/<int:unit_id>/platforms")
@needs(Perm.PLATFORM_MANAGE)
def platforms(unit_id: int) -> str:
    """What may be claimed in this unit: its own platforms, and those of the units above."""
    return render_template(
        "claims/platforms.html",
        unit=unit_or_404(unit_id, Perm.PLATFORM_MANAGE),
        rows=lookups.platforms_of(unit_id),
        counts=COUNTS,
        modes=MODES,
    )


@bp.post("/units/<int:unit_id>/platforms")
@needs(Perm.PLATFORM_MANAGE)
def platform_presets(unit_id: int) -> Response:
    """Add the usual ones."""
    unit = unit_or_404(unit_id, Perm.PLATFORM_MANAGE)
    with transaction():
        added = services.add_presets(signed(), unit.id)
    said = ngettext(
        "%(num)s platform added. Check its figures.", "%(num)s added. Check their figures.", added
    )
    flash(said, "ok")
    return redirect(url_for(".platforms", unit_id=unit_id), 303)


@bp.route("/units/<int:unit_id>/platforms/new", methods=["GET", "POST"])
@needs(Perm.PLATFORM_MANAGE)
def platform_new(unit_id: int) -> Response:
    """Add one."""
    unit = unit_or_404(unit_id, Perm.PLATFORM_MANAGE)
    form = PlatformForm(data={"per_hour": 45, "year_cap": 8, "proof": "C", "mode": "self", "open": "1"})
    return _edit(form, unit, lambda fields: services.add(signed(), unit.id, **fields))


@bp.route("/platforms/<int:platform_id>", methods=["GET", "POST"])
@needs(Perm.PLATFORM_MANAGE)
def platform(platform_id: int) -> Response:
    """Change one from now on, or close it."""
    row = lookups.platform_in_reach(signed(), platform_id)
    if row is None:
        abort(404)
    values = {
        "name": row.name, "link": row.link, "counts_in": row.counts_in, "per_hour": row.per_hour,
        "year_cap": row.year_cap // 100, "proof": row.proof, "mode": row.mode,
        "open": "1" if row.open else "0", "version": row.version,
    }  # fmt: skip
    form, unit = PlatformForm(data=values), unit_or_404(row.unit_id, Perm.PLATFORM_MANAGE)
    return _edit(
        form, unit, lambda fields: services.change(signed(), platform_id, form.version.data or 0, **fields)
    )


def _edit(form: PlatformForm, unit: Any, save: Any) -> Response:
    form.offer()
    if request.method == "POST" and form.validate():
        fields = {key: value for key, value in form.values().items() if key != "version"}
        fields |= {"year_cap": (form.year_cap.data or 0) * 100, "open": form.open.data == "1"}
        fields["link"] = fields["link"] or ""
        with transaction(form):
            save(fields)
        if not form.errors:
            flash(_("Saved. It holds for claims from now on; approved hours stay."), "ok")
            return redirect(url_for(".platforms", unit_id=unit.id), 303)
    page = render_template("claims/platform.html", form=form, unit=unit, new=form.version.data is None)
    return make_response(page, 422 if form.errors else 200)
