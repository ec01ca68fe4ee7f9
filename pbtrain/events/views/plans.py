"""The calendar of a branch: its year, one planned meeting, a fixed day, a plan from the frequencies."""

from datetime import date, time
from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.forms import clean, number_of
from pbtrain.core.i18n import _, ngettext
from pbtrain.events import activities, joint, overview, plan_rules, planning, queries
from pbtrain.events.forms.meetings import words
from pbtrain.events.forms.plans import MoveForm, PlanForm, SeriesForm, YearForm, every_day
from pbtrain.events.kinds import FORMS
from pbtrain.events.planning import Plan
from pbtrain.events.rules import full_every_time
from pbtrain.events.views import bp
from pbtrain.hours.views.common import year_asked
from pbtrain.org.access import may, needs, signed, units_where
from pbtrain.org.reach import branch_or_404
from pbtrain.org.roles import Perm

USUAL_DAY, USUAL_START, USUAL_MINUTES = "day:15", time(15), 90


def year_of_plan() -> int:
    """The year in the address, else this one: a plan may lie two years ahead."""
    return year_asked(ahead=2)


@bp.get("/branches/<int:branch_id>/plan")
@needs(Perm.REPORT_VIEW)
def plan(branch_id: int) -> str:
    """The year of a branch: what is asked and held, month by month, and what comes."""
    unit, year, today = branch_or_404(branch_id, Perm.REPORT_VIEW), year_of_plan(), clock.today()
    settings, events = activities.settings_for(unit.id), overview.year_of(unit.id, year)
    own = may(signed(), Perm.EVENT_RECORD, unit.id)
    return render_template(
        "events/plan.html",
        unit=unit,
        year=year,
        today=today,
        kinds=words(settings),
        standing=overview.standing(settings, events, year=year, today=today, since=unit.valid_from),
        coming=[one for one in events if one.state == "planned"],
        past=[one for one in events if one.state == "held"][::-1],
        full=0 if own else full_every_time((one.came, one.listed) for one in events if one.state == "held"),
        cancelled=[one for one in events if one.state == "cancelled"],
        themes=overview.themes_for(unit.id, today) if year == today.year else [],
        series=overview.series_of(unit.id) if own else [],
        days=dict(every_day()),
        missing=[FORMS[key] for key in overview.forms_missing(events, today)] if year == today.year else [],
        own=own,
    )


@bp.route("/branches/<int:branch_id>/plan/new", methods=["GET", "POST"])
@needs(Perm.EVENT_RECORD)
def plan_new(branch_id: int) -> Response:
    """Plan one meeting, perhaps of a theme that was given above."""
    unit, today = branch_or_404(branch_id, Perm.EVENT_RECORD), clock.today()
    usual: dict[str, Any] = {
        "time": USUAL_START,
        "minutes": USUAL_MINUTES,
        "day": today,
        "activity": "theme_day",
    }
    theme = _theme(unit.id)
    if theme is not None:
        day = min(max(theme.from_day, today), max(theme.due_on, today))
        usual |= {"theme": theme.id, "title": theme.title, "activity": theme.activity, "day": day}
    form = PlanForm(data=usual)
    form.offer(activities.settings_for(unit.id), joint.sisters(unit.id))
    if form.validate_on_submit():
        planned = Plan(
            unit.id,
            form.activity.data,
            form.title.data or "",
            clock.at(form.day.data, form.time.data.hour, form.time.data.minute),
            form.minutes.data or 0,
            form.place.data or "",
            theme_id=theme.id if theme else None,
            hosts=tuple(sorted(set(form.hosts.data or ()))),
        )
        with transaction(form):
            planning.plan_event(signed(), planned)
        if not form.errors:
            flash(_("Planned. On the day it is recorded from here in one step."), "ok")
            return redirect(url_for(".plan", branch_id=unit.id, year=planned.day.year), 303)
    page = render_template("events/plan_new.html", form=form, unit=unit, theme=theme)
    return make_response(page, 422 if form.errors else 200)


def _theme(unit_id: int) -> Any:
    """The theme in the address or the form; 404 for one that is not given here."""
    text = request.values.get("theme", "")
    if not text:
        return None
    return queries.theme_for(unit_id, number_of(text) or 0) or abort(404)


@bp.route("/branches/<int:branch_id>/plan/year", methods=["GET", "POST"])
@needs(Perm.EVENT_RECORD)
def plan_year(branch_id: int) -> Response:
    """Fill the rest of a year from the frequencies: shown first, planned with the second button."""
    unit, year = branch_or_404(branch_id, Perm.EVENT_RECORD), year_of_plan()
    settings = activities.settings_for(unit.id)
    form = YearForm(data={"every": USUAL_DAY, "time": USUAL_START, "minutes": USUAL_MINUTES})
    form.offer(settings)
    found: list[plan_rules.Proposal] = []
    if not form.is_submitted() or form.validate():
        found = _proposed(unit.id, year, settings, form)
    if form.is_submitted() and not form.errors and request.form.get("do") == "plan":
        named = words(settings)
        titles = {key: _("%(activity)s of month {月份}", activity=named[key]) for key in named}
        with transaction(form):
            made = planning.plan_year(
                signed(), unit.id, found, titles,
                begins=form.time.data, minutes=form.minutes.data or 0, place=form.place.data or "",
            )  # fmt: skip
        if not form.errors:
            flash(ngettext("%(num)s meeting planned.", "%(num)s meetings planned.", made), "ok")
            return redirect(url_for(".plan", branch_id=unit.id, year=year), 303)
    page = render_template(
        "events/plan_year.html", form=form, unit=unit, year=year, found=found, kinds=words(settings)
    )
    return make_response(page, 422 if form.errors else 200)


