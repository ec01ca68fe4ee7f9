"""The learners of a class as its academy sees them: who asks, waits, comes; acts on some of them at once."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.classes import kinds
from pbtrain.classes.forms.enrolment import ActForm, LeaveForm, chosen, numbers, picked, whole
from pbtrain.classes.models import TrainingClass
from pbtrain.classes.queries import enrolment as queries
from pbtrain.classes.rules import enrolment as rules
from pbtrain.classes.rules.timetable import Slot
from pbtrain.classes.services import enrolment as services
from pbtrain.classes.services.enrolment import Outcome
from pbtrain.classes.services.leave import Left, take_leave
from pbtrain.classes.services.merging import merge_of
from pbtrain.classes.views import bp
from pbtrain.classes.views.common import managed_or_404, one_of
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.forms import BaseForm, clean
from pbtrain.core.i18n import _, ngettext, say
from pbtrain.core.paging import paged
from pbtrain.events.door.rules import AFTERWARDS
from pbtrain.org.access import Actor, needs, signed
from pbtrain.org.roles import Perm

SHOWN = 10  # on the page of the class


def tiles(actor: Actor, row: TrainingClass, units: Sequence[Slot]) -> dict[str, Any]:
    """How many stand where, for the page of a class; one statement."""
    return {"counts": queries.counts(row.id), "row": row}


def some(actor: Actor, row: TrainingClass, units: Sequence[Slot]) -> dict[str, Any]:
    """The first learners, for the page of a class; one statement."""
    return {"page": paged(queries.learners(row.id), size=SHOWN), "row": row, "rules": rules}


def quotas(actor: Actor, row: TrainingClass, units: Sequence[Slot]) -> dict[str, Any]:
    """The quotas, for the page of a class that still takes people; one statement, none (None) afterwards."""
    live = kinds.STATES[row.state].live
    return {"quotas": queries.quotas(row.id) if live else None, "row": row}


@bp.get("/<int:class_id>/learners")
@needs(Perm.CLASS_MANAGE)
def learners(class_id: int) -> Response:
    """Everybody who was put forward, by state, searchable."""
    return _page(managed_or_404(class_id))


def _page(row: TrainingClass, problem: str = "", code: int = 200) -> Response:
    group, words = one_of("show", queries.GROUPS), clean(request.args.get("q", ""))[:100]
    body = render_template(
        "classes/learners.html",
        row=row,
        counts=queries.counts(row.id),
        page=paged(queries.learners(row.id, group=group, words=words)),
        group=group,
        words=words,
        rules=rules,
        problem=problem,
        form=ActForm(),
    )
    return make_response(body, code)


@bp.post("/<int:class_id>/learners")
@needs(Perm.CLASS_MANAGE)
def act(class_id: int) -> Response:
    """Do something with those that are ticked, or with the one whose button was pressed."""
    row, form = managed_or_404(class_id), ActForm()
    if not form.validate():
        abort(400)
    name, wanted = _asked()
    try:
        with transaction():
            done = services.act_on(
                signed(), class_id, wanted, name, who="academy", reason=form.reason.data or ""
            )
    except Conflict:
        raise
    except RuleError as error:
        return _page(managed_or_404(row.id), say(error), 422)
    flash(told(name, done), "ok")
    return redirect(_back(class_id), 303)


def _asked() -> tuple[str, list[tuple[int, int]]]:
    """The act, and whom it is about: "approve" with ticks, or "approve:12:3" of one row's own button."""
    name, _colon, one = request.form.get("act", "").partition(":")
    if one:
        number, _colon, version = one.partition(":")
        return chosen(name), [(whole(number), whole(version))]
    return chosen(name), picked()


def _back(class_id: int) -> str:
    if request.form.get("back") == "class":
        return url_for(".page", class_id=class_id)
    return url_for(
        ".learners", class_id=class_id, show=one_of("show", queries.GROUPS) or None, q=request.args.get("q")
    )


