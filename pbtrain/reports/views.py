"""The pages of reports: which there are, one on the screen, one to print, one as Excel."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, abort, render_template, request
from sqlalchemy import and_, or_, select
from werkzeug.wrappers import Response

from pbtrain.closing.manifest import spaced
from pbtrain.closing.models import YearSeal
from pbtrain.core import clock, sheets
from pbtrain.core.db import db, unhurried
from pbtrain.core.formatting import check_code, hours, number
from pbtrain.core.forms import clean
from pbtrain.core.i18n import N_, _
from pbtrain.core.paging import paged
from pbtrain.core.registry import load_all
from pbtrain.hours.models import Book
from pbtrain.hours.views.common import year_asked
from pbtrain.org.access import needs, signed, units_where
from pbtrain.org.kinds import WITH_MEMBERS
from pbtrain.org.models import Unit, UnitKindSpan
from pbtrain.org.reach import unit_or_404
from pbtrain.org.roles import Perm
from pbtrain.reports import catalog
from pbtrain.reports.catalog import HALVES, REPORTS, Line, Report, Scope

load_all(catalog)
bp = Blueprint("reports", __name__)
HALF_LABELS = {"": N_("Whole year"), "1": N_("First half"), "2": N_("Second half")}
LINES_SHOWN = 100


def asked(branch_id: int, key: str) -> tuple[Report, Scope]:
    """The report, branch, year, half and filter in the address; 404 out of reach or for what is none."""
    unit = unit_or_404(branch_id, Perm.REPORT_VIEW)
    if key not in REPORTS or not (unit.kind in WITH_MEMBERS or has_books(unit.id)):
        abort(404)
    year, half = year_asked(), request.args.get("half", "")
    show = request.args.get("show", "")
    if half not in HALVES or (show and show not in REPORTS[key].filters):
        abort(404)
    return REPORTS[key], Scope(unit.id, unit.name, year, half, show)


def has_books(unit_id: int) -> bool:
    """Was this unit ever a branch that wrote a ledger?"""
    return db.session.scalar(select(Book.id).where(Book.unit_id == unit_id).limit(1)) is not None


def books(scope: Scope) -> list[Any]:
    """The years of the branch that have a ledger, newest first."""
    return list(
        db.session.execute(
            select(Book.year, Book.entries, Book.head, YearSeal.code)
            .outerjoin(YearSeal, and_(YearSeal.unit_id == Book.unit_id, YearSeal.year == Book.year))
            .where(Book.unit_id == scope.unit_id)
            .order_by(Book.year.desc(), Book.id)
        )
    )


def around(report: Report, scope: Scope) -> dict[str, Any]:
    """What stands around the table on the screen and on paper; three statements."""
    ledgers = books(scope)
    book = next((one for one in ledgers if one.year == scope.year), None)
    facts = report.facts(scope)
    return {
        "report": report,
        "scope": scope,
        "years": sorted({clock.today().year, *(one.year for one in ledgers)}, reverse=True),
        "halves": HALF_LABELS,
        "book": book if book and book.entries else None,
        "closed_code": spaced(book.code) if book and book.code else "",
        "totals": report.totals(facts),
        "notes": report.notes(facts),
        "counted": {name: facts[name] for name in report.filters},
        "shown": shown,
    }


def shown(kind: str, value: Any) -> str:
    """A value as text, by the kind of its column."""
    if value is None:
        return ""
    return {"hours": hours, "number": number}.get(kind, str)(value)


@bp.get("/reports")
@needs(Perm.REPORT_VIEW)
def index() -> str:
    """Which reports there are, and for which branches; what once was a branch has its ledger still."""
    words = clean(request.args.get("q", ""))[:100]
    was = select(UnitKindSpan.unit_id).where(UnitKindSpan.kind.in_(WITH_MEMBERS))
    found = select(Unit.id, Unit.name).where(
        Unit.id.in_(units_where(signed(), Perm.REPORT_VIEW)),
        or_(Unit.kind.in_(WITH_MEMBERS), Unit.id.in_(was)),
    )
    for word in words.split()[:5]:
        found = found.where(Unit.name.icontains(word, autoescape=True))
    return render_template(
        "reports/index.html",
        page=paged(found.order_by(Unit.code, Unit.id)),
        reports=REPORTS.values(),
        words=words,
    )


@bp.get("/branches/<int:branch_id>/reports/<key>")
@needs(Perm.REPORT_VIEW)
def page(branch_id: int, key: str) -> str:
    """A report on the screen, in pages."""
    report, scope = asked(branch_id, key)
    listed = paged(report.rows(scope), size=LINES_SHOWN)
    return render_template(
        "reports/page.html",
        page=listed,
        lines=[report.line(row) for row in listed.rows],
        **around(report, scope),
    )


@bp.get("/branches/<int:branch_id>/reports/<key>/print")
@needs(Perm.REPORT_VIEW)
def paper(branch_id: int, key: str) -> str:
    """The whole report on paper: the heading on every page, room for signatures."""
    report, scope = asked(branch_id, key)
    return render_template(
        "reports/paper.html",
        lines=whole(report, scope),
        person=signed(),
        now=clock.now(),
        **around(report, scope),
    )


def whole(report: Report, scope: Scope) -> Iterator[Line]:
    """Every line, read some at a time."""
    unhurried()
    for row in db.session.execute(report.rows(scope).execution_options(yield_per=500)):
        yield report.line(row)


@bp.get("/branches/<int:branch_id>/reports/<key>.xlsx")
@needs(Perm.REPORT_VIEW)
def xlsx(branch_id: int, key: str) -> Response:
    """The whole report as Excel."""
    report, scope = asked(branch_id, key)
    columns = [sheets.Column(_(c.label), c.width, c.kind) for c in report.columns]
    columns.append(sheets.Column(_("Remark"), 30))
    facts = report.facts(scope)
    ledgers = {one.year: one for one in books(scope)}
    title = f"{_(report.title)} {scope.unit_name} {scope.year}{_(HALF_LABELS[scope.half])}"
    if scope.show:
        title += f" {_(report.filters[scope.show])}"
    below: list[list[Any]] = [[*cells, None] for cells in report.totals(facts)]
    notes = report.notes(facts)
    if scope.year in ledgers:
        notes.append(_("Check code %(code)s", code=check_code(ledgers[scope.year].head)))
        if ledgers[scope.year].code:
            notes.append(_("Year closed, code %(code)s", code=spaced(ledgers[scope.year].code)))
    below += [[None, None, note, *[None] * (len(columns) - 3)] for note in notes]
    file = sheets.written(
        _(report.title),
        columns,
        (cells(report, line) for line in whole(report, scope)),
        above=[title, _("As of %(day)s", day=clock.today())],
        below=below,
        landscape=True,
    )
    return sheets.sent(file, title)


def cells(report: Report, line: Line) -> list[Any]:
    """A line for Excel; what is struck out stands there as text, so that no sum counts it."""
    values = [
        sheets.Struck(shown(column.kind, value))
        if line.struck and value is not None and column.kind in sheets.NUMBERS and index
        else value
        for index, (column, value) in enumerate(zip(report.columns, line.values, strict=True))
    ]
    return [*values, line.remark]
