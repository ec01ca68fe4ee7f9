"""The pages of the organisation: units, their history, members and leaders, academies, logins, slips."""

from flask import Blueprint

bp = Blueprint("org", __name__)

from pbtrain.org.views import academies, history, leaders, logins, slips, units  # noqa: E402  their routes belong to bp

__all__ = ["academies", "bp", "history", "leaders", "logins", "slips", "units"]