def _proposed(unit_id: int, year: int, settings: dict[str, Any], form: YearForm) -> list[Any]:
    """What a valid form proposes."""
    known = {(e.activity, e.day.month) for e in overview.year_of(unit_id, year) if e.state != "cancelled"}
    chosen = [one for key, one in settings.items() if key in (form.kinds.data or ())]
    return plan_rules.proposals(
        chosen,
        known,
        year=year,
        today=max(clock.today(), date(year, 1, 1)),
        every=form.every.data or USUAL_DAY,
    )


@bp.route("/branches/<int:branch_id>/series/new", methods=["GET", "POST"])
@needs(Perm.EVENT_RECORD)
def series_new(branch_id: int) -> Response:
    """A fixed day: the same meeting each month."""
    unit, today = branch_or_404(branch_id, Perm.EVENT_RECORD), clock.today()
    form = SeriesForm(
        data={
            "every": USUAL_DAY,
            "time": USUAL_START,
            "minutes": USUAL_MINUTES,
            "activity": "theme_day",
            "title": _("Theme Party day of month {月份}"),
            "since": today,
            "until": date(today.year, 12, 31),
        }
    )
    form.offer(activities.settings_for(unit.id))
    if form.validate_on_submit():
        with transaction(form):
            planning.start_series(
                signed(),
                unit.id,
                activity=form.activity.data,
                title=form.title.data or "",
                every=form.every.data or "",
                begins=form.time.data,
                minutes=form.minutes.data or 0,
                place=form.place.data or "",
                since=form.since.data,
                until=form.until.data,
            )
        if not form.errors:
            flash(_("The fixed day stands in the calendar."), "ok")
            return redirect(url_for(".plan", branch_id=unit.id), 303)
    page = render_template("events/series.html", form=form, unit=unit)
    return make_response(page, 422 if form.errors else 200)


@bp.post("/series/<int:series_id>/end")
@needs(Perm.EVENT_RECORD)
def series_end(series_id: int) -> Response:
    """End a fixed day: what is still to come of it is cancelled."""
    found = overview.series_in(units_where(signed(), Perm.EVENT_RECORD), series_id) or abort(404)
    with transaction():
        gone = planning.end_series(signed(), series_id, sent_version())
    flash(
        ngettext(
            "The fixed day has ended; %(num)s meeting is cancelled.",
            "The fixed day has ended; %(num)s meetings are cancelled.",
            gone,
        ),
        "ok",
    )
    return redirect(url_for(".plan", branch_id=found.unit_id), 303)


def sent_version() -> int:
    """The version a button was drawn with; 0 for anything else, which no row has."""
    return number_of(request.form.get("version")) or 0


@bp.route("/events/<int:event_id>/move", methods=["GET", "POST"])
@needs(Perm.EVENT_RECORD)
def move(event_id: int) -> Response:
    """Hold a planned meeting on another day, or not at all."""
    event = queries.planned(signed(), event_id) or abort(404)
    form = MoveForm(
        data={
            "version": event.version,
            "day": event.day,
            "time": clock.local(event.starts_at).time(),
            "minutes": event.minutes,
            "place": event.place,
        }
    )
    if form.validate_on_submit():
        with transaction(form):
            planning.move_event(
                signed(),
                event_id,
                form.version.data or 0,
                starts_at=clock.at(form.day.data, form.time.data.hour, form.time.data.minute),
                minutes=form.minutes.data or 0,
                place=form.place.data or "",
                reason=form.reason.data or "",
            )
        if not form.errors:
            flash(_("Moved. The old day stays to be seen with the record."), "ok")
            return redirect(url_for(".plan", branch_id=event.unit_id, year=form.day.data.year), 303)
    page = render_template("events/move.html", form=form, event=event)
    return make_response(page, 422 if form.errors else 200)


@bp.post("/events/<int:event_id>/cancel")
@needs(Perm.EVENT_RECORD)
def cancel(event_id: int) -> Response:
    """Say that a planned meeting will not be held."""
    event = queries.planned(signed(), event_id) or abort(404)
    reason = clean(request.form.get("reason", ""))[:300]
    with transaction():
        planning.cancel_event(signed(), event_id, sent_version(), reason=reason)
    flash(_("Cancelled; the reason is kept."), "ok")
    return redirect(url_for(".plan", branch_id=event.unit_id), 303)
