"""The pages of the organisation: units, their members, who leads them, academies, logins, roles, slips."""

from flask import Blueprint

bp = Blueprint("org", __name__)

from pbtrain.org.views import academies, leaders, logins, slips, units  # noqa: E402  their routes belong to bp

__all__ = ["academies", "bp", "leaders", "logins", "slips", "units"]
