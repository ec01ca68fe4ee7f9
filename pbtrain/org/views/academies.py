"""Academies: found one, say whom it serves, keep its seal, name who runs it."""

from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from pbtrain.accounts import slips as slip_services
from pbtrain.core import clock, images, storage
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.i18n import _
from pbtrain.core.paging import paged
from pbtrain.org import academies, lists, posts
from pbtrain.org.access import needs, signed
from pbtrain.org.forms.leaders import AcademyForm, AreaForm, SealForm, StaffForm
from pbtrain.org.forms.logins import SlipForm
from pbtrain.org.kinds import WITH_MEMBERS, WITH_UNITS
from pbtrain.org.roles import MAY, Perm, Role
from pbtrain.org.views import bp
from pbtrain.org.views.slips import sheet
from pbtrain.org.views.units import crumbs

SERVED = (*WITH_UNITS, *WITH_MEMBERS)


def academy_or_404(unit_id: int) -> Any:
    """The academy, or 404 where the reader manages no units."""
    return academies.in_reach(signed(), unit_id) or abort(404)


@bp.get("/academies", endpoint="academies")
@needs(Perm.UNIT_MANAGE)
def academies_list() -> str:
    """The academies in reach: whom each serves, who runs it."""
    return render_template("org/academies.html", page=paged(academies.listed(signed())))


@bp.route("/academies/new", methods=["GET", "POST"])
@needs(Perm.UNIT_MANAGE)
def academy_new() -> Any:
    """Found an academy."""
    person, form, made = signed(), AcademyForm(), 0
    if form.validate_on_submit():
        with transaction(form):
            unit = academies.found(
                person,
                name=form.name.data or "",
                parent_id=lists.unit_named(person, Perm.UNIT_MANAGE, form.parent_id.data or "", "parent_id"),
                area_id=lists.unit_named(person, Perm.UNIT_MANAGE, form.area.data or "", "area"),
                code=form.code.data or "",
            )
            made = unit.id
        if not form.errors:
            flash(_("%(name)s has been added.", name=form.name.data), "ok")
            return redirect(url_for(".academy", unit_id=made), 303)
    text = render_template(
        "org/academy_new.html",
        form=form,
        above=lists.unit_names(person, Perm.UNIT_MANAGE, WITH_UNITS),
        served=lists.unit_names(person, Perm.UNIT_MANAGE, SERVED),
    )
    return (text, 422) if form.errors else text


@bp.get("/academies/<int:unit_id>")
@needs(Perm.UNIT_MANAGE)
def academy(unit_id: int) -> Any:
    """One academy, and everything that can be set about it."""
    return academy_page(academy_or_404(unit_id))


def academy_page(row: Any, **given: Any) -> Any:
    """The page of an academy; 422 with a form that came back with errors."""
    person = signed()
    people = academies.staff(row.id)
    text = render_template(
        "org/academy.html",
        academy=row,
        places=crumbs(row.id),
        area=given.get("area") or AreaForm(formdata=None, data={"area": row.area or ""}),
        seal=given.get("seal") or SealForm(formdata=None),
        who=given.get("who") or StaffForm(formdata=None),
        opened=next(iter(given), ""),
        staff=people,
        barred=posts.beyond(person, [one.id for one in people]),
        labels=MAY,
        day=clock.today(),
        seen=slip_services.newest(),
        served=lists.unit_names(person, Perm.UNIT_MANAGE, SERVED),
    )
    return (text, 422) if any(form.errors for form in given.values()) else text


def back(unit_id: int, text: str) -> Response:
    """Say what has been done, and show the academy."""
    flash(text, "ok")
    return redirect(url_for(".academy", unit_id=unit_id), 303)


@bp.post("/academies/<int:unit_id>/area")
@needs(Perm.UNIT_MANAGE)
def academy_area(unit_id: int) -> Any:
    """Change whom it serves."""
    row, form, person = academy_or_404(unit_id), AreaForm(), signed()
    if form.validate_on_submit():
        with transaction(form):
            area_id = lists.unit_named(person, Perm.UNIT_MANAGE, form.area.data or "", "area")
            academies.set_area(person, unit_id, area_id)
        if not form.errors:
            return back(unit_id, _("The service area is set."))
    return academy_page(row, area=form)


@bp.get("/academies/<int:unit_id>/seal")
@needs(Perm.UNIT_MANAGE)
def academy_seal(unit_id: int) -> Response:
    """The picture of the seal."""
    row = academy_or_404(unit_id)
    file = academies.seal_file(row.seal) if row.seal else None
    if file is None or not storage.path_of(file.sha256).exists():
        abort(404)
    return storage.serve(file)


@bp.post("/academies/<int:unit_id>/seal")
@needs(Perm.UNIT_MANAGE)
def academy_seal_set(unit_id: int) -> Any:
    """Keep a new picture of the seal, drawn anew."""
    row, form = academy_or_404(unit_id), SealForm()
    if form.validate_on_submit():
        try:
            picture = images.redraw(form.picture.data.read(), field="picture")  # before any row is locked
        except RuleError as error:
            form.blame(error)
        else:
            with transaction(form):
                academies.set_seal(signed(), unit_id, picture, form.picture.data.filename or "")
            if not form.errors:
                return back(unit_id, _("The seal is kept."))
    return academy_page(row, seal=form)


@bp.post("/academies/<int:unit_id>/staff")
@needs(Perm.GRANT_MANAGE)
def academy_staff(unit_id: int) -> Any:
    """Name somebody who manages it or writes its courses."""
    row, form, person = academy_or_404(unit_id), StaffForm(), signed()
    if form.validate_on_submit():
        with transaction(form):
            name = form.person.data or ""
            if form.guest.data:
                account_id = academies.new_guest(person, unit_id, name)
            else:
                account_id = academies.account_named(person, name)
            academies.name_staff(
                person, unit_id, account_id, role=Role(form.role.data), valid_until=form.valid_until.data
            )
        if not form.errors:
            return back(unit_id, _("The role has been given."))
    return academy_page(row, who=form)


@bp.post("/academies/<int:unit_id>/slips/<int:account_id>")
@needs(Perm.SLIP_PRINT)
def academy_slip(unit_id: int, account_id: int) -> Any:
    """The sheet with one slip for somebody of this academy; its code is shown once, as `slips.sheet` says."""
    row, person, form = academy_or_404(unit_id), signed(), SlipForm()
    who = next((one for one in academies.staff(unit_id) if one.id == account_id), None) or abort(404)
    if posts.beyond(person, [account_id]):
        abort(403)
    if not form.validate():
        abort(400)
    return sheet(row, [who], seen=form.seen.data, back=(url_for(".academy", unit_id=unit_id), row.name))
