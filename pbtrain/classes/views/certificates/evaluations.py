"""The evaluation of a class: the learner's one page, and the results."""

from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy import select

from pbtrain.classes.models import ClassEnrolment, TrainingClass
from pbtrain.classes.queries import evaluation as queries
from pbtrain.classes.rules import evaluation as rules
from pbtrain.classes.services import evaluation as services
from pbtrain.classes.views.certificates import bp
from pbtrain.classes.views.common import managed_or_404
from pbtrain.core.db import db, transaction
from pbtrain.core.forms import BaseForm
from pbtrain.core.i18n import _
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm


@bp.route("/classes/<int:class_id>/evaluate", methods=["GET", "POST"])
@needs(Perm.LEARN)
def evaluate(class_id: int) -> Any:
    """Say what one thinks of a class one takes part in; nobody learns who said it."""
    member_id, form = signed().member_id or 0, BaseForm()
    own = (
        select(TrainingClass)
        .join(ClassEnrolment, ClassEnrolment.class_id == TrainingClass.id)
        .where(TrainingClass.id == class_id, ClassEnrolment.member_id == member_id)
    )
    row = db.session.scalars(own).first() or abort(404)
    if form.validate_on_submit():
        with transaction(form):
            services.answer(member_id, class_id, request.form, request.form.get("comment", ""))
        if not form.errors:
            flash(_("Thank you. What you said is kept without your name."), "ok")
            return redirect(url_for(".mine"), 303)
        row = db.session.scalars(own).one()
    body = render_template(
        "classes/evaluate.html",
        row=row,
        form=form,
        given=request.form,
        questions=rules.QUESTIONS,
        scores=rules.SCORES,
        sessions=queries.sessions(class_id),
    )
    return make_response(body, 422 if form.errors else 200)


@bp.route("/classes/<int:class_id>/evaluation", methods=["GET", "POST"])
@needs(Perm.CLASS_MANAGE)
def evaluation(class_id: int) -> Any:
    """What the learners think, by question, session and teacher; opens and ends the evaluation."""
    row, form = managed_or_404(class_id), BaseForm()
    if form.validate_on_submit():
        with transaction():
            services.set_open(signed(), class_id, request.form.get("open") == "1")
        return redirect(url_for(".evaluation", class_id=class_id), 303)
    body = render_template(
        "classes/evaluation.html",
        row=row,
        found=queries.found(class_id),
        questions=rules.QUESTIONS,
        fewest=rules.FEWEST,
    )
    return make_response(body)
