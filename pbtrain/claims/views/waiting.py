"""What waits for a decision below a unit, claim by claim: where the number of waiting claims leads."""

from typing import Any

from flask import abort, render_template, request

from pbtrain.claims import queries, rules
from pbtrain.claims.views import bp
from pbtrain.core import clock
from pbtrain.core.forms import clean
from pbtrain.core.paging import paged
from pbtrain.hours.views.common import year_asked
from pbtrain.org.access import needs, signed
from pbtrain.org.kinds import UNIT_KINDS
from pbtrain.org.queries import path_to
from pbtrain.org.reach import unit_or_404
from pbtrain.org.roles import Perm


@bp.get("/units/<int:unit_id>/claims")
@needs(Perm.CLAIM_JUDGE)
def waiting(unit_id: int) -> str:
    """The claims and overlaps of a year that wait in a unit and below it, the longest waiting first."""
    person, year = signed(), year_asked()
    unit = unit_or_404(unit_id, Perm.CLAIM_JUDGE)
    words, kind = clean(request.args.get("q", ""))[:100], request.args.get("kind", "")
    kinds: dict[str, Any] = {key: one.label for key, one in rules.KINDS.items()} | rules.HELD_LABELS
    if kind and kind not in kinds:
        abort(404)
    tops = set(person.units_with(Perm.CLAIM_JUDGE, subtree=True))
    path = path_to(unit_id)
    reach = next((index for index, step in enumerate(path) if step.id in tops), len(path) - 1)
    return render_template(
        "claims/waiting.html",
        unit=unit,
        year=year,
        path=path[reach:],
        page=paged(queries.waiting_below(unit_id, year, search=words, kind=kind)),
        words_asked=words,
        kind=kind,
        kinds=kinds,
        rules=rules,
        is_branch=UNIT_KINDS[unit.kind].has_members,
        now=clock.now(),
    )
