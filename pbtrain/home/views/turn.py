"""A unit becomes another kind: chosen, told in numbers, done; and taken back on its day."""

from typing import Any

from flask import request

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.formatting import long_day
from pbtrain.core.i18n import _
from pbtrain.home.reshaping import queries
from pbtrain.home.reshaping import services as reshaping
from pbtrain.home.reshaping.forms import TurnForm
from pbtrain.home.views.reshape import bp, checking, done, wizard
from pbtrain.org import history, tree, turning, unit_rules
from pbtrain.org.access import may, needs, signed
from pbtrain.org.forms.common import ConfirmForm
from pbtrain.org.kinds import POSTS, UNIT_KINDS
from pbtrain.org.reach import unit_or_404
from pbtrain.org.roles import MAY, Perm, Role


def barred(unit: Any) -> str:
    """Why this unit's kind cannot be changed by the reader, in words; empty when it can."""
    if unit.valid_until is not None:
        return str(_("This unit does not exist any more."))
    if unit.kind not in unit_rules.TURNS:
        return str(_("A leading group or an academy stays what it was set up as."))
    above = unit.parent_id or unit.id
    if may(signed(), Perm.UNIT_MANAGE, above) and may(signed(), Perm.ROSTER_MANAGE, above):
        return ""
    return str(_("Who administers the unit above does this."))


@bp.route("/units/<int:unit_id>/turn", methods=["GET", "POST"])
@needs(Perm.UNIT_MANAGE)
def turn(unit_id: int) -> Any:
    """Choose what it becomes, read what will happen, do it."""
    unit = unit_or_404(unit_id, Perm.UNIT_MANAGE)
    form, title, go = TurnForm(unit.kind), _("Change what kind of unit it is"), request.form.get("go", "")
    if reason := barred(unit):
        return wizard("home/turn.html", unit, form, title, step="barred", reason=reason)
    members, step = len(turning.stand_in(unit_id)), "pick"
    form.name.flags.optional = not members
    if form.kind.data is None and len(form.kind.choices) == 1:
        form.kind.data = form.kind.choices[0].value  # nothing to choose
    if go in ("check", "do") and form.validate():
        with checking(form):
            check(unit, form, members)
            step = "check"
    if step == "check" and go == "do":
        kind, name, code = form.kind.data, form.name.data or "", form.code.data or ""
        with transaction(form):
            reshaping.turn(signed(), unit_id, kind, name=name, code=code)
        if not form.errors:
            return done(
                unit_id, _("%(name)s is now: %(kind)s.", name=unit.name, kind=_(UNIT_KINDS[kind].label))
            )
        step = "pick"
    return wizard(
        "home/turn.html",
        unit,
        form,
        title,
        step=step,
        members=members,
        lines=outcome(unit, form, members) if step == "check" else (),
        needs_branch=any(not UNIT_KINDS[kind].has_members for kind in unit_rules.TURNS[unit.kind])
        and UNIT_KINDS[unit.kind].has_members,
        turned=turning.turned_today(unit_id) if step == "pick" else None,
    )


def check(unit: Any, form: TurnForm, members: int) -> None:
    """Refuse what cannot be, before anything is written."""
    now = queries.outlook([unit.id], clock.today())
    unit_rules.check_turn(
        unit.kind, form.kind.data, members=members, units=now.units, named=bool(form.name.data),
        top=unit.parent_id is None,
    )  # fmt: skip
    if form.code.data and form.name.data:
        tree.check_code(form.code.data)


def outcome(unit: Any, form: TurnForm, members: int) -> list[str]:
    """What will happen, one sentence each."""
    today, now = clock.today(), queries.outlook([unit.id], clock.today())
    kind, name = form.kind.data, form.name.data
    lines = [
        _(
            "%(name)s is from today, %(day)s: %(kind)s. On earlier days it stays what it was.",
            name=unit.name,
            day=long_day(today),
            kind=_(UNIT_KINDS[kind].label),
        )
    ]
    if name:
        lines.append(_("A new branch is set up below it: %(name)s.", name=name))
    if name and members:
        lines.append(
            _(
                "%(members)s members stand in %(name)s from today. Their earlier days stay where they were; "
                "their hours of the year go with them.",
                members=members,
                name=name,
            )
        )
    if now.held and name:
        lines.append(
            _("%(held)s lines that wait for a decision wait for the secretary of %(name)s.",
              held=now.held, name=name)
        )  # fmt: skip
    lines += roles_told(unit, kind)
    if name:
        lines.append(_("%(name)s has no secretary until you name one.", name=name))
    ends_on = history.planned_end(unit.id) if unit.kind == "temporary_branch" else None
    if ends_on is not None:
        lines.append(_("It does not end by itself on %(day)s any more.", day=long_day(ends_on)))
    if UNIT_KINDS[unit.kind].has_members:
        lines.append(_("The ledger written so far stays as it is, under its name, and can be read."))
    lines.append(_("Today this can still be taken back, while nothing has been built on it."))
    return lines


def roles_told(unit: Any, kind: str) -> list[str]:
    """Whose rights change with the kind of the unit."""
    lines = []
    for one in turning.following(unit.id, unit.kind, kind):
        said = {"name": one.post.name, "post": _(POSTS[one.post.kind].label), "new": role(one.new)}
        lines.append(_("%(name)s (%(post)s): rights from today: %(new)s.", **said))
    acting = turning.acting(unit.id) if not UNIT_KINDS[kind].has_members else 0
    if acting:
        lines.append(_("%(count)s acting secretaries end.", count=acting))
    return lines


def role(held: Role | None) -> str:
    """A role in words."""
    return _(MAY[held].label) if held else _("none")


@bp.route("/units/<int:unit_id>/turn-back", methods=["GET", "POST"])
@needs(Perm.UNIT_MANAGE)
def turn_back(unit_id: int) -> Any:
    """Take back today's change of kind."""
    unit, form, title = unit_or_404(unit_id, Perm.UNIT_MANAGE), ConfirmForm(), _("Take it back")
    if form.validate_on_submit():
        with transaction(form):
            reshaping.turn_back(signed(), unit_id)
        if not form.errors:
            return done(unit_id, _("%(name)s is what it was this morning.", name=unit.name))
    turned = turning.turned_today(unit_id)
    lines = []
    if turned is not None:
        lines.append(
            _(
                "It is as if this had not happened: %(name)s is again %(kind)s.",
                name=unit.name,
                kind=_(UNIT_KINDS[turned.was].label),
            )
        )
        if turned.heir_id is not None:
            count = len(turned.member_ids)
            lines.append(_("%(count)s members come back; the new branch ends.", count=count))
        lines.append(_("The rights of its posts are what they were."))
    reason = barred(unit) or ("" if turned else _("Only a change of today can be taken back."))
    return wizard(
        "home/ending.html", unit, form, title, lines=lines, barred=reason, merging=False, send=title
    )
