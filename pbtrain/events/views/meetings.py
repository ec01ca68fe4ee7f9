"""The list of meetings, one meeting with what it filled, correcting who came."""

from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.forms import clean, number_of
from pbtrain.core.i18n import _
from pbtrain.core.paging import paged
from pbtrain.events import activities, amendments, checklist, joint, proofs, queries, services, serving
from pbtrain.events.door import queries as door
from pbtrain.events.forms.meetings import KINDS, CorrectForm, words
from pbtrain.events.kinds import FORMS, PHASES
from pbtrain.events.kinds import KINDS as ASKED
from pbtrain.events.views import bp
from pbtrain.hours import confirming
from pbtrain.hours.activities import ACTIVITIES, CHANNELS
from pbtrain.org.access import may, needs, signed
from pbtrain.org.answering import heir_of
from pbtrain.org.roles import Perm
from pbtrain.org.rules import FOUNDED


@bp.get("/events")
@needs(Perm.EVENT_CORRECT)
def meetings() -> str:
    """The meetings of the branch and of what it took over, searchable, by year; `unit`: of one of them."""
    actor, search = signed(), clean(request.args.get("q", ""))[:100]
    wanted, years = request.args.get("year", ""), queries.years(actor)
    year = number_of(wanted, digits=4)
    if wanted and (year is None or year < FOUNDED.year):
        abort(404)
    one = request.args.get("unit", "")
    branch = (queries.branch_named(actor, number_of(one) or 0) or abort(404)) if one else None
    own = [unit_id for unit_id, _name in queries.branches(actor)]
    home = branch.id if branch else own[0] if own else None
    found = queries.meetings(actor, search=search, year=year, unit_id=branch.id if branch else 0)
    return render_template(
        "events/meetings.html",
        page=paged(found, size=30),
        q=search,
        year=year,
        years=years,
        branch=branch,
        kinds=words(activities.settings_for(home or 0)),
        may_record=may(actor, Perm.EVENT_RECORD),
        calendar_of=home,
    )


def _seen(event_id: int) -> Any:
    return queries.meeting(signed(), event_id) or abort(404)


def _own(event_id: int) -> Any:
    """A meeting that was held and that this person corrects; 404 for one a co-host recorded."""
    event = _seen(event_id)
    return event if event.own and event.state == "held" else abort(404)


@bp.get("/events/<int:event_id>")
@needs(Perm.EVENT_CORRECT)
def meeting(event_id: int) -> str:
    """One meeting: who came, what it brought, pictures, corrections."""
    event = _seen(event_id)
    settings, photos = activities.settings_for(event.unit_id), queries.photos(event_id)
    changes = amendments.of_event(event_id) if event.amended else []
    heir, effect = None if event.stands else heir_of(event.unit_id), queries.effect(event_id)
    people = queries.attendance(event_id)
    return render_template(
        "events/meeting.html",
        event=event,
        people=people,
        evidence=proofs.evidence(event, photos, sum(row.present for row in people)),
        proofs=proofs.EVIDENCE,
        effect=effect,
        own=[(row, confirming.names(row.unit_id, row.member_id)) for row in effect.own],
        reader_id=signed().member_id,
        photos=photos,
        added=amendments.added(photos, changes),
        kinds=words(settings),
        hosts=joint.host_names(event_id) if event.joint else [],
        amendments=changes,
        steps=checklist.steps_of(event_id, settings[event.activity]) if event.own else [],
        phases=PHASES,
        labels=amendments.LABELS,
        forms=FORMS,
        channels=CHANNELS,
        earns=ACTIVITIES[event.activity].earns,
        points=serving.together(event, people),
        asked=ASKED[event.activity].core,
        may_record=may(signed(), Perm.EVENT_RECORD, event.unit_id),
        heir=heir,
        may_decide=may(signed(), Perm.HOURS_REVERSE, heir.id if heir else event.unit_id),
    )


@bp.route("/events/<int:event_id>/correct", methods=["GET", "POST"])
@needs(Perm.EVENT_CORRECT)
def correct(event_id: int) -> Response:
    """Tick who really came; a lost race shows both versions side by side. What was kept at the door is
    corrected there, by the minute."""
    event, code = _own(event_id), 200
    kept = door.doored(signed(), event_id)
    if kept is not None and kept.door_closed_at is not None:
        return redirect(url_for(".door_list", event_id=event_id), 303)
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
                event, code, clash = _own(event_id), 409, True
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
        (row.id, row.name, False)
        for row in queries.roster((event.unit_id, *joint.hosts_of(event.id)), event.day)
        if row.id not in known
    ]
    if not form.is_submitted():
        return persons
    ticked = set(form.present.data or ())
    hints = {True: _("now recorded: came"), False: _("now recorded: did not come")}
    return [
        (number, name, number in ticked, hints[was] if clash and was != (number in ticked) else "")
        for number, name, was in persons
    ]
