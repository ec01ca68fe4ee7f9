"""Logins and roles: who may do what, who has not come in yet, who is shut out."""

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.accounts import services as accounts
from pbtrain.core.db import transaction
from pbtrain.core.forms import clean
from pbtrain.core.i18n import _
from pbtrain.core.paging import counted, in_words, paged
from pbtrain.org import lists, posts
from pbtrain.org.access import needs, signed
from pbtrain.org.forms.logins import GrantForm
from pbtrain.org.roles import MAY, Perm, Role
from pbtrain.org.views import bp

PAGES_OF_A_UNIT = {"secretary": "leading.secretary", "academy": "org.academy"}  # that also end roles


def login_or_404(account_id: int) -> Any:
    """The login, or 404 where the reader does not manage it."""
    return lists.login_in_reach(signed(), account_id) or abort(404)


@bp.get("/accounts", endpoint="accounts")
@needs(Perm.GRANT_MANAGE)
def accounts_list() -> str:
    """Logins by what they need: those with roles, not activated, closed."""
    show, q = request.args.get("show", "roles")[:20], clean(request.args.get("q", ""))[:100]
    found = lists.logins(signed(), show=show, q=q)
    page = paged(found, size=lists.PAGE, total_text=_("of %(total)s people", total=in_words(counted(found))))
    roles: dict[int, list[Any]] = {}
    for grant in lists.grants_of([row.id for row in page.rows]):
        roles.setdefault(grant.account_id, []).append(grant)
    return render_template("org/accounts.html", page=page, roles=roles, labels=MAY, show=show, q=q)


@bp.get("/accounts/<int:account_id>")
@needs(Perm.GRANT_MANAGE)
def account(account_id: int) -> str:
    """One login: its state, its roles, and what can be done about them."""
    return account_page(login_or_404(account_id), GrantForm())


def account_page(row: Any, form: GrantForm) -> Any:
    """The page of one login; 422 when its form comes back with errors."""
    person = signed()
    text = render_template(
        "org/account.html",
        login=row,
        form=form,
        grants=lists.grants_of([row.id]),
        labels=MAY,
        names=lists.unit_names(person, Perm.GRANT_MANAGE),
        mine=row.id == person.account_id,
    )
    return (text, 422) if form.errors else text


@bp.post("/accounts/<int:account_id>/grants")
@needs(Perm.GRANT_MANAGE)
def grant_add(account_id: int) -> Response | str:
    """Give a role."""
    row, form, person = login_or_404(account_id), GrantForm(), signed()
    if form.validate_on_submit():
        with transaction(form):
            unit_id = lists.unit_named(person, Perm.GRANT_MANAGE, form.unit_id.data or "", "unit_id")
            posts.grant_role(
                person,
                account_id,
                unit_id=unit_id,
                role=Role(form.role.data),
                valid_until=form.valid_until.data,
            )
        if not form.errors:
            flash(_("The role has been given."), "ok")
            return redirect(url_for(".account", account_id=account_id), 303)
    return account_page(row, form)  # type: ignore[no-any-return]


@bp.post("/grants/<int:grant_id>/end")
@needs(Perm.GRANT_MANAGE)
def grant_end(grant_id: int) -> Response:
    """Take a role."""
    person = signed()
    grant = lists.grant_in_reach(person, grant_id) or abort(404)
    came_from = request.form.get("back", "")
    with transaction():
        posts.revoke(person, grant_id)
    flash(_("The role has ended."), "ok")
    if came_from in PAGES_OF_A_UNIT:
        return redirect(url_for(PAGES_OF_A_UNIT[came_from], unit_id=grant.unit_id), 303)
    return redirect(url_for(".account", account_id=grant.account_id), 303)


@bp.post("/accounts/<int:account_id>/close")
@needs(Perm.GRANT_MANAGE)
def account_close(account_id: int) -> Response:
    """Shut a login out at once."""
    login_or_404(account_id)
    with transaction():
        unit_id = posts.check_login(signed(), account_id)
        accounts.disable(signed(), account_id, unit_id=unit_id)
    flash(_("The login is closed; who was signed in with it is out."), "ok")
    return redirect(url_for(".account", account_id=account_id), 303)


@bp.post("/accounts/<int:account_id>/open")
@needs(Perm.GRANT_MANAGE)
def account_open(account_id: int) -> Response:
    """Open a login again."""
    login_or_404(account_id)
    with transaction():
        unit_id = posts.check_login(signed(), account_id)
        accounts.enable(signed(), account_id, unit_id=unit_id)
    flash(_("The login is open again."), "ok")
    return redirect(url_for(".account", account_id=account_id), 303)
