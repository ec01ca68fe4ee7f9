"""What a level above does with the activities of its branches: how they are asked for, themes, the grid."""

from datetime import date

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy import not_
from werkzeug.wrappers import Response

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.i18n import N_, _
from pbtrain.core.paging import paged
from pbtrain.events import activities, overview, themes
from pbtrain.events.forms.meetings import words
from pbtrain.events.forms.plans import ActivityForm, ThemeForm, shipped
from pbtrain.events.kinds import FORMS, KINDS, PHASES
from pbtrain.events.proofs import EVIDENCE, needed
from pbtrain.events.views import bp
from pbtrain.events.views.plans import sent_version, year_of_plan
from pbtrain.hours.activities import ACTIVITIES
from pbtrain.org.access import needs, signed
from pbtrain.org.models import Unit
from pbtrain.org.reach import unit_or_404
from pbtrain.org.roles import Perm

BRANCHES_SHOWN = 50
SHOWN = {"": N_("All"), "silent": N_("Nothing held this month"), "last": N_("Nothing held last month")}


@bp.get("/units/<int:unit_id>/activities")
@needs(Perm.ACTIVITY_SET)
def unit_activities(unit_id: int) -> str:
    """How activities are called and how often they are asked for in a unit and all below."""
    unit = unit_or_404(unit_id, Perm.ACTIVITY_SET)
    settings = activities.settings_for(unit.id)
    return render_template(
        "events/activities.html",
        unit=unit,
        rows=settings.values(),
        kinds=words(settings),
        facts=ACTIVITIES,
        asks=KINDS,
        forms=FORMS,
        proofs={key: [EVIDENCE[each] for each in needed(key, ACTIVITIES[key].channel)] for key in KINDS},
    )


@bp.route("/units/<int:unit_id>/activities/<activity>", methods=["GET", "POST"])
@needs(Perm.ACTIVITY_SET)
def unit_activity(unit_id: int, activity: str) -> Response:
    """Write how this unit names and asks for one activity."""
    unit = unit_or_404(unit_id, Perm.ACTIVITY_SET)
    if activity not in KINDS:
        abort(404)
    now = activities.settings_for(unit.id)[activity]
    own = now.by == unit.id
    lines = {phase: "\n".join(now.steps.get(phase, ())) if now.written else "" for phase in PHASES}
    form = ActivityForm(
        data={
            "version": now.version if own else 0,
            "label": now.label,
            "per_year": now.per_year,
            "open": now.open,
        }
        | lines
    )
    if form.validate_on_submit():
        with transaction(form):
            activities.set_activity(
                signed(), unit.id, activity,
                version=form.version.data or 0, label=form.label.data or "", per_year=form.per_year.data,
                steps=form.steps(), open=bool(form.open.data),
            )  # fmt: skip
        if not form.errors:
            flash(_("Saved. It holds here and in all units below that wrote nothing of their own."), "ok")
            return redirect(url_for(".unit_activities", unit_id=unit.id), 303)
    page = render_template(
        "events/activity.html",
        form=form,
        unit=unit,
        activity=activity,
        shipped=shipped(activity),
        now=now,
        own=own,
        steps=KINDS[activity].steps,
        phases=PHASES,
    )
    return make_response(page, 422 if form.errors else 200)


@bp.post("/units/<int:unit_id>/activities/<activity>/reset")
@needs(Perm.ACTIVITY_SET)
def unit_activity_reset(unit_id: int, activity: str) -> Response:
    """Let the level above decide again."""
    unit = unit_or_404(unit_id, Perm.ACTIVITY_SET)
    with transaction():
        activities.reset_activity(signed(), unit.id, activity, version=sent_version())
    flash(_("The level above decides again."), "ok")
    return redirect(url_for(".unit_activities", unit_id=unit.id), 303)


