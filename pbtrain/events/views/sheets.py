"""The paper at the door: the sheet to print, its photo as evidence, ticking beside it."""

from typing import Any
from uuid import uuid4

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.core import images, storage
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.formatting import clock_time, long_day
from pbtrain.core.forms import number_of
from pbtrain.core.headers import attach
from pbtrain.core.i18n import _
from pbtrain.core.templating import english
from pbtrain.events.door import paper, queries, rules, sheet
from pbtrain.events.forms.door import SheetForm
from pbtrain.events.views import bp
from pbtrain.events.views.door import address, doored
from pbtrain.org.access import signed, signed_in


@bp.get("/door/<int:event_id>/sheet.pdf")
@signed_in
def sheet_pdf(event_id: int) -> Response:
    """The sign-in sheet to print."""
    event = doored(event_id)
    pages = sheet.pages_of(queries.everybody(event_id))
    words = _words(event)
    made = [
        sheet.Page(
            rows=tuple(
                (number, row.name, row.home or "") for number, row in enumerate(rows, 1 + sheet.ROWS * place)
            ),
            address=address(url_for(".sheet_page", event_id=event_id, page=place + 1)),
            foot=_("Page %(number)s of %(all)s", number=place + 1, all=len(pages)),
        )
        for place, rows in enumerate(pages)
    ]
    response = make_response(sheet.drawn(words, made))
    response.mimetype = "application/pdf"
    attach(response, _("Sign-in sheet, %(title)s", title=event.title), "pdf")
    return response


def _words(event: Any) -> sheet.Words:
    ends = queries.session_of(event).ends_at
    when = f"{long_day(event.day, english=english())} {clock_time(event.starts_at)}–{clock_time(ends)}"
    return sheet.Words(
        title=_("Sign-in sheet: %(title)s", title=event.title),
        lines=(event.unit_name, when, *([event.place] if event.place else [])),
        heads=(_("No."), _("Name"), _("Branch"), _("Signature"), _("Remark")),
        how=_("Sign in the row of your name. Afterwards photograph the page and scan the code to enter it."),
        witness=_("Confirmed by (chair): ____________________"),
    )


@bp.route("/door/<int:event_id>/sheet", methods=["GET", "POST"])
@signed_in
def sheet_page(event_id: int) -> Response:
    """One page of the sheet: its photos, and the names to tick beside them."""
    event, form = doored(event_id), SheetForm()
    photos = queries.sheets(event_id)
    form.photos.flags.optional = bool(photos)
    everybody = queries.everybody(event_id)
    pages, place = sheet.pages_of(everybody), (number_of(request.args.get("page", "1"), digits=4) or 0) - 1
    if not 0 <= place < len(pages):
        abort(404)
    if form.is_submitted() and form.validate() and _save(event_id, form, pages[place]):
        return redirect(url_for(".sheet_page", event_id=event_id, page=place + 1), 303)
    if not form.is_submitted():
        form.record_id.data = str(uuid4())
    ticked = set(form.present.data or ())
    page = render_template(
        "events/door/sheet.html",
        event=event,
        form=form,
        number=place + 1,
        count=len(pages),
        persons=[
            (
                row.id,
                f"{n}. {row.name}",
                row.present or row.id in ticked,
                _(rules.HOWS[row.how]) if row.present and row.how in rules.HOWS else "",
            )
            for n, row in enumerate(pages[place], 1 + sheet.ROWS * place)
        ],
        photos=photos,
        open=event.state == "planned" and event.door_closed_at is None,
    )
    return make_response(page, 422 if form.errors else 200)


def _save(event_id: int, form: SheetForm, rows: list[Any]) -> bool:
    """Keep photos and ticks; False with what is wrong in the form."""
    pictures = []
    try:
        for file in form.photos.data or ():
            if file:
                pictures.append((images.redraw(file.read(), field="photos"), file.filename or ""))
    except RuleError as error:
        form.blame(error)
        return False
    new = 0
    with transaction(form):
        new = paper.enter(
            signed(),
            event_id,
            {row.id for row in rows} & set(form.present.data or ()),
            pictures,
            record=form.record_id.data or "",
        )
    if form.errors:
        return False
    flash(_("Saved: %(photos)s photos, %(people)s people entered.", photos=len(pictures), people=new), "ok")
    return True


@bp.get("/door/f/<uuid:uuid>")
@signed_in
def sheet_photo(uuid: object) -> Response:
    """The photo of a sheet, or its small form with `?small=1`; 404 out of reach."""
    file = queries.sheet_file(signed(), str(uuid))
    if file is None or not storage.path_of(file.sha256).exists():
        abort(404)
    return storage.serve(file, thumb=request.args.get("small") == "1")
