"""Guests from outside: taken into a class by its academy, and merged with the member they turn out to be."""

from flask import abort, flash, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from pbtrain.classes.forms.imports import GuestForm, MergeForm, PartForm
from pbtrain.classes.models import TrainingClass
from pbtrain.classes.queries import enrolment as queries
from pbtrain.classes.services import guests as services
from pbtrain.classes.services import merging
from pbtrain.classes.views import bp
from pbtrain.classes.views.common import managed_or_404
from pbtrain.classes.views.learners import one_done
from pbtrain.core.db import transaction
from pbtrain.core.i18n import _
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm


@bp.route("/<int:class_id>/guests/new", methods=["GET", "POST"])
@needs(Perm.CLASS_MANAGE)
def new_guest(class_id: int) -> Response:
    """Take somebody from outside into the class; whoever is known by name is offered first."""
    row, form = managed_or_404(class_id), GuestForm()
    _offer(form, row)
    if form.validate_on_submit():
        with transaction(form):
            services.enrol_guest(
                signed(), class_id, name=form.name.data or "", organisation=form.organisation.data or "",
                phone=form.phone.data or "", guest_id=form.known.data,
            )  # fmt: skip
        if not form.errors:
            flash(_("%(name)s is enrolled as a guest.", name=form.name.data), "ok")
            return redirect(url_for(".learners", class_id=class_id), 303)
    row = managed_or_404(class_id)
    _offer(form, row)  # who became known while this was sent
    body = render_template("classes/guest.html", row=row, form=form)
    return make_response(body, 422 if form.errors else 200)


def _offer(form: GuestForm, row: TrainingClass) -> None:
    """Show whoever the academy knows by the name that was typed."""
    form.offer(services.known(row.unit_id, form.name.data) if form.name.data else [])


@bp.post("/<int:class_id>/learners/<int:enrolment_id>/part")
@needs(Perm.CLASS_MANAGE)
def part_guest(class_id: int, enrolment_id: int) -> Response:
    """The guest was not this member after all: undo the merge."""
    form = PartForm()

    def work() -> str:
        one, row = queries.one(class_id, enrolment_id), managed_or_404(class_id)
        merged = merging.merge_of(row.unit_id, one.member_id, enrolment_id) if one else None
        if merged is None:
            abort(404)
        count = merging.part(signed(), merged, reason=form.why.data or "")
        return str(_("Undone: a guest again. %(count)s lines of hours were reversed.", count=count))

    return one_done(class_id, enrolment_id, form, work)


@bp.route("/<int:class_id>/learners/<int:enrolment_id>/merge", methods=["GET", "POST"])
@needs(Perm.CLASS_MANAGE)
def merge_guest(class_id: int, enrolment_id: int) -> Response:
    """Say which member of the academy's area a guest is."""
    row = managed_or_404(class_id)
    one = queries.one(row.id, enrolment_id)
    if one is None or one.guest_id is None:
        abort(404)
    form = MergeForm()
    if form.validate_on_submit():
        with transaction(form):
            merging.merge(
                signed(), one.guest_id, merging.member_named(row.unit_id, form.code.data or "", one.name)
            )
        if not form.errors:
            flash(_("Merged: attendance and enrolments now stand with the member."), "ok")
            return redirect(url_for(".learner", class_id=class_id, enrolment_id=enrolment_id), 303)
    body = render_template("classes/merge_guest.html", row=managed_or_404(class_id), one=one, form=form)
    return make_response(body, 422 if form.errors else 200)
