"""The pages of the roster import. They lie above the ledger: new and moved people have their year settled."""

import json
from contextlib import closing
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
    send_file,
    url_for,
)

from pbtrain.audit import services as audit
from pbtrain.core import clock, sheets
from pbtrain.core.db import db, record_apart, transaction, unhurried
from pbtrain.core.errors import RuleError
from pbtrain.core.formatting import number
from pbtrain.core.forms import choices, clean, number_of, one_line
from pbtrain.core.i18n import _, say, say_kept
from pbtrain.core.paging import paged
from pbtrain.core.sheets import XLSX
from pbtrain.home import roster_work
from pbtrain.home.retention import RETENTION
from pbtrain.org.access import Actor, may, needs, signed
from pbtrain.org.models import Unit
from pbtrain.org.roles import Perm
from pbtrain.org.roster import back, queries, services
from pbtrain.org.roster.columns import COLUMNS
from pbtrain.org.roster.forms import ConfirmForm, UploadForm
from pbtrain.org.roster.sheets import TEMPLATE
from pbtrain.org.uploads import sheets as list_sheets

bp = Blueprint("roster", __name__, url_prefix="/roster")
SHOWN = 50  # names on the page of an undo; all of them are in its download
FIRST = ("refused", "transfer", "changed", "new", "same")  # which lines a preview opens on


def _remark(message: str, params: dict[str, Any]) -> str:
    """The same with numbers as people write them."""
    return say_kept(
        message, {key: number(value) if isinstance(value, int) else value for key, value in params.items()}
    )


def _units(actor: Actor) -> list[tuple[int, str]]:
    """The units the actor holds the roster of, and the one named in the address when it lies below them."""
    roots = set(actor.units_with(Perm.ROSTER_MANAGE, subtree=True))
    found = [(grant.unit_id, grant.unit_name) for grant in actor.grants if grant.unit_id in roots]
    wanted = number_of(request.args.get("unit"))
    if wanted is not None and wanted not in dict(found):
        if not may(actor, Perm.ROSTER_MANAGE, wanted):
            abort(404)
        unit = db.session.get(Unit, wanted)
        found.insert(0, (unit.id, unit.name) if unit else abort(404))
    elif wanted is not None:
        found.sort(key=lambda pair: pair[0] != wanted)
    return list(dict.fromkeys(found))


def _unit(actor: Actor) -> tuple[int, str]:
    """The unit a download is about: the one named, else the first one held."""
    units = _units(actor)
    if not units:
        abort(404)
    return units[0]


@bp.route("", methods=["GET", "POST"])
@needs(Perm.ROSTER_MANAGE)
def index() -> Any:
    """Send a roster; template, export and earlier imports beside it."""
    actor = signed()
    units = _units(actor)
    form = UploadForm()
    form.unit_id.choices = choices(units)
    if form.validate_on_submit():
        import_id, fresh = 0, True
        with closing(form.file.data) as file, transaction(form):
            import_id, fresh = services.start_import(
                actor, form.unit_id.data, file.filename, file.stream, again=form.again.data
            )
        if not form.errors:
            if not fresh:
                flash(_("This very file was imported before; here is that import."), "info")
            return redirect(url_for(".show", import_id=import_id), 303)
    q = clean(request.args.get("q", "")[:100])
    page = paged(queries.imports(actor, q), size=20)
    body = render_template("org/roster_index.html", form=form, units=units, page=page, q=q)
    return make_response(body, 422 if form.errors else 200)


@bp.get("/template.xlsx")
@needs(Perm.ROSTER_MANAGE)
def template() -> Response:
    """An empty sheet with drop-downs."""
    actor = signed()
    unit_id, name = _unit(actor)
    out = list_sheets.written(TEMPLATE, branches=queries.branch_names(actor, unit_id))
    return send_file(out, XLSX, as_attachment=True, download_name=f"党员名册模板-{one_line(name)}.xlsx")


@bp.get("/export.xlsx")
@needs(Perm.ROSTER_MANAGE)
def export() -> Response:
    """The roster of a unit and all below it, as it can be imported again; recorded before it is given out."""
    actor = signed()
    unit_id, name = _unit(actor)
    with record_apart() as session:
        audit.record(actor, "roster.exported", f"unit:{unit_id}", unit_id=unit_id, session=session)
    unhurried()
    branches = queries.branch_names(actor, unit_id)
    rows = queries.roster(actor, unit_id)
    out = list_sheets.written(TEMPLATE, rows, branches=branches, guide=False)
    return send_file(
        out, XLSX, as_attachment=True, download_name=f"党员名册-{one_line(name)}-{clock.today()}.xlsx"
    )


def _import(import_id: int) -> Any:
    row = queries.one_import(signed(), import_id)
    if row is None:
        abort(404)
    return row


