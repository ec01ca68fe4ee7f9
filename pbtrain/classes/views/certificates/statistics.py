"""Statistics of one's academies: 期数, 人次, 人 by audience, month and year; every number opens its rows."""

from collections.abc import Iterator
from typing import Any

from flask import Response, abort, render_template, request

from pbtrain.classes import kinds
from pbtrain.classes.queries import statistics as queries
from pbtrain.classes.views.certificates import bp
from pbtrain.classes.views.common import one_of
from pbtrain.core import clock, sheets
from pbtrain.core.forms import number_of
from pbtrain.core.i18n import _
from pbtrain.core.paging import paged
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm

TITLES = ("分组", "项目", "期数", "人次", "人数")


def _number(name: str, least: int, most: int) -> int | None:
    """A number of the address within bounds, None where it is left out; 404 for anything else."""
    text = request.args.get(name, "")
    if not text:
        return None
    found = number_of(text, digits=4)
    return found if found is not None and least <= found <= most else abort(404)


def _year() -> int:
    return _number("year", 2000, 2100) or clock.today().year


@bp.get("/classes/statistics")
@needs(Perm.CLASS_MANAGE)
def statistics() -> str:
    """Four tables; four statements."""
    year = _year()
    return render_template(
        "classes/statistics.html",
        year=year,
        whole=queries.figures(signed(), "", year)[0],
        years=queries.figures(signed(), "year", None),
        months=queries.figures(signed(), "month", year),
        audiences=queries.figures(signed(), "audience", year),
        kinds=kinds,
    )


@bp.get("/classes/statistics/<behind>")
@needs(Perm.CLASS_MANAGE)
def behind(behind: str) -> str:
    """The classes or the people that one number counts."""
    found: Any = {"classes": queries.classes, "people": queries.people}.get(behind) or abort(404)
    year, month = _year(), _number("month", 1, 12) or 0
    audience = one_of("audience", kinds.AUDIENCES)
    return render_template(
        "classes/statistics_rows.html",
        page=paged(found(signed(), year, month, audience), size=50),
        behind=behind,
        year=year,
        month=month,
        audience=_(kinds.AUDIENCES[audience]) if audience else "",
        kinds=kinds,
    )


@bp.get("/classes/statistics.xlsx")
@needs(Perm.CLASS_MANAGE)
def statistics_xlsx() -> Response:
    """The same figures as a workbook."""
    year = _year()
    columns = [sheets.Column(TITLES[0]), sheets.Column(TITLES[1], 36)]
    columns += [sheets.Column(title, 12, "number") for title in TITLES[2:]]
    rows = list(_rows(year))
    file = sheets.written("培训统计", columns, rows, above=[f"{year}年培训统计（人次与人数不可相加）"])
    return sheets.sent(file, f"培训统计-{year}")


def _rows(year: int) -> Iterator[list[Any]]:
    for by, label in (("", "全年"), ("month", "按月"), ("audience", "按对象")):
        for row in queries.figures(signed(), by, year):
            key = {"": f"{year}年", "month": "", "audience": ""}[by]
            if by == "month":
                key = f"{int(row.key)}月"
            elif by == "audience":
                key = _(kinds.AUDIENCES.get(row.key, ""))
            yield [label, key, row.classes, row.times, row.people]
