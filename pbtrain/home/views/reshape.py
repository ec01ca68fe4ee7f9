"""Moving, merging, splitting and ending units, each said in numbers before it is done.

These pages stand here and not in org because the members' hours follow in the same transaction.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.forms import BaseForm
from pbtrain.core.i18n import N_, _
from pbtrain.home.reshaping import queries
from pbtrain.home.reshaping import services as reshaping
from pbtrain.home.reshaping.forms import MergeForm, SplitForm
from pbtrain.home.reshaping.picking import Picking, number
from pbtrain.org import lists, reopening, tree, unit_rules
from pbtrain.org import reshaping as reshape
from pbtrain.org.access import may, needs, signed
from pbtrain.org.forms.common import ConfirmForm
from pbtrain.org.forms.units import MoveForm, split_lines
from pbtrain.org.kinds import UNIT_KINDS, WITH_UNITS
from pbtrain.org.reach import unit_or_404
from pbtrain.org.reshaping import Part
from pbtrain.org.roles import Perm
from pbtrain.org.views.units import crumbs, page

bp = Blueprint("reshape", __name__)
MOST_MERGED = 50


def done(unit_id: int | None, text: str) -> Response:
    """Say what has been done, and show the unit."""
    flash(text, "ok")
    return redirect(url_for("org.unit", unit_id=unit_id), 303)


@bp.route("/units/<int:unit_id>/move", methods=["GET", "POST"])
@needs(Perm.UNIT_MANAGE)
def move(unit_id: int) -> Any:
    """Hang a unit under another one."""
    row, form, person = unit_or_404(unit_id, Perm.UNIT_MANAGE), MoveForm(), signed()
    if form.validate_on_submit():
        later = 0
        with transaction(form):
            wanted = lists.unit_named(person, Perm.UNIT_MANAGE, form.parent_id.data or "", "parent_id")
            later = reshaping.move(person, unit_id, wanted)
        if not form.errors:
            if later:
                flash(_("Other rules hold there. What counts is worked out anew within the hour."), "info")
            return done(unit_id, _("%(name)s has been moved.", name=row.name))
    now = queries.outlook([unit_id], clock.today())
    return page(
        "org/unit_form.html",
        form,
        unit=row,
        title=_("Move the unit"),
        send=_("Move it"),
        names=lists.unit_names(person, Perm.UNIT_MANAGE, WITH_UNITS),
        says=_(
            "From today it stands below the new unit, with everything in it: %(branches)s branches, "
            "%(people)s members. Its secretary keeps the post. Reports of earlier days keep the old place; "
            "who manages it from above changes at once.",
            branches=now.branches,
            people=now.people,
        ),
    )


@bp.route("/units/<int:unit_id>/abolish", methods=["GET", "POST"])
@needs(Perm.UNIT_MANAGE)
def abolish(unit_id: int) -> Any:
    """End an empty unit."""
    row, form, title = unit_or_404(unit_id, Perm.UNIT_MANAGE), ConfirmForm(), _("Abolish the unit")
    if form.validate_on_submit():
        with transaction(form):
            reshaping.abolish(signed(), unit_id)
        if not form.errors:
            return done(row.parent_id, _("%(name)s has been abolished.", name=row.name))
    now = queries.outlook([unit_id], clock.today())
    reason = ""
    if now.members:
        reason = _(
            "%(count)s members still stand here. Transfer them first, or merge this unit with another.",
            count=now.members,
        )
    elif now.units:
        reason = _(
            "%(count)s units still stand below it. Move them first, or merge this unit with another.",
            count=now.units,
        )
    lines = [_("%(name)s ends today.", name=row.name)]
    if now.posts or now.roles:
        lines.append(_("%(posts)s posts and %(roles)s further roles end.", posts=now.posts, roles=now.roles))
    if now.held:
        words = N_("%(held)s lines that wait for a decision go to the branches of their members.")
        lines.append(_(words, held=now.held))
    lines += [
        _("Its ledger stays, and the units above go on reading it."),
        _("Today this can still be taken back, while nothing has been built on it."),
    ]
    return wizard(
        "home/ending.html",
        row,
        form,
        title,
        lines=lines,
        barred=reason,
        merging=not barred(row),
        send=_("Abolish it from today"),
    )


@bp.route("/units/<int:unit_id>/reopen", methods=["GET", "POST"])
@needs(Perm.UNIT_MANAGE)
def reopen(unit_id: int) -> Any:
    """Take back what was merged or abolished today."""
    row, form, title = unit_or_404(unit_id, Perm.UNIT_MANAGE), ConfirmForm(), _("Take it back")
    if form.validate_on_submit():
        with transaction(form):
            reshaping.reopen(signed(), unit_id)
        if not form.errors:
            return done(unit_id, _("%(name)s is there again.", name=row.name))
    ended = reopening.ended_today(unit_id)
    lines: tuple[str, ...] = ()
    if ended is not None:
        lines = (
            _("It is as if this had not happened: %(name)s is there again.", name=row.name),
            *([_("%(count)s members come back.", count=len(ended.member_ids))] if ended.member_ids else []),
            *([_("%(count)s units below come back.", count=len(ended.unit_ids))] if ended.unit_ids else []),
            _("The posts and roles that ended with it begin again."),
        )
    reason = "" if ended else _("Only what was merged or abolished today can be taken back.")
    return wizard("home/ending.html", row, form, title, lines=lines, barred=reason, merging=False, send=title)


def barred(unit: Any) -> str:
    """Why this unit cannot be merged or split by the reader, in words; empty when it can."""
    kind = UNIT_KINDS[unit.kind]
    if unit.valid_until is not None:
        return str(_("This unit does not exist any more."))
    if not (kind.has_members or kind.has_units):
        return str(_("An academy is neither merged nor split: its courses stay with it."))
    if unit.parent_id is None:
        return str(_("The unit at the top is neither merged nor split."))
    person = signed()
    if may(person, Perm.UNIT_MANAGE, unit.parent_id) and may(person, Perm.ROSTER_MANAGE, unit.parent_id):
        return ""
    return str(_("Who administers the unit above does this."))


@contextmanager
def checking(form: BaseForm) -> Iterator[None]:
    """A broken rule lands on its field; nothing is written here."""
    try:
        yield
    except RuleError as error:
        form.blame(error)


def wizard(template: str, unit: Any, form: Any, title: str, **given: Any) -> Any:
    """One step of a task; 422 when it comes back with errors."""
    text = render_template(
        template,
        unit=unit,
        form=form,
        title=title,
        today=clock.today(),
        is_branch=UNIT_KINDS[unit.kind].has_members,
        places=crumbs(unit.id, (title, None)),
        **given,
    )
    return (text, 422) if form.errors else text


@bp.route("/units/<int:unit_id>/merge", methods=["GET", "POST"])
@needs(Perm.UNIT_MANAGE)
def merge(unit_id: int) -> Any:
    """Choose with which units, choose what stays, read what will happen, do it."""
    unit, form, title = unit_or_404(unit_id, Perm.UNIT_MANAGE), MergeForm(), _("Merge the unit")
    if reason := barred(unit):
        return wizard("home/merge.html", unit, form, title, step="barred", reason=reason)
    person, picking, go = signed(), Picking.of(request.form), request.form.get("go", "")
    step = {"on": "into", "again": "into", "check": "check", "do": "check"}.get(go, "pick")
    others = queries.units_named(person, picking.chosen)
    picking.keep({row.id for row in others})
    plan = None
    if request.method == "POST" and form.validate() and step != "pick":
        with checking(form):
            if not 0 < len(others) <= MOST_MERGED:
                step = "pick"
                raise RuleError(N_("Choose between 1 and %(most)s units."), most=MOST_MERGED)
            plan = planned(unit, others, form) if step == "check" else None
    if plan and go == "do" and not form.errors:
        shifts: list[Any] = []
        with transaction(form):
            if plan.into_id is None:
                shifts = reshaping.merge_into_new(person, plan.ending, unit.parent_id, name=plan.name)
            else:
                shifts = reshaping.merge(person, plan.ending, plan.into_id)
        if not form.errors:
            text = _("%(names)s: merged into %(name)s.", names=plan.names, name=plan.name)
            return done(shifts[0].to_id, text)
    if form.errors and step == "check":
        step, plan = "into", None
    picking.turn(go)
    if step == "pick":
        picking.read(queries.partners_to_pick(person, unit, picking.q))
    return wizard(
        "home/merge.html",
        unit,
        form,
        title,
        step=step,
        picking=picking,
        others=others,
        plan=plan,
        now=queries.outlook(plan.ending, clock.today()) if plan else None,
    )


@dataclass(frozen=True)
class Plan:
    """What stays (None: a new unit) and its name, what ends, and its names."""

    into_id: int | None
    name: str
    ending: list[int]
    names: str


def planned(unit: Any, others: Sequence[Any], form: MergeForm) -> Plan:
    """What the reader has chosen to stay and to end."""
    every = {row.id: row.name for row in (unit, *others)}
    if form.into.data == "new":
        if not form.name.data:
            raise RuleError(N_("Enter a name."), field="name")
        into_id, name = None, form.name.data
    else:
        into_id = number(form.into.data, most=10**9)
        if into_id not in every:
            raise RuleError(N_("Choose what stays."), field="into")
        name = every[into_id]
    ending = [one for one in every if one != into_id]
    return Plan(into_id, name, ending, _(", ").join(every[one] for one in ending))


def check_new(unit: Any, named: Sequence[tuple[str, str]]) -> None:
    """Refuse names of new units beside this one that cannot be."""
    names = [name for name, _code in named]
    unit_rules.check_names(names, [code for _name, code in named if code], most=unit_rules.MOST_PARTS)
    tree.check_names(unit.parent_id, names)


@bp.route("/units/<int:unit_id>/split", methods=["GET", "POST"])
@needs(Perm.UNIT_MANAGE)
def split(unit_id: int) -> Any:
    """Name the new units, choose for each what goes there, read what will happen, do it."""
    unit, form, title = unit_or_404(unit_id, Perm.UNIT_MANAGE), SplitForm(), _("Split the unit")
    if reason := barred(unit):
        return wizard("home/split.html", unit, form, title, step="barred", reason=reason)
    person, go = signed(), request.form.get("go", "")
    is_branch = UNIT_KINDS[unit.kind].has_members
    named = split_lines(form.names.data or "")
    step, parts = "names", []
    picking = Picking.of(request.form, parts=max(len(named), 1))
    if form.validate_on_submit() and go != "names":
        whole = reshape.members_of(unit_id) if is_branch else reshape.units_of(unit_id)
        picking.keep(set(whole))
        with checking(form):
            check_new(unit, named)
            step = "pick"
            if go in ("check", "do"):
                parts = [Part(name, picking.of_part(n), code) for n, (name, code) in enumerate(named)]
                unit_rules.check_split(unit.kind, [part.chosen for part in parts], whole)
                step = "check"
    if step == "check" and go == "do":
        with transaction(form):
            reshaping.split(person, unit_id, parts)
        if not form.errors:
            text = _("%(name)s has been split: %(count)s new units.", name=unit.name, count=len(parts))
            return done(unit.parent_id, text)
        step = "pick"
    picking.turn(go)
    if go.startswith("part-"):
        picking.part, picking.q, picking.page = min(number(go[5:]), len(named) - 1), "", 1
    if step == "pick":
        pick = queries.members_to_pick if is_branch else queries.units_to_pick
        picking.read(pick(unit_id, picking.q))
    return wizard(
        "home/split.html",
        unit,
        form,
        title,
        step=step,
        picking=picking,
        named=named,
        parts=parts,
        posts=queries.posts_of(picking.chosen, unit_id, clock.today()) if step == "check" else 0,
        now=queries.outlook([unit_id], clock.today()) if step == "check" else None,
    )
