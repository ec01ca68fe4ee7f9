"""Who leads a unit: a new secretary with what that ends, and somebody who acts for some days.

These pages stand here and not in org because a post changes the hours its holder owes.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.formatting import long_day
from pbtrain.core.i18n import _
from pbtrain.home.views.members import recount
from pbtrain.org import leaders, lists, posts, rules
from pbtrain.org.access import needs, signed
from pbtrain.org.forms.leaders import ActingForm, HandoverForm
from pbtrain.org.kinds import POSTS, UNIT_KINDS
from pbtrain.org.reach import unit_or_404
from pbtrain.org.roles import MAY, Perm
from pbtrain.org.views.units import crumbs

bp = Blueprint("leading", __name__)


@dataclass(frozen=True)
class Plan:
    """What naming this person from that day changes; `seen` names it all, for the second step."""

    member: Any
    on: date
    until: date | None
    held: list[Any]
    acting: list[Any]

    @property
    def seen(self) -> str:
        ids = ",".join(str(row.id) for row in [*self.held, *self.acting])
        return f"{self.member.id}:{self.on}:{self.until or ''}:{ids}"


def led_or_404(unit_id: int) -> Any:
    """The unit, or 404 where the reader does not give posts; academies and ended units have none."""
    found = unit_or_404(unit_id, Perm.GRANT_MANAGE)
    if found.kind == "academy" or found.valid_until is not None:
        abort(404)
    return found


def planned(form: HandoverForm, unit_id: int) -> Plan | None:
    """What would happen, read and not written; None when the form has to be mended."""
    try:
        member_id = leaders.person_named(signed(), form.person.data or "", unit_id=unit_id)
        on = form.on.data or clock.today()
        held, acting = leaders.ending(unit_id, on)
        rules.check_handover(on, held_since=[row.valid_from for row in held], today=clock.today())
        rules.check_span(on, form.valid_until.data)
    except RuleError as error:
        form.blame(error)
        return None
    member = lists.member_in_reach(signed(), Perm.ROSTER_MANAGE, member_id) or abort(404)
    return Plan(member, on, form.valid_until.data, held, acting)


@bp.route("/units/<int:unit_id>/secretary", methods=["GET", "POST"])
@needs(Perm.GRANT_MANAGE)
def secretary(unit_id: int) -> Any:
    """Who leads this unit; a new secretary is named in two steps: what it ends, then done."""
    unit, form = led_or_404(unit_id), HandoverForm(data={"on": clock.today()})
    if form.validate_on_submit():
        plan = planned(form, unit_id)
        if plan and form.seen.data == plan.seen:
            with transaction(form):
                changed = posts.hand_over(
                    signed(), unit_id, plan.member.id, on=plan.on, valid_until=plan.until
                )
                for member_id in changed:
                    recount(member_id, plan.on)
            if not form.errors:
                flash(
                    _("%(name)s is secretary from %(day)s.", name=plan.member.name, day=long_day(plan.on)),
                    "ok",
                )
                return redirect(url_for(".secretary", unit_id=unit_id), 303)
        elif plan:
            return preview(unit, form, plan)
    return leading_page(unit, handover=form)


def preview(unit: Any, form: HandoverForm, plan: Plan) -> str:
    """What will happen, before anything has."""
    return render_template(
        "home/handover.html",
        unit=unit,
        form=form,
        plan=plan,
        role=rules.role_of_post("secretary", unit.kind),
        labels=MAY,
        places=crumbs(unit.id, (_("Secretary"), url_for(".secretary", unit_id=unit.id)), (_("Check"), None)),
    )


@bp.post("/units/<int:unit_id>/acting")
@needs(Perm.GRANT_MANAGE)
def acting(unit_id: int) -> Any:
    """Somebody acts as secretary of this branch for some days."""
    unit, form = led_or_404(unit_id), ActingForm()
    if form.validate_on_submit():
        with transaction(form):
            person = signed()
            member_id = leaders.person_named(person, form.person.data or "")
            first, last = form.valid_from.data or clock.today(), form.valid_until.data or clock.today()
            posts.name_acting(person, unit_id, member_id, valid_from=first, valid_until=last)
        if not form.errors:
            flash(_("The acting secretary is named. It ends by itself."), "ok")
            return redirect(url_for(".secretary", unit_id=unit_id), 303)
    return leading_page(unit, acting=form)


def leading_page(unit: Any, **given: Any) -> Any:
    """The page of a unit's leaders; 422 with a form that came back with errors."""
    today = clock.today()
    held, acting_now = leaders.leading(unit.id, today)
    text = render_template(
        "home/leading.html",
        unit=unit,
        handover=given.get("handover") or HandoverForm(formdata=None, data={"on": today}),
        acting=given.get("acting") or ActingForm(formdata=None, data={"valid_from": today}),
        opened=next(iter(given), ""),
        held=held,
        acting_now=acting_now,
        kinds=POSTS,
        day=today,
        is_branch=UNIT_KINDS[unit.kind].has_members,
        people=leaders.people(signed(), unit.id),
        places=crumbs(unit.id, (_("Secretary"), None)),
    )
    return (text, 422) if any(form.errors for form in given.values()) else text