def told(act: str, done: Outcome) -> str:
    """What was done, in words: how many came into which state, and who moved up."""
    words = [
        _("%(state)s: %(count)s", state=_(rules.STATES[state][0]), count=count)
        for state, count in done.after.items()
    ]
    if act == "remind":
        words = [ngettext("%(num)s person was asked again.", "%(num)s people were asked again.", done.count)]
    if done.promoted:
        words.append(
            ngettext(
                "%(num)s person moved up from the waiting list.",
                "%(num)s people moved up from the waiting list.",
                len(done.promoted),
            )
        )
    return "；".join(words)


@bp.get("/<int:class_id>/learners/<int:enrolment_id>")
@needs(Perm.CLASS_MANAGE)
def learner(class_id: int, enrolment_id: int) -> str:
    """One learner: how they stand, what happened, what can be done."""
    return learner_page(managed_or_404(class_id), enrolment_id)


def learner_page(
    row: TrainingClass, enrolment_id: int, problem: str = "", leave: LeaveForm | None = None
) -> str:
    """The page of one learner; `problem` where something was refused."""
    one = queries.one(row.id, enrolment_id) or abort(404)
    return render_template(
        "classes/learner.html",
        row=row,
        one=one,
        merged=merge_of(row.unit_id, one.member_id, one.id) if one.member_id else None,
        steps=queries.steps(one.id),
        phone=queries.phones(row, one.id),
        until=rules.phone_until(row.ends_on),
        attended=queries.attended(row, one),
        standings=AFTERWARDS,
        acts=[name for name in rules.acts_from(one.state, "academy") if _timely(row, name)],
        rules=rules,
        problem=problem,
        form=ActForm(),
        leave_form=leave or LeaveForm(),
        sessions=queries.leaves(row.id, one.id) if one.state in rules.COMES else [],
        ticked=request.form.getlist("session"),
    )


def _timely(row: TrainingClass, act: str) -> bool:
    """Who came and who did not is known once the class has begun."""
    return act not in ("complete", "absent") or clock.today() >= row.starts_on


@bp.post("/<int:class_id>/learners/<int:enrolment_id>")
@needs(Perm.CLASS_MANAGE)
def learner_act(class_id: int, enrolment_id: int) -> Response:
    """One act on one learner, with its reason."""
    form = ActForm()

    def act() -> str:
        name, wanted = chosen(form.act.data or ""), [(enrolment_id, whole(request.form.get("version", "")))]
        reason = form.reason.data or ""
        done = services.act_on(signed(), class_id, wanted, name, who="academy", reason=reason)
        return told(name, done)

    return one_done(class_id, enrolment_id, form, act)


@bp.post("/<int:class_id>/learners/<int:enrolment_id>/leave")
@needs(Perm.CLASS_MANAGE)
def learner_leave(class_id: int, enrolment_id: int) -> Response:
    """Leave from sessions, as the academy writes it down."""
    form = LeaveForm()

    def work() -> str:
        left = take_leave(
            signed(), class_id, enrolment_id, numbers("session"), reason=form.why.data or "",
            who="academy", meant=form.meant.data,
        )  # fmt: skip
        return left_words(left)

    return one_done(class_id, enrolment_id, form, work, leave=form)


def one_done(
    class_id: int, enrolment_id: int, form: BaseForm, work: Callable[[], str], leave: LeaveForm | None = None
) -> Response:
    """Do what was asked about one learner and say it in the words it returns; a refusal comes back on the
    learner's page, with what was typed about a leave."""
    row = managed_or_404(class_id)
    if queries.one(class_id, enrolment_id) is None:
        abort(404)
    if not form.validate():
        abort(400)
    try:
        with transaction():
            words = work()
    except Conflict:
        raise
    except RuleError as error:
        form.blame(error)
        return make_response(learner_page(managed_or_404(row.id), enrolment_id, say(error), leave), 422)
    flash(words, "ok")
    return redirect(url_for(".learner", class_id=class_id, enrolment_id=enrolment_id), 303)


def left_words(left: Left) -> str:
    """What became of a leave, in words."""
    if left.withdrawn:
        return str(_("The training has ended: more than 1/7 of the hours would be missed."))
    return _(
        "Leave is noted: %(away)s of %(total)s minutes.", away=left.leave.minutes, total=left.leave.total
    )
