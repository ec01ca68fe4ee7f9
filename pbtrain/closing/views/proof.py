"""Checking a file that somebody hands over: does it prove a year, and the year that this site closed?"""

from flask import render_template
from flask_wtf.file import FileField, FileRequired
from sqlalchemy import select

from pbtrain.closing import manifest
from pbtrain.closing.models import YearSeal
from pbtrain.closing.views.common import bp
from pbtrain.core.db import db
from pbtrain.core.forms import BaseForm
from pbtrain.core.i18n import _l
from pbtrain.org.access import signed_in


class ProofForm(BaseForm):
    file = FileField(
        _l("File of a closed year"),
        [FileRequired(_l("Choose a file."))],
        description=_l("A .txt file of at most 20 MB; larger ones are checked by command."),
    )


@bp.route("/seals/proof", methods=["GET", "POST"])
@signed_in
def proof() -> str | tuple[str, int]:
    """Check an uploaded file, record by record; nothing of it is kept."""
    form = ProofForm()
    proved = forged = None
    known = False
    if form.validate_on_submit():
        try:
            proved = manifest.check(form.file.data.stream)
        except manifest.Forged as error:
            forged = error
        else:
            known = db.session.scalar(select(YearSeal.id).where(YearSeal.digest == proved.digest)) is not None
    page = render_template(
        "closing/proof.html",
        form=form,
        proved=proved,
        forged=forged,
        known=known,
        code=manifest.spaced(proved.code) if proved else "",
    )
    return (page, 422) if form.errors or forged or (proved and not known) else page
