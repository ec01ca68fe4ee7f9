"""One's own claims: the list, one with its history, handing in, withdrawing, appealing."""

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.claims import lookups, queries, rules, services
from pbtrain.claims.views import bp
from pbtrain.claims.views.common import by_script, due_back, in_words, saved_there, sent_number
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.forms import clean
from pbtrain.core.i18n import _, say
from pbtrain.core.paging import paged
from pbtrain.hours.activities import PROOFS
from pbtrain.org.access import needs, signed, signed_in
from pbtrain.org.roles import Perm

SHOWN = {"open": rules.OPEN, "approved": ("approved",), "rejected": ("rejected", "withdrawn"), "": ()}


@bp.get("/claims")
@needs(Perm.LEARN)
def mine() -> str:
    """All claims about the reader, the newest first; `show` is open, approved or rejected."""
    show = request.args.get("show", "")
    if show not in SHOWN:
        abort(404)
    return render_template(
        "claims/mine.html",
        page=paged(queries.mine(signed(), SHOWN[show]), size=30),
        show=show,
        rules=rules,
        due_back=due_back,
        today=clock.today(),
    )


@bp.get("/claims/<int:claim_id>")
@signed_in
def claim(claim_id: int) -> str:
    """One claim: what it says, what proves it, what happened, and what its reader can do."""
    person = signed()
    found = queries.read_by(person, claim_id)
    if found is None:
        abort(404)
    return render_template(
        "claims/claim.html",
        claim=found,
        rules=rules,
        proof_label=PROOFS[found.proof],
        files=queries.files(claim_id),
        steps=queries.steps(claim_id),
        speaks=queries.spoken_for(person, claim_id) is not None,
        own=found.member_id == person.member_id,
        secretary=lookups.secretary_of(found.unit_id),
        line=queries.line_of(claim_id, found.member_id),
        due_back=due_back(found),
        today=clock.today(),
    )


@bp.post("/claims/<int:claim_id>")
@signed_in
def act(claim_id: int) -> Response:
    """Hand in, withdraw or appeal, as the button says."""
    person, wanted = signed(), request.form.get("act", "")
    if queries.spoken_for(person, claim_id) is None:
        abort(404)
    version = sent_number("version")
    here = url_for(".claim", claim_id=claim_id)
    reason = clean(request.form.get("reason", ""))
    try:
        with transaction():
            if wanted == "submit":
                services.submit(person, claim_id, version)
                flash(_("Handed in. You will be told what was decided."), "ok")
            elif wanted == "withdraw":
                services.withdraw(person, claim_id, version)
                flash(_("Withdrawn. It stays in the list."), "ok")
            elif wanted == "appeal":
                services.appeal(person, claim_id, version, reason=reason)
                flash(_("Appealed. The level above will look again."), "ok")
            else:
                abort(400)
    except Conflict:
        raise
    except RuleError as error:
        if by_script():
            return in_words(error)
        flash(say(error), "bad")
    return saved_there(claim_id) if by_script() else redirect(here, 303)
