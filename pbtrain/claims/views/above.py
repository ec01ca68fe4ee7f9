"""The desk of the level above: appeals, the second pair of eyes, and what nobody in the branch may decide."""

from flask import abort, request
from werkzeug.wrappers import Response

from pbtrain.claims import deciding, queries
from pbtrain.claims.views import bp
from pbtrain.claims.views.desk import answer, approve, reject, send_back, show, undo
from pbtrain.core.i18n import _
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
    if act not in ACTS or found.state == "held":
        abort(400)
    return answer("above", claim_id, act, ACTS)


def grant(claim_id: int, version: int, reason: str) -> str:
    deciding.judge(signed(), claim_id, version, grant=True, reason=reason)
    return _("Appeal granted: the hours are in the ledger, and the member is told.")


def uphold(claim_id: int, version: int, reason: str) -> str:
    deciding.judge(signed(), claim_id, version, grant=False, reason=reason)
    return _("Appeal turned down, and the member is told why.")


ACTS = {
    "approve": approve, "return": send_back, "reject": reject, "undo": undo, "grant": grant, "uphold": uphold
}  # fmt: skip
