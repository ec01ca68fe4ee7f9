"""The end of a year: what is still open, closing a branch and a level, the closed year as a file."""

import tempfile
from typing import IO, Any

from flask import abort, flash, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from pbtrain.audit import services as audit
from pbtrain.closing import export, jobs, queries, rules, sealing, years
from pbtrain.closing.manifest import spaced
from pbtrain.closing.views.common import bp, month_name
from pbtrain.core import clock, sheets
from pbtrain.core.db import record_apart, transaction, unhurried
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.i18n import _, say
from pbtrain.core.paging import paged
from pbtrain.hours.views.common import FIRST_YEAR
from pbtrain.org.access import may, needs, signed
from pbtrain.org.kinds import UNIT_KINDS
from pbtrain.org.queries import path_to
from pbtrain.org.reach import unit_or_404
from pbtrain.org.roles import Perm

MOST_LINES = 200_000  # of a file that a page gives out; more by command
AT_ONCE = 20  # empty units that are closed while somebody waits; more by a job


def year_or_404(unit_id: int, year: int, perm: Perm) -> Any:
    """A unit within reach, no academy, and a year that has begun."""
    unit = unit_or_404(unit_id, perm)
    if unit.kind == "academy" or not FIRST_YEAR <= year <= clock.today().year:
        abort(404)
    return unit


def page(unit: Any, year: int, refusal: str = "") -> str:
    """A unit's year: the checklist of a branch, or how the units below stand."""
    now, person = clock.today(), signed()
    seal = queries.seal(unit.id, year)
    is_branch = UNIT_KINDS[unit.kind].has_members
    given: dict[str, Any] = {
        "unit": unit,
        "year": year,
        "years": sorted({now.year, now.year - 1, year}, reverse=True),
        "seal": seal,
        "code": spaced(seal.code) if seal else "",
        "is_over": now.year > year,
        "may_close": may(person, Perm.YEAR_SEAL, unit.id),
        "refusal": refusal,
        "month_name": month_name,
    }
    if is_branch:
        checks = [] if seal else sealing.checklist(unit.id, year, unit.valid_from)
        said = [(one, say(RuleError(one.problem, count=one.count, what=one.what))) for one in checks]
        return render_template("closing/branch_year.html", checks=said, **given)
    month = 12 if now.year > year else now.month - 1 or None
    listed = paged(years.listed(unit.id, year, month), size=100)
    branches = [row.id for row in listed.rows if UNIT_KINDS[row.kind].has_members]
    tops = set(person.units_with(Perm.REPORT_VIEW, subtree=True))
    path = path_to(unit.id)
    reach = next((index for index, step in enumerate(path) if step.id in tops), len(path) - 1)
    return render_template(
        "closing/unit_year.html",
        page=listed,
        path=path[reach:],
        month=month,
        last=years.last_months(branches, year),
        is_branch=lambda row: UNIT_KINDS[row.kind].has_members,
        job=None if seal else jobs.latest(jobs.CLOSE, unit.id, year),
        watch=url_for(".progress", unit_id=unit.id, year=year),
        here=url_for(".year", unit_id=unit.id, year=year),
        **given,
    )


@bp.get("/units/<int:unit_id>/years/<int:year>")
@needs(Perm.REPORT_VIEW)
def year(unit_id: int, year: int) -> str:
    """Sign-offs and the end of a unit's year."""
    return page(year_or_404(unit_id, year, Perm.REPORT_VIEW), year)


@bp.post("/units/<int:unit_id>/years/<int:year>/close")
@needs(Perm.YEAR_SEAL)
def close(unit_id: int, year: int) -> Response:
    """Close the year of a branch, or of a level whose units are all closed."""
    unit, person = year_or_404(unit_id, year, Perm.YEAR_SEAL), signed()
    back = redirect(url_for(".year", unit_id=unit_id, year=year), 303)
    try:
        rules.check_year(year, clock.today())
        if UNIT_KINDS[unit.kind].has_members:
            with transaction():
                code = sealing.seal_unit(person, unit_id, year)
        elif len(years.empty_below(unit_id, year)) > AT_ONCE:
            with transaction():
                jobs.ask(jobs.CLOSE, person, unit_id, year)
            return back
        else:
            code = sealing.close(person, unit_id, year)
    except Conflict:
        raise
    except RuleError as error:
        return make_response(page(unit, year, say(error)), 422)
    flash(_("%(year)s is closed. Its code is %(code)s.", year=year, code=spaced(code)), "ok")
    return back


@bp.get("/units/<int:unit_id>/years/<int:year>/export")
@needs(Perm.REPORT_VIEW)
def export_year(unit_id: int, year: int) -> Response:
    """The closed year as a file that proves itself; that it was given out is recorded first."""
    unit, person = year_or_404(unit_id, year, Perm.REPORT_VIEW), signed()
    seal = queries.seal(unit_id, year)
    if seal is None:
        abort(404)
    if seal.manifest["totals"]["entries"] > MOST_LINES:
        raise RuleError(sealing.TOO_LARGE)
    with record_apart() as apart:
        audit.record(person, "year.exported", f"unit:{unit_id}", unit_id=unit_id, session=apart, year=year)
    unhurried()
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever sends it
    for record in export.records(unit_id, year):
        file.write(record.encode("ascii"))
    return sheets.sent(file, f"{unit.name}-{year}-{_('closed year')}", "txt", "text/plain")


@bp.get("/units/<int:unit_id>/years/<int:year>/progress")
@needs(Perm.YEAR_SEAL)
def progress(unit_id: int, year: int) -> Response:
    """The progress bar alone, for htmx; once the work has ended the whole page is loaded anew."""
    year_or_404(unit_id, year, Perm.YEAR_SEAL)
    args = {"unit_id": unit_id, "year": year}
    return bar(
        jobs.latest(jobs.CLOSE, unit_id, year),
        watch=url_for(".progress", **args),
        here=url_for(".year", **args),
    )


def bar(job: Any, *, watch: str, here: str) -> Response:
    """How far a job is; `watch` asks again, `here` is the page it stands on. 404 without a job."""
    if job is None:
        abort(404)
    response = make_response(render_template("closing/_progress.html", job=job, watch=watch, here=here))
    if job.state not in ("queued", "running"):
        response.headers["HX-Refresh"] = "true"
    return response
