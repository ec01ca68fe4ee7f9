"""The recorder's own line of a meeting, for the others who lead the branch: confirm it, or say why not."""

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.core.db import transaction
from pbtrain.core.forms import clean
from pbtrain.core.i18n import _
from pbtrain.core.paging import paged
from pbtrain.events.views import bp
from pbtrain.hours import confirming
from pbtrain.hours import services as hours
from pbtrain.hours.activities import ACTIVITIES
from pbtrain.org.access import signed, signed_in


@bp.get("/confirm")
@signed_in
def own_lines() -> str:
    """What waits for the reader's word, by the posts they hold today; most people find nothing."""
    found = confirming.waiting(signed().member_id or 0)
    return render_template("events/own.html", page=paged(found, size=30), kinds=ACTIVITIES)


@bp.post("/confirm/<int:claim_id>")
@signed_in
def decide_own(claim_id: int) -> Response:
    """Confirm a line (`act` approve) or refuse it with a reason (reject)."""
    if not confirming.is_entrusted(signed().member_id or 0, claim_id):
        abort(404)
    act, reason = request.form.get("act", ""), clean(request.form.get("reason", ""))
    if act not in ("approve", "reject"):
        abort(400)
    with transaction():
        entry_id = hours.decide_held(signed(), claim_id, approve=act == "approve", reason=reason)
    if act == "reject":
        flash(_("Not counted; the reason is kept with it."), "ok")
    elif entry_id:
        flash(_("Confirmed: the hours are in the ledger."), "ok")
    else:
        flash(
            _("Confirmed, but the time overlaps another line: the branch decides on the minutes left."),
            "warn",
        )
    return redirect(url_for(".own_lines"), 303)
