"""The pages of a branch's activities: list, recording, calendar, themes, grid, points; the door."""

from flask import Blueprint

bp = Blueprint("events", __name__)

from pbtrain.events.views import (  # noqa: E402  their routes belong to bp
    checkin,
    checklist,
    door,
    door_adding,
    door_records,
    held,
    levels,
    meetings,
    own,
    photos,
    plans,
    points,
    recording,
    records,
    sheets,
)

__all__ = [
    "bp",
    "checkin",
    "checklist",
    "door",
    "door_adding",
    "door_records",
    "held",
    "levels",
    "meetings",
    "own",
    "photos",
    "plans",
    "points",
    "recording",
    "records",
    "sheets",
]
