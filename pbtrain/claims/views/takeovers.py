"""Sheets of earlier hours and exports of platforms: send one, check it, hand it in; above, decide on it."""

import json
from contextlib import closing
from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from pbtrain.audit import services as audit
from pbtrain.claims import lookups
from pbtrain.claims.takeover import match, queries, rules, services, work
from pbtrain.claims.takeover.forms import DecideForm, HandInForm, SheetForm
from pbtrain.claims.takeover.sheets import TEMPLATES
from pbtrain.claims.views import bp
from pbtrain.core import clock, storage
from pbtrain.core.db import db, record_apart, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.forms import choices
from pbtrain.core.i18n import _, say, say_kept
from pbtrain.core.paging import paged
from pbtrain.core.sheets import XLSX
from pbtrain.org.access import may, needs, signed
from pbtrain.org.queries import tops
from pbtrain.org.reach import unit_or_404
from pbtrain.org.roles import Perm
from pbtrain.org.uploads import sheets

JOBS = {"reading": work.READ, "confirmed": work.POST, "undone": work.UNDO}
FIRST = ("refused", "good")  # which rows a preview opens on
AFTER = ("good", "left", "posted")  # and a sheet that was handed in


def _index(page_of: str) -> str:
    actor = signed()
    return render_template(
        "claims/takeovers.html",
        page=paged(queries.sheets(actor), size=30),
        states=rules.STATES,
        units=tops(actor, Perm.TAKEOVER_MAKE),
        page_of=page_of,
    )


@bp.get("/takeovers")
@needs(Perm.TAKEOVER_MAKE)
def takeovers() -> str:
    """The sheets of one's units, the newest first."""
    return _index(".takeover")


@bp.get("/takeovers/above")
@needs(Perm.CLAIM_JUDGE)
def takeovers_above() -> str:
    """The sheets of the units below, to be confirmed."""
    return _index(".takeover_above")


@bp.route("/units/<int:unit_id>/takeovers/new", methods=["GET", "POST"])
@needs(Perm.TAKEOVER_MAKE)
def takeover_new(unit_id: int) -> Any:
    """Send a sheet for this unit and all branches below it."""
    actor, unit, today = signed(), unit_or_404(unit_id, Perm.TAKEOVER_MAKE), clock.today()
    form = SheetForm()
    platforms = lookups.platforms_for(unit.id)
    form.platform.choices = choices(
        [(0, _("Hours of the paper ledger"))]
        + [(one.id, _("Export of %(name)s", name=one.name)) for one in platforms]
    )
    form.year.choices = choices((year, str(year)) for year in (today.year, today.year - 1))
    if form.validate_on_submit():
        batch_id = 0
        with closing(form.file.data) as file, transaction(form):
            batch_id = services.start(
                actor,
                unit.id,
                platform_id=form.platform.data or None,
                year=form.year.data,
                name=file.filename or "",
                stream=file.stream,
            )
        if not form.errors:
            return redirect(url_for(".takeover", batch_id=batch_id), 303)
    body = render_template("claims/takeover_new.html", form=form, unit=unit, platforms=bool(platforms))
    return make_response(body, 422 if form.errors else 200)


@bp.get("/units/<int:unit_id>/takeovers/template.xlsx")
@needs(Perm.TAKEOVER_MAKE)
def takeover_template(unit_id: int) -> Response:
    """An empty sheet with drop-downs; `kind` is takeover or platform."""
    unit, kind = unit_or_404(unit_id, Perm.TAKEOVER_MAKE), request.args.get("kind", "takeover")
    if kind not in rules.COLUMNS:
        abort(404)
    out = sheets.written(TEMPLATES[kind], branches=match.names_of_branches(unit.id))
    name = "期初学时模板" if kind == "takeover" else "平台导出模板"
    return send_file(out, XLSX, as_attachment=True, download_name=f"{name}.xlsx")


def _made(batch_id: int) -> Any:
    return queries.made_in_reach(signed(), batch_id) or abort(404)


def _judged(batch_id: int) -> Any:
    return queries.judged_in_reach(signed(), batch_id) or abort(404)


@bp.get("/takeovers/<int:batch_id>")
@needs(Perm.TAKEOVER_MAKE)
def takeover(batch_id: int) -> Response:
    """A sheet where it was made: how far its work is, its rows, handing in."""
    return _page(_made(batch_id), ".takeover")


@bp.get("/takeovers/above/<int:batch_id>")
@needs(Perm.CLAIM_JUDGE)
def takeover_above(batch_id: int) -> Response:
    """The same for the level above, with its word."""
    return _page(_judged(batch_id), ".takeover_above")


def _page(one: Any, page_of: str, *, form: Any = None, problem: str = "", code: int = 200) -> Response:
    actor, above = signed(), page_of == ".takeover_above"
    counts = queries.counts(one.id)
    show = request.args.get("show", "") or _opens_on(one, counts)
    if show not in (*rules.OUTCOMES, "members"):
        abort(404)
    job = _job(one)
    refusal = ""
    if one.state == "unreadable" and (read := queries.job(one.id, work.READ)):
        refusal = say_kept(*read.result["refused"])
    wanted = queries.totals(one.id) if show == "members" else queries.rows(one.id, show)
    failed = ""
    if job is not None and job.state == "failed":
        failed = _failure(job.error)
    body = render_template(
        "claims/takeover.html",
        one=one,
        above=above,
        page_of=page_of,
        counts=counts,
        show=show,
        page=paged(wanted),
        job=job,
        running=_runs(job),
        failed=failed,
        refusal=refusal,
        problem=problem,
        states=rules.STATES,
        outcomes=rules.OUTCOMES,
        columns=rules.COLUMNS[one.kind],
        history=queries.history(one.id),
        scan=queries.scan(one.id) if one.scan_id else None,
        level=queries.level_above(one.unit_id) if one.state == "submitted" else "",
        form=form or (DecideForm if above else HandInForm)(data={"version": one.version}),
        mine=one.made_by_id == actor.account_id,
        may_judge=not above and may(actor, Perm.CLAIM_JUDGE, one.unit_id),
        say_text=say_kept,
    )
    return make_response(body, code)


