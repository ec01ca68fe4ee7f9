"""What the pages of claims share."""

from typing import Any

from flask import abort, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from pbtrain.claims import rules
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.forms import number_of
from pbtrain.core.i18n import say
from pbtrain.hours.models import HourClaim


def due_back(claim: Any) -> Any:
    """The day by which a returned claim should come back; None for all others."""
    if claim is None or claim.state != "returned" or claim.decided_at is None:
        return None
    return rules.due_back(clock.local(claim.decided_at).date())


def sent_number(name: str) -> int:
    """A number of a form that is no field of it, like the version seen; anything else is 400."""
    found = number_of(request.form.get(name))
    return abort(400) if found is None else found


def by_script() -> bool:
    """Does the script ask that sends photos one by one? It is told the way on instead of being sent there."""
    return "X-Upload" in request.headers


def saved_there(claim_id: int) -> Response:
    """Saved: where the claim is, and its version, for the script's next step."""
    version = db.session.scalar(select(HourClaim.version).where(HourClaim.id == claim_id))
    there = {"X-Claim": url_for("claims.claim", claim_id=claim_id), "X-Version": str(version)}
    return Response(status=204, headers=there)


def in_words(error: RuleError) -> Response:
    """A refusal as the plain sentence that the script shows."""
    return Response(say(error), 422, mimetype="text/plain")
