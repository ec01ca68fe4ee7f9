"""Ticking off the steps of a meeting."""

from flask import abort, redirect, url_for
from werkzeug.wrappers import Response

from pbtrain.core.db import transaction
from pbtrain.events import activities, checklist, queries
from pbtrain.events.forms.plans import StepForm
from pbtrain.events.views import bp
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm


@bp.post("/events/<int:event_id>/steps")
@needs(Perm.EVENT_CORRECT)
def step(event_id: int) -> Response:
    """Tick one step off, or take the tick back."""
    event, form = queries.meeting(signed(), event_id), StepForm()
    if event is None or not event.own or event.state == "cancelled":
        abort(404)
    if not form.validate():
        abort(400)
    setting = activities.settings_for(event.unit_id)[event.activity]
    with transaction():
        checklist.tick(
            signed(), event_id, setting, form.phase.data or "", form.place.data or 0,
            done=form.done.data == "1",
        )  # fmt: skip
    return redirect(f"{url_for('.meeting', event_id=event_id)}#h-steps", 303)
