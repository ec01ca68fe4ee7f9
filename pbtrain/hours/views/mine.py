"""One's own hours: what is done, what counts and why, how the target comes about."""

from flask import render_template

from pbtrain.hours.views.common import CATEGORIES, YearPage, bp, year_asked, year_page
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm


@bp.get("/hours")
@needs(Perm.LEARN)
def mine() -> str:
    """The reader's own year."""
    person, year = signed(), year_asked()
    member_id = person.member_id
    page = YearPage(year, [year]) if member_id is None else year_page(member_id, year, own=True)
    return render_template("hours/mine.html", page=page, person=person, categories=CATEGORIES)
