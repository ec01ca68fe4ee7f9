"""The record of a meeting as it is kept: its page to print (全程纪实), and amendments of what it says."""

from typing import Any

from flask import abort, flash, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.i18n import _
from pbtrain.events import activities, amending, joint, queries
from pbtrain.events.forms import words
from pbtrain.events.kinds import FORMS
from pbtrain.events.plan_forms import AmendForm
from pbtrain.events.views import bp
from pbtrain.hours.activities import CHANNELS
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm


@bp.get("/events/<int:event_id>/page")
@needs(Perm.REPORT_VIEW)
def record_page(event_id: int) -> str:
    """The page of the record of the whole course, to read or to print: whoever sees the branch's reports."""
    event = queries.record_of(signed(), event_id) or abort(404)
    people = queries.attendance(event.id)
    return render_template(
        "events/record_page.html",
        event=event,
        kind=words(activities.settings_for(event.unit_id))[event.activity],
        hosts=joint.host_names(event.id) if event.joint else [],
        came=[row.name for row in people if row.present],
        missed=[row.name for row in people if not row.present],
        photos=queries.photos(event.id),
        effect=queries.effect(event.id),
        amendments=amending.amendments(event.id) if event.amended else [],
        labels=amending.LABELS,
        forms=FORMS,
        channels=CHANNELS,
        person=signed(),
        now=clock.now(),
    )


@bp.route("/events/<int:event_id>/amend", methods=["GET", "POST"])
@needs(Perm.EVENT_CORRECT)
def amend(event_id: int) -> Response:
    """Change what the record says; what stood there stays to be read."""
    event = queries.meeting(signed(), event_id)
    if event is None or event.state != "held" or not event.own:
        abort(404)
    values: dict[str, Any] = {name: getattr(event, name) for name in amending.FIELDS}
    form = AmendForm(data=values | {"version": event.version})
    if form.validate_on_submit():
        fields = {name: form[name].data or "" for name in amending.FIELDS}
        with transaction(form, conflict_page=True):
            amending.amend_event(
                signed(), event_id, fields, reason=form.reason.data or "", version=form.version.data or 0
            )
        if not form.errors:
            flash(_("Amended. What stood there before can still be read."), "ok")
            return redirect(url_for(".meeting", event_id=event_id), 303)
    page = render_template("events/amend.html", form=form, event=event)
    return make_response(page, 422 if form.errors else 200)
