"""The catalogue of an academy: templates of classes, teachers, venues; lists, forms, exports."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Response as Answer
from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.classes import kinds
from pbtrain.classes.forms.catalogue import FORMS, ItemForm, TemplateForm, VenueForm
from pbtrain.classes.models import Teacher, Venue
from pbtrain.classes.queries import catalogue as queries
from pbtrain.classes.queries import classes as class_queries
from pbtrain.classes.services import catalogue as services
from pbtrain.classes.views import bp
from pbtrain.classes.views.common import managed_or_404, sorting, version_of
from pbtrain.core import sheets
from pbtrain.core.db import db, transaction
from pbtrain.core.forms import clean
from pbtrain.core.i18n import _
from pbtrain.core.marks import N_
from pbtrain.core.paging import paged
from pbtrain.core.sheets import Column
from pbtrain.courses.views.write import form_page
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm

SHELF = "<any(templates, teachers, venues):shelf>"


@dataclass(frozen=True)
class Words:
    """What a shelf is called on the screen."""

    title: str
    new: str
    none: str


WORDS = {
    "templates": Words(N_("Catalogue of classes"), N_("New template"), N_("No template yet")),
    "teachers": Words(N_("Teachers"), N_("New teacher"), N_("No teacher yet")),
    "venues": Words(N_("Venues"), N_("New venue"), N_("No venue yet")),
}


def _asked(shelf: str) -> dict[str, Any]:
    """Search, order and filter of the address."""
    return {
        "words": clean(request.args.get("q", ""))[:100],
        "sort": sorting(queries.SHELVES[shelf].sorts, queries.SHELVES[shelf].usual),
        "closed": request.args.get("closed") == "1",
    }


@bp.get("/catalogue", endpoint="catalogue")
@needs(Perm.CLASS_MANAGE)
def catalogue_home() -> Response:
    """The way to the shelf that is opened most."""
    return redirect(url_for(".shelf", shelf="teachers"))


@bp.get(f"/catalogue/{SHELF}")
@needs(Perm.CLASS_MANAGE)
def shelf(shelf: str) -> str:
    """What stands on one shelf, searchable and sorted; two statements."""
    asked = _asked(shelf)
    return render_template(
        "classes/shelf.html",
        shelf=shelf,
        words=WORDS,
        page=paged(queries.listed(signed(), shelf, **asked), size=30),
        asked=asked,
        kinds=kinds,
    )


@bp.get(f"/catalogue/{SHELF}.xlsx")
@needs(Perm.CLASS_MANAGE)
def shelf_xlsx(shelf: str) -> Answer:
    """The same list as a workbook."""
    found = queries.listed(signed(), shelf, **_asked(shelf))
    columns, cells = COLUMNS[shelf]

    def rows() -> Iterator[list[Any]]:
        for row in db.session.execute(found.execution_options(yield_per=500)):
            yield [*cells(row[0]), row.used]

    title = _(WORDS[shelf].title)
    heads = [Column(_(text), width, kind) for text, width, kind in columns]
    file = sheets.written(title, [*heads, Column(_("Used"), 8, "number")], rows(), above=[title])
    return sheets.sent(file, title)


COLUMNS: dict[str, tuple[tuple[tuple[str, int, str], ...], Any]] = {
    "templates": (
        ((N_("Name"), 30, "text"), (N_("Theme"), 24, "text"), (N_("Days"), 8, "number"),
         (N_("Seats"), 8, "number"), (N_("Audience"), 20, "text")),
        lambda row: [row.name, row.theme, row.days, row.capacity, _(kinds.AUDIENCES.get(row.audience, ""))],
    ),
    "teachers": (
        ((N_("Name"), 16, "text"), (N_("Title or post"), 16, "text"), (N_("Workplace"), 30, "text"),
         (N_("Teaches"), 40, "text")),
        lambda row: [row.name, row.title, row.organisation, row.topics],
    ),
    "venues": (
        ((N_("Name"), 24, "text"), (N_("Kind"), 12, "text"), (N_("Address"), 30, "text"),
         (N_("How many people it holds"), 12, "number"), (N_("Opens at"), 8, "text"),
         (N_("Closes at"), 8, "text")),
        lambda row: [row.name, _(kinds.VENUES[row.kind]), row.place, row.capacity, row.opens, row.closes],
    ),
}  # fmt: skip


def _offer(form: ItemForm, shelf: str, row: Any) -> None:
    """Fill what the form offers: the academies, and what a template's units may name."""
    academies = class_queries.academies(signed())
    form.unit_id.choices = [(one.id, one.name) for one in academies]
    if row is not None:
        form.unit_id.data = row.unit_id
        if not form.is_submitted() and isinstance(form, VenueForm | TemplateForm):
            form.fill(row)
    if isinstance(form, TemplateForm):
        unit_id = form.unit_id.data or (academies[0].id if academies else 0)
        if unit_id not in {one.id for one in academies}:
            abort(404)
        units = row.sessions if row is not None else []
        form.offer(
            queries.offered(Teacher, unit_id, *(unit.get("teacher_id") for unit in units)),
            queries.offered(Venue, unit_id, *(unit.get("venue_id") for unit in units)),
        )


