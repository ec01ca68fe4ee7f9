"""Pages that lie above every feature: the first page of each view, one's own account and data, one member,
the roster's sheet, and changes of units with what follows in the ledger."""

from flask import Blueprint

bp = Blueprint("home", __name__)

from pbtrain.home.views import (  # noqa: E402  their routes belong to bp, or to a blueprint of their own
    account,
    factor,
    first,
    leaders,
    learners,
    left,
    logins,
    members,
    my_data,
    personal,
    privacy,
    reach,
    reshape,
    roster,
    turn,
    wrong_data,
)

__all__ = [
    "account",
    "bp",
    "factor",
    "first",
    "leaders",
    "learners",
    "left",
    "logins",
    "members",
    "my_data",
    "personal",
    "privacy",
    "reach",
    "reshape",
    "roster",
    "turn",
    "wrong_data",
]
