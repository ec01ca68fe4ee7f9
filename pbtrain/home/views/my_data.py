"""我的资料: what is recorded of oneself, who saw it in full, what one reported, all of it to take home."""

import json
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import record_apart, transaction
from pbtrain.core.headers import attach
from pbtrain.core.i18n import _
from pbtrain.home.my_data import person as my_data
from pbtrain.home.proving import proved
from pbtrain.org import data_reports, disclosures, lists, personal
from pbtrain.org.access import Actor, needs, signed
from pbtrain.org.forms.members import OwnDataForm, WrongDataForm
from pbtrain.org.kinds import CATEGORIES, FLOWS, POSTS, REPORTABLE, STAGES, STATUSES
from pbtrain.org.roles import Perm

bp = Blueprint("my_data", __name__, url_prefix="/me/data")
KINDS = ("xlsx", "json")


def own_id(person: Actor) -> int:
    """The reader's place on the roster; 404 for a login without one."""
    return person.member_id or abort(404)


@bp.get("")
@needs(Perm.LEARN)
def page() -> str:
    """What is recorded of the reader; eight statements."""
    member_id = own_id(signed())
    care, statuses = lists.spans_of(member_id)
    return render_template(
        "home/my_data.html",
        member=my_data.recorded(member_id),
        homes=lists.homes_of(member_id),
        posts=lists.posts_of(member_id),
        care=care,
        statuses=statuses,
        status_kinds=STATUSES,
        looks=disclosures.looks_of(member_id),
        reports=data_reports.reports_of(member_id),
        subjects=REPORTABLE,
        answers=data_reports.ANSWERS,
        facts=personal.FACTS,
        kinds=POSTS,
        words={"stage": STAGES, "category": CATEGORIES, "flow": FLOWS},
    )


@bp.route("/wrong", methods=["GET", "POST"])
@needs(Perm.LEARN)
def report() -> Any:
    """Say that something recorded is wrong; it goes to the secretary's list."""
    person = signed()
    own_id(person)
    form = WrongDataForm(subject=request.args.get("what", ""))
    if form.validate_on_submit():
        with transaction(form):
            data_reports.make_report(person, subject=form.subject.data or "", text=form.text.data or "")
        if not form.errors:
            flash(_("Sent. The answer comes to your reminders."), "ok")
            return redirect(url_for(".page"), 303)
    return make_response(render_template("home/wrong_data_new.html", form=form), 422 if form.errors else 200)


@bp.route("/export", methods=["GET", "POST"])
@needs(Perm.LEARN)
def export() -> Any:
    """Everything that is kept of the reader, as a workbook or for machines; the password once more."""
    person, form = signed(), OwnDataForm()
    if file := wanted(person, form):
        return file
    return make_response(render_template("home/my_data_export.html", form=form), 422 if form.errors else 200)


def wanted(person: Actor, form: OwnDataForm) -> Response | None:
    """The file, once the form has been sent with the right password."""
    member_id, kind = own_id(person), request.form.get("kind", KINDS[0])
    if kind not in KINDS:
        abort(400)
    if form.validate_on_submit() and proved(person, form):
        return taken_home(person, member_id, kind)
    return None


def taken_home(person: Actor, member_id: int, kind: str) -> Response:
    """The file; that it was made is written down first."""
    with record_apart() as apart:
        audit.record(
            person, "data.taken", f"member:{member_id}", unit_id=person.unit_id, session=apart, kind=kind
        )
    parts = my_data.everything(person.account_id, member_id)
    name = f"我的资料-{clock.today()}"
    if kind == "xlsx":
        return my_data.workbook(parts, name)
    text = json.dumps(my_data.for_machines(parts), ensure_ascii=False, indent=1)
    answer = Response(text, mimetype="application/json")
    attach(answer, name, "json")
    return answer
