"""Lists of who enters a restricted site: filled in, printed, gone by themselves."""

from collections.abc import Sequence
from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from wtforms.validators import Length, Optional

from pbtrain.classes.models import TrainingClass
from pbtrain.classes.queries import entry as queries
from pbtrain.classes.rules import entry as rules
from pbtrain.classes.rules.timetable import Slot
from pbtrain.classes.services import entry as services
from pbtrain.classes.views.certificates import bp
from pbtrain.classes.views.common import managed_or_404
from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.forms import BaseForm, TextField, clean, number_of
from pbtrain.core.i18n import _, _l, say
from pbtrain.org.access import Actor, needs, signed
from pbtrain.org.roles import Perm


class EntryForm(BaseForm):
    """Numbers stand in fields of their own, "number-7" for enrolment 7."""

    reason = TextField(_l("Why the numbers of the roster are needed"), [Optional(), Length(max=200)])


def panel(actor: Actor, row: TrainingClass, units: Sequence[Slot]) -> dict[str, Any]:
    """What the page of a class leads to besides certificates; no statement."""
    lists = [
        queries.Visit(unit.id, row.id, unit.title, unit.venue, unit.day, unit.list_due)
        for unit in units
        if unit.list_due is not None
    ]
    return {"row": row, "lists": lists}


def visit_or_404(class_id: int, slot_id: int) -> tuple[TrainingClass, queries.Visit]:
    """A session of one's academy at a site that wants a list."""
    row = managed_or_404(class_id)
    found = queries.visits(class_id, slot_id)
    return row, found[0] if found else abort(404)


@bp.route("/classes/<int:class_id>/units/<int:slot_id>/entry", methods=["GET", "POST"])
@needs(Perm.CLASS_MANAGE)
def entry_list(class_id: int, slot_id: int) -> Any:
    """Put in numbers, take those of the roster, say that the list was sent."""
    row, visit = visit_or_404(class_id, slot_id)
    form, wrong = EntryForm(), {}
    if form.validate_on_submit():
        try:
            _do(signed(), row.unit_id, visit, form)
        except Conflict:
            raise
        except RuleError as error:
            if error.field and error.field.startswith("number-"):
                wrong[error.field] = say(error)
            else:
                form.blame(error)
        else:
            return redirect(url_for(".entry_list", class_id=class_id, slot_id=slot_id), 303)
        row, visit = visit_or_404(class_id, slot_id)
    kept = queries.list_of(slot_id)
    people = queries.people(class_id, kept.id if kept else None)
    body = render_template(
        "classes/entry_list.html",
        row=row,
        visit=visit,
        form=form,
        wrong=wrong,
        given=request.form,
        kept=kept,
        gone=rules.purge_on(visit.day),
        over=rules.purge_on(visit.day) <= clock.today(),
        people=[(one, rules.masked(services.unseal(one.sealed))) for one in people],
        missing=sum(1 for one in people if not one.sealed),
        takeable=sum(1 for one in people if one.on_record and not one.sealed),
    )
    return make_response(body, 422 if form.errors or wrong else 200)


def _do(person: Actor, unit_id: int, visit: queries.Visit, form: EntryForm) -> None:
    """What the button that was pressed asks for."""
    act = request.form.get("act", "save")
    if act == "take":
        wanted = services.on_record(visit.class_id, visit.id)
        db.session.rollback()
        services.disclose(person, unit_id, visit, wanted, form.reason.data or "")
        with transaction():
            count = services.take_from_roster(person, unit_id, visit, wanted)
        flash(_("%(count)s people stand on the list with their number.", count=count), "ok")
    elif act == "sent":
        with transaction():
            services.sent(person, unit_id, visit)
        flash(_("Kept: the site has the list."), "ok")
    else:
        numbers = {
            person_id: clean(text)
            for name, text in request.form.items()
            if name.startswith("number-") and (person_id := number_of(name[7:])) is not None
            and (clean(text) or request.form.get(f"off-{name[7:]}"))
        }  # fmt: skip
        with transaction():
            count = services.fill(person, unit_id, visit, numbers)
        flash(_("%(count)s people stand on the list with their number.", count=count), "ok")


@bp.get("/classes/<int:class_id>/units/<int:slot_id>/entry/print")
@needs(Perm.CLASS_MANAGE)
def entry_print(class_id: int, slot_id: int) -> str:
    """The list on paper for the site: name, sex, number, and no more. That it was printed is kept."""
    row, visit = visit_or_404(class_id, slot_id)
    services.opened(signed(), row.unit_id, visit)
    row, kept = managed_or_404(class_id), queries.list_of(slot_id)
    lines = []
    for one in queries.people(class_id, kept.id if kept else None):
        number = services.unseal(one.sealed)
        if number:
            lines.append((one.name, rules.sex_of(number, one.sex), number))
    return render_template(
        "classes/entry_print.html", row=row, visit=visit, lines=lines, columns=rules.COLUMNS
    )
