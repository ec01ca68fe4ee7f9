"""Printing slips: choose people, then one sheet whose codes are shown once."""

from typing import Any

from flask import render_template, request, url_for

from pbtrain.accounts import slips as slip_services
from pbtrain.core import clock, qr
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.i18n import N_, _
from pbtrain.core.tokens import spaced
from pbtrain.org import lists, posts
from pbtrain.org.access import needs, signed
from pbtrain.org.forms.logins import SlipsForm
from pbtrain.org.kinds import UNIT_KINDS
from pbtrain.org.reach import unit_or_404
from pbtrain.org.roles import Perm
from pbtrain.org.views import bp
from pbtrain.org.views.units import crumbs


@bp.route("/units/<int:unit_id>/slips", methods=["GET", "POST"])
@needs(Perm.SLIP_PRINT)
def slips(unit_id: int) -> Any:
    """Choose whose slips to print; the answer to the choice is the sheet, and its codes are shown once."""
    row, form, person = unit_or_404(unit_id, Perm.SLIP_PRINT), SlipsForm(), signed()
    people = lists.slip_candidates(unit_id)
    barred = posts.beyond(person, [one.id for one in people])
    people = [one for one in people if one.id not in barred]
    form.account_id.choices = [(str(one.id), one.name) for one in people]
    if request.method == "POST" and form.validate():
        chosen = set(form.account_id.data or ())
        if form.everyone.data:
            chosen = {one.id for one in people if one.activated_at is None}
        if chosen:
            return sheet(row, [one for one in people if one.id in chosen], seen=form.seen.data)
        form.blame(RuleError(N_("Tick whose slips you want to print.")))
    text = render_template(
        "org/slips.html",
        form=form,
        unit=row,
        people=people,
        seen=slip_services.newest(),
        barred=len(barred),
        limit=lists.SLIPS,
        is_branch=UNIT_KINDS[row.kind].has_members,
        asleep=sum(one.activated_at is None for one in people),
        places=crumbs(unit_id, (_("Slips"), None)),
    )
    return (text, 422) if form.errors else text


def sheet(unit: Any, people: list[Any], *, seen: int | None, back: tuple[str, str] | None = None) -> Any:
    """The sheet with new codes for these people; 409 when they were printed since the form was opened, as by
    loading the sheet once more: then it says so, and new codes want another click."""
    back = back or (url_for(".slips", unit_id=unit.id), _("Slips"))
    try:
        with transaction():
            made = slip_services.make(signed(), [one.id for one in people], unit_id=unit.id, seen=seen or 0)
    except slip_services.AlreadyPrinted as earlier:
        again = {"unit": unit, "people": people, "earlier": earlier, "back": back}
        return render_template("org/slips_again.html", seen=slip_services.newest(), **again), 409
    return render_template(
        "org/slips_sheet.html",
        unit=unit,
        back=back,
        until=clock.local(clock.now() + slip_services.LASTS).date(),
        slips=[sheet_slip(one, made) for one in people if one.id in made.codes],
        replaced=len(made.replaced),
        address=url_for("accounts.activate", _external=True),
    )


def sheet_slip(person: Any, made: slip_services.Made) -> dict[str, Any]:
    """One slip of the sheet: name, user name, code, and the QR code that carries both behind the #."""
    code = made.codes[person.id]
    address = url_for("accounts.activate", _external=True, _anchor=f"username={person.username}&code={code}")
    return {
        "name": person.name,
        "unit_name": person.unit_name,
        "username": person.username,
        "code": spaced(code),
        "qr": qr.drawn(address),
        "replaced": person.id in made.replaced,
    }
