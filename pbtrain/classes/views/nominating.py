"""Putting members forward for a class: secretaries for their branch, unit administrators for all below."""

from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.classes import kinds
from pbtrain.classes.forms.enrolment import ActForm, chosen, numbers, picked
from pbtrain.classes.models import TrainingClass
from pbtrain.classes.queries import enrolment as queries
from pbtrain.classes.rules import enrolment as rules
from pbtrain.classes.services import enrolment as services
from pbtrain.classes.views import bp
from pbtrain.classes.views.learners import told
from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.forms import clean
from pbtrain.core.i18n import say
from pbtrain.core.paging import paged
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm

BRANCH_ACTS = ("accept", "decline", "withdraw")  # for somebody without a phone, by their secretary


@bp.get("/nominate")
@needs(Perm.CLASS_NOMINATE)
def nominable() -> str:
    """The open classes of the academies that serve one's units."""
    return render_template(
        "classes/nominable.html", page=paged(queries.nominable(signed()), size=20), kinds=kinds
    )


def _class(class_id: int) -> TrainingClass:
    return queries.class_for(signed(), class_id) or abort(404)


@bp.route("/<int:class_id>/nominate", methods=["GET", "POST"])
@needs(Perm.CLASS_NOMINATE)
def nominate(class_id: int) -> Response:
    """Tick whom to put forward; who has been in no class this year stands first."""
    row, actor = _class(class_id), signed()
    if request.method == "GET":
        return _page(row)
    form, members = ActForm(), numbers("member")
    if not form.validate():
        abort(400)
    if set(members) - queries.members_in_reach(actor, members):
        abort(404)
    try:
        with transaction():
            done = services.put_forward(actor, class_id, members, "nominate", who="branch")
    except Conflict:
        raise
    except RuleError as error:
        return _page(_class(class_id), say(error), ticked=set(members))
    flash(told("nominate", done), "ok")
    return redirect(url_for(".nominate", class_id=class_id), 303)


def _page(row: TrainingClass, problem: str = "", ticked: set[int] | None = None) -> Response:
    actor, words = signed(), clean(request.args.get("q", ""))[:100]
    closed = ""
    try:
        rules.check_open(row.state, row.enrol_until, row.starts_on, clock.today())
    except RuleError as error:
        closed = say(error)
    body = render_template(
        "classes/nominate.html",
        row=row,
        page=None if closed else paged(queries.candidates(actor, row, words=words)),
        ours=_ours(row),
        words=words,
        closed=closed,
        problem=problem,
        ticked=ticked or set(),
        branch_acts=BRANCH_ACTS,
        rules=rules,
        kinds=kinds,
        form=ActForm(),
    )
    return make_response(body, 422 if problem else 200)


def _ours(row: TrainingClass) -> Any:
    """The first of one's people in the class; the rest is found by the search of the academy."""
    return db.session.execute(queries.ours(signed(), row.id).limit(200)).all()


@bp.post("/<int:class_id>/nominated")
@needs(Perm.CLASS_NOMINATE)
def nominated(class_id: int) -> Response:
    """Answer for somebody, or take them out again."""
    row, actor, form = _class(class_id), signed(), ActForm()
    if not form.validate():
        abort(400)
    name, wanted = chosen(form.act.data or ""), picked()
    if name not in BRANCH_ACTS:
        abort(400)
    ids = [one for one, _version in wanted]
    if set(ids) - queries.in_reach_of(actor, class_id, ids):
        abort(404)
    try:
        with transaction():
            done = services.act_on(actor, class_id, wanted, name, who="branch", reason=form.reason.data or "")
    except Conflict:
        raise
    except RuleError as error:
        return _page(_class(row.id), say(error))
    flash(told(name, done), "ok")
    return redirect(url_for(".nominate", class_id=class_id), 303)
