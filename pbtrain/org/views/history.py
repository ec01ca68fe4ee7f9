"""Pages of what was: the tree of any day, and the life of one unit."""

from collections import defaultdict
from datetime import date
from typing import Any

from flask import render_template, request

from pbtrain.core import clock
from pbtrain.core.forms import clean
from pbtrain.core.i18n import _
from pbtrain.core.paging import paged
from pbtrain.org import history
from pbtrain.org.access import needs, signed, units_where
from pbtrain.org.forms.units import DayForm
from pbtrain.org.kinds import POSTS, UNIT_KINDS
from pbtrain.org.reach import unit_or_404
from pbtrain.org.roles import Perm
from pbtrain.org.views import bp
from pbtrain.org.views.units import SHOWN, crumbs

WHOLE = 200  # units that one page shows as a whole tree; more are shown level by level


@bp.get("/units/<int:unit_id>/tree")
@needs(Perm.UNITS_VIEW)
def tree(unit_id: int) -> str | tuple[str, int]:
    """The tree in and below a unit as it stood on a day: as a whole, or level by level where it is large."""
    row, today = unit_or_404(unit_id, Perm.UNITS_VIEW), clock.today()
    form, q = DayForm(request.args, meta={"csrf": False}), clean(request.args.get("q", ""))[:100]
    valid = form.validate()
    day = form.on.data if valid and form.on.data else today
    mine = units_where(signed(), Perm.UNITS_VIEW)
    way = history.way_on(unit_id, day)
    turned = q or request.args.get("after") or request.args.get("before")
    whole = history.tree_on(unit_id, day, limit=WHOLE + 1, mine=mine) if way and not turned else []
    page = None
    if turned or len(whole) > WHOLE:
        whole, page = [], paged(history.children_on(unit_id, day, q=q, mine=mine), size=SHOWN)
    shown = [node.unit_id for node in (page.rows if page else whole)]
    text = render_template(
        "org/tree.html",
        unit=row,
        places=crumbs(unit_id, (_("The tree of any day"), None)),
        form=form,
        day=day,
        today=today,
        on=None if day == today else day.isoformat(),
        q=q,
        way=way,
        nodes=by_parent(whole),
        page=page,
        sizes=history.sizes_on(shown, day) if page else {},
        remarks=remarks(shown, day),
        kinds=UNIT_KINDS,
    )
    return text if valid else (text, 422)


def by_parent(nodes: list[Any]) -> dict[int | None, list[Any]]:
    """The nodes of a tree by what they stand below; the top stands below None."""
    found: dict[int | None, list[Any]] = defaultdict(list)
    for node in nodes:
        found[node.parent_id].append(node)
    return found


def remarks(unit_ids: list[int], day: date) -> dict[int, list[Any]]:
    """What these units came from until that day, and what they were merged into after it."""
    found: dict[int, list[Any]] = defaultdict(list)
    for row in history.successions_of(unit_ids):
        if row.on_day <= day:
            found[row.to_id].append(row)
        elif row.kind == "merge":
            found[row.from_id].append(row)
    return found


@bp.get("/units/<int:unit_id>/history")
@needs(Perm.UNITS_VIEW)
def unit_history(unit_id: int) -> str:
    """The life of one unit: what it was called, where it stood, what became of it, who led it."""
    row = unit_or_404(unit_id, Perm.UNITS_VIEW)
    return render_template(
        "org/history.html",
        unit=row,
        places=crumbs(unit_id, (_("History of this unit"), None)),
        names=history.names_of(unit_id),
        was=history.kinds_of(unit_id),
        parents=history.parents_of(unit_id),
        successions=history.successions_of([unit_id]),
        posts=paged(history.posts_in(unit_id), size=SHOWN),
        kinds=UNIT_KINDS,
        labels=POSTS,
    )
