"""Giving certificates of a class, all that were given, revoking one."""

from collections.abc import Sequence
from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.classes import press
from pbtrain.classes.forms.certificates import RevokeForm
from pbtrain.classes.models import TrainingClass
from pbtrain.classes.queries import certificates as queries
from pbtrain.classes.queries.classes import academies
from pbtrain.classes.rules import completion
from pbtrain.classes.rules.timetable import Slot
from pbtrain.classes.services import certificates as services
from pbtrain.classes.views.certificates import bp
from pbtrain.classes.views.certificates.styles import pdf
from pbtrain.classes.views.certificates.verify import address
from pbtrain.classes.views.common import managed_or_404, one_of
from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.core.forms import BaseForm, clean, number_of
from pbtrain.core.i18n import _, ngettext
from pbtrain.core.paging import paged
from pbtrain.org.access import Actor, needs, signed
from pbtrain.org.roles import Perm

SHOWS = {  # chips of the list: which learners
    "met": lambda one: one.met and one.certificate_id is None,
    "given": lambda one: one.certificate_id is not None,
    "lacks": lambda one: not one.met and one.certificate_id is None,
    "broken": lambda one: one.broken,
}
SIZE = 100  # learners on a page


def panel(actor: Actor, row: TrainingClass, units: Sequence[Slot]) -> dict[str, Any]:
    """What the page of a class says of them, counted when it is finished: one statement, one more each where
    hours and an exam are asked for."""
    people = queries.learners(row, events=units) if row.state == "closed" else []
    return {
        "row": row,
        "met": sum(one.met for one in people),
        "given": sum(one.certificate_id is not None for one in people),
        "broken": sum(one.broken for one in people),
    }


@bp.get("/certificates")
@needs(Perm.CLASS_MANAGE)
def index() -> str:
    """All certificates of one's academies; three statements."""
    words, state = clean(request.args.get("q", ""))[:60], one_of("state", ("standing", "revoked"))
    return render_template(
        "classes/certificates.html",
        page=paged(queries.issued(signed(), words=words, state=state), size=30),
        words=words,
        state=state,
        academies=academies(signed()),
        today=clock.today(),
        standing=completion.standing,
    )


@bp.route("/classes/<int:class_id>/certificates", methods=["GET", "POST"])
@needs(Perm.CLASS_MANAGE)
def of_class(class_id: int) -> Any:
    """Who has finished the class, condition by condition; gives certificates to one or to all of them."""
    row, form = managed_or_404(class_id), BaseForm()
    if form.validate_on_submit():
        only = _wanted()
        with transaction(form):
            made = services.issue(signed(), class_id, only)
        if not form.errors:
            flash(_given(len(made)), "ok" if made else "info")
            return redirect(url_for(".of_class", class_id=class_id), 303)
        row = managed_or_404(class_id)
    show = one_of("show", SHOWS)
    people = queries.learners(row)
    shown = [one for one in people if not show or SHOWS[show](one)]
    start = max(request.args.get("from", 0, type=int), 0) // SIZE * SIZE
    body = render_template(
        "classes/class_certificates.html",
        row=row,
        form=form,
        style=queries.style_of(row.unit_id),
        counts={key: sum(map(test, people)) for key, test in SHOWS.items()} | {"": len(people)},
        people=shown[start : start + SIZE],
        start=start,
        more=len(shown) > start + SIZE,
        size=SIZE,
        show=show,
    )
    return make_response(body, 422 if form.errors else 200)


def _wanted() -> list[int]:
    """The one enrolment that was asked for; none for all. 404 for what is no number: it must not mean all."""
    text = request.form.get("enrolment")
    if text is None:
        return []
    one = number_of(text)
    return abort(404) if one is None else [one]


def _given(count: int) -> str:
    if not count:
        return _("Nobody has finished the class who does not hold a certificate already.")
    return ngettext("%(num)s certificate has been given.", "%(num)s certificates have been given.", count)


@bp.get("/classes/<int:class_id>/certificates.pdf")
@needs(Perm.CLASS_MANAGE)
def class_pdf(class_id: int) -> Response:
    """All that stand, as one PDF with a page each."""
    row = managed_or_404(class_id)
    rows, name = queries.standing(class_id), f"{_('Certificates')}-{row.title}"
    if not rows:
        abort(404)
    db.session.rollback()  # nothing is held while the paper is drawn
    return pdf(press.drawn(rows, address), name)


def certificate_or_404(certificate_id: int) -> Any:
    """A certificate of one's academies."""
    return queries.in_reach(signed(), certificate_id) or abort(404)


@bp.get("/certificates/<int:certificate_id>/paper")
@needs(Perm.CLASS_MANAGE)
def paper(certificate_id: int) -> Response:
    """One certificate as PDF; a revoked one is drawn no more."""
    row = certificate_or_404(certificate_id)
    return one_pdf(row)


def one_pdf(row: Any) -> Response:
    """The PDF of one certificate that stands; 404 for a revoked one."""
    if row.revoked_at is not None:
        abort(404)
    db.session.rollback()
    return pdf(press.drawn([row], address), f"{row.facts['title']}-{row.facts['name']}")


@bp.route("/certificates/<int:certificate_id>/revoke", methods=["GET", "POST"])
@needs(Perm.CLASS_MANAGE)
def revoke(certificate_id: int) -> Any:
    """Make a certificate hold no longer, with a reason; perhaps give a new one."""
    row, form = certificate_or_404(certificate_id), RevokeForm()
    back = url_for(".of_class", class_id=row.class_id)
    if form.validate_on_submit():
        with transaction(form):
            if form.again.data:
                services.reissue(signed(), certificate_id, row.class_id, reason=form.reason.data or "")
            else:
                services.revoke(signed(), certificate_id, reason=form.reason.data or "")
        if not form.errors:
            flash(_("Revoked: whoever scans the paper now reads that it no longer holds."), "ok")
            return redirect(back, 303)
    body = render_template("classes/certificate_revoke.html", form=form, row=row, back_url=back)
    return make_response(body, 422 if form.errors else 200)
