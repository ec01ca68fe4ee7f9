"""Printing slips: choose people, then one sheet whose codes are shown once."""

from typing import Any

import segno
from flask import render_template, request, url_for
from markupsafe import Markup

from pbtrain.accounts import slips as slip_services
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.i18n import N_, _
from pbtrain.core.tokens import spaced
from pbtrain.org import lists, posts
from pbtrain.org.access import needs, signed
from pbtrain.org.forms import SlipsForm
from pbtrain.org.kinds import UNIT_KINDS
from pbtrain.org.roles import Perm
from pbtrain.org.views import bp
from pbtrain.org.views.units import crumbs, reach


@bp.route("/units/<int:unit_id>/slips", methods=["GET", "POST"])
@needs(Perm.SLIP_PRINT)
def slips(unit_id: int) -> Any:
    """Choose whose slips to print; the answer to the choice is the sheet, and its codes are shown once."""
    row, form, person = reach(Perm.SLIP_PRINT, unit_id), SlipsForm(), signed()
    people = lists.slip_candidates(unit_id)
    barred = posts.beyond(person, [one.id for one in people])
    people = [one for one in people if one.id not in barred]
    form.account_id.choices = [(str(one.id), one.name) for one in people]
    if request.method == "POST" and form.validate():
        chosen = set(form.account_id.data or ())
        if form.everyone.data:
            chosen = {one.id for one in people if one.activated_at is None}
        with transaction(form):
            if not chosen:
                raise RuleError(N_("Tick whose slips you want to print."))
            made = slip_services.make(person, chosen, unit_id=unit_id)
        if not form.errors:
            return render_template(
                "org/slips_sheet.html",
                unit=row,
                until=clock.local(clock.now() + slip_services.LASTS).date(),
                slips=[sheet_slip(one, made) for one in people if one.id in made.codes],
                replaced=len(made.replaced),
                address=url_for("accounts.activate", _external=True),
            )
    text = render_template(
        "org/slips.html",
        form=form,
        unit=row,
        people=people,
        barred=len(barred),
        limit=lists.SLIPS,
        is_branch=UNIT_KINDS[row.kind].has_members,
        asleep=sum(one.activated_at is None for one in people),
        places=crumbs(unit_id, (_("Slips"), None)),
    )
    return (text, 422) if form.errors else text


def sheet_slip(person: Any, made: slip_services.Made) -> dict[str, Any]:
    """One slip of the sheet: name, user name, code, and the QR code that carries both behind the #."""
    code = made.codes[person.id]
    address = url_for("accounts.activate", _external=True, _anchor=f"username={person.username}&code={code}")
    picture = segno.make(address, error="m", micro=False).svg_inline(
        scale=1, border=2, svgclass="pb-qr", lineclass=None, omitsize=True, unit=None
    )
    return {
        "name": person.name,
        "unit_name": person.unit_name,
        "username": person.username,
        "code": spaced(code),
        "qr": Markup(picture),  # noqa: S704 - drawn by segno from our own address
        "replaced": person.id in made.replaced,
    }
