"""What somebody finds who signs in after leaving the roster: what is kept, how long, whom to ask, and all of
it as a file. No other page opens (`access.at_the_threshold`)."""

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, url_for

from pbtrain.home import retention
from pbtrain.home.views.my_data import wanted
from pbtrain.home.views.personal import kept_of
from pbtrain.org import queries
from pbtrain.org.access import entering, signed
from pbtrain.org.forms.members import OwnDataForm

bp = Blueprint("left", __name__)
KEPT = (
    "members",
    "ledger",
    "messages",
    "sessions",
    "trail",
)  # of retention.RETENTION: what there is of a person


@bp.route("/left", methods=["GET", "POST"])
@entering
def page() -> Any:
    """The page, and the file when its form is sent with the password; seven statements."""
    person, form = signed(), OwnDataForm()
    if person.owes_factor or not person.left_on:
        return redirect(url_for("home.factor" if person.owes_factor else "home.home"), 303)
    if file := wanted(person, form):
        return file
    text = render_template(
        "home/left.html",
        person=person,
        form=form,
        above=[unit.name for unit in queries.path_to(person.unit_id or 0)][-2:-1],
        kept=kept_of(person.member_id or 0),
        kinds=[retention.RETENTION[key] for key in KEPT],
    )
    return make_response(text, 422 if form.errors else 200)
