"""Putting a closed year right, from the level above: cancel a line, or add one that is missing."""

from flask import abort, flash, make_response, redirect, render_template, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from pbtrain.closing import corrections
from pbtrain.closing.forms import CorrectionForm
from pbtrain.closing.views.common import bp
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.forms import BaseForm
from pbtrain.core.i18n import _
from pbtrain.hours import queries
from pbtrain.hours.activities import ACTIVITIES
from pbtrain.hours.corrections import check_not_own
from pbtrain.hours.forms import ReverseForm
from pbtrain.hours.services import Line
from pbtrain.hours.views.common import ENTRY, label
from pbtrain.org.access import may, needs, signed
from pbtrain.org.models import Member
from pbtrain.org.reach import branch_or_404
from pbtrain.org.roles import Perm


def blame(form: BaseForm, error: RuleError) -> None:
    """A broken rule goes beside its field; a lost race is a page of its own."""
    if isinstance(error, Conflict):
        raise error
    form.blame(error)


@bp.route(f"/hours/lines/{ENTRY}/correct", methods=["GET", "POST"])
@needs(Perm.YEAR_CORRECT)
def correct_line(entry_id: int) -> Response:
    """Cancel a line of a closed year."""
    person, form = signed(), ReverseForm()
    line = queries.line_with_place(entry_id)
    if line is None or not may(person, Perm.YEAR_CORRECT, line.unit_id):
        abort(404)
    check_not_own(person, line.member_id)
    back = url_for("hours.line", entry_id=entry_id)
    if form.validate_on_submit():
        try:
            with transaction():
                corrections.reverse(person, entry_id, reason=form.reason.data or "")
        except RuleError as error:
            blame(form, error)
        else:
            flash(_("Corrected: the line that cancels it stands in the book of this year."), "ok")
            return redirect(back, 303)
    page = render_template(
        "closing/correct_line.html", form=form, line=line, kind=label(ACTIVITIES, line.activity)
    )
    return make_response(page, 422 if form.errors else 200)


@bp.route("/branches/<int:branch_id>/members/<int:member_id>/correct", methods=["GET", "POST"])
@needs(Perm.YEAR_CORRECT)
def correct_year(branch_id: int, member_id: int) -> Response:
    """Add a line that a member's closed year lacks."""
    person, form = signed(), CorrectionForm()
    unit = branch_or_404(branch_id, Perm.YEAR_CORRECT)
    member = db.session.execute(
        select(Member.id, Member.name).where(Member.id == member_id, Member.unit_id == branch_id)
    ).first()
    if member is None:
        abort(404)
    check_not_own(person, member_id)
    if form.validate_on_submit() and form.day.data and form.activity.data:
        line = Line(
            member_id=member_id,
            day=form.day.data,
            activity=form.activity.data,
            minutes=form.minutes.data or 0,
            occurrence="",
            title=form.title.data or "",
        )
        try:
            with transaction():
                entry_id = corrections.add(person, branch_id, line, reason=form.reason.data or "")
        except RuleError as error:
            blame(form, error)
        else:
            flash(_("Corrected: the new line stands in the book of this year."), "ok")
            return redirect(url_for("hours.line", entry_id=entry_id), 303)
    page = render_template("closing/correct_year.html", form=form, unit=unit, member=member)
    return make_response(page, 422 if form.errors else 200)
