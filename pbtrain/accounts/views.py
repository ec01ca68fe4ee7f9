"""The entrances: sign in, first sign-in with a slip, a new password by mail, sign out."""

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response as BaseResponse

from pbtrain.accounts import browser, links, passwords, rules, services, slips
from pbtrain.accounts.forms import ActivateForm, ForgottenForm, LoginForm, ResetForm
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError, TooOften
from pbtrain.core.extensions import login
from pbtrain.core.forms import SURROGATE, BaseForm, clean
from pbtrain.core.guards import public
from pbtrain.core.i18n import _
from pbtrain.core.views import safe_next

bp = Blueprint("accounts", __name__)
login.login_view = "accounts.sign_in"
login.session_protection = None  # sessions live in the database; an address may change on a phone


@login.unauthorized_handler
def to_the_entrance() -> BaseResponse:
    """Ask to sign in, and remember in the session which page was wanted."""
    if isinstance(session.pop("_user_id", None), str):
        flash(_("Your session has ended. Sign in again; if that fails, ask your branch secretary."), "info")
    if request.method == "GET" and "HX-Request" not in request.headers:
        session["next"] = safe_next(request.full_path.rstrip("?"))[:500]
    entrance = url_for("accounts.sign_in")
    if "HX-Request" in request.headers:
        return Response(status=401, headers={"HX-Redirect": entrance})
    return redirect(entrance, 302 if request.method == "GET" else 303)


def refused(template: str, form: BaseForm, code: int, wait: int = 0) -> Response:
    """The form again, with what is wrong."""
    response = make_response(render_template(template, form=form, by_mail=by_mail()), code)
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response


def typed() -> tuple[str, str, bool] | None:
    """Name, password and whether to stay signed in; None for what the form itself has to refuse.

    Read without the form: whole offices sign in at nine, and a form costs as much as half the statements of a
    sign-in (docs/decisions/0021). The token against forged requests has been checked before.
    """
    name, password = request.form.get("username", ""), request.form.get("password", "")
    if SURROGATE.search(name) or not 0 < len(clean(name)) <= 40 or not 0 < len(password) <= rules.LONGEST:
        return None
    return clean(name), password, request.form.get("own_device", "") not in ("", "false")


@bp.route("/login", methods=["GET", "POST"])
@public
def sign_in() -> BaseResponse:
    """Sign in with a user name or phone number and a password."""
    entered = typed() if request.method == "POST" else None
    if entered is None:
        form = LoginForm()
        form.validate_on_submit()
        page = render_template("accounts/login.html", form=form, by_mail=by_mail())
        return make_response(page, 422 if request.method == "POST" else 200)
    name, password, own = entered
    address = request.remote_addr or ""
    try:
        arrival = services.sign_in(name, password, address=address)
    except RuleError as error:
        if type(error) not in (RuleError, TooOften):
            raise
        form = LoginForm()
        form.blame(error)
        wait = error.seconds if isinstance(error, TooOften) else 0
        return refused("accounts/login.html", form, 429 if wait else 422, wait)
    with transaction():
        if arrival.door:
            arrival.door.forget()
        token = services.open_session(
            arrival.account_id,
            own_device=own,
            agent=request.user_agent.string,
            address=address,
            factor_shown=browser.is_known(arrival.account_id),
        )
    return browser.enter(token, own_device=own)


@bp.route("/activate", methods=["GET", "POST"])
@public
def activate() -> BaseResponse:
    """Set the first password, or a new one, with the code of a printed slip."""
    form = ActivateForm()
    if not form.is_submitted():
        return make_response(render_template("accounts/activate.html", form=form))
    if not form.validate():
        return refused("accounts/activate.html", form, 422)
    address, own = request.remote_addr or "", bool(form.own_device.data)
    try:
        opened = slips.check(form.username.data or "", form.code.data or "", address=address)
        passwords.check(form.password.data or "", account_id=opened.account_id, username=opened.username)
    except TooOften as error:
        form.blame(error)
        return refused("accounts/activate.html", form, 429, error.seconds)
    except RuleError as error:
        form.blame(error)
        return refused("accounts/activate.html", form, 422)
    hashed = passwords.make(form.password.data or "")
    with transaction():
        token = slips.redeem(opened, hashed, own_device=own, agent=request.user_agent.string, address=address)
    return browser.enter(token, own_device=own)


@bp.route("/forgotten", methods=["GET", "POST"])
@public
def forgotten() -> BaseResponse:
    """Ask for a mail with which a new password is set; the answer is the same for every name."""
    form, sent = ForgottenForm(), False
    if by_mail() and form.is_submitted() and form.validate():
        name = form.username.data or ""
        try:
            links.ask(name, address=request.remote_addr or "")
        except TooOften as error:
            form.blame(error)
            return refused("accounts/forgotten.html", form, 429, error.seconds)
        with transaction():
            links.order(name)
        sent = True
    page = render_template("accounts/forgotten.html", form=form, sent=sent, by_mail=by_mail())
    return make_response(page, 422 if form.errors else 200)


@bp.route("/reset", methods=["GET", "POST"])
@public
def reset() -> BaseResponse:
    """Set a new password with the code of a mail."""
    form = ResetForm()
    if not form.is_submitted():
        return make_response(render_template("accounts/reset.html", form=form))
    if not form.validate():
        return refused("accounts/reset.html", form, 422)
    address = request.remote_addr or ""
    try:
        opened = links.check(form.code.data or "", address=address)
        passwords.check(form.password.data or "", account_id=opened.account_id, username=opened.username)
    except TooOften as error:
        form.blame(error)
        return refused("accounts/reset.html", form, 429, error.seconds)
    except RuleError as error:
        form.blame(error)
        return refused("accounts/reset.html", form, 422)
    hashed = passwords.make(form.password.data or "")
    with transaction():
        token = links.redeem(opened, hashed, agent=request.user_agent.string, address=address)
    return browser.enter(token, own_device=False)


def by_mail() -> bool:
    """Does this site send mails?"""
    return bool(current_app.config["SMTP_HOST"])


@bp.post("/logout")
@public
def sign_out() -> BaseResponse:
    """End the session on the server, and ask the browser to forget what it kept."""
    token = session.get("_user_id")
    session.clear()
    if isinstance(token, str):
        with transaction():
            services.end_by_token(token)
    answer = redirect(url_for(".sign_in"), 303)
    browser.leave(answer)
    return answer
