"""The rules of a unit: which versions hold and held, what each says, what it changed."""

from typing import Any

from flask import abort, redirect, render_template, url_for
from werkzeug.wrappers import Response

from pbtrain.core import clock
from pbtrain.core.errors import RuleError
from pbtrain.core.forms import choices
from pbtrain.core.paging import paged
from pbtrain.hours.policy import PolicyRules
from pbtrain.org.access import may, needs, signed
from pbtrain.org.queries import tops
from pbtrain.org.reach import unit_or_404
from pbtrain.org.roles import Perm
from pbtrain.policies import queries, wording
from pbtrain.policies.examples import examples
from pbtrain.policies.forms import StartForm
from pbtrain.policies.views import bp

SHOWN = 30


@bp.get("")
@needs(Perm.POLICY_VIEW)
def index() -> Response:
    """The rules of the first unit in reach."""
    found = tops(signed(), Perm.POLICY_VIEW)
    return redirect(url_for(".unit", unit_id=found[0].id if found else abort(404)))


@bp.get("/units/<int:unit_id>")
@needs(Perm.POLICY_VIEW)
def unit(unit_id: int) -> str:
    """What holds in a unit now, its drafts, and every version."""
    return unit_page(unit_or_404(unit_id, Perm.POLICY_VIEW), start_form())


def start_form() -> StartForm:
    """The form that begins a draft."""
    form, year = StartForm(), clock.today().year
    form.year.choices = choices((str(each), str(each)) for each in range(year + 1, year - 1, -1))
    return form


def unit_page(found: Any, form: StartForm) -> str:
    """The page of a unit's rules."""
    person, today = signed(), clock.today()
    try:
        holds: PolicyRules | None = queries.in_force(found.id, today)
    except RuleError:
        holds = None
    edits = may(person, Perm.POLICY_EDIT, found.id)
    return render_template(
        "policies/unit.html",
        unit=found,
        units=tops(person, Perm.POLICY_VIEW),
        holds=holds,
        examples=list(examples(holds, today.year)) if holds else [],
        drafts=queries.drafts(person, found.id) if edits else [],
        edits=edits,
        form=form,
        page=paged(queries.own(found.id), size=SHOWN),
        above=queries.newest_above(found.id),
    )


@bp.get("/versions/<int:policy_id>")
@needs(Perm.POLICY_VIEW)
def version(policy_id: int) -> str:
    """One version: what it says, and what it changed."""
    found = queries.version_in_reach(signed(), policy_id) or abort(404)
    rules = PolicyRules.from_json(found.id, found.rules)
    earlier = queries.before(found)
    changed = wording.changes(PolicyRules.from_json(earlier.id, earlier.rules), rules) if earlier else []
    return render_template(
        "policies/version.html",
        version=found,
        earlier=earlier,
        changed=changed,
        job=queries.recomputed(policy_id),
        facts=[fact for fact in wording.facts(rules) if fact.value not in (None, ())],
        examples=list(examples(rules, found.year)),
        edits=may(signed(), Perm.POLICY_EDIT, found.unit_id),
        bare=wording.bare,
        next_year=clock.today().year + 1,
    )
