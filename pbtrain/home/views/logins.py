"""What stands between a person and the own login: a second factor that is lost, sessions left open elsewhere.

These pages stand here and not in org because the person is told in the inbox, and messages lie above org.
"""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from pbtrain.accounts import factors, services
from pbtrain.accounts.forms import FactorResetForm
from pbtrain.accounts.queries import count_open
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.formatting import moment
from pbtrain.core.i18n import N_, _, in_chinese, ngettext
from pbtrain.home.views.factor import before_change
from pbtrain.notify import services as notify
from pbtrain.notify.services import Note
from pbtrain.org import lists, posts
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm

bp = Blueprint("logins", __name__)


@bp.route("/accounts/<int:account_id>/factor", methods=["GET", "POST"])
@needs(Perm.GRANT_MANAGE)
def factor(account_id: int) -> Response | tuple[str, int]:
    """Reset somebody's second factor, with a reason, once it is clear who asks; end somebody's sessions."""
    person, form = signed(), FactorResetForm()
    row = lists.login_in_reach(person, account_id) or abort(404)
    here = url_for(".factor", account_id=account_id)
    if first := before_change(person, here):
        return first
    if form.is_submitted() and form.validate():
        with transaction(form):
            unit_id = posts.check_login(person, account_id)
            if not factors.remove(person, account_id, reason=form.reason.data or "", unit_id=unit_id):
                raise RuleError(N_("This person has no second factor any more."))
            tell(account_id, person.name, form.reason.data or "")
        if not form.errors:
            flash(_("The second factor is reset. The next sign-in asks to set up a new one."), "ok")
            return redirect(here, 303)
    return render_template(
        "home/login_factor.html",
        login=row,
        form=form,
        have=factors.standing(account_id),
        sessions=count_open(account_id),
        barred=barred(person, account_id),
    ), 422 if form.errors else 200


def barred(person: Any, account_id: int) -> bool:
    """Is this login one's own, or beyond one's rights?"""
    try:
        posts.check_login(person, account_id)
    except RuleError:
        return True
    return False


def tell(account_id: int, by: str, reason: str) -> None:
    """The person hears of it, so that a reset nobody asked for does not stay unseen."""
    now = clock.now()
    body = in_chinese(
        N_(
            "%(name)s has reset your second factor at %(moment)s. Reason: %(reason)s. If you did not ask "
            "for it, change your password and tell the administrator at once."
        ),
        name=by,
        moment=moment(now),
        reason=reason,
    )
    note = Note(
        account_id,
        about=f"factor-reset:{now:%Y%m%d%H%M%S}",
        subject=in_chinese(N_("Your second factor has been reset")),
        body=body,
        link="/me/factor",
    )
    notify.enqueue_many([note])


@bp.post("/accounts/<int:account_id>/sessions/end")
@needs(Perm.GRANT_MANAGE)
def sign_out(account_id: int) -> Response:
    """Sign somebody out everywhere; known devices are asked for the second factor again."""
    person = signed()
    if lists.login_in_reach(person, account_id) is None:
        abort(404)
    with transaction():
        unit_id = posts.check_login(person, account_id)
        ended = services.sign_out_everywhere(person, account_id, unit_id=unit_id)
    flash(ngettext("%(num)s device is signed out.", "%(num)s devices are signed out.", ended), "ok")
    return redirect(url_for(".factor", account_id=account_id), 303)
