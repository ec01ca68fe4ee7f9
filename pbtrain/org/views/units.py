"""Pages of the tree of units, and of the members below each."""

from collections.abc import Sequence
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.forms import clean, number_of
from pbtrain.core.i18n import _
from pbtrain.core.paging import in_words, paged
from pbtrain.org import answering, counts, history, lists, queries, tree, unit_rules
from pbtrain.org.access import needs, signed
from pbtrain.org.forms.units import EndingNewUnitForm, EndingUnitForm, NewUnitsForm
from pbtrain.org.kinds import FIELDS, STAGES, UNIT_KINDS
from pbtrain.org.reach import unit_or_404
from pbtrain.org.roles import Perm
from pbtrain.org.views import bp

SHOWN = 50  # units of a page


def crumbs(
    unit_id: int, *more: tuple[str, str | None], path: Sequence[Any] = ()
) -> list[tuple[str, str | None]]:
    """The way down to this unit, as far as the reader's reach begins, and what lies behind it."""
    person = signed()
    mine = {
        *person.units_with(Perm.UNITS_VIEW, subtree=True),
        *person.units_with(Perm.UNITS_VIEW, subtree=False),
    }
    path = path or queries.path_to(unit_id)
    start = next((n for n, row in enumerate(path) if row.id in mine), len(path) - 1)
    places: list[tuple[str, str | None]] = [
        (row.name, url_for("org.unit", unit_id=row.id) if mine else None) for row in path[start:]
    ]
    return [*places, *more]


def rights(path: Sequence[Any]) -> frozenset[Perm]:
    """What the reader may do in the last unit of this way down, without asking the database."""
    person = signed()
    above = {row.id for row in path}
    own = path[-1].id
    return frozenset(
        perm
        for perm in Perm
        if own in person.units_with(perm, subtree=False)
        or not above.isdisjoint(person.units_with(perm, subtree=True))
    )


def number(name: str) -> int:
    """A row id or page number of the address; 0 when it is not there, 400 when it is none."""
    text = request.args.get(name, "")
    if not text:
        return 0
    found = number_of(text)
    return abort(400) if found is None else found


@bp.get("/units")
@needs(Perm.UNITS_VIEW)
def units() -> Response | str:
    """Where the reader's reach begins; with one such unit, that unit."""
    tops = queries.tops(signed(), Perm.UNITS_VIEW)
    if len(tops) == 1:
        return redirect(url_for(".unit", unit_id=tops[0].id))
    return render_template("org/units.html", tops=tops, kinds=UNIT_KINDS)


@bp.get("/units/<int:unit_id>")
@needs(Perm.UNITS_VIEW)
def unit(unit_id: int) -> str:
    """One unit: what stands below it, and where something is missing."""
    row = unit_or_404(unit_id, Perm.UNITS_VIEW)
    path, kind = queries.path_to(unit_id), UNIT_KINDS[row.kind]
    q = clean(request.args.get("q", ""))[:100]
    children = paged(queries.children(unit_id, q), size=SHOWN) if kind.has_units else None
    listed = children.rows if children else ()
    figures = counts.of_units([unit_id, *(child.id for child in listed)])
    return render_template(
        "org/unit.html",
        unit=row,
        places=crumbs(unit_id, path=path),
        children=children,
        figures=figures,
        own=figures[unit_id],
        q=q,
        ends_on=history.planned_end(unit_id) if row.kind == "temporary_branch" else None,
        taken_over=row.valid_until is not None and answering.heir_of(unit_id) is not None,
        turns=unit_rules.TURNS,
        today=clock.today(),
        kinds=UNIT_KINDS,
        fields=FIELDS,
        can=rights(path),
        above=Perm.UNIT_MANAGE in rights(path[:-1]) if len(path) > 1 else False,
    )


@bp.route("/units/<int:unit_id>/new", methods=["GET", "POST"])
@needs(Perm.UNIT_MANAGE)
def unit_new(unit_id: int) -> Any:
    """A new unit below this one."""
    parent, form = unit_or_404(unit_id, Perm.UNIT_MANAGE), EndingNewUnitForm()
    if form.validate_on_submit():
        with transaction(form):
            tree.add_unit(signed(), parent_id=unit_id, **form.values())
        if not form.errors:
            flash(_("%(name)s has been added.", name=form.name.data), "ok")
            return redirect(url_for(".unit", unit_id=unit_id), 303)
    return page("org/unit_form.html", form, unit=parent, title=_("New unit below"), send=_("Add the unit"))


