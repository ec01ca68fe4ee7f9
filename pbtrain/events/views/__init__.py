"""The pages of meetings: list, recording, one meeting, correction, held lines, photos; and of the door."""

from flask import Blueprint

bp = Blueprint("events", __name__)

from pbtrain.events.views import (  # noqa: E402  their routes belong to bp
    checkin,
    door,
    door_records,
    held,
    meetings,
    photos,
    sheets,
)

__all__ = ["bp", "checkin", "door", "door_records", "held", "meetings", "photos", "sheets"]
