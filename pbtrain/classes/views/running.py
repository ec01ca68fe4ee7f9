"""Making a class, changing what it says, its state and its days; the sheets that go out."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from flask import Response as Answer
from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.classes import kinds
from pbtrain.classes.forms.classes import ClassForm, MoveForm, NewClassForm
from pbtrain.classes.models import ClassTemplate, TrainingClass
from pbtrain.classes.queries import around
from pbtrain.classes.queries import catalogue as catalogue_queries
from pbtrain.classes.queries import classes as queries
from pbtrain.classes.rules import terms, timetable
from pbtrain.classes.services import classes as services
from pbtrain.classes.services import moves
from pbtrain.classes.views import bp
from pbtrain.classes.views.common import by_day, managed_or_404, version_of
from pbtrain.core import qr
from pbtrain.core.db import transaction
from pbtrain.core.formatting import short_day
from pbtrain.core.forms import clean
from pbtrain.core.i18n import _
from pbtrain.core.templating import english
from pbtrain.courses.views.write import form_page
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm


@bp.route("/new", methods=["GET", "POST"])
@needs(Perm.CLASS_MANAGE)
def new_class() -> Answer | Response:
    """The next term, from the catalogue or blank."""
    form, actor = NewClassForm(request.args) if request.method == "GET" else NewClassForm(), signed()
    academies = queries.academies(actor)
    form.unit_id.choices = [(row.id, row.name) for row in academies]
    templates = queries.templates(actor)
    form.template_id.choices = [(0, _("without a template")), *((row.id, row.name) for row in templates)]
    if request.method == "GET":
        usual = queries.usual(actor)
        if usual:
            form.number.description = _("Empty: No. %(number)s.", number=queries.next_number(usual))
        form.by_year.data = bool(usual and usual.year)
        form.unit_id.data = form.unit_id.data or (academies[0].id if academies else 0)
    if form.validate_on_submit():
        class_id = 0
        with transaction(form):
            class_id = _create(form)
        if not form.errors:
            flash(_("The class is made, as a draft. Look through its timetable."), "ok")
            return redirect(url_for(".page", class_id=class_id), 303)
        form.form_id.data = str(uuid4())  # nothing was made of it, or something else
    return form_page("classes/new_class.html", form, academies=academies, templates=templates)


def _create(form: NewClassForm) -> int:
    template = None
    if form.template_id.data:
        found = catalogue_queries.item(signed(), "templates", form.template_id.data)
        if not isinstance(found, ClassTemplate) or found.unit_id != form.unit_id.data:
            abort(404)
        template = found
    return services.create_class(
        signed(), form.unit_id.data, form.wanted(template), form_id=form.form_id.data or "", template=template
    )


@bp.route("/<int:class_id>/edit", methods=["GET", "POST"])
@needs(Perm.CLASS_MANAGE)
def edit_class(class_id: int) -> Answer | Response:
    """What a class says of itself: name, seats, branch, texts."""
    found = managed_or_404(class_id)
    form = ClassForm(obj=found)
    form.offer(queries.exams(found.unit_id, found.quiz_id))
    if form.validate_on_submit():
        with transaction(form):
            managed_or_404(class_id)
            services.edit_class(signed(), class_id, form.made_from, **form.values())
        if not form.errors:
            flash(_("Saved."), "ok")
            return redirect(url_for(".page", class_id=class_id), 303)
    row = managed_or_404(class_id)
    both = None
    if form.conflict:
        form.version.data = str(row.version)
        shown = ("title", "capacity", "branch_leader", "contact", "enrol_until", "notice")
        both = [(form[name].label.text, getattr(row, name) or "—") for name in shown]
    return form_page("classes/edit_class.html", form, row=row, both=both)


@bp.post("/<int:class_id>/state")
@needs(Perm.CLASS_MANAGE)
def move_state(class_id: int) -> Response:
    """Open it, take it back, begin, close, cancel."""
    act, reason = request.form.get("act", ""), clean(request.form.get("reason", ""))[:300]
    if act not in terms.MOVES:
        abort(404)
    with transaction():
        managed_or_404(class_id)
        services.move_state(signed(), class_id, version_of(request.form), act, reason)
    flash(_said(act), "ok")
    return redirect(url_for(".page", class_id=class_id), 303)


def _said(act: str) -> str:
    return {
        "open": _("Open for enrolment: members and secretaries see the class now."),
        "draft": _("Back to a draft: members do not see it now."),
        "run": _("The class is under way."),
        "close": _("The class is finished."),
        "cancel": _("Cancelled. Everybody who holds or waits for a seat was told."),
    }[act]


@bp.route("/<int:class_id>/move", methods=["GET", "POST"])
@needs(Perm.CLASS_MANAGE)
def move_class(class_id: int) -> Answer | Response:
    """All days of a class at once: first what would stand in the way, then the move."""
    row = managed_or_404(class_id)
    form = MoveForm(request.args) if request.method == "GET" else MoveForm()
    if request.method == "GET":
        form.version.data = str(row.version)
        form.to_day.data = form.to_day.data or row.starts_on + timedelta(days=1)
    told = 0
    if form.validate_on_submit():
        with transaction(form):
            row = managed_or_404(class_id)
            days = (form.to_day.data - row.starts_on).days
            told = moves.move_class(signed(), row, form.made_from, days, reason=form.reason.data or "")
        if not form.errors:
            moved = short_day(form.to_day.data, english=english())
            flash(_("Moved to %(day)s. %(told)s people were told.", day=moved, told=told), "ok")
            return redirect(url_for(".page", class_id=class_id), 303)
        row = managed_or_404(class_id)
        if form.conflict:
            form.version.data = str(row.version)
    return form_page("classes/move.html", form, row=row, preview=_preview(row, form.to_day.data), kinds=kinds)


def _preview(row: TrainingClass, to_day: date | None) -> Any:
    """The timetable as it would stand, and what would be in its way; None without a day to look at."""
    if to_day is None or abs((to_day - row.starts_on).days) > moves.MOST_DAYS:
        return None
    own = queries.timetable(row.id)
    units, frame = timetable.moved_by(own, around.frame_of(row, own), (to_day - row.starts_on).days)
    found = around.judged(row, units, frame)
    return {"days": by_day(units), "conflicts": found, "late": around.tags(found), "frame": frame,
            "titles": {unit.id: unit.title for unit in units}}  # fmt: skip


@bp.get("/<int:class_id>/notice")
@needs(Perm.CLASS_MANAGE)
def notice(class_id: int) -> str:
    """The notice sheet (通知) of a class, to print."""
    row = managed_or_404(class_id)
    return render_template(
        "classes/notice.html", row=row, academy=queries.academy_name(row.unit_id),
        days=by_day(queries.timetable(class_id)), kinds=kinds, qr=qr.drawn(open_address(class_id)),
    )  # fmt: skip


def open_address(class_id: int) -> str:
    """Where members read of a class: for posters and chat groups. It asks for a sign-in and names nobody."""
    return url_for(".open_class", class_id=class_id, _external=True)


@bp.get("/<int:class_id>/card")
@needs(Perm.CLASS_MANAGE)
def card(class_id: int) -> str:
    """Joining cards, one for each learner, to print and cut."""
    row = managed_or_404(class_id)
    return render_template(
        "classes/card.html", row=row, academy=queries.academy_name(row.unit_id),
        first=next(iter(queries.timetable(class_id)), None), people=queries.enrolled(class_id), kinds=kinds,
    )  # fmt: skip
