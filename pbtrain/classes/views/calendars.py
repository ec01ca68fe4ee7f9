"""Dates by month, by week and as a list: one's own, those of a unit, those of a venue; and as a feed."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from pbtrain.accounts.services import Entrance
from pbtrain.classes.queries import calendar as queries
from pbtrain.classes.rules import days
from pbtrain.classes.services import feeds
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.guards import public
from pbtrain.core.i18n import _
from pbtrain.org.access import actor_for, may, signed, signed_in
from pbtrain.org.roles import Perm

bp = Blueprint("calendars", __name__)
FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)


def _page(
    reach: Any,
    endpoint: str,
    title: str,
    terms: Callable[[date, date], list[queries.ClassDays]] | None = None,
    **args: int,
) -> str:
    """One page of a calendar; `args` name what it is of, `terms` its classes that stand there as such."""
    view, day = request.args.get("view", "list"), _day()
    if view not in days.VIEWS:
        abort(404)
    first, last = days.span(view, day)
    found = queries.dates(reach, first, last)
    by_day: dict[date, list[queries.Date]] = {}
    for one in found:
        by_day.setdefault(one.day, []).append(one)
    actor = signed()
    return render_template(
        "classes/calendar.html",
        view=view,
        views=days.VIEWS,
        day=day,
        first=first,
        last=last,
        weeks=days.weeks(first, last) if view != "list" else [],
        by_day=by_day,
        terms=_terms(terms(first, last) if terms else [], first, last, every=view != "list"),
        whole=len(found) < queries.MOST,
        title=title,
        here=lambda **more: url_for(endpoint, **args | {"view": view, "day": day.isoformat()} | more),
        turn=lambda pages: days.turned(view, day, pages).isoformat(),
        units=_units(),
        own=actor.member_id is not None,
        endpoint=endpoint,
        args=args,
        runs=may(actor, Perm.CLASS_MANAGE),
        records=may(actor, Perm.EVENT_RECORD),
    )


def _terms(
    some: list[queries.ClassDays], first: date, last: date, *, every: bool
) -> dict[date, list[queries.ClassDays]]:
    """Classes by day: on each of their days, or on the first of them."""
    found: dict[date, list[queries.ClassDays]] = {}
    for one in some:
        for day in one.days(first, last)[: None if every else 1]:
            found.setdefault(day, []).append(one)
    return found


def _units() -> list[Any]:
    """The units to choose from; a member without a role needs no statement for it."""
    actor = signed()
    works = may(actor, Perm.EVENT_RECORD) or may(actor, Perm.CLASS_MANAGE)
    return queries.units_of(actor) if works else []


def _day() -> date:
    """The day asked for, today without one; 404 for what is none."""
    text = request.args.get("day", "")
    if not text:
        return clock.today()
    try:
        asked = date.fromisoformat(text)
    except ValueError:
        abort(404)
    return asked if FIRST <= asked < LAST else abort(404)


@bp.get("/calendar")
@signed_in
def mine() -> str | BaseResponse:
    """What concerns oneself: one's branch, one's classes, where one is expected. Who stands on no roster has
    nothing there, and is led to what they work for."""
    works_for = _units() if signed().member_id is None else []
    if works_for:
        asked: dict[str, Any] = {name: request.args.get(name) for name in ("view", "day")}
        return redirect(url_for(".unit", unit_id=works_for[0].id, **asked))
    return _page(queries.own(signed()), ".mine", _("Calendar"))


@bp.get("/calendar/units/<int:unit_id>")
@signed_in
def unit(unit_id: int) -> str:
    """What a branch or an academy holds that one works for, and the classes its own members sit in."""
    actor = signed()
    named = next((row for row in queries.units_of(actor) if row.id == unit_id), None) or abort(404)
    terms = partial(queries.classes_of, actor, unit_id)
    return _page(queries.of_unit(actor, unit_id), ".unit", named.name, terms, unit_id=unit_id)


@bp.get("/calendar/venues/<int:venue_id>")
@signed_in
def venue(venue_id: int) -> str:
    """What takes place at a venue."""
    named = queries.venue(signed(), venue_id) or abort(404)
    return _page(queries.of_venue(signed(), venue_id), ".venue", named.name, venue_id=venue_id)


@bp.route("/calendar/feed", methods=["GET", "POST"])
@signed_in
def feed() -> str | BaseResponse:
    """One's own address for a calendar programme; it is shown once, when it is made."""
    address = ""
    if request.method == "POST":
        with transaction():
            if request.form.get("act") == "end":
                feeds.end_feed(signed())
            else:
                token = feeds.make_feed(signed())
                address = url_for(".ics", token=token, _external=True)
        if not address:
            flash(_("The address is void. No programme reads your dates any more."), "ok")
            return redirect(url_for(".feed"), 303)
    return render_template("classes/feed.html", address=address, row=feeds.feed_of(signed().account_id))


@bp.get("/calendar/<token>.ics")
@public
def ics(token: str) -> Response:
    """The dates behind a secret address; who guesses has to wait as at every entrance."""
    if len(token) != feeds.SECRET or not token.isascii():
        abort(404)
    door = Entrance(token, request.remote_addr or "", "feed")
    door.check()
    account_id = feeds.reader_of(token)
    actor = actor_for(account_id) if account_id is not None else None
    if actor is None:
        door.failed("feed.unknown", None)
        abort(404)
    name = current_app.extensions["pbtrain.site"]().name
    response = Response(feeds.written(actor, name, clock.today()), mimetype="text/calendar")
    response.headers["Cache-Control"] = "private, max-age=900"
    return response
