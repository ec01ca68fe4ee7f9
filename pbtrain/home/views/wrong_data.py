"""信息有误: what members say is wrong, for those who put it right."""

from typing import Any

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for

from pbtrain.core.db import transaction
from pbtrain.core.i18n import N_, _, in_chinese
from pbtrain.core.paging import paged
from pbtrain.notify import services as notify
from pbtrain.org import data_reports
from pbtrain.org.access import may, needs, signed
from pbtrain.org.data_reports import ANSWERS
from pbtrain.org.forms.members import AnswerForm
from pbtrain.org.kinds import REPORTABLE
from pbtrain.org.roles import Perm

bp = Blueprint("wrong_data", __name__, url_prefix="/wrong-data")
SHOW = ("", "open", "done")


@bp.get("")
@needs(Perm.MEMBER_MEND)
def waiting() -> str:
    """What waits for the reader; all that waits; what was answered."""
    person, show = signed(), request.args.get("show", "")
    if show not in SHOW:
        abort(404)
    return render_template(
        "home/wrong_data.html",
        page=paged(data_reports.reports(person, show), size=30),
        show=show,
        subjects=REPORTABLE,
        answers=ANSWERS,
        manages=may(person, Perm.ROSTER_MANAGE),
    )


@bp.route("/<int:report_id>", methods=["GET", "POST"])
@needs(Perm.MEMBER_MEND)
def answer(report_id: int) -> Any:
    """One report: mend it on the member's page, then say in a sentence what was done."""
    person, form = signed(), AnswerForm()
    row = data_reports.report_in_reach(person, report_id) or abort(404)
    if form.validate_on_submit():
        with transaction(form):
            told = data_reports.answer(
                person, report_id, state=form.state.data or "", text=form.text.data or ""
            )
            if told.account_id is not None:
                notify.enqueue_many([note(told.account_id, report_id, row, form)])
        if not form.errors:
            flash(_("Answered. %(name)s has been told.", name=row.name), "ok")
            return redirect(url_for(".waiting"), 303)
    manages = may(person, Perm.ROSTER_MANAGE, row.unit_id)
    text = render_template(
        "home/wrong_data_answer.html", report=row, form=form, subjects=REPORTABLE, answers=ANSWERS,
        can_mend=manages or REPORTABLE[row.subject][1], own=row.member_id == person.member_id,
    )  # fmt: skip
    return make_response(text, 422 if form.errors else 200)


def note(account_id: int, report_id: int, row: Any, form: AnswerForm) -> notify.Note:
    """The answer as the member's inbox has it."""
    return notify.Note(
        account_id,
        f"wrong-data:{report_id}",
        in_chinese(
            N_("Wrong data: %(what)s · %(state)s"),
            what=in_chinese(REPORTABLE[row.subject][0]),
            state=in_chinese(ANSWERS[form.state.data]),
        ),
        form.text.data or "",
        url_for("my_data.page"),
    )
