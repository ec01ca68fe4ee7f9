"""Signing in with one's own phone: the code that was scanned, the ticket it buys, and the one button."""

from typing import Any

from flask import abort, current_app, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.accounts.browser import DEVICE
from pbtrain.core import clock, headers
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.guards import public
from pbtrain.core.i18n import say
from pbtrain.core.tokens import new_token
from pbtrain.events.door import queries, rules, scanning, tickets
from pbtrain.events.forms.door import CheckInForm
from pbtrain.events.views import bp
from pbtrain.events.views.door import address, door_key
from pbtrain.org.access import Actor, signed, signed_in

PHONE = f"{DEVICE}door"  # named like a known device's, so that signing out leaves it where it is
CAMERA = headers.permissions(camera="(self)")
PHONE_LASTS = 400 * 24 * 3600  # seconds; browsers keep no cookie for longer


def refused(error: RuleError, event: Any = None) -> Response:
    """Why signing in did not succeed, and what to do."""
    page = render_template("events/door/refused.html", sentence=say(error), event=event)
    return make_response(page, 422)


@bp.get("/door/scan")
@signed_in
def scanner() -> Response:
    """The camera inside the page, the only one that may ask for it: what it sees stays on the phone."""
    path = url_for(".scan", code="-").removesuffix("-")
    answer = make_response(render_template("events/door/scan.html", path=path, site_address=address("/")))
    answer.headers["Permissions-Policy"] = CAMERA
    return answer


@bp.get("/d/<code>")
@public
def scan(code: str) -> Response:
    """A code that was just scanned: judged by the server's clock, it buys a ticket for this browser alone."""
    now = clock.now()
    try:
        read = tickets.read_code(door_key(), code, now)
    except RuleError as error:
        return refused(error)
    phone = request.cookies.get(PHONE, "")[:100] or new_token()
    ticket = tickets.ticket_for(door_key(), read.event_id, phone, now)
    answer = redirect(url_for(".check_in", event_id=read.event_id, t=ticket), 303)
    answer.set_cookie(
        PHONE,
        phone,
        max_age=PHONE_LASTS,
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        httponly=True,
        samesite="Lax",
    )
    return answer


@bp.route("/door/<int:event_id>/in", methods=["GET", "POST"])
@signed_in
def check_in(event_id: int) -> Response:
    """One's own sign-in: one button while the ticket holds, then how it stands."""
    actor, form = signed(), CheckInForm()
    row = queries.own_row(event_id, actor.member_id) if actor.member_id else None
    phone = request.cookies.get(PHONE, "")[:100]
    ticket = (form.ticket.data if form.is_submitted() else request.args.get("t", "")) or ""
    if row is None and not ticket:
        abort(404)  # who is not expected learns nothing of an event without its code
    event = queries.event_of(event_id) or abort(404)
    out = bool(row and row.present and event.checks_out and row.left_at is None)
    named = event if row is not None else None  # to who is not expected only once the ticket is good
    try:
        if ticket:
            tickets.check_ticket(door_key(), ticket, event_id, phone, clock.now())
            named = event
        if form.is_submitted():
            _sign(actor, event_id, form, phone)
            return redirect(url_for(".check_in", event_id=event_id), 303)
        if ticket:
            _check_offered(actor, event, row, out=out)
    except RuleError as error:
        if row is None or not row.present:
            return refused(error, named)
        ticket = ""  # how it stands is shown all the same
    page = render_template(
        "events/door/in.html",
        event=event,
        row=row,
        form=form,
        ticket=ticket,
        out=out,
        standing=rules.presence_of(row).standing,
        session=queries.session_of(event),
    )
    return make_response(page)


def _sign(actor: Actor, event_id: int, form: CheckInForm, phone: str) -> None:
    """In or out, with the ticket that was sent and has been checked; RuleError where there is none."""
    if not form.ticket.data or not form.validate():
        raise RuleError(tickets.DAMAGED)
    with transaction():
        scanning.check_in(
            actor,
            event_id,
            out=form.out.data == "1",
            device=tickets.device_hash(door_key(), phone),
            ticket=form.ticket.data,
        )


def _check_offered(actor: Actor, event: Any, row: Any, *, out: bool) -> None:
    """RuleError where the button would do nothing: for who is not on the list, or not at its time."""
    if row is None:
        raise RuleError(
            scanning.NOT_LISTED if actor.member_id else scanning.NO_MEMBER,
            title=event.title,
            unit=event.unit_name,
        )
    rules.check_scan(queries.session_of(event), clock.now(), out=out)