@bp.get("/units/<int:unit_id>/themes")
@needs(Perm.THEME_GIVE)
def unit_themes(unit_id: int) -> str:
    """The themes a unit has given."""
    unit = unit_or_404(unit_id, Perm.THEME_GIVE)
    return render_template(
        "events/themes.html",
        unit=unit,
        page=paged(themes.themes_of(unit.id), size=30),
        kinds=words(activities.settings_for(unit.id)),
        today=clock.today(),
    )


@bp.route("/units/<int:unit_id>/themes/new", methods=["GET", "POST"])
@needs(Perm.THEME_GIVE)
def theme_new(unit_id: int) -> Response:
    """Give a theme to every branch below."""
    unit = unit_or_404(unit_id, Perm.THEME_GIVE)
    form = ThemeForm(data={"activity": "theme_day"})
    form.offer(activities.settings_for(unit.id), clock.today())
    if form.validate_on_submit():
        theme_id = 0
        with transaction(form):
            theme_id = themes.give_theme(
                signed(), unit.id, activity=form.activity.data, title=form.title.data or "",
                body=form.body.data or "", from_day=form.from_day.data, due_on=form.due_on.data,
            )  # fmt: skip
        if not form.errors:
            flash(_("Given. Each branch below finds it in its calendar and opens its own meeting."), "ok")
            return redirect(url_for(".theme", theme_id=theme_id), 303)
    page = render_template("events/theme_new.html", form=form, unit=unit)
    return make_response(page, 422 if form.errors else 200)


@bp.get("/themes/<int:theme_id>")
@needs(Perm.THEME_GIVE)
def theme(theme_id: int) -> str:
    """How far a theme has come: by unit, and which branches are late."""
    found = themes.theme_in_reach(signed(), theme_id) or abort(404)
    show = request.args.get("show", "")
    if show and show not in themes.STANDINGS:
        abort(404)
    return render_template(
        "events/theme.html",
        theme=found,
        counts=themes.coverage(found),
        map=themes.coverage_map(found),
        page=paged(themes.branches_of(found, show), size=BRANCHES_SHOWN),
        show=show,
        standings=themes.STANDINGS,
        kind=words(activities.settings_for(found.unit_id))[found.activity],
        today=clock.today(),
    )


@bp.post("/themes/<int:theme_id>/withdraw")
@needs(Perm.THEME_GIVE)
def theme_withdraw(theme_id: int) -> Response:
    """Take a theme back."""
    found = themes.theme_in_reach(signed(), theme_id) or abort(404)
    with transaction():
        themes.withdraw_theme(signed(), theme_id, sent_version())
    flash(_("Withdrawn. What was held of it stays."), "ok")
    return redirect(url_for(".unit_themes", unit_id=found.unit_id), 303)


@bp.get("/units/<int:unit_id>/grid")
@needs(Perm.REPORT_VIEW)
def grid(unit_id: int) -> str:
    """Branch by month: where something was held, and where nothing was."""
    unit, year, today = unit_or_404(unit_id, Perm.REPORT_VIEW), year_of_plan(), clock.today()
    show = request.args.get("show", "")
    if show not in SHOWN:
        abort(404)
    found = overview.branches_below(unit.id)
    if show:
        last = date(today.year - (today.month == 1), today.month - 1 or 12, 1)
        this = date(today.year, today.month, 1)
        after = date(today.year + (today.month == 12), today.month % 12 + 1, 1)
        span = (this, after) if show == "silent" else (last, this)
        found = found.where(not_(overview.held_in(Unit, *span)))
    page = paged(found, size=BRANCHES_SHOWN)
    ids = [row.id for row in page.rows]
    settings = activities.settings_for(unit.id)
    return render_template(
        "events/grid.html",
        unit=unit,
        year=year,
        today=today,
        page=page,
        months=overview.months_of(ids, year) if ids else {},
        full=overview.full_houses(ids, year) if ids else {},
        kinds=words(settings),
        show=show,
        shows=SHOWN,
    )