def _job(one: Any) -> Any:
    """The work that belongs to the state of a sheet; None where nothing is to be done."""
    return queries.job(one.id, JOBS[one.state]) if one.state in JOBS else None


def _runs(job: Any) -> bool:
    return job is not None and job.state in ("queued", "running")


@bp.get("/takeovers/<int:batch_id>/progress")
@needs(Perm.TAKEOVER_MAKE)
def takeover_progress(batch_id: int) -> Response:
    """The progress bar alone, for htmx; once the work has ended the whole page is loaded anew."""
    return _progress(_made(batch_id), ".takeover")


@bp.get("/takeovers/above/<int:batch_id>/progress")
@needs(Perm.CLAIM_JUDGE)
def takeover_progress_above(batch_id: int) -> Response:
    """The same for the level above."""
    return _progress(_judged(batch_id), ".takeover_above")


def _progress(one: Any, page_of: str) -> Response:
    job = _job(one)
    body = render_template("claims/_takeover_progress.html", one=one, job=job, here=f"claims{page_of}")
    response = make_response(body)
    if not _runs(job):
        response.headers["HX-Refresh"] = "true"
    return response


def _opens_on(one: Any, counts: dict[str, int]) -> str:
    """The rows that matter most in this state."""
    return next((name for name in (FIRST if one.state == "preview" else AFTER) if counts[name]), "good")


def _failure(error: str) -> str:
    try:
        found = json.loads(error)
        return say_kept(found["message"], found["params"])
    except (ValueError, KeyError, TypeError):
        return _("The work broke off. Take the sheet back, or tell the administrator.")


@bp.post("/takeovers/<int:batch_id>")
@needs(Perm.TAKEOVER_MAKE)
def takeover_act(batch_id: int) -> Any:
    """Hand it in, or forget it."""
    one, actor, form = _made(batch_id), signed(), HandInForm()
    act = request.form.get("act", "")
    if act not in ("submit", "drop") or not form.validate():
        abort(400)
    version = form.version.data or 0
    try:
        piece = None
        if act == "submit" and form.scan.data:
            with closing(form.scan.data) as file:
                piece = services.read_scan(file.read(), file.filename or "")
        with transaction():
            if act == "drop":
                services.drop(actor, batch_id, version)
            else:
                services.hand_in(actor, batch_id, version, piece=piece, reason=form.reason.data or "")
    except Conflict:
        raise
    except RuleError as error:
        form.blame(error)
        return _page(one, ".takeover", form=form, problem=say(error), code=422)
    flash(_("Handed in. The level above has the next word.") if act == "submit" else _("Cancelled."), "ok")
    return redirect(url_for(".takeover", batch_id=batch_id), 303)


@bp.post("/takeovers/above/<int:batch_id>")
@needs(Perm.CLAIM_JUDGE)
def takeover_decide(batch_id: int) -> Any:
    """Confirm, refuse or take back."""
    one, actor, form = _judged(batch_id), signed(), DecideForm()
    act = request.form.get("act", "")
    if act not in ("confirm", "refuse", "undo") or not form.validate():
        abort(400)
    version, reason = form.version.data or 0, form.reason.data or ""
    try:
        with transaction():
            if act == "confirm":
                services.confirm(actor, batch_id, version)
            elif act == "refuse":
                services.refuse(actor, batch_id, version, reason=reason)
            else:
                services.undo(actor, batch_id, version, reason=reason)
    except Conflict:
        raise
    except RuleError as error:
        form.blame(error)
        return _page(one, ".takeover_above", form=form, problem=say(error), code=422)
    flash(_("Done. Who sent the sheet is told."), "ok")
    return redirect(url_for(".takeover_above", batch_id=batch_id), 303)


@bp.get("/takeovers/<int:batch_id>/refused.xlsx")
@needs(Perm.TAKEOVER_MAKE)
def takeover_refused(batch_id: int) -> Response:
    """The refused rows as they were sent, each with its reasons, to be corrected and sent again."""
    one, actor = _made(batch_id), signed()
    with record_apart() as session:
        audit.record(
            actor, "takeover.refused_rows", f"takeover:{batch_id}", unit_id=one.unit_id, session=session
        )
    rows = db.session.execute(queries.rows(batch_id, "refused"))
    out = sheets.refused(TEMPLATES[one.kind], ((row.line, row.values, row.errors) for row in rows))
    return send_file(out, XLSX, as_attachment=True, download_name=f"不能读入的行-{batch_id}.xlsx")


def _scan(batch_id: int) -> Response:
    found = queries.scan(batch_id)
    if found is None or not storage.path_of(found.sha256).exists():
        abort(404)
    return storage.serve(found)


@bp.get("/takeovers/<int:batch_id>/scan")
@needs(Perm.TAKEOVER_MAKE)
def takeover_scan(batch_id: int) -> Response:
    """The scan of the paper."""
    return _scan(_made(batch_id).id)


@bp.get("/takeovers/above/<int:batch_id>/scan")
@needs(Perm.CLAIM_JUDGE)
def takeover_scan_above(batch_id: int) -> Response:
    """The same for the level above."""
    return _scan(_judged(batch_id).id)