@bp.route("/units/<int:unit_id>/new-many", methods=["GET", "POST"])
@needs(Perm.UNIT_MANAGE)
def units_new(unit_id: int) -> Any:
    """Many new units below this one in one go."""
    parent, form = unit_or_404(unit_id, Perm.UNIT_MANAGE), NewUnitsForm()
    if form.validate_on_submit():
        named = form.named()
        with transaction(form):
            tree.add_units(signed(), unit_id, named, kind=form.kind.data or "", field=form.field.data or "")
        if not form.errors:
            flash(_("%(count)s units have been added.", count=len(named)), "ok")
            return redirect(url_for(".unit", unit_id=unit_id), 303)
    return page(
        "org/unit_form.html",
        form,
        unit=parent,
        title=_("Many new units"),
        send=_("Add them all"),
        says=_("All of them are added, or, if one line cannot be used, none."),
    )


@bp.route("/units/<int:unit_id>/edit", methods=["GET", "POST"])
@needs(Perm.UNIT_MANAGE)
def unit_edit(unit_id: int) -> Any:
    """Rename a unit, change its code, field or planned end."""
    row = unit_or_404(unit_id, Perm.UNIT_MANAGE)
    given = _as_it_stands(row)
    form = EndingUnitForm(data=given | {"version": unit_rules.version_of(**given)})
    if row.kind != "temporary_branch":
        del form.ends_on
    if form.validate_on_submit():
        with transaction(form):
            tree.change_unit(signed(), unit_id, **form.values(), version=form.version.data or "")
        if not form.errors:
            flash(_("Saved."), "ok")
            return redirect(url_for(".unit", unit_id=unit_id), 303)
    row, both = unit_or_404(unit_id, Perm.UNIT_MANAGE), None
    if form.conflict:  # what now stands is shown; sending again replaces it
        given = _as_it_stands(row)
        form.version.data = unit_rules.version_of(**given)
        both = [(form[name].label.text, given[name] or "—") for name in given if name in form]
    return page(
        "org/unit_form.html",
        form,
        unit=row,
        both=both,
        title=_("Change the unit"),
        send=_("Save"),
        says=_("A new name holds from today; reports and trees of earlier days keep the old one."),
    )


def _as_it_stands(row: Any) -> dict[str, Any]:
    """What is edited of a unit."""
    given = {"name": row.name, "code": row.code, "field": row.field}
    return given | {"ends_on": history.planned_end(row.id)}


def page(template: str, form: Any, **given: Any) -> Any:
    """A page with a form; 422 when it comes back with errors, 409 when somebody was faster."""
    for name, usual in (("names", ()), ("says", ""), ("both", None)):
        given.setdefault(name, usual)
    text = render_template(
        template, form=form, places=crumbs(given["unit"].id, (given["title"], None)), **given
    )
    return (text, 409 if given["both"] else 422) if form.errors else text


@bp.get("/units/<int:unit_id>/members")
@needs(Perm.ROSTER_MANAGE)
def members(unit_id: int) -> str:
    """Who stands in this unit and below it: searched, sorted, page by page."""
    row = unit_or_404(unit_id, Perm.ROSTER_MANAGE)
    q, show, sort = (clean(request.args.get(name, ""))[:100] for name in ("q", "show", "sort"))
    first = max(number("from"), 1)
    found = lists.members(unit_id, q=q, show=show, sort=sort, after=number("after"), before=number("before"))
    args: dict[str, Any] = {
        name: value for name, value in (("q", q), ("show", show), ("sort", sort)) if value
    }

    def turn(to: int, **cursor: int) -> str:
        return url_for(".members", unit_id=unit_id, **args, **cursor, **{"from": max(to, 1)})

    rows = found.rows
    pager = {
        "from_": first,
        "to": first + len(rows) - 1 if rows else 0,
        "prev_url": turn(first - lists.PAGE, before=rows[0].id) if found.earlier and rows else None,
        "next_url": turn(first + len(rows), after=rows[-1].id) if found.later and rows else None,
        "total_text": _("of %(total)s people", total=in_words(found.total)),
    }
    return render_template(
        "org/members.html",
        unit=row,
        places=crumbs(unit_id, (_("Members"), None)),
        found=found,
        pager=pager,
        stages=STAGES,
        q=q,
        show=show,
        sort=sort or "name",
        listed=lambda **change: url_for(".members", unit_id=unit_id, **(args | change)),
        is_branch=UNIT_KINDS[row.kind].has_members,
    )
