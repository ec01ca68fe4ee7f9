"""Recording a meeting on a phone in two steps: what was held, then who did not come and one photo.

Everything else (form, channel, speaker, learning point, agenda, minutes, attachments) is optional and folded.
From a planned event the first step is filled in already.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.forms import number_of
from pbtrain.core.i18n import _
from pbtrain.events import activities, joint, queries, rules, services
from pbtrain.events.forms.meetings import KINDS, MeetingForm, RecordForm, words
from pbtrain.events.kinds import KINDS as ASKED
from pbtrain.events.kinds import Setting
from pbtrain.events.points import open_points
from pbtrain.events.proofs import CHANNEL_PROOFS, EVIDENCE, needed
from pbtrain.events.services import Meeting
from pbtrain.events.views import bp
from pbtrain.events.views.sending import papers_of, pictures_of
from pbtrain.hours.activities import CHANNELS, EARNING
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm

USUAL_MINUTES, USUAL_START = 90, time(15)
STEP_1 = ("unit", "plan", "theme", "activity", "title", "day", "time", "minutes", "place", "hosts")
USUAL_KINDS = ("theme_day", "party_lecture", "members_meeting", "committee_meeting", "group_meeting")


@bp.get("/events/new")
@needs(Perm.EVENT_RECORD)
def new() -> Response:
    """Step 1: what was held; `plan`: a planned event that was."""
    form = MeetingForm(request.args, data=_usual())
    return _first(form, _offer(form).branches)


def _first(form: MeetingForm, branches: list[Any], code: int = 200) -> Response:
    page = render_template("events/new.html", form=form, branches=branches, usual=USUAL_KINDS)
    return make_response(page, code)


def _usual() -> dict[str, Any]:
    """What stands in the form beforehand: the planned event, else this afternoon's theme day."""
    usual: dict[str, Any] = {
        "day": clock.today(),
        "time": USUAL_START,
        "minutes": USUAL_MINUTES,
        "activity": next(iter(KINDS)),
    }
    if (asked := number_of(request.args.get("plan"))) is not None:
        plan = queries.planned(signed(), asked) or abort(404)
        usual |= {
            "unit": plan.unit_id,
            "plan": plan.id,
            "theme": plan.theme_id,
            "activity": plan.activity,
            "title": plan.title,
            "day": plan.day,
            "time": clock.local(plan.starts_at).time(),
            "minutes": plan.minutes,
            "place": plan.place,
            "hosts": list(joint.hosts_of(plan.id)),
        }
    return usual


@dataclass(frozen=True)
class Offered:
    """What may be chosen: the reader's branches, the activities of the one chosen, and its sisters."""

    branches: list[Any]
    settings: dict[str, Setting]
    sisters: list[Any]


def _offer(form: MeetingForm | RecordForm) -> Offered:
    """Fill in what may be chosen; 404 for a branch out of reach."""
    branches = queries.branches(signed())
    form.offer(branches)
    if form.unit.data is None and branches:
        form.unit.data = branches[0].id
    elif form.unit.data not in {row.id for row in branches}:
        abort(404)
    offered = Offered(branches, activities.settings_for(form.unit.data), joint.sisters(form.unit.data))
    form.offer_of(offered.settings, offered.sisters)
    return offered


@bp.get("/events/new/people")
@needs(Perm.EVENT_RECORD)
def people() -> Response:
    """Step 2: who came. Everyone is ticked beforehand; a tick less is somebody who did not come."""
    form = MeetingForm(request.args)
    offered = _offer(form)
    if not (form.validate() and _check(form)):
        return _first(form, offered.branches, 422)
    second = RecordForm(request.args)
    second.offer(offered.branches)
    second.offer_of(offered.settings, offered.sisters)
    second.usual(form.activity.data)
    return _people_page(second, offered, ticked=None)


@bp.post("/events/new/people")
@needs(Perm.EVENT_RECORD)
def record() -> Response:
    """Save the meeting, once for each form."""
    form = RecordForm()
    offered = _offer(form)
    form.offer_points(open_points(form.unit.data))
    for name, usual in (("channel", "onsite"), ("form", ""), ("point", 0)):  # left out: as usual
        if name not in request.form:
            form[name].data = usual
    saved = _record(form) if form.validate() and _check(form) else None
    return saved or _people_page(form, offered, ticked=set(form.present.data or ()))


