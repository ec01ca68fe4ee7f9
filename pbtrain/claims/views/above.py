"""The desk of the level above: appeals, the second pair of eyes, and what nobody in the branch may decide."""

from flask import abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from pbtrain.claims import deciding, queries, rules
from pbtrain.claims.views import bp
from pbtrain.claims.views.desk import (
    ACTS_OF_HELD,
    SHOWN,
    answer,
    approve,
    place,
    queue_of,
    reject,
    send_back,
    show,
    undo,
)
from pbtrain.core.db import transaction
from pbtrain.core.forms import number_of
from pbtrain.core.i18n import _, ngettext
from pbtrain.hours import services as hours
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm


@bp.get("/appeals")
@needs(Perm.CLAIM_JUDGE)
def above() -> Response:
    """What waits for the level above; the oldest is open."""
    return show("above", None)


@bp.get("/appeals/<int:claim_id>")
@needs(Perm.CLAIM_JUDGE)
def above_claim(claim_id: int) -> Response:
    """One of those that wait."""
    return show("above", claim_id)


@bp.post("/appeals/<int:claim_id>")
@needs(Perm.CLAIM_JUDGE)
def judge(claim_id: int) -> Response:
    """Decide on an appeal, or approve, return, reject what the branch may not decide alone."""
    found = queries.on_desk(signed(), Perm.CLAIM_JUDGE, claim_id)
    if found is None:
        abort(404)
    act = request.form.get("act", "")
    if act not in (ACTS_OF_HELD if rules.is_held(found) else ACTS):
        abort(400)
    if found.state == "held" and not queries.waits(queue_of("above"), claim_id):
        abort(400)  # the branch decides on it
    return answer("above", claim_id, act, ACTS)


@bp.post("/appeals/confirm")
@needs(Perm.CLAIM_JUDGE)
def confirm_all() -> Response:
    """Confirm the own lines of recorders that are named, all at once or none of them."""
    sent = [number_of(text) for text in request.form.getlist("claim")[:SHOWN]]
    named = [one for one in sent if one is not None]
    if len(named) < len(sent):
        abort(400)
    if not named or not queries.are_own(signed(), named):
        abort(404)
    with transaction():
        posted = hours.approve_held(signed(), named)
    flash(ngettext("%(num)s own line confirmed.", "%(num)s own lines confirmed.", len(set(named))), "ok")
    if posted.held:
        flash(
            _("%(count)s of them overlap another line: the branch decides on them.", count=posted.held),
            "warn",
        )
    return redirect(url_for(".above", **place()), 303)


def grant(claim_id: int, version: int, reason: str) -> str:
    deciding.judge(signed(), claim_id, version, grant=True, reason=reason)
    return _("Appeal granted: the hours are in the ledger, and the member is told.")


def uphold(claim_id: int, version: int, reason: str) -> str:
    deciding.judge(signed(), claim_id, version, grant=False, reason=reason)
    return _("Appeal turned down, and the member is told why.")


ACTS = {
    "approve": approve, "return": send_back, "reject": reject, "undo": undo, "grant": grant, "uphold": uphold
}  # fmt: skip
