"""Recording a meeting in two steps, reading it, correcting who came."""

from datetime import time
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.core import clock, images
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.forms import clean
from pbtrain.core.i18n import _
from pbtrain.core.paging import paged
from pbtrain.events import queries, rules, services
from pbtrain.events.forms import KINDS, CorrectForm, MeetingForm, RecordForm
from pbtrain.events.services import Meeting
from pbtrain.events.views import bp
from pbtrain.org.access import may, needs, signed
from pbtrain.org.answering import heir_of
from pbtrain.org.roles import Perm

USUAL_MINUTES, USUAL_START = 90, time(15)
STEP_1 = ("unit", "activity", "title", "day", "time", "minutes", "place")


@bp.get("/events")
@needs(Perm.EVENT_CORRECT)
def meetings() -> str:
    """The meetings of the branch and of what it took over, searchable, by year; `unit`: of one of them."""
    actor, search = signed(), clean(request.args.get("q", ""))[:100]
    wanted, years = request.args.get("year", ""), queries.years(actor)
    if wanted and not (wanted.isascii() and wanted.isdigit() and len(wanted) == 4 and int(wanted) >= 1921):
        abort(404)
    year = int(wanted) if wanted else None
    one = request.args.get("unit", "")
    if one and not (one.isascii() and one.isdecimal() and len(one) < 10):
        abort(404)
    branch = (queries.branch_named(actor, int(one)) or abort(404)) if one else None
    found = queries.meetings(actor, search=search, year=year, unit_id=branch.id if branch else 0)
    return render_template(
        "events/meetings.html",
        page=paged(found, size=30),
        q=search,
        year=year,
        years=years,
        branch=branch,
        kinds=KINDS,
        may_record=may(actor, Perm.EVENT_RECORD),
    )


@bp.get("/events/new")
@needs(Perm.EVENT_RECORD)
def new() -> Response:
    """Step 1: what was held."""
    form = MeetingForm(request.args, data=_usual())
    branches = _offer(form)
    return make_response(render_template("events/new.html", form=form, branches=branches))


def _usual() -> dict[str, Any]:
    return {
        "day": clock.today(),
        "time": USUAL_START,
        "minutes": USUAL_MINUTES,
        "activity": next(iter(KINDS)),
    }


def _offer(form: MeetingForm | RecordForm) -> list[Any]:
    branches = queries.branches(signed())
    form.offer(branches)
    if form.unit.data is None and branches:
        form.unit.data = branches[0].id
    elif form.unit.data not in {row.id for row in branches}:
        abort(404)
    return branches


@bp.get("/events/new/people")
@needs(Perm.EVENT_RECORD)
def people() -> Response:
    """Step 2: who came. Everyone is ticked beforehand; a tick less is somebody who did not come."""
    form = MeetingForm(request.args)
    branches = _offer(form)
    if not (form.validate() and _check(form)):
        return make_response(render_template("events/new.html", form=form, branches=branches), 422)
    return _people_page(RecordForm(request.args), ticked=None)


@bp.post("/events/new/people")
@needs(Perm.EVENT_RECORD)
def record() -> Response:
    """Save the meeting, once for each form."""
    form = RecordForm()
    _offer(form)
    saved = _record(form) if form.validate() and _check(form) else None
    return saved or _people_page(form, ticked=set(form.present.data or ()))


def _meeting(form: MeetingForm | RecordForm) -> Meeting:
    return Meeting(
        unit_id=form.unit.data,
        activity=form.activity.data,
        title=form.title.data or "",
        starts_at=clock.at(form.day.data, form.time.data.hour, form.time.data.minute),
        minutes=form.minutes.data,
        place=form.place.data or "",
    )


def _check(form: MeetingForm | RecordForm) -> bool:
    """Say what is wrong with the meeting before anyone ticks names."""
    try:
        services.check_meeting(_meeting(form))
    except RuleError as error:
        form.blame(error)
    return not form.errors


def _pictures(form: RecordForm) -> list[tuple[images.Picture, str]]:
    """The pictures, drawn anew before any row is locked; what cannot be one stands beside the field."""
    sent, pictures = form.photos.data or (), []
    try:
        rules.check_photos(len(sent))
        for file in sent:
            pictures.append((images.redraw(file.read(), field="photos"), file.filename or ""))
    except RuleError as error:
        form.blame(error)
    return pictures


