"""A member's own certificates."""

from flask import abort, render_template
from werkzeug.wrappers import Response

from pbtrain.classes.models import Certificate
from pbtrain.classes.queries import certificates as queries
from pbtrain.classes.queries import evaluation
from pbtrain.classes.rules import completion
from pbtrain.classes.views.certificates import bp
from pbtrain.classes.views.certificates.issuing import one_pdf
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.paging import paged
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm


@bp.get("/me/certificates")
@needs(Perm.LEARN)
def mine() -> str:
    """The reader's certificates, the newest first."""
    page = paged(queries.of_member(signed().member_id or 0), size=20)
    return render_template(
        "classes/my_certificates.html",
        waiting=evaluation.waiting(signed().member_id or 0),
        page=page,
        looks=queries.looks([row.id for row in page.rows]),
        today=clock.today(),
        standing=completion.standing,
    )


@bp.get("/me/certificates/<int:certificate_id>/paper")
@needs(Perm.LEARN)
def my_paper(certificate_id: int) -> Response:
    """One of them as PDF."""
    own = queries.of_member(signed().member_id or 0).where(Certificate.id == certificate_id)
    return one_pdf(db.session.execute(own).first() or abort(404))
