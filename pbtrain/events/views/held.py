"""Lines that are held: the branch decides on the minutes of an overlap that nothing else covers, and confirms
the own line of another who recorded a meeting. One's own stand there as waiting for others."""

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from pbtrain.core.db import db, transaction
from pbtrain.core.forms import clean
from pbtrain.core.i18n import _
from pbtrain.core.paging import paged
from pbtrain.events.views import bp
from pbtrain.hours import queries as hours_queries
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourClaim
from pbtrain.org.access import needs, signed, units_where
from pbtrain.org.roles import Perm


@bp.get("/held")
@needs(Perm.HOURS_REVERSE)
def held_lines() -> str:
    """What waits for a decision, the oldest first."""
    reach = units_where(signed(), Perm.HOURS_REVERSE)
    page = paged(hours_queries.waiting_claims(reach), size=30)
    return render_template("events/held.html", page=page, reader_id=signed().member_id)


def _in_reach(claim_id: int) -> int:
    """The claim's id, or 404 for a claim of a branch elsewhere."""
    found = db.session.scalar(
        select(HourClaim.id).where(
            HourClaim.id == claim_id,
            HourClaim.unit_id.in_(units_where(signed(), Perm.HOURS_REVERSE)),
        )
    )
    return found or abort(404)


@bp.post("/held/<int:claim_id>/approve")
@needs(Perm.HOURS_REVERSE)
def approve_held(claim_id: int) -> Response:
    """Post the uncovered minutes."""
    with transaction():
        hours.decide_held(signed(), _in_reach(claim_id), approve=True)
    flash(_("Approved: the minutes that nothing else covers are in the ledger."), "ok")
    return redirect(url_for(".held_lines"), 303)


@bp.post("/held/<int:claim_id>/reject")
@needs(Perm.HOURS_REVERSE)
def reject_held(claim_id: int) -> Response:
    """Refuse it with a reason."""
    reason = clean(request.form.get("reason", ""))
    with transaction():
        hours.decide_held(signed(), _in_reach(claim_id), approve=False, reason=reason)
    flash(_("Not counted; the reason is kept with it."), "ok")
    return redirect(url_for(".held_lines"), 303)
