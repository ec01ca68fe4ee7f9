"""The secretary's page of reminders: who would get one, and the button that sends them."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.i18n import ngettext, say
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm
from pbtrain.reminders import queries, services

bp = Blueprint("reminders", __name__)


def _in_reach(branch_id: int) -> Any:
    """The branch, or 404 for one whose members this person may not remind."""
    return next((row for row in queries.branches(signed()) if row.id == branch_id), None) or abort(404)


@bp.get("/branches/<int:branch_id>/remind")
@needs(Perm.REMIND)
def branch(branch_id: int) -> str:
    """Who would get a reminder, and who has had one today."""
    unit = _in_reach(branch_id)
    people = queries.who_is_behind(unit.id, clock.today())
    waiting = [row for row in people if row.account_id and not row.told]
    return render_template("reminders/remind.html", branch=unit, people=people, waiting=len(waiting))


@bp.post("/branches/<int:branch_id>/remind")
@needs(Perm.REMIND)
def send(branch_id: int) -> Response:
    """Send them; repeated on the same day it says that everyone has been reminded."""
    _in_reach(branch_id)
    try:
        with transaction():
            told = services.remind_behind(signed(), branch_id)
    except RuleError as error:
        flash(say(error), "warn")
    else:
        flash(ngettext("Reminded %(num)s person.", "Reminded %(num)s people.", told), "ok")
    return redirect(url_for(".branch", branch_id=branch_id), 303)
