"""补加: who came and is not on the list is found by name and put on it."""

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.forms import clean
from pbtrain.core.i18n import _, say
from pbtrain.events.door import adding, queries
from pbtrain.events.forms.door import AddForm
from pbtrain.events.views import bp
from pbtrain.events.views.door import doored
from pbtrain.org.access import signed, signed_in


@bp.route("/door/<int:event_id>/add", methods=["GET", "POST"])
@signed_in
def door_add(event_id: int) -> Response:
    """Whoever may be put on the list, by name, with a button each."""
    event, form, problem = doored(event_id), AddForm(), ""
    words = clean(request.args.get("q", "")).strip()[:100]
    if form.validate_on_submit():
        member_id = form.member.data or 0
        try:
            with transaction():
                adding.add(signed(), event, member_id)
        except Conflict:
            raise
        except RuleError as error:
            problem = say(error)
        else:
            row = queries.own_row(event_id, member_id)
            flash(
                _("%(name)s stands on the list now. Let them scan, or enter them here.", name=row.name), "ok"
            )
            return redirect(f"{url_for('.door_list', event_id=event_id)}#p{row.id}", 303)
    way = adding.way_of(event)
    page = render_template(
        "events/door/add.html",
        event=event,
        form=form,
        words=words,
        people=way.find(signed(), event, words),
        most=adding.MOST,
        asks=way.asks,
        problem=problem,
    )
    return make_response(page, 422 if problem or form.errors else 200)
