"""Trials: a draft tried on a ledger, unit by unit, down to the names, and as a sheet."""

from collections.abc import Iterator
from typing import Any

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from pbtrain.audit import services as audit
from pbtrain.core import sheets, storage
from pbtrain.core.batches import batched
from pbtrain.core.db import record_apart, transaction
from pbtrain.core.forms import choices, number_of
from pbtrain.core.i18n import N_, _
from pbtrain.core.paging import paged
from pbtrain.core.queue import Job
from pbtrain.org.access import needs, signed
from pbtrain.org.kinds import UNIT_KINDS, WITH_MEMBERS
from pbtrain.org.queries import path_to
from pbtrain.org.roles import Perm
from pbtrain.policies import queries, services
from pbtrain.policies.forms import TrialForm
from pbtrain.policies.trial import COUNTS, Changed, unpacked, with_names
from pbtrain.policies.views import bp
from pbtrain.policies.views.drafts import DRAFT, draft_or_404

TRIAL = "/trials/<int:trial_id>"
SHOWN = 100
COLUMNS = (  # of the sheet: title, width, kind
    (N_("Unit"), 26, "text"),
    (N_("Number"), 14, "text"),
    (N_("Name"), 14, "text"),
    (N_("Target as published"), 12, "hours"),
    (N_("Target by the draft"), 12, "hours"),
    (N_("Counts as published"), 12, "hours"),
    (N_("Counts by the draft"), 12, "hours"),
    (N_("As published"), 12, "text"),
    (N_("By the draft"), 12, "text"),
    (N_("Cadre account: done"), 12, "hours"),
    (N_("Cadre account: target as published"), 12, "hours"),
    (N_("Cadre account: target by the draft"), 12, "hours"),
)

NO_CADRE = (None, None, None)


@bp.post(f"{DRAFT}/try")
@needs(Perm.POLICY_EDIT)
def begin_trial(policy_draft_id: int) -> Any:
    """Try the draft on the ledger of a year, in the background."""
    row, form, job_id = draft_or_404(policy_draft_id), TrialForm(), 0
    form.ledger_year.choices = choices((str(year), str(year)) for year in queries.ledger_years(row.unit_id))
    if not form.validate():
        abort(400)
    with transaction():
        job_id = services.try_draft(signed(), policy_draft_id, form.version.data or 0, form.ledger_year.data)
    return redirect(url_for(".trial", trial_id=job_id), 303)


def trial_or_404(trial_id: int) -> Job:
    """The trial, or 404 where the reader does not edit the rules."""
    return queries.trial_in_reach(signed(), trial_id) or abort(404)


@bp.get(f"{TRIAL}/progress")
@needs(Perm.POLICY_EDIT)
def trial_progress(trial_id: int) -> Response:
    """The progress bar alone, for htmx; once it is done the whole page is loaded anew."""
    job = trial_or_404(trial_id)
    response = make_response(render_template("policies/_progress.html", job=job))
    if job.state in ("done", "failed"):
        response.headers["HX-Refresh"] = "true"
    return response


@bp.get(TRIAL)
@needs(Perm.POLICY_EDIT)
def trial(trial_id: int) -> str:
    """What the draft would change: by unit, and in a branch by name."""
    job = trial_or_404(trial_id)
    top_id = job.args["unit_id"]
    wanted = number_of(request.args.get("unit", str(top_id)))
    unit = (queries.unit_within(wanted, top_id) if wanted else None) or abort(404)
    path = path_to(unit.id)
    start = next(n for n, step in enumerate(path) if step.id == top_id)
    given: dict[str, Any] = {"job": job, "unit": unit, "path": path[start:]}
    if job.state != "done" or job.result is None:
        return render_template("policies/trial.html", counts=None, **given)
    page = None
    if not UNIT_KINDS[unit.kind].has_members:
        page = paged(queries.units_below(unit.id), size=SHOWN)
    return render_template(
        "policies/trial.html",
        counts=counts_of(job, unit.id),
        page=page,
        rows=[(row, counts_of(job, row.id)) for row in page.rows] if page else [],
        has_members=WITH_MEMBERS,
        people=_people(job, unit.id),
        **given,
    )


def counts_of(job: Job, unit_id: int) -> dict[str, int]:
    """How many people of a unit and all below: COUNTS."""
    found = (job.result or {})["units"].get(str(unit_id), [0] * len(COUNTS))
    return dict(zip(COUNTS, found, strict=True))


def changed_in(job: Job, unit_id: int) -> list[Changed]:
    """Those of one branch for whom something changes; the file may have been swept away with old results."""
    result = job.result or {}
    place = result["places"].get(str(unit_id))
    path = storage.path_of(result["file"])
    if place is None or not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(place[0])
        return unpacked(file.read(place[1]))


def _people(job: Job, unit_id: int) -> dict[str, Any]:
    """A page of the names of one branch: rows, from where, how many, whether there are more."""
    rows = changed_in(job, unit_id)
    first = number_of(request.args.get("from", "0"), digits=6)
    if first is None:
        abort(404)
    some = rows[first : first + SHOWN]
    return {
        "rows": with_names(some, queries.names_of([row.id for row in some])),
        "from": first,
        "to": first + len(some),
        "all": len(rows),
    }


@bp.get(f"{TRIAL}/changes.xlsx")
@needs(Perm.POLICY_EDIT)
def trial_xlsx(trial_id: int) -> BaseResponse:
    """Everybody for whom something changes, branch by branch; that it was given out is recorded first."""
    job, person = trial_or_404(trial_id), signed()
    if job.state != "done" or job.result is None:
        abort(404)
    unit_id, result = job.args["unit_id"], job.result
    with record_apart() as apart:
        audit.record(person, "policy.trial_exported", f"job:{job.id}", unit_id=unit_id, session=apart)
    columns = [sheets.Column(_(title), width, kind) for title, width, kind in COLUMNS]
    words = {True: _("Met"), False: _("Not met")}

    def rows() -> Iterator[list[Any]]:
        for some in batched(sorted(result["places"], key=int), 20):
            found = {int(key): changed_in(job, int(key)) for key in some}
            names = queries.names_of([row.id for people in found.values() for row in people])
            units = queries.unit_names(found)
            for branch_id, people in found.items():
                for row, who in with_names(people, names):
                    yield [
                        units.get(branch_id, ""), who.code, who.name, row.target, row.new_target,
                        row.counted, row.new_counted, words[row.met], words[row.new_met],
                        *((row.cadre, row.cadre_target, row.new_cadre_target) if row.is_cadre else NO_CADRE),
                    ]  # fmt: skip

    title = _(
        "Trial of the rules of %(year)s on the ledger of %(ledger)s",
        year=job.args["year"],
        ledger=job.args["ledger_year"],
    )
    top = counts_of(job, unit_id)
    above = [
        title,
        _("%(members)s people; met no more: %(lost)s; newly met: %(won)s", **top),
        _("Higher target: %(raised)s; lower target: %(lowered)s", **top),
    ]
    return sheets.sent(sheets.written(_("Changes"), columns, rows(), above=above, landscape=True), title)
