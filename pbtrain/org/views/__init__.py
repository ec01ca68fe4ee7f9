"""The pages of the organisation: units, their members, logins and roles, slips."""

from flask import Blueprint

bp = Blueprint("org", __name__)

from pbtrain.org.views import logins, slips, units  # noqa: E402  their routes belong to bp

__all__ = ["bp", "logins", "slips", "units"]
