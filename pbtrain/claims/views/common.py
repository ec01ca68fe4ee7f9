"""What the pages of claims share."""

from typing import Any

from flask import abort, request

from pbtrain.claims import rules
from pbtrain.core import clock


def due_back(claim: Any) -> Any:
    """The day by which a returned claim should come back; None for all others."""
    if claim is None or claim.state != "returned" or claim.decided_at is None:
        return None
    return rules.due_back(clock.local(claim.decided_at).date())


def sent_number(name: str) -> int:
    """A number of a form that is no field of it, like the version seen; anything else is 400."""
    text = request.form.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        abort(400)
    return int(text)