def _meeting(form: MeetingForm | RecordForm) -> Meeting:
    details: dict[str, Any] = {}
    if isinstance(form, RecordForm):
        details = {
            "channel": form.channel.data or "onsite",
            "form": form.form.data or "",
            "speaker": form.speaker.data or "",
            "agenda": form.agenda.data or "",
            "notes": form.notes.data or "",
            "point_id": form.point.data or None,
        }
    return Meeting(
        unit_id=form.unit.data,
        activity=form.activity.data,
        title=form.title.data or "",
        starts_at=clock.at(form.day.data, form.time.data.hour, form.time.data.minute),
        minutes=form.minutes.data,
        place=form.place.data or "",
        theme_id=form.theme.data or None,
        hosts=tuple(sorted(set(form.hosts.data or ()))),
        **details,
    )


def _check(form: MeetingForm | RecordForm) -> bool:
    """Say what is wrong with the meeting before anyone ticks names."""
    try:
        rules.check_hosts(len(form.hosts.data or ()))
        services.check_meeting(_meeting(form))
    except RuleError as error:
        form.blame(error)
    return not form.errors


def _record(form: RecordForm) -> Response | None:
    """The way to the saved meeting, or None when the form has to be mended."""
    if form.plan.data and not queries.of_unit(form.plan.data, form.unit.data):
        abort(404)
    if form.theme.data and not queries.theme_for(form.unit.data, form.theme.data):
        abort(404)
    pictures, attached, recorded = pictures_of(form), papers_of(form), None
    if form.errors:
        return None
    with transaction(form):
        recorded = services.record_event(
            signed(),
            _meeting(form),
            form.present.data or [],
            form_id=form.form_id.data or "",
            photos=pictures,
            papers=attached,
            planned_id=form.plan.data or None,
        )
    if recorded is None:
        return None
    if recorded.same:
        flash(_("Saved. What follows from it stands below; nothing else needs to be filled in."), "ok")
    else:
        flash(_("This form was saved before and stands as below. To change it, use the correction."), "warn")
    return redirect(url_for(".meeting", event_id=recorded.event_id), 303)


def _people_page(form: RecordForm, offered: Offered, *, ticked: set[int] | None) -> Response:
    """The list to tick; `ticked` when it comes back to be mended, None when everybody is ticked."""
    unit_id, names = form.unit.data, {row.id: row.name for row in offered.sisters}
    hosts = [one for one in form.hosts.data or () if one in names]  # also in a form that is refused for them
    form.offer_points(open_points(unit_id))
    if ticked is None or form.form_id.errors:
        form.form_id.data = str(uuid4())
    persons = queries.roster((unit_id, *hosts), form.day.data) if form.day.data else []
    carried = {name: request.values.getlist(name) for name in STEP_1 if request.values.getlist(name)}
    before = _before(form.activity.data, unit_id, form.day.data)
    page = render_template(
        "events/people.html",
        form=form,
        persons=[
            (
                row.id,
                row.name,
                (before is None or row.id in before) if ticked is None else row.id in ticked,
                names.get(row.unit_id, ""),
            )
            for row in persons
        ],
        asked=_evidence(needed(form.activity.data or "", form.channel.data or "onsite")),
        channel_proofs=[
            (_(CHANNELS[key]), _evidence(one.needs)) for key, one in CHANNEL_PROOFS.items() if one.needs
        ],
        kinds=words(offered.settings),
        earns=EARNING,
        carried=carried,
        back_url=f"{url_for('.new')}?{urlencode(carried, doseq=True)}",
    )
    return make_response(page, 200 if ticked is None else 422)


def _evidence(keys: Iterable[str]) -> list[str]:
    """What shows that a meeting was held, in the reader's words."""
    return [_(EVIDENCE[key]) for key in keys]


def _before(activity: str | None, unit_id: int, day: date | None) -> set[int] | None:
    """Who is ticked beforehand: None for everybody, the committee for a meeting of it."""
    if day is None or activity not in ASKED or ASKED[activity].roll == "branch":
        return None
    return queries.committee(unit_id, day) or None