def _record(form: RecordForm) -> Response | None:
    """The way to the saved meeting, or None when the form has to be mended."""
    pictures, recorded = _pictures(form), None
    if form.errors:
        return None
    with transaction(form):
        recorded = services.record_event(
            signed(),
            _meeting(form),
            form.present.data or [],
            form_id=form.form_id.data or "",
            photos=pictures,
        )
    if recorded is None:
        return None
    if recorded.same:
        flash(_("Saved. What follows from it stands below; nothing else needs to be filled in."), "ok")
    else:
        flash(_("This form was saved before and stands as below. To change it, use the correction."), "warn")
    return redirect(url_for(".meeting", event_id=recorded.event_id), 303)


def _people_page(form: RecordForm, *, ticked: set[int] | None) -> Response:
    """The list to tick; `ticked` when it comes back to be mended, None when everybody is ticked."""
    _offer(form)
    if ticked is None or form.form_id.errors:
        form.form_id.data = str(uuid4())
    persons = queries.roster(form.unit.data, form.day.data) if form.day.data else []
    carried = {name: request.values.get(name, "") for name in STEP_1}
    page = render_template(
        "events/people.html",
        form=form,
        persons=[(row.id, row.name, ticked is None or row.id in ticked) for row in persons],
        kinds=KINDS,
        carried=carried,
        back_url=f"{url_for('.new')}?{urlencode(carried)}",
    )
    return make_response(page, 200 if ticked is None else 422)


def _seen(event_id: int) -> Any:
    return queries.meeting(signed(), event_id) or abort(404)


@bp.get("/events/<int:event_id>")
@needs(Perm.EVENT_CORRECT)
def meeting(event_id: int) -> str:
    """One meeting: who came, what it brought, pictures, corrections."""
    event = _seen(event_id)
    heir = None if event.stands else heir_of(event.unit_id)
    return render_template(
        "events/meeting.html",
        event=event,
        people=queries.attendance(event_id),
        effect=queries.effect(event_id),
        photos=queries.photos(event_id),
        kinds=KINDS,
        heir=heir,
        may_decide=may(signed(), Perm.HOURS_REVERSE, heir.id if heir else event.unit_id),
    )


@bp.route("/events/<int:event_id>/correct", methods=["GET", "POST"])
@needs(Perm.EVENT_CORRECT)
def correct(event_id: int) -> Response:
    """Tick who really came; a lost race shows both versions side by side."""
    event, code = _seen(event_id), 200
    form = CorrectForm(data={"version": event.version})
    clash = False
    if form.is_submitted():
        code = 422
        if form.validate():
            try:
                with transaction():
                    services.correct_event(
                        signed(),
                        event_id,
                        form.present.data or [],
                        reason=form.reason.data or "",
                        version=form.version.data or 0,
                    )
            except Conflict as error:
                form.blame(error)
                event, code, clash = _seen(event_id), 409, True
                form.version.data = event.version
            except RuleError as error:
                form.blame(error)
            else:
                flash(_("Corrected: wrong lines are reversed, new ticks have their hours."), "ok")
                return redirect(url_for(".meeting", event_id=event_id), 303)
    page = render_template(
        "events/correct.html",
        event=event,
        heir=None if event.stands else heir_of(event.unit_id),
        form=form,
        persons=_ticks(event, form, clash),
        kinds=KINDS,
        clash=clash,
    )
    return make_response(page, code)


def _ticks(event: Any, form: CorrectForm, clash: bool) -> list[tuple[Any, ...]]:
    """Everyone on the list or newly on the roster; after a lost race with what the record says now."""
    listed = queries.attendance(event.id)
    known = {row.id for row in listed}
    persons = [(row.id, row.name, row.present) for row in listed]
    persons += [
        (row.id, row.name, False) for row in queries.roster(event.unit_id, event.day) if row.id not in known
    ]
    if not form.is_submitted():
        return persons
    ticked = set(form.present.data or ())
    hints = {True: _("now recorded: came"), False: _("now recorded: did not come")}
    return [
        (number, name, number in ticked, hints[was] if clash and was != (number in ticked) else "")
        for number, name, was in persons
    ]