def _item_page(shelf: str, form: ItemForm, row: Any) -> Answer:
    if form.conflict and row is not None:
        form.version.data = str(row.version)
    return form_page("classes/item.html", form, shelf=shelf, words=WORDS, row=row, kinds=kinds)


@bp.route(f"/catalogue/{SHELF}/new", methods=["GET", "POST"])
@needs(Perm.CLASS_MANAGE)
def new_item(shelf: str) -> Answer | Response:
    """Add one."""
    form = FORMS[shelf]()
    _offer(form, shelf, None)
    if form.validate_on_submit():
        with transaction(form):
            services.create(signed(), queries.SHELVES[shelf].model, form.unit_id.data, **form.values())
        if not form.errors:
            flash(_("Saved."), "ok")
            return redirect(url_for(".shelf", shelf=shelf), 303)
    return _item_page(shelf, form, None)


@bp.route(f"/catalogue/{SHELF}/<int:item_id>", methods=["GET", "POST"])
@needs(Perm.CLASS_MANAGE)
def edit_item(shelf: str, item_id: int) -> Answer | Response:
    """Change one."""
    row = queries.item(signed(), shelf, item_id) or abort(404)
    form = FORMS[shelf](obj=row if request.method == "GET" else None)
    _offer(form, shelf, row)
    if form.validate_on_submit():
        model = queries.SHELVES[shelf].model
        with transaction(form):
            services.edit(signed(), model, item_id, form.made_from, **form.values())
        if not form.errors:
            flash(_("Saved."), "ok")
            return redirect(url_for(".shelf", shelf=shelf), 303)
    return _item_page(shelf, form, queries.item(signed(), shelf, item_id) or abort(404))


@bp.post("/<int:class_id>/template")
@needs(Perm.CLASS_MANAGE)
def template_after(class_id: int) -> Response:
    """A template with the timetable of this class, to look through and save."""
    with transaction():
        template_id = services.template_after(signed(), managed_or_404(class_id))
    flash(_("The template is made. Look through it: name, months, units."), "ok")
    return redirect(url_for(".edit_item", shelf="templates", item_id=template_id), 303)


@bp.post(f"/catalogue/{SHELF}/<int:item_id>/open")
@needs(Perm.CLASS_MANAGE)
def open_item(shelf: str, item_id: int) -> Response:
    """Close it for new classes, or open it again."""
    row, wanted = queries.item(signed(), shelf, item_id) or abort(404), request.form.get("open") == "1"
    with transaction():
        services.set_open(signed(), type(row), item_id, version_of(request.form), open=wanted)
    flash(_("Open for new classes again.") if wanted else _("Closed: new classes cannot use it."), "ok")
    return redirect(url_for(".shelf", shelf=shelf), 303)