@bp.get("/imports/<int:import_id>")
@needs(Perm.ROSTER_MANAGE)
def show(import_id: int) -> str:
    """Where an import stands: being read, to be checked, written, refused."""
    row = _import(import_id)
    one = row.RosterImport
    given: dict[str, Any] = {"row": row, "one": one, "failed": row.job_state == "failed"}
    if one.state in ("preview", "written"):
        counts = queries.counts(import_id)
        outcome = request.args.get("show") or next((name for name in FIRST if counts[name]), "same")
        if outcome not in counts:
            abort(404)
        q = clean(request.args.get("q", "")[:100])
        total = "" if q else _("of %(count)s", count=number(counts[outcome]))
        page = paged(queries.lines(import_id, outcome, q), total_text=total)
        given |= {
            "counts": counts,
            "outcome": outcome,
            "q": q,
            "page": page,
            "lines": [queries.shown_line(line) for line in page.rows],
            "remarks": [_remark(*remark) for remark in json.loads(one.remarks or "[]")],
            "columns": COLUMNS,
            "say_text": say_kept,
            "days": RETENTION["roster_rows"].days,
        }
    if one.state == "refused":
        given["refusal"] = say_kept(*json.loads(one.refusal))
    return render_template("org/roster_import.html", **given)


@bp.get("/imports/<int:import_id>/progress")
@needs(Perm.ROSTER_MANAGE)
def progress(import_id: int) -> Response:
    """The progress bar alone, for htmx; once the file is read the whole page is loaded anew."""
    row = _import(import_id)
    failed = row.job_state == "failed"
    response = make_response(render_template("org/_roster_progress.html", row=row, failed=failed))
    if row.RosterImport.state != "reading" or failed:
        response.headers["HX-Refresh"] = "true"
    return response


@bp.post("/imports/<int:import_id>/write")
@needs(Perm.ROSTER_MANAGE)
def write(import_id: int) -> Any:
    """Write the preview, all of it or nothing."""
    _import(import_id)
    form = ConfirmForm()
    if not form.validate_on_submit():
        abort(400)
    roster_work.write(signed(), import_id, form.mode.data or "", transfers=form.transfers.data)
    return redirect(url_for(".show", import_id=import_id), 303)


@bp.post("/imports/<int:import_id>/cancel")
@needs(Perm.ROSTER_MANAGE)
def cancel(import_id: int) -> Any:
    """Drop the preview."""
    _import(import_id)
    with transaction():
        services.cancel(signed(), import_id)
    flash(_("Cancelled: nothing was written."), "ok")
    return redirect(url_for(".index"), 303)


@bp.get("/imports/<int:import_id>/refused.xlsx")
@needs(Perm.ROSTER_MANAGE)
def refused(import_id: int) -> Response:
    """The refused lines as they were sent, each with its reasons, to be corrected and sent again."""
    row = _import(import_id)
    actor = signed()
    unit_id = row.RosterImport.unit_id
    with record_apart() as session:
        audit.record(actor, "roster.refused_lines", f"roster:{import_id}", unit_id=unit_id, session=session)
    lines = queries.refused_lines(import_id)
    branches = queries.branch_names(actor, unit_id)
    out = list_sheets.refused(TEMPLATE, lines, branches=branches)
    return send_file(out, XLSX, as_attachment=True, download_name=f"不能导入的行-{import_id}.xlsx")


@bp.route("/imports/<int:import_id>/undo", methods=["GET", "POST"])
@needs(Perm.ROSTER_MANAGE)
def undo(import_id: int) -> Any:
    """What taking this import back would do, and doing it; afterwards, what was not taken back."""
    row = _import(import_id)
    if request.method == "POST":
        roster_work.undo(signed(), import_id)
        return redirect(url_for(".undo", import_id=import_id), 303)
    given: dict[str, Any] = {"row": row, "one": row.RosterImport, "found": None, "page": None, "refusal": ""}
    if row.RosterImport.undone_at is not None:
        page = given["page"] = paged(back.stays(import_id))
        given["stays"] = [(line.line, line.name, *why) for line in page.rows for why in _why_stayed(line)]
    else:
        try:
            found = given["found"] = roster_work.undo_plan(signed(), import_id)
        except RuleError as error:
            given["refusal"] = say(error)
        else:
            given["stays"] = [(one.line, one.name, *_stayed(one.field, one.message)) for one in found.stays]
    return render_template("org/roster_undo.html", shown=SHOWN, **given)


@bp.get("/imports/<int:import_id>/stays.xlsx")
@needs(Perm.ROSTER_MANAGE)
def stays(import_id: int) -> Response:
    """What taking this import back leaves, or has left, as it is: line, name, column and why."""
    row = _import(import_id)
    if row.RosterImport.undone_at is not None:
        lines = db.session.execute(back.stays(import_id)).all()
        found = [(line.line, line.name, *why) for line in lines for why in _why_stayed(line)]
    else:
        planned = roster_work.undo_plan(signed(), import_id).stays
        found = [(one.line, one.name, *_stayed(one.field, one.message)) for one in planned]
    columns = [
        sheets.Column(_("Line"), 8, "number"),
        sheets.Column(_("Full name"), 16),
        sheets.Column(_("Column"), 14),
        sheets.Column(_("Why it stays"), 60),
    ]
    return sheets.sent(sheets.written("未撤回", columns, found), f"未撤回的内容-{import_id}")


def _why_stayed(line: Any) -> list[tuple[str, str]]:
    return [_stayed(name, message) for name, message in json.loads(line.errors_json)]


def _stayed(name: str, message: str) -> tuple[str, str]:
    """The column and the reason in the reader's language."""
    return _(COLUMNS[name].label) if name else _("The whole line"), _(message)
