"""Writing a draft: begin, edit with a live example, publish or drop."""

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.forms import choices
from pbtrain.core.i18n import _
from pbtrain.hours.policy import PolicyRules
from pbtrain.org.access import needs, signed
from pbtrain.org.reach import unit_or_404
from pbtrain.org.roles import Perm
from pbtrain.policies import queries, services, wording
from pbtrain.policies.examples import examples
from pbtrain.policies.forms import PolicyForm, PresetForm, TrialForm, VersionForm, shown, written
from pbtrain.policies.rules import laxer
from pbtrain.policies.views import bp
from pbtrain.policies.views.versions import start_form, unit_page

DRAFT = "/drafts/<int:policy_draft_id>"


def draft_or_404(policy_draft_id: int) -> Any:
    """The draft, or 404 where the reader does not edit the rules."""
    return queries.draft_in_reach(signed(), policy_draft_id) or abort(404)


@bp.post("/units/<int:unit_id>/drafts")
@needs(Perm.POLICY_EDIT)
def begin(unit_id: int) -> Any:
    """Begin a draft, or go on with the one there is."""
    found, form, made = unit_or_404(unit_id, Perm.POLICY_EDIT), start_form(), 0
    if form.validate_on_submit():
        with transaction(form):
            made = services.begin_draft(signed(), unit_id, form.year.data, copy_of=form.copy_of.data)
        if not form.errors:
            return redirect(url_for(".draft", policy_draft_id=made), 303)
    return unit_page(found, form), 422


@bp.route(DRAFT, methods=["GET", "POST"])
@needs(Perm.POLICY_EDIT)
def draft(policy_draft_id: int) -> Any:
    """Edit a draft. "show" works the example out again and writes nothing."""
    row = draft_or_404(policy_draft_id)
    rules = PolicyRules.from_json(0, row.rules)
    form = PolicyForm(data=shown(rules) | {"effective_on": row.effective_on, "version": row.version})
    if form.validate_on_submit():
        wanted = written(form, rules)
        if request.form.get("show"):
            return draft_page(row, form, wanted)
        with transaction(form):
            services.change_draft(
                signed(), policy_draft_id, form.version.data, wanted, form.effective_on.data
            )
        if not form.errors:
            flash(_("The draft is saved. It holds for nobody until it is published."), "ok")
            return redirect(url_for(".draft", policy_draft_id=policy_draft_id), 303)
    text = draft_page(row, form, rules)
    return (text, 422) if form.errors else text


def draft_page(row: Any, form: Any, rules: PolicyRules) -> str:
    """The editor, with what these rules would mean."""
    years = queries.ledger_years(row.unit_id)
    trial = TrialForm(formdata=None, data={"version": row.version})
    trial.ledger_year.choices = choices((str(year), str(year)) for year in years)
    return render_template(
        "policies/draft.html",
        draft=row,
        form=form,
        examples=list(examples(rules, row.year)),
        changed=_changed(row, rules),
        below=_laxer_below(row.unit_id, rules),
        presets=PresetForm(formdata=None, data={"version": row.version}),
        trial=trial,
        years=years,
        trials=queries.trials(row.id),
        bare=wording.bare,
    )


def _changed(row: Any, rules: PolicyRules) -> list[wording.Change]:
    """What the draft says differently from what holds now."""
    try:
        return wording.changes(queries.in_force(row.unit_id, clock.today()), rules)
    except RuleError:
        return []


def _laxer_below(unit_id: int, rules: PolicyRules) -> list[str]:
    """The units below whose own rules would be laxer than these."""
    return [
        row.name
        for row in queries.own_rules_below(unit_id)
        if next(laxer(PolicyRules.from_json(0, row.rules), rules), None) is not None
    ]


@bp.post(f"{DRAFT}/example")
@needs(Perm.POLICY_EDIT)
def example(policy_draft_id: int) -> Any:
    """The example alone, worked out with what stands in the form; nothing is written."""
    row, form = draft_or_404(policy_draft_id), PolicyForm()
    found: list[Any] = []
    if form.validate():
        found = list(examples(written(form, PolicyRules.from_json(0, row.rules)), row.year))
    return render_template("policies/_example.html", examples=found, wrong=not found, again=True)


@bp.post(f"{DRAFT}/preset")
@needs(Perm.POLICY_EDIT)
def preset(policy_draft_id: int) -> Any:
    """Set what a preset says."""
    draft_or_404(policy_draft_id)
    form = PresetForm()
    if not form.validate():
        abort(400)
    with transaction():
        services.use_preset(signed(), policy_draft_id, form.version.data or 0, form.preset.data)
    flash(_("Set in the draft. Everything can still be changed."), "ok")
    return redirect(url_for(".draft", policy_draft_id=policy_draft_id), 303)


@bp.post(f"{DRAFT}/drop")
@needs(Perm.POLICY_EDIT)
def drop(policy_draft_id: int) -> Any:
    """Throw the draft away."""
    row, form = draft_or_404(policy_draft_id), VersionForm()
    if not form.validate():
        abort(400)
    with transaction():
        services.drop_draft(signed(), policy_draft_id, form.version.data or 0)
    flash(_("The draft is gone. The published rules are as they were."), "ok")
    return redirect(url_for(".unit", unit_id=row.unit_id), 303)


@bp.post(f"{DRAFT}/publish")
@needs(Perm.POLICY_EDIT)
def publish(policy_draft_id: int) -> Any:
    """Publish the draft for good."""
    row, form, made = draft_or_404(policy_draft_id), VersionForm(), 0
    if not form.validate():
        abort(400)
    with transaction(form):
        made = services.publish_draft(signed(), policy_draft_id, form.version.data or 0)
    if form.errors:
        rules = PolicyRules.from_json(0, row.rules)
        again = PolicyForm(
            formdata=None, data=shown(rules) | {"effective_on": row.effective_on, "version": row.version}
        )
        again.form_errors.extend(form.form_errors)
        return draft_page(row, again, rules), 422
    if row.year > clock.today().year:
        flash(_("Published. It holds from %(day)s.", day=row.effective_on), "ok")
    else:
        flash(_("Published. What counts and what is owed below is worked out anew now."), "ok")
    return redirect(url_for(".version", policy_id=made), 303)
