"""What is masked, opened against a reason; people found by a number; a roster in full; erasing a person."""

from typing import Any

from flask import abort, flash, make_response, redirect, render_template, send_file, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from pbtrain.claims import keeping as claims
from pbtrain.classes.services import certificates, entry
from pbtrain.classes.services import keeping as classes
from pbtrain.closing import statements
from pbtrain.core import clock
from pbtrain.core.db import db, transaction, unhurried
from pbtrain.core.errors import RuleError
from pbtrain.core.forms import one_line
from pbtrain.core.i18n import N_, _, ngettext
from pbtrain.core.paging import paged
from pbtrain.core.sheets import XLSX
from pbtrain.home.views.factor import before_change
from pbtrain.home.views.members import bp, member_or_404, member_page, show_form
from pbtrain.hours.models import HourEntry
from pbtrain.notify import services as notify
from pbtrain.org import copies, disclosures, erasure, members
from pbtrain.org.access import Actor, needs, signed, signed_in, units_where
from pbtrain.org.forms.members import NumberForm, ReasonForm
from pbtrain.org.models import Member, Post, Unit, UnitClosure
from pbtrain.org.reach import unit_or_404
from pbtrain.org.roles import Perm
from pbtrain.org.roster import queries as roster_queries
from pbtrain.org.roster.sheets import TEMPLATE
from pbtrain.org.uploads import sheets

FOUND, LARGEST = 20, 50_000  # people found by a number; people in one file


@bp.post("/people/<int:member_id>/show")
@needs(Perm.MEMBER_MEND)
def show_in_full(member_id: int) -> Any:
    """Phone or ID number in full, in this answer only; who, when and why is written down before."""
    row = member_or_404(member_id, Perm.MEMBER_MEND)
    form = show_form(row, bound=True)
    if not form.validate_on_submit():
        return member_page(row, show=form)
    try:
        opened = disclosures.open_facts(signed(), row, form.facts.data or [], form.reason.data or "")
    except RuleError as error:
        form.blame(error)
        return member_page(row, show=form)
    return member_page(row, opened=opened)


@bp.route("/people/find", methods=["GET", "POST"])
@needs(Perm.ROSTER_MANAGE)
def find() -> Any:
    """Find a member by a phone or ID number; numbers are sent in a form, so that no address keeps them."""
    person, form = signed(), NumberForm()
    found: list[Any] = []
    if form.validate_on_submit():
        try:
            found = found_by(person, form.number.data or "")
            if not found:
                raise RuleError(N_("Nobody within your reach has this number."), field="number")
        except RuleError as error:
            if error.field == "id_number":
                error.field = "number"
            form.blame(error)
        else:
            if len(found) == 1:
                return redirect(url_for(".member", member_id=found[0].id), 303)
    text = render_template("home/find.html", form=form, found=found)
    return make_response(text, 422 if form.errors else 200)


def found_by(person: Actor, number: str) -> list[Any]:
    """Members within reach whose phone or ID number this is: id, name, code, unit_name."""
    return list(
        db.session.execute(
            select(Member.id, Member.name, Member.code, Unit.name.label("unit_name"))
            .join(Unit, Unit.id == Member.unit_id)
            .where(
                members.find_by_number(number),
                Member.unit_id.in_(units_where(person, Perm.ROSTER_MANAGE)),
            )
            .order_by(Member.pinyin, Member.id)
            .limit(FOUND)
        )
    )


@bp.route("/units/<int:unit_id>/roster-in-full", methods=["GET", "POST"])
@needs(Perm.ROSTER_MANAGE)
def roster_in_full(unit_id: int) -> Any:
    """The roster of a unit with all numbers, against the password once more and a reason that every one of
    its members can read."""
    person, form = signed(), ReasonForm()
    unit = unit_or_404(unit_id, Perm.ROSTER_MANAGE)
    if first := before_change(person, url_for(".roster_in_full", unit_id=unit_id)):
        return first
    count = people_in(unit_id)
    if form.validate_on_submit():
        try:
            if count > LARGEST:
                raise RuleError(
                    N_("At most %(count)s people in one file. Choose a unit further down."),
                    count=f"{LARGEST:,}",
                )
            taken = disclosures.record_export(person, unit_id, form.reason.data or "", people=count)
        except RuleError as error:
            form.blame(error)
        else:
            return full_roster(person, unit, taken)
    text = render_template(
        "home/roster_in_full.html", unit=unit, form=form, count=count, until=copies.due_on()
    )
    return make_response(text, 422 if form.errors else 200)


