"""Putting right what is wrong in the ledger: cancel a line, with a reason."""

from flask import abort, flash, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.forms import BaseForm
from pbtrain.core.i18n import _
from pbtrain.core.marks import N_
from pbtrain.hours import custody, queries
from pbtrain.hours.activities import ACTIVITIES
from pbtrain.hours.corrections import check_not_own, reverse_line
from pbtrain.hours.forms import ReverseForm
from pbtrain.hours.services import reversed_already
from pbtrain.hours.views.common import ENTRY, bp, label
from pbtrain.org.access import may, needs, signed
from pbtrain.org.roles import Perm


def refuse(form: BaseForm, error: RuleError) -> None:
    """A broken rule goes beside its field; a lost race is a page of its own."""
    if isinstance(error, Conflict):
        raise error
    form.blame(error)


@bp.route(f"/hours/lines/{ENTRY}/reverse", methods=["GET", "POST"])
@needs(Perm.HOURS_REVERSE)
def reverse(entry_id: int) -> Response:
    """Cancel a line of one's branch: what will happen, then with a reason."""
    person, form = signed(), ReverseForm()
    line = queries.line_with_place(entry_id)
    if line is None or not may(person, Perm.HOURS_REVERSE, custody.answering(line.unit_id)):
        abort(404)
    check_not_own(person, line.member_id)
    if line.reverses_id is not None:
        raise RuleError(N_("A reversal cannot itself be reversed. Record the hours again instead."))
    if line.reversed_by_id is not None:
        raise reversed_already([entry_id])
    back = url_for(".line", entry_id=entry_id)
    if line.now_in == line.unit_id:
        back = url_for(".member", branch_id=line.unit_id, member_id=line.member_id, year=line.credit_year)
    if form.validate_on_submit():
        try:
            with transaction():
                reverse_line(person, entry_id, reason=form.reason.data or "")
        except RuleError as error:
            refuse(form, error)
        else:
            flash(_("Reversed. The line stays in the ledger, struck out, with your reason."), "ok")
            return redirect(back, 303)
    return make_response(
        render_template(
            "hours/reverse.html", form=form, line=line, back_url=back, kind=label(ACTIVITIES, line.activity)
        ),
        422 if form.errors else 200,
    )
