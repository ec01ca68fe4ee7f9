"""One's own account: what is recorded, where one is signed in, the password, how pages look."""

from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, session, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from pbtrain.accounts import services
from pbtrain.accounts.forms import EmailForm, PasswordForm
from pbtrain.accounts.models import Account
from pbtrain.accounts.queries import open_sessions
from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import RuleError, TooOften
from pbtrain.core.i18n import N_, _, ngettext
from pbtrain.events import serving
from pbtrain.home.proving import proved
from pbtrain.home.views import bp
from pbtrain.org.access import Actor, signed, signed_in
from pbtrain.org.kinds import POSTS, STAGES
from pbtrain.org.models import Affiliation, Member, Post
from pbtrain.org.queries import is_on

# The first of these words found in what a browser says of itself names the device and its drawing.
DEVICES = (
    ("MicroMessenger", N_("WeChat"), "phone"),
    ("iPhone", N_("iPhone"), "phone"),
    ("iPad", N_("iPad"), "phone"),
    ("HarmonyOS", N_("Harmony phone or tablet"), "phone"),
    ("Android", N_("Android phone or tablet"), "phone"),
    ("Windows", N_("Windows computer"), "desk"),
    ("Macintosh", N_("Mac"), "desk"),
    ("Linux", N_("Linux computer"), "desk"),
)


def device(agent: str) -> tuple[str, str]:
    """The msgid that names a device, and its icon."""
    return next(
        ((name, icon) for word, name, icon in DEVICES if word in agent), (N_("Another device"), "phone")
    )


def recorded(person: Actor) -> Any:
    """What the roster says about this person; None without a place on it."""
    if person.member_id is None:
        return None
    return db.session.execute(
        select(
            Member.code, Member.stage, Member.sex, Member.born_on, Member.joined_on, Member.phone,
            Member.id_shown, Affiliation.valid_from.label("since"),
        )
        .outerjoin(
            Affiliation, (Affiliation.member_id == Member.id) & (Affiliation.unit_id == Member.unit_id)
            & Affiliation.valid_until.is_(None),
        )
        .where(Member.id == person.member_id)
    ).first()  # fmt: skip


def posts(person: Actor) -> list[Any]:
    """The posts held today."""
    return list(
        db.session.execute(
            select(Post.kind, Post.valid_from)
            .where(Post.member_id == person.member_id, is_on(Post, clock.today()))
            .order_by(Post.valid_from, Post.id)
        )
    )


@bp.get("/me")
@signed_in
def mine() -> str:
    """What is recorded about the reader, and where the reader is signed in; eight statements."""
    person = signed()
    return render_template(
        "home/mine.html",
        person=person,
        account=db.session.execute(
            select(Account.username, Account.phone, Account.email).filter_by(id=person.account_id)
        ).one(),
        member=recorded(person),
        posts=posts(person) if person.member_id else [],
        post_kinds=POSTS,
        stages=STAGES,
        sessions=open_sessions(person.account_id),
        device=device,
        served=serving.of_member(person.member_id, clock.today().year) if person.member_id else None,
    )


@bp.post("/me/sessions/<int:session_id>/end")
@signed_in
def end_session(session_id: int) -> Response:
    """Sign another browser of one's own out."""
    person = signed()
    with transaction():
        ended = services.end_session(person.account_id, session_id)
    if not ended:
        abort(404)
    flash(_("That device is signed out."), "ok")
    return redirect(url_for(".mine"), 303)


@bp.post("/me/sessions/end")
@signed_in
def end_others() -> Response:
    """Sign every other browser out."""
    person = signed()
    with transaction():
        ended = services.end_all(person.account_id, but=person.session_id)
    flash(
        ngettext("%(num)s other device is signed out.", "%(num)s other devices are signed out.", ended), "ok"
    )
    return redirect(url_for(".mine"), 303)


@bp.route("/me/password", methods=["GET", "POST"])
@signed_in
def password() -> Response:
    """Change one's own password; other browsers are signed out if that is wished."""
    person, form, code = signed(), PasswordForm(), 200
    if form.is_submitted():
        code = 422
        if form.validate():
            try:
                hashed = services.check_change(
                    person.account_id,
                    form.old.data or "",
                    form.password.data or "",
                    address=request.remote_addr or "",
                )
                ended = bool(form.end_others.data)
                with transaction():
                    services.change_password(person, hashed, keep_session=person.session_id, end_others=ended)
                    session["_user_id"] = services.renew_session(person.session_id)
            except TooOften:
                raise
            except RuleError as error:
                form.blame(error)
            else:
                flash(
                    _("The password is changed. All other devices are signed out.")
                    if ended
                    else _("The password is changed."),
                    "ok",
                )
                return redirect(url_for(".mine"), 303)
    return make_response(render_template("home/password.html", form=form), code)


@bp.route("/me/email", methods=["GET", "POST"])
@signed_in
def email() -> Response:
    """Say where one's mails go; empty stops them. The password is asked once more."""
    person, code = signed(), 200
    stored = db.session.scalar(select(Account.email).where(Account.id == person.account_id))
    form = EmailForm(email=stored)
    if form.is_submitted():
        code = 422
        if form.validate() and proved(person, form):
            with transaction():
                services.change_email(person, form.email.data or None)
            flash(_("Saved."), "ok")
            return redirect(url_for(".mine"), 303)
    return make_response(render_template("home/email.html", form=form), code)
