"""The first page of each view, changing the view, and the page of one's own account."""

from collections.abc import Callable

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from pbtrain.home.navigation import VIEW_LABELS
from pbtrain.org.access import Actor, current_view, signed, signed_in

bp = Blueprint("home", __name__)


@bp.get("/")
@signed_in
def home() -> str:
    """The home of the view this person looks at."""
    person = signed()
    return HOMES[current_view(person)](person)


@bp.post("/view")
@signed_in
def change_view() -> Response:
    """Look at another of one's own views from now on."""
    wanted = request.form.get("view", "")
    if wanted not in signed().views:
        abort(403)
    session["view"] = wanted
    return redirect(url_for(".home"), 303)


def member(person: Actor) -> str:
    """How much is missing, and what comes next."""
    return render_template("home/plain.html")


HOMES: dict[str, Callable[[Actor], str]] = dict.fromkeys(VIEW_LABELS, member)
