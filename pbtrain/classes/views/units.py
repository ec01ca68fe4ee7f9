"""The units of a timetable: a form for each, another time by a button, a key or by dragging."""

from typing import Any
from uuid import uuid4

from flask import Response as Answer
from flask import abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.classes import kinds
from pbtrain.classes.forms.classes import TimeForm, UnitForm
from pbtrain.classes.models import ClassSession, Teacher, TrainingClass, Venue
from pbtrain.classes.queries import around
from pbtrain.classes.queries import catalogue as catalogue_queries
from pbtrain.classes.queries import classes as queries
from pbtrain.classes.rules.timetable import Slot
from pbtrain.classes.services import timetable as services
from pbtrain.classes.views import bp
from pbtrain.classes.views.common import by_day, managed_or_404, version_of
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.i18n import _
from pbtrain.courses.views.write import form_page
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm


def _slot_or_404(class_id: int, slot_id: int) -> ClassSession:
    return queries.session_of(class_id, slot_id) or abort(404)


@bp.get("/<int:class_id>/timetable")
@needs(Perm.CLASS_MANAGE)
def timetable(class_id: int) -> str:
    """All units to change: each with its form, buttons for half an hour and a day, and a handle to drag."""
    return _timetable_page(class_id)


def _timetable_page(class_id: int) -> str:
    row = managed_or_404(class_id)
    units, others = around.surroundings(row)
    troubles = around.troubles(row, units, others)
    return render_template(
        "classes/timetable.html",
        row=row,
        days=_every_day(row, units),
        troubles=troubles,
        late=around.tags([each for one in troubles for each in one.conflicts]),
        kinds=kinds,
    )


def _every_day(row: TrainingClass, units: list[Slot]) -> list[tuple[Any, list[Slot]]]:
    """Every day of the class, also those without a unit yet."""
    known = dict(by_day(units))
    days = {
        row.starts_on.fromordinal(n) for n in range(row.starts_on.toordinal(), row.ends_on.toordinal() + 1)
    }
    return [(day, known.get(day, [])) for day in sorted(days | known.keys())]


def _offer(form: UnitForm, row: TrainingClass, slot: Slot | None) -> None:
    form.offer(
        catalogue_queries.offered(Teacher, row.unit_id, slot.teacher_id if slot else None),
        catalogue_queries.offered(Venue, row.unit_id, slot.venue_id if slot else None),
    )


@bp.route("/<int:class_id>/units/new", methods=["GET", "POST"])
@needs(Perm.CLASS_MANAGE)
def new_unit(class_id: int) -> Answer | Response:
    """One more unit; what stands in its way is shown on the timetable."""
    row = managed_or_404(class_id)
    form = UnitForm()
    _offer(form, row, None)
    if request.method == "GET":
        asked = request.args.get("day", "")
        days = {day.isoformat(): day for day, _units in _every_day(row, [])}
        form.day.data = days.get(asked, row.starts_on)
        form.form_id.data = str(uuid4())
    if form.validate_on_submit() and form.form_id.data:
        with transaction(form):
            services.add_unit(signed(), managed_or_404(class_id), form.wanted(), form_id=form.form_id.data)
        if not form.errors:
            return redirect(url_for(".timetable", class_id=class_id), 303)
        form.form_id.data = str(uuid4())  # nothing was made of it, or something else
    return form_page("classes/unit.html", form, row=managed_or_404(class_id), slot=None)


@bp.route("/<int:class_id>/units/<int:slot_id>", methods=["GET", "POST"])
@needs(Perm.CLASS_MANAGE)
def edit_unit(class_id: int, slot_id: int) -> Answer | Response:
    """Change a unit; of two who save, the second is told."""
    row = managed_or_404(class_id)
    _slot_or_404(class_id, slot_id)
    slot = _one(class_id, slot_id)
    form = UnitForm()
    _offer(form, row, slot)
    if request.method == "GET":
        _fill(form, slot)
    if form.validate_on_submit():
        with transaction(form):
            row, stored = managed_or_404(class_id), _slot_or_404(class_id, slot_id)
            services.edit_unit(signed(), row, stored, form.made_from, form.wanted())
        if not form.errors:
            flash(_("Saved."), "ok")
            return redirect(url_for(".timetable", class_id=class_id), 303)
    slot = _one(class_id, slot_id)
    if form.conflict:
        form.version.data = str(slot.version)
    return form_page("classes/unit.html", form, row=managed_or_404(class_id), slot=slot)


def _one(class_id: int, slot_id: int) -> Slot:
    return next((each for each in queries.timetable(class_id) if each.id == slot_id), None) or abort(404)


def _fill(form: UnitForm, slot: Slot) -> None:
    """Show what is stored."""
    form.version.data = str(slot.version)
    form.title.data, form.day.data, form.time.data = slot.title, slot.day, slot.starts.time()
    form.minutes.data, form.mode.data = slot.minutes, slot.mode
    form.teacher_id.data, form.venue_id.data = slot.teacher_id or 0, slot.venue_id or 0
    form.place.data, form.speaker.data = slot.place, slot.speaker


@bp.post("/<int:class_id>/units/<int:slot_id>/time")
@needs(Perm.CLASS_MANAGE)
def move_unit(class_id: int, slot_id: int) -> Answer | Response:
    """The same unit at another time; the script gets the timetable alone."""
    managed_or_404(class_id)
    _slot_or_404(class_id, slot_id)
    form = TimeForm()
    if not form.validate_on_submit():
        abort(422)
    with transaction():
        starts_at = clock.at(form.day.data, form.time.data.hour, form.time.data.minute)
        row, slot = managed_or_404(class_id), _slot_or_404(class_id, slot_id)
        services.move_unit(signed(), row, slot, form.version.data, starts_at)
    if "HX-Request" in request.headers:
        return make_response(_timetable_page(class_id))
    flash(_("The unit was moved."), "ok")
    back = ".page" if request.form.get("back") == "page" else ".timetable"
    return redirect(url_for(back, class_id=class_id), 303)


@bp.post("/<int:class_id>/units/<int:slot_id>/remove")
@needs(Perm.CLASS_MANAGE)
def remove_unit(class_id: int, slot_id: int) -> Response:
    """Take a unit out."""
    with transaction():
        row, slot = managed_or_404(class_id), _slot_or_404(class_id, slot_id)
        services.remove_unit(signed(), row, slot, version_of(request.form))
    flash(_("The unit is taken out."), "ok")
    return redirect(url_for(".timetable", class_id=class_id), 303)
