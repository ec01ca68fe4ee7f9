"""Enrolling many at once: send a sheet or ask the tree, look at the preview, write it, take it back."""

from contextlib import closing
from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from pbtrain.audit import services as audit
from pbtrain.classes import kinds
from pbtrain.classes.forms.imports import ApplyForm, SheetForm, TreeForm
from pbtrain.classes.import_sheets import TEMPLATE
from pbtrain.classes.models import TrainingClass
from pbtrain.classes.queries import imports as queries
from pbtrain.classes.rules import imports as rules
from pbtrain.classes.services import imports as services
from pbtrain.classes.views import bp
from pbtrain.classes.views.common import managed_or_404
from pbtrain.classes.views.learners import told
from pbtrain.core.db import db, record_apart, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.forms import choices
from pbtrain.core.i18n import _, ngettext, say, say_kept
from pbtrain.core.marks import N_
from pbtrain.core.paging import paged
from pbtrain.core.sheets import XLSX
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm
from pbtrain.org.uploads import sheets

EVERYBODY = N_("Everybody this class is for")


def _tree_form(row: TrainingClass) -> tuple[TreeForm, dict[int, str]]:
    form = TreeForm(prefix="tree-")
    units = queries.units_of(row)
    form.unit.choices = choices((one.id, "　" * one.depth + one.name) for one in units)
    form.posts.choices = choices(
        [("", _(EVERYBODY)), *((key, _(kinds.AUDIENCES[key])) for key in kinds.BRANCH_POSTS)]
    )
    return form, {one.id: one.name for one in units}


@bp.route("/<int:class_id>/lists", methods=["GET", "POST"])
@needs(Perm.CLASS_MANAGE)
def lists(class_id: int) -> Response:
    """Send a sheet, or ask the tree; below, the lists there were."""
    row = managed_or_404(class_id)
    sheet, (tree, names) = SheetForm(), _tree_form(row)
    asked = request.form.get("way", "") if request.method == "POST" else ""
    made = 0
    if asked == "tree" and tree.validate():
        with transaction(tree):
            made = services.start_tree(
                signed(), class_id, unit_id=tree.unit.data, posts=tree.posts.data,
                fresh=tree.fresh.data, name=names[tree.unit.data],
            )  # fmt: skip
    elif asked == "sheet" and sheet.validate():
        with closing(sheet.file.data) as file, transaction(sheet):
            made = services.start_sheet(signed(), class_id, name=file.filename or "", stream=file.stream)
    elif request.method == "POST" and asked not in ("tree", "sheet"):
        abort(400)
    if made and not (sheet.errors or tree.errors):
        return redirect(url_for(".one_list", class_id=class_id, list_id=made), 303)
    body = render_template(
        "classes/lists.html",
        row=managed_or_404(class_id),
        sheet=sheet,
        tree=tree,
        lists=queries.lists(class_id),
        states=rules.STATES,
    )
    return make_response(body, 422 if request.method == "POST" else 200)


@bp.get("/<int:class_id>/lists/template.xlsx")
@needs(Perm.CLASS_MANAGE)
def list_template(class_id: int) -> Response:
    """An empty sheet with drop-downs."""
    row = managed_or_404(class_id)
    out = sheets.written(TEMPLATE, branches=queries.branches_of(row))
    return send_file(out, XLSX, as_attachment=True, download_name="培训班报名模板.xlsx")


def _one(class_id: int, list_id: int) -> tuple[TrainingClass, Any]:
    row = managed_or_404(class_id)
    return row, queries.one(class_id, list_id) or abort(404)


@bp.route("/<int:class_id>/lists/<int:list_id>", methods=["GET", "POST"])
@needs(Perm.CLASS_MANAGE)
def one_list(class_id: int, list_id: int) -> Response:
    """A list: how far its reading is, its rows with what is wrong, what to do with it."""
    row, one = _one(class_id, list_id)
    form = ApplyForm(data={"version": one.version, "overflow": True})
    if request.method == "GET":
        return _page(row, one, form)
    act = request.form.get("act", "")
    if act not in ("apply", "drop", "undo") or not form.validate():
        abort(400)
    try:
        with transaction():
            words = _do(act, list_id, form)
    except Conflict:
        raise
    except RuleError as error:
        form.blame(error)
        row, one = _one(class_id, list_id)
        return _page(row, one, form, say(error), 422)
    flash(words, "ok")
    if act == "apply":
        return redirect(url_for(".learners", class_id=class_id), 303)
    return redirect(url_for(".lists", class_id=class_id), 303)


def _do(act: str, list_id: int, form: ApplyForm) -> str:
    """The act, and what is said of it."""
    actor, version = signed(), form.version.data or 0
    if act == "apply":
        done = services.apply(actor, list_id, version, answer=form.answer.data, overflow=form.overflow.data)
        return told("enrol", done)
    if act == "drop":
        services.drop(actor, list_id, version)
        return str(_("Cancelled. Nothing was written."))
    count = services.undo(actor, list_id, version)
    return str(ngettext("%(num)s person was taken out again.", "%(num)s people were taken out again.", count))


def _page(row: TrainingClass, one: Any, form: ApplyForm, problem: str = "", code: int = 200) -> Response:
    counts = queries.counts(one.id)
    usual = next((name for name in ("refused", "seat", "guest", "waiting") if counts[name]), "seat")
    show = request.args.get("show", usual)
    if show not in rules.OUTCOMES:
        abort(404)
    job = queries.job(one.id) if one.state in ("reading", "failed") else None
    body = render_template(
        "classes/one_list.html",
        row=row,
        one=one,
        counts=counts,
        show=show,
        page=paged(queries.rows(one.id, show)),
        job=job,
        refusal=_refusal(job),
        problem=problem,
        form=form,
        states=rules.STATES,
        outcomes=rules.OUTCOMES,
        columns=rules.COLUMNS,
        say_text=say_kept,
    )
    return make_response(body, code)


def _refusal(job: Any) -> str:
    """Why a sheet could not be read at all."""
    if job is None or not job.result or "refused" not in job.result:
        return ""
    message, params = job.result["refused"]
    return say_kept(message, params)


@bp.get("/<int:class_id>/lists/<int:list_id>/progress")
@needs(Perm.CLASS_MANAGE)
def list_progress(class_id: int, list_id: int) -> Response:
    """Whether it has been read, for htmx; then the whole page is loaded anew."""
    row, one = _one(class_id, list_id)
    response = make_response(render_template("classes/_list_progress.html", row=row, one=one))
    if one.state != "reading":
        response.headers["HX-Refresh"] = "true"
    return response


@bp.get("/<int:class_id>/lists/<int:list_id>/refused.xlsx")
@needs(Perm.CLASS_MANAGE)
def list_refused(class_id: int, list_id: int) -> Response:
    """The refused rows as they were sent, each with its reasons, to be corrected and sent again."""
    row, one = _one(class_id, list_id)
    with record_apart() as session:
        audit.record(
            signed(), "class.list_refused", f"class:{class_id}", unit_id=row.unit_id, list=one.id,
            session=session,
        )  # fmt: skip
    rows = db.session.execute(queries.rows(list_id, "refused"))
    lines = ((row.line, row._mapping["values"], row.errors) for row in rows)
    out = sheets.refused(TEMPLATE, lines)
    return send_file(out, XLSX, as_attachment=True, download_name=f"不能读入的学员-{list_id}.xlsx")
