"""A member and the classes: apply, answer an offer, withdraw, and what became of it."""

from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.classes import kinds
from pbtrain.classes.forms.enrolment import ActForm, LeaveForm, chosen, numbers
from pbtrain.classes.models import TrainingClass
from pbtrain.classes.queries import classes
from pbtrain.classes.queries import enrolment as queries
from pbtrain.classes.rules import enrolment as rules
from pbtrain.classes.services import enrolment as services
from pbtrain.classes.services.leave import take_leave
from pbtrain.classes.views import bp
from pbtrain.classes.views.common import by_day
from pbtrain.classes.views.learners import left_words
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.i18n import _, say
from pbtrain.core.marks import N_
from pbtrain.core.paging import paged
from pbtrain.org.access import Actor, needs, signed
from pbtrain.org.roles import Perm

DONE = {
    "apply": N_("Your application is sent. The academy decides, and you are told."),
    "accept": N_("You are enrolled. Look at the timetable and the notes below."),
    "decline": N_("The seat goes to the next. Thank you for answering."),
    "withdraw": N_("You are withdrawn from this class."),
}


def place_in(actor: Actor, row: TrainingClass) -> dict[str, Any]:
    """How the reader stands in a class and what they may do; three statements at most."""
    mine = queries.my_place(row.id, actor.member_id)
    acts = [name for name in rules.acts_from(mine.state if mine else rules.NEW, "person") if name in DONE]
    closed = _closed(row)
    if closed or not queries.may_apply(row, actor.member_id):
        acts = [name for name in acts if name != "apply"]
    sessions = queries.leaves(row.id, mine.id) if mine and mine.state == "enrolled" else []
    now = clock.now()
    return {
        "mine": mine,
        "acts": acts,
        "closed": closed,
        "row": row,
        "rules": rules,
        "sessions": [one for one in sessions if one.reason is not None or one.starts_at > now],
        "leave": any(one.reason is None and one.starts_at > now for one in sessions),
    }


def _closed(row: TrainingClass) -> str:
    try:
        rules.check_open(row.state, row.enrol_until, row.starts_on, clock.today())
    except RuleError as error:
        return say(error)
    return ""


@bp.get("/mine")
@needs(Perm.LEARN)
def mine() -> str:
    """The classes one was put forward for, and what is next in each."""
    return render_template(
        "classes/mine.html", page=paged(queries.mine(signed().member_id), size=20), rules=rules
    )


@bp.post("/open/<int:class_id>")
@needs(Perm.LEARN)
def join(class_id: int) -> Response:
    """Apply, accept, decline or withdraw."""
    actor, form = signed(), ActForm()
    row = classes.seen_by(actor, class_id) or abort(404)
    if not form.validate():
        abort(400)
    name = chosen(form.act.data or "")
    if name not in DONE:
        abort(400)
    try:
        with transaction():
            _do(actor, class_id, name, form.reason.data or "")
    except Conflict:
        raise
    except RuleError as error:
        form.blame(error)
        row = classes.seen_by(actor, class_id) or abort(404)
        return make_response(open_page(actor, row, form, say(error)), 422)
    flash(_(DONE[name]), "ok")
    return redirect(url_for(".open_class", class_id=class_id), 303)


def _do(actor: Actor, class_id: int, name: str, reason: str) -> None:
    if actor.member_id is None:
        abort(403)
    if name == "apply":
        services.put_forward(actor, class_id, [actor.member_id], "apply", who="person")
        return
    place = queries.my_place(class_id, actor.member_id) or abort(404)
    services.act_on(actor, class_id, [(place.id, place.version)], name, who="person", reason=reason)


@bp.post("/open/<int:class_id>/leave")
@needs(Perm.LEARN)
def my_leave(class_id: int) -> Response:
    """Say that one is away from sessions, before they begin."""
    actor, form = signed(), LeaveForm()
    row = classes.seen_by(actor, class_id) or abort(404)
    place = queries.my_place(row.id, actor.member_id) or abort(404)
    if not form.validate():
        abort(400)
    try:
        with transaction():
            left = take_leave(
                actor, class_id, place.id, numbers("session"), reason=form.why.data or "", who="person",
                meant=form.meant.data,
            )  # fmt: skip
    except Conflict:
        raise
    except RuleError as error:
        form.blame(error)
        row = classes.seen_by(actor, class_id) or abort(404)
        return make_response(open_page(actor, row, problem=say(error), leave=form), 422)
    flash(left_words(left), "ok")
    return redirect(url_for(".open_class", class_id=class_id), 303)


def open_page(
    actor: Actor,
    row: TrainingClass,
    form: ActForm | None = None,
    problem: str = "",
    leave: LeaveForm | None = None,
) -> str:
    """A class as a member reads it, with their own place in it."""
    return render_template(
        "classes/open_class.html",
        row=row,
        days=by_day(classes.timetable(row.id)),
        kinds=kinds,
        place=place_in(actor, row),
        form=form or ActForm(),
        problem=problem,
        leave_form=leave or LeaveForm(),
        ticked=request.form.getlist("session"),
    )
