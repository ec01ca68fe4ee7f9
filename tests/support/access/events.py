"""Rows of the meetings of a branch, its calendar and the door."""

from tests.support.access.words import SEES
from tests.support.matrix import row

DOOR = {"secretary": "own", "academy_admin": "subtree"}  # it is kept by whoever records there

TABLE = {
    # -- events
    "events.meetings": row("event:correct", secretary="all", unit_admin="all"),
    "events.new": row("event:record", secretary="own", query="unit=%(unit_id)s"),
    "events.people": row("event:record", secretary="own", query="unit=%(unit_id)s", get=422),
    "events.record": row("event:record", secretary="own", body={"unit": "%(unit_id)s"}, post=422),
    "events.meeting": row("event:correct", secretary="own", unit_admin="none"),
    "events.correct": row("event:correct", secretary="own", unit_admin="none", post=422),
    "events.photo": row("signed in", everyone="none", **SEES),
    "events.amend": row("event:correct", secretary="own", unit_admin="none", post=422),
    "events.step": row("event:correct", secretary="own", unit_admin="none", post=400),
    "events.detach": row("event:correct", secretary="own", unit_admin="none", post=422),
    "events.attach": row("event:correct", secretary="own", unit_admin="none", post=422),
    "events.record_page": row("report:view", **SEES),
    # -- events: the calendar of a branch, and what a level above gives and asks
    "events.plan": row("report:view", kinds="branch", **SEES),
    "events.plan_new": row("event:record", secretary="own", kinds="branch", post=422),
    "events.plan_year": row("event:record", secretary="own", kinds="branch", post=422),
    "events.series_new": row("event:record", secretary="own", kinds="branch", post=422),
    "events.series_end": row("event:record", secretary="own"),
    "events.move": row("event:record", secretary="own", use={"event_id": "planned_id"}, post=422),
    "events.cancel": row("event:record", secretary="own", use={"event_id": "planned_id"}, post=422),
    "events.year_book": row("report:view", kinds="branch", **SEES),
    "events.points": row("event:record", secretary="own", kinds="branch"),
    "events.point_new": row("event:record", secretary="own", kinds="branch", post=422),
    "events.point": row("event:record", secretary="own", kinds="branch", post=422),
    "events.grid": row("report:view", **SEES),
    "events.unit_activities": row("activity:set", unit_admin="subtree"),
    "events.unit_activity": row("activity:set", unit_admin="subtree", post=422),
    "events.unit_activity_reset": row("activity:set", unit_admin="subtree", post=409),
    "events.unit_themes": row("theme:give", unit_admin="subtree"),
    "events.theme_new": row("theme:give", unit_admin="subtree", post=422),
    "events.theme": row("theme:give", unit_admin="subtree"),
    "events.theme_withdraw": row("theme:give", unit_admin="subtree"),
    "events.held_lines": row("hours:reverse", secretary="all"),
    "events.approve_held": row("hours:reverse", secretary="own", post=303),
    "events.reject_held": row("hours:reverse", secretary="own", post=422),
    "events.own_lines": row("signed in", everyone="all"),
    "events.decide_own": row("signed in", everyone="none", use={"claim_id": "own_claim_id"}),  # by post only
    # -- events: the door
    **{
        f"events.{name}": row("signed in", everyone="none", **DOOR, **answers)
        for name, answers in {
            "door": {"get": 303},
            "door_now": {},
            "open_door": {},
            "door_list": {},
            "door_list_now": {},
            "door_tick": {"post": 422},
            "door_add": {"post": 422},
            "door_records": {"post": 400},
            "close_door": {"post": 422},
            "door_person": {"post": 422},
            "sheet_pdf": {},
            "sheet_page": {"post": 422},
            "sheet_photo": {"use": {"uuid": "sheet_uuid"}},
        }.items()
    },
    "events.scan": row("public", get=422),
    "events.scanner": row("signed in", everyone="all"),
    "events.check_in": row("signed in", everyone="none"),
}
