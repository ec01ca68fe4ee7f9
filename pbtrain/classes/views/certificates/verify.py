"""What anybody who has the paper may read, and whether a PDF is the very one that was given."""

import hashlib

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.accounts import papers
from pbtrain.classes import press
from pbtrain.classes.forms.certificates import CheckForm
from pbtrain.classes.queries import certificates as queries
from pbtrain.classes.rules import completion
from pbtrain.classes.services import certificates as services
from pbtrain.classes.views.certificates import bp
from pbtrain.closing.rules import masked
from pbtrain.core import clock, crypto
from pbtrain.core.db import record_apart
from pbtrain.core.guards import public


def address(code: str) -> str:
    """Where the picture on the paper leads."""
    return url_for("certificates.shown", code=code, _external=True)


@bp.route("/c/<code>", methods=["GET", "POST"])
@public
def shown(code: str) -> Response:
    """The minimum: part of the name, class, hours, number, does it hold; and a check of the PDF."""
    row = papers.behind(code, "certificate", queries.by_code)
    form, checked = CheckForm(), None
    visitor = crypto.lookup(request.remote_addr or "", "certificate.visitor")[:16]
    with record_apart() as apart:
        services.look(apart, row.id, row.unit_id, visitor)
    if form.validate_on_submit():
        content = form.file.data.read()
        checked = {
            "digest": hashlib.sha256(content).hexdigest(),
            "same": row.code in press.codes_in(content),
        }
    facts = row.facts
    body = render_template(
        "classes/certificate.html",
        row=row,
        facts=facts,
        name=masked(facts["name"]) if facts["name"] else "",
        state=completion.standing(row.revoked_at is not None, row.valid_until, clock.today()),
        form=form,
        checked=checked,
    )
    return papers.for_anybody(body, 422 if form.errors else 200)
