"""The classes of an academy: the list, and the page of one class with all that hangs on it."""

from flask import abort, render_template, request

from pbtrain.classes import kinds
from pbtrain.classes.models import TrainingClass
from pbtrain.classes.queries import around
from pbtrain.classes.queries import classes as queries
from pbtrain.classes.rules.timetable import Slot
from pbtrain.classes.views import bp, panels
from pbtrain.classes.views.common import by_day, managed_or_404, one_of, sorting
from pbtrain.classes.views.joining import open_page
from pbtrain.core.errors import RuleError
from pbtrain.core.forms import clean
from pbtrain.core.paging import paged
from pbtrain.hours import posting
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm


@bp.get("")
@needs(Perm.CLASS_MANAGE)
def index() -> str:
    """The classes of one's academies, searchable, by state; two statements."""
    words, state = clean(request.args.get("q", ""))[:100], one_of("state", kinds.STATES)
    sort = sorting(queries.SORTS, "-day")
    return render_template(
        "classes/index.html",
        page=paged(queries.listed(signed(), words=words, state=state, sort=sort), size=30),
        words=words,
        state=state,
        sort=sort,
        kinds=kinds,
    )


@bp.get("/<int:class_id>")
@needs(Perm.CLASS_MANAGE)
def page(class_id: int) -> str:
    """One class: what is wrong with it, who comes, its timetable."""
    row = managed_or_404(class_id)
    units, others = around.surroundings(row)
    troubles = around.troubles(row, units, others)
    return render_template(
        "classes/page.html",
        row=row,
        days=by_day(units),
        **_credit(row, units),
        troubles=troubles,
        late=around.tags([each for one in troubles for each in one.conflicts]),
        panels=panels.of_class(signed(), row, units),
        door=next_door(row, units),
        actions=[panel.actions for panel in panels.PANELS if panel.actions],
        kinds=kinds,
    )


def next_door(row: TrainingClass, units: list[Slot]) -> Slot | None:
    """The unit whose door opens next, for a class that takes people; None when all were held."""
    if row.state not in ("open", "running"):
        return None
    return next((unit for unit in units if not unit.door_closed), None)


def _credit(row: TrainingClass, units: list[Slot]) -> dict[str, int | None]:
    """What the class brings by the policy in force, hundredths of a 学时, and the minutes of one."""
    try:
        policy = posting.policies([row.unit_id]).on(row.unit_id, row.starts_on)
    except RuleError:
        return {"credit": None, "per_hour": None}
    credit = sum(policy.credit(row.activity, unit.study) for unit in units)
    return {"credit": credit, "per_hour": policy.minutes_per_hour}


@bp.get("/open")
@needs(Perm.LEARN)
def open_classes() -> str:
    """The classes of the academies that serve one's branch."""
    return render_template(
        "classes/open.html", page=paged(queries.open_to(signed().unit_id), size=20), kinds=kinds
    )


@bp.get("/open/<int:class_id>")
@needs(Perm.LEARN)
def open_class(class_id: int) -> str:
    """What a member reads of a class before they apply for it."""
    row = queries.seen_by(signed(), class_id) or abort(404)
    return open_page(signed(), row)
