"""The months of a branch's year: what each holds, what is open in it, who signed; and signing."""

from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from pbtrain.closing import queries, rules
from pbtrain.closing import services as closing
from pbtrain.closing.forms import SignForm
from pbtrain.closing.views.common import EXCEPTIONS, bp, month_name
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.i18n import _
from pbtrain.hours.views.common import year_asked
from pbtrain.org.access import may, needs, signed
from pbtrain.org.reach import branch_or_404
from pbtrain.org.roles import Perm


def page(unit: Any, year: int, form: SignForm | None = None) -> str:
    """The page of a branch's months; `form` when a signature was refused."""
    found = queries.months(unit.id, year, unit.valid_from, clock.today())
    target = found.due[-1] if found.due else None
    if form is None:
        form = SignForm(formdata=None, month=target, seen=found.entries)
    form.month.data, form.seen.data = target, found.entries  # as it stands now, also after a refusal
    return render_template(
        "closing/months.html",
        unit=unit,
        found=found,
        year=year,
        years=sorted({clock.today().year, clock.today().year - 1, year}, reverse=True),
        target=found.months[target - 1] if target else None,
        sign_by=rules.sign_by(year, target) if target else None,
        earlier=[_(month_name(month)) for month in found.due[:-1]],
        form=form,
        month_name=month_name,
        exceptions=EXCEPTIONS,
        may_sign=may(signed(), Perm.HOURS_SIGN, unit.id),
    )


@bp.get("/branches/<int:branch_id>/months")
@needs(Perm.REPORT_VIEW)
def months(branch_id: int) -> str:
    """The twelve months of a year."""
    return page(branch_or_404(branch_id, Perm.REPORT_VIEW), year_asked())


@bp.post("/branches/<int:branch_id>/months/<int:year>/sign")
@needs(Perm.HOURS_SIGN)
def sign(branch_id: int, year: int) -> Response | tuple[str, int]:
    """Sign the last month that is over, and those before it."""
    unit, form = branch_or_404(branch_id, Perm.HOURS_SIGN), SignForm()
    if not 2000 <= year <= clock.today().year:
        abort(404)
    if not form.validate_on_submit():
        return page(unit, year), 422
    with transaction(form):
        done = closing.sign(
            signed(),
            unit.id,
            year,
            form.month.data or 0,
            since=unit.valid_from,
            seen=-1 if form.seen.data is None else form.seen.data,
        )
    if form.errors:
        return page(unit, year, form), 422
    flash(_("Signed: %(months)s.", months=_(", ").join(_(month_name(month)) for month in done)), "ok")
    return redirect(url_for(".months", branch_id=branch_id, year=year), 303)