def people_in(unit_id: int) -> int:
    """How many stand on the roster in a unit and below it."""
    return (
        db.session.scalar(
            select(func.count(Member.id))
            .join(UnitClosure, UnitClosure.below_id == Member.unit_id)
            .where(UnitClosure.above_id == unit_id, Member.left_on.is_(None))
        )
        or 0
    )


def full_roster(person: Actor, unit: Any, taken: disclosures.Taken) -> Response:
    """The file; who took it, when, why and until when stands above the table, at the foot of every printed
    page and in its properties. No copy is kept here."""
    unhurried()
    now = clock.local(clock.now())
    mark = f"{person.name} {person.username} · {now:%Y-%m-%d %H:%M} · {taken.reason}"
    mark = f"用后即删，有效至 {taken.due_on} · {mark}"
    out = sheets.written(
        TEMPLATE,
        roster_queries.roster(person, unit.id, full=True),
        branches=roster_queries.branch_names(person, unit.id),
        mark=mark,
        guide=False,
    )
    name = f"党员名册（完整）-{one_line(unit.name)}-{now:%Y-%m-%d}.xlsx"
    return send_file(out, XLSX, as_attachment=True, download_name=name)


@bp.get("/roster-copies", endpoint="copies")
@signed_in
def open_copies() -> str:
    """Full rosters not known to be deleted: one's own, and those of the rosters one keeps."""
    person = signed()
    page = paged(copies.open_copies(person))
    return render_template("home/roster_copies.html", page=page, mine=person.account_id, today=clock.today())


@bp.post("/roster-copies/<int:copy_id>/deleted")
@signed_in
def copy_deleted(copy_id: int) -> Response:
    """Say that a file is deleted."""
    with transaction():
        if not copies.confirm_deleted(signed(), copy_id):
            abort(404)
    flash(_("Noted: the file is deleted."), "ok")
    return redirect(url_for(".copies"), 303)


@bp.route("/people/<int:member_id>/erase", methods=["GET", "POST"])
@needs(Perm.ROSTER_MANAGE)
def erase(member_id: int) -> Any:
    """Empty what is personal of somebody who has left; first what goes and what stays."""
    person, row, form = signed(), member_or_404(member_id), ReasonForm()
    erasure.check_erasable(person, row)
    if first := before_change(person, url_for(".erase", member_id=member_id)):
        return first
    if form.validate_on_submit():
        with transaction(form):
            claims.forget(person, member_id)
            classes.forget(person, member_id, name=erasure.NAME)
            account_id = erasure.erase(person, member_id, reason=form.reason.data or "")
            statements.forget(member_id)
            certificates.forget(member_id)
            entry.forget(member_id)
            if account_id is not None:
                notify.forget(account_id)
        if not form.errors:
            flash(_("Erased. The hours stay in the ledger, under a pseudonym."), "ok")
            return redirect(url_for(".member", member_id=member_id), 303)
    text = render_template("home/erase.html", member=row, form=form, kept=kept_of(member_id))
    return make_response(text, 422 if form.errors else 200)


def kept_of(member_id: int) -> list[str]:
    """What stays of a person after erasing, in words."""
    lines = db.session.scalar(select(func.count(HourEntry.id)).where(HourEntry.member_id == member_id)) or 0
    held = db.session.scalar(select(func.count(Post.id)).where(Post.member_id == member_id)) or 0
    return [
        ngettext("%(num)s line of the ledger", "%(num)s lines of the ledger", lines),
        ngettext("%(num)s post, with its days", "%(num)s posts, with their days", held),
    ]
