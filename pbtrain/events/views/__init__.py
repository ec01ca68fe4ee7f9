"""The pages of meetings: list, the two steps of recording, one meeting, correction, held lines, photos."""

from flask import Blueprint

bp = Blueprint("events", __name__)

from pbtrain.events.views import held, meetings, photos  # noqa: E402  their routes belong to bp

__all__ = ["bp", "held", "meetings", "photos"]
