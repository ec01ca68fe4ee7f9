"""One's own second factor: asked at the entrance, set up by steps, a card printed, known devices."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from flask import (
    abort,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response

from pbtrain.accounts import browser, devices, factors, services, totp
from pbtrain.accounts.forms import FactorForm, ProofForm
from pbtrain.core import clock, crypto, qr
from pbtrain.core.db import transaction
from pbtrain.core.i18n import _, ngettext
from pbtrain.core.tokens import spaced
from pbtrain.core.views import safe_next
from pbtrain.home import queries
from pbtrain.home.proving import proved
from pbtrain.home.views import bp
from pbtrain.home.views.account import device
from pbtrain.org.access import Actor, entering, must_have_factor, signed, signed_in
from pbtrain.org.roles import Role

PENDING = "factor_app"  # the sealed secret of an app that is being set up, in the session's cookie


@bp.route("/factor", methods=["GET", "POST"])
@entering
def factor() -> Response:
    """Show the second factor; without one, choose which to set up."""
    person, form = signed(), FactorForm()
    if person.has_factor and not person.owes_factor:
        return redirect(url_for(".my_factor"), 303)
    if form.is_submitted() and form.validate():
        shown = attempt(person, form)
        if shown:
            return let_in(person, shown)
    have = factors.standing(person.account_id)
    text = render_template(
        "home/factor.html" if person.has_factor else "home/factor_choose.html",
        form=form,
        have=have,
        person=person,
        helpers=queries.who_resets(person.account_id) if person.has_factor else [],
    )
    return make_response(text, 422 if form.errors else 200)


def attempt(person: Actor, form: FactorForm, secret: str = "") -> factors.Shown | None:
    """Use the typed code, of the app with this `secret` that is being set up or of what there is; None, and
    the reason in the form, when it is wrong. TooOften while this person has to wait."""
    door = factors.door_of(person, request.remote_addr or "")
    door.check()
    shown = None
    with transaction(form):
        if secret:
            shown = factors.enrol_app(person, secret, form.code.data or "")
        else:
            shown = factors.show(person, form.code.data or "")
        if form.keep_device.data:
            shown = factors.keep_device(person, shown, request.user_agent.string)
    if shown is None:
        door.failed("factor.failed", person.account_id)
    return shown


def let_in(person: Actor, shown: factors.Shown) -> Response:
    """On with the session under its new token, to where the person wanted to go."""
    session["_user_id"] = shown.token
    session.pop(PENDING, None)
    if not person.has_factor:
        flash(_("The second factor is set up. It is asked after the password from now on."), "ok")
    if shown.left is not None and shown.left <= factors.FEW:
        flash(
            ngettext(
                "Only %(num)s code is left on your card. Print a new one: Mine, Second factor.",
                "Only %(num)s codes are left on your card. Print a new one: Mine, Second factor.",
                shown.left,
            ),
            "warn",
        )
    usual = "/" if person.owes_factor else url_for(".my_factor")
    answer = redirect(safe_next(session.pop("next", None) or usual), 303)
    if shown.device:
        browser.keep_device(answer, person.account_id, shown.device)
    return answer


def before_change(person: Actor, back: str) -> Response | None:
    """The way to show first what is asked: the factor of who has one, the password unless just given."""
    if person.has_factor and person.owes_factor:
        return redirect(url_for("home.factor"), 303)
    if person.proved_at is None or clock.now() - person.proved_at > services.PROVED:
        return redirect(url_for("home.proof", next=back), 303)
    return None


@bp.route("/factor/app", methods=["GET", "POST"])
@entering
def factor_app() -> Response:
    """Set up an authenticator app by steps; its secret is stored once it has shown a right code."""
    person, form = signed(), FactorForm()
    if first := before_change(person, url_for(".factor_app")):
        return first
    secret = pending_secret()
    if form.is_submitted() and form.validate():
        shown = attempt(person, form, secret)
        if shown:
            return let_in(person, shown)
    address = totp.address(
        secret, username=person.username, site=current_app.extensions["pbtrain.site"]().name
    )
    text = render_template(
        "home/factor_app.html",
        form=form,
        address=address,
        secret=totp.grouped(secret),
        qr=qr.drawn(address),
        person=person,
    )
    return make_response(text, 422 if form.errors else 200)


def pending_secret() -> str:
    """The secret of the app that is being set up, the same until then; the browser cannot read it."""
    sealed = session.get(PENDING)
    if isinstance(sealed, str):
        try:
            return crypto.decrypt(urlsafe_b64decode(sealed), PENDING)
        except (ValueError, crypto.SealProblem):
            pass
    secret = totp.new_secret()
    session[PENDING] = urlsafe_b64encode(crypto.encrypt(secret, PENDING)).decode()
    return secret


@bp.route("/factor/card", methods=["GET", "POST"])
@entering
def factor_card() -> Response:
    """Print a card; its codes are shown once, and the card of before is void."""
    person = signed()
    back = url_for(".my_factor" if person.has_factor else ".factor")
    if first := before_change(person, back):
        return first
    if request.method == "GET":  # the codes cannot be shown again
        return redirect(back, 303)
    form = FactorForm()  # reads the request: what cannot be read is refused before a card is made
    with transaction():
        codes = factors.print_card(person)
    text = render_template(
        "home/factor_card.html", codes=[spaced(code) for code in codes], person=person, form=form
    )
    return make_response(text)


@bp.get("/me/factor")
@signed_in
def my_factor() -> Response:
    """What there is, how many codes are left, which devices are known; three statements."""
    person = signed()
    text = render_template(
        "home/my_factor.html",
        person=person,
        have=factors.standing(person.account_id),
        devices=devices.known(person.account_id),
        device=device,
        few=factors.FEW,
        may_end=may_do_without(person),
        helpers=queries.who_resets(person.account_id),
    )
    return make_response(text)


def may_do_without(person: Actor) -> bool:
    """May this person sign in with the password alone? Members may, and everybody on a demo."""
    return not must_have_factor() or all(grant.role is Role.MEMBER for grant in person.grants)


@bp.post("/me/factor/end")
@signed_in
def end_factor() -> Response:
    """Do without, where one may."""
    person = signed()
    if not may_do_without(person):
        abort(403)
    if first := before_change(person, url_for(".my_factor")):
        return first
    with transaction():
        factors.remove(person, person.account_id, keep_session=person.session_id)
    flash(_("The password alone is asked from now on."), "ok")
    return redirect(url_for(".my_factor"), 303)


@bp.post("/me/devices/<int:device_id>/end")
@signed_in
def end_device(device_id: int) -> Response:
    """Ask for the second factor again on that device."""
    with transaction():
        ended = devices.forget(signed(), device_id)
    if not ended:
        abort(404)
    flash(_("That device is asked for the second factor again."), "ok")
    return redirect(url_for(".my_factor"), 303)


@bp.route("/proof", methods=["GET", "POST"])
@entering
def proof() -> Response:
    """The password once more, before something that guards the account is changed."""
    person, form = signed(), ProofForm(next=safe_next(request.args.get("next")))
    if person.has_factor and person.owes_factor:
        return redirect(url_for(".factor"), 303)
    if form.is_submitted() and form.validate() and proved(person, form, "password"):
        with transaction():
            session["_user_id"] = services.renew_session(person.session_id)
        return redirect(safe_next(form.next.data), 303)
    return make_response(
        render_template("home/proof.html", form=form, person=person), 422 if form.errors else 200
    )
