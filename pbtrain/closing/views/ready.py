"""Closing all branches of a level that are ready in one step, and the levels between: what will happen, how
far it is, who was refused."""

from typing import Any

from flask import abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.closing import jobs, ready, rules
from pbtrain.closing.views.common import bp
from pbtrain.closing.views.years import bar, year_or_404
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.i18n import N_, say
from pbtrain.core.paging import paged
from pbtrain.org.access import needs, signed
from pbtrain.org.kinds import UNIT_KINDS
from pbtrain.org.roles import Perm

SHOWN = {
    "open": N_("Something is open"),
    "ready": N_("Ready to be closed"),
    "levels": N_("Levels between that can be closed then"),
}
NOBODY = N_("No branch below is ready to be closed.")


def level_or_404(unit_id: int, year: int) -> Any:
    """A unit with units below, whose branches the reader may close."""
    unit = year_or_404(unit_id, year, Perm.YEAR_SEAL)
    if not UNIT_KINDS[unit.kind].has_units:
        abort(404)
    return unit


def page(unit: Any, year: int, refusal: str = "") -> str:
    """What will happen, or how far it is, or what came of it."""
    person, show = signed(), request.args.get("show", "")
    counts = dict(zip(("ready", "open"), ready.counted(person, unit.id, year), strict=True))
    counts["levels"] = ready.levels_counted(person, unit.id, year)
    if show not in ("", *SHOWN):
        abort(404)
    show = show or ("open" if counts["open"] else "ready")
    job = jobs.latest(jobs.READY, unit.id, year)
    result = job.result if job is not None and job.state == "done" else None
    refused = [
        (branch_id, name, say(RuleError(message, **params)))
        for branch_id, name, message, params in (result or {}).get("refused", ())
    ]
    args = {"unit_id": unit.id, "year": year}
    return render_template(
        "closing/ready.html",
        unit=unit,
        year=year,
        counts=counts,
        show=show,
        shown=SHOWN,
        page=paged(
            ready.levels(person, unit.id, year, after=True)
            if show == "levels"
            else ready.listed(person, unit.id, year, ready=show == "ready")
        ),
        job=job,
        running=job is not None and job.state in ("queued", "running"),
        result=result,
        refused=refused,
        refusal=refusal,
        is_over=clock.today().year > year,
        watch=url_for(".ready_progress", **args),
        here=url_for(".ready_branches", **args),
    )


@bp.get("/units/<int:unit_id>/years/<int:year>/ready")
@needs(Perm.YEAR_SEAL)
def ready_branches(unit_id: int, year: int) -> str:
    """Which branches below would be closed, and what is in the way of the others."""
    return page(level_or_404(unit_id, year), year)


@bp.post("/units/<int:unit_id>/years/<int:year>/ready")
@needs(Perm.YEAR_SEAL)
def close_ready(unit_id: int, year: int) -> Response:
    """Ask for it: a job closes one branch after the other, then the levels between if these were ticked."""
    unit, person = level_or_404(unit_id, year), signed()
    try:
        rules.check_year(year, clock.today())
        levels = request.form.get("levels") == "1"
        can = ready.counted(person, unit_id, year)[0] or (
            levels and ready.levels_counted(person, unit_id, year)
        )
        if not can:
            raise RuleError(NOBODY)
        with transaction():
            jobs.ask(jobs.READY, person, unit_id, year, levels=levels)
    except RuleError as error:
        return make_response(page(unit, year, say(error)), 422)
    return redirect(url_for(".ready_branches", unit_id=unit_id, year=year), 303)


@bp.get("/units/<int:unit_id>/years/<int:year>/ready/progress")
@needs(Perm.YEAR_SEAL)
def ready_progress(unit_id: int, year: int) -> Response:
    """The progress bar alone, for htmx; once the work has ended the whole page is loaded anew."""
    level_or_404(unit_id, year)
    args = {"unit_id": unit_id, "year": year}
    watch, here = url_for(".ready_progress", **args), url_for(".ready_branches", **args)
    return bar(jobs.latest(jobs.READY, unit_id, year), watch=watch, here=here)
