"""The record of meetings as it is kept: a page or a year's book to print (全程纪实), and amendments."""

from datetime import date
from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.i18n import _
from pbtrain.events import activities, amending, amendments, handbook, overview, queries
from pbtrain.events.forms.meetings import words
from pbtrain.events.forms.plans import AmendForm, AttachForm, DetachForm
from pbtrain.events.kinds import FORMS
from pbtrain.events.proofs import EVIDENCE
from pbtrain.events.views import bp
from pbtrain.events.views.plans import year_of_plan
from pbtrain.events.views.sending import papers_of, pictures_of
from pbtrain.hours.activities import CHANNELS
from pbtrain.org.access import needs, signed
from pbtrain.org.kinds import POSTS, STAGES
from pbtrain.org.reach import branch_or_404
from pbtrain.org.roles import Perm

HALVES = {"": ((1, 1), (12, 31)), "1": ((1, 1), (6, 30)), "2": ((7, 1), (12, 31))}


@bp.get("/events/<int:event_id>/page")
@needs(Perm.REPORT_VIEW)
def record_page(event_id: int) -> str:
    """The page of the record of the whole course, to read or to print: whoever sees the branch's reports."""
    event = queries.record_of(signed(), event_id) or abort(404)
    (record,) = handbook.records([event])
    return render_template(
        "events/record_page.html",
        record=record,
        kind=words(activities.settings_for(event.unit_id))[event.activity],
        labels=amendments.LABELS,
        forms=FORMS,
        channels=CHANNELS,
        proofs=EVIDENCE,
        person=signed(),
        now=clock.now(),
    )


@bp.get("/branches/<int:branch_id>/handbook")
@needs(Perm.REPORT_VIEW)
def year_book(branch_id: int) -> str:
    """The records of a branch's year, or of half of it, as one print: cover, roster, plan, all pages.

    As many statements for a hundred meetings as for one.
    """
    unit, year, today = branch_or_404(branch_id, Perm.REPORT_VIEW), year_of_plan(), clock.today()
    part = request.args.get("part", "")
    if part not in HALVES:
        abort(404)
    first, last = (date(year, month, day) for month, day in HALVES[part])
    settings, events = activities.settings_for(unit.id), handbook.held_in(unit.id, first, last)
    return render_template(
        "events/handbook.html",
        unit=unit,
        year=year,
        part=part,
        whole=len(events) <= handbook.MOST,
        roster=handbook.roster_on(unit.id, min(last, max(today, first))),
        roster_day=min(last, max(today, first)),
        standing=overview.standing(
            settings, overview.year_of(unit.id, year), year=year, today=today, since=unit.valid_from
        ),
        records=handbook.records(events[: handbook.MOST]),
        kinds=words(settings),
        labels=amendments.LABELS,
        forms=FORMS,
        channels=CHANNELS,
        proofs=EVIDENCE,
        stages=STAGES,
        posts=POSTS,
        person=signed(),
        today=today,
        now=clock.now(),
    )


@bp.route("/events/<int:event_id>/files", methods=["GET", "POST"])
@needs(Perm.EVENT_CORRECT)
def attach(event_id: int) -> Response:
    """Photos and papers that come later: added as an amendment, and shown as one."""
    event = _own(event_id)
    form = AttachForm(data={"version": event.version})
    if form.validate_on_submit():
        pictures, attached = pictures_of(form), papers_of(form)
        if not form.errors:
            with transaction(form):
                amending.add_files(
                    signed(), event_id, pictures, attached,
                    reason=form.reason.data or "", version=form.version.data or 0,
                )  # fmt: skip
        if not form.errors:
            flash(_("Added. The record shows that they came later."), "ok")
            return redirect(url_for(".meeting", event_id=event_id), 303)
    files = [one for one in queries.photos(event_id) if one.kind in amendments.REMOVABLE]
    page = render_template("events/attach.html", form=form, event=event, files=files)
    return make_response(page, 422 if form.errors else 200)


@bp.route("/events/<int:event_id>/files/<uuid:uuid>", methods=["GET", "POST"])
@needs(Perm.EVENT_CORRECT)
def detach(event_id: int, uuid: object) -> Response:
    """Take a photo or paper away that was added by mistake; that it was there stays in the record."""
    event = _own(event_id)
    removable = (one for one in queries.photos(event_id) if one.kind in amendments.REMOVABLE)
    file = next((one for one in removable if one.uuid == str(uuid)), None) or abort(404)
    form = DetachForm(data={"version": event.version})
    if form.validate_on_submit():
        with transaction(form):
            amending.remove_file(
                signed(), event_id, file.uuid, reason=form.reason.data or "", version=form.version.data or 0
            )
        if not form.errors:
            flash(_("Taken away. The record says that it was there, and why it went."), "ok")
            return redirect(url_for(".meeting", event_id=event_id), 303)
    page = render_template("events/detach.html", form=form, event=event, file=file)
    return make_response(page, 422 if form.errors else 200)


def _own(event_id: int) -> Any:
    """A meeting that was held and that this person corrects; 404 otherwise."""
    event = queries.meeting(signed(), event_id)
    return event if event is not None and event.state == "held" and event.own else abort(404)


@bp.route("/events/<int:event_id>/amend", methods=["GET", "POST"])
@needs(Perm.EVENT_CORRECT)
def amend(event_id: int) -> Response:
    """Change what the record says; what stood there stays to be read."""
    event = _own(event_id)
    values: dict[str, Any] = {name: getattr(event, name) for name in amendments.FIELDS}
    form = AmendForm(data=values | {"version": event.version})
    if form.validate_on_submit():
        fields = {name: form[name].data or "" for name in amendments.FIELDS}
        with transaction(form):
            amending.amend_event(
                signed(), event_id, fields, reason=form.reason.data or "", version=form.version.data or 0
            )
        if not form.errors:
            flash(_("Amended. What stood there before can still be read."), "ok")
            return redirect(url_for(".meeting", event_id=event_id), 303)
    page = render_template("events/amend.html", form=form, event=event)
    return make_response(page, 422 if form.errors else 200)
