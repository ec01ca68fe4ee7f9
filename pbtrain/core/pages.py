"""Error pages: a broken rule, a lost race, a full pool, a missing page. Never a traceback."""

import errno
import secrets
from typing import Any

from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from pbtrain.core.db import db
from pbtrain.core.errors import Busy, Conflict, RuleError, TooOften
from pbtrain.core.i18n import _, say
from pbtrain.core.postgresql import was_stopped

FULL = (errno.ENOSPC, errno.EDQUOT)
FAILING = (*FULL, errno.EIO, errno.EROFS)
SECRET_FIELDS = {"csrf_token", "password", "new_password", "again", "old", "code"}


def texts(code: int) -> tuple[str, str]:
    """Title and sentence for a status; the sentence says what to do."""
    return {
        400: (_("This request cannot be read"), _("Go back, check what you entered and try again.")),
        403: (_("You have no right to do this"), _("Ask your branch secretary or administrator.")),
        404: (_("Page not found"), _("It may have moved, or it is not in your scope.")),
        405: (_("This page is not opened this way"), _("Go back and use the button on the page.")),
        409: (_("Someone was faster"), _("Reload the page to see how it stands now.")),
        413: (
            _("The file or text is too large"),
            _("At most 20 MB are sent at once. Go back and send fewer files at a time, or smaller ones."),
        ),
        422: (_("This cannot be used"), _("Check what you entered and try again.")),
        429: (_("Too many tries"), _("Wait a few minutes and try again.")),
        507: (
            _("There is no room left; nothing was saved"),
            _("Tell the administrator. What was saved before can still be read."),
        ),
        503: (_("The system is busy; nothing was saved"), _("Wait a moment and try again.")),
    }.get(
        code, (_("Something went wrong; nothing was saved"), _("Try again; if it stays, report the number."))
    )


def show(code: int, sentence: str | None = None) -> Response:
    """The page for this status, with a reference number that also stands in the log."""
    reference = secrets.token_hex(4)
    title, usual = texts(code)
    response = make_response(
        render_template(
            "error.html", code=code, title=title, sentence=sentence or usual, reference=reference
        ),
        code,
    )
    if code == 503:
        response.headers["Retry-After"] = "5"
    current_app.logger.info("answered %s to %s %s ref=%s", code, request.method, request.path, reference)
    return response


def init_app(app: Flask) -> None:
    """Answer every failure with a page."""

    @app.errorhandler(CSRFError)
    def stale_form(error: CSRFError) -> Response:
        return keep_form() or show(400, _("The page was open too long. Go back, reload it and send again."))

    @app.errorhandler(RequestEntityTooLarge)
    def too_large(error: HTTPException) -> Response:
        return show(413)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Any:
        return error.get_response() if error.code is None or error.code < 400 else show(error.code)

    @app.errorhandler(RuleError)
    def rule_error(error: RuleError) -> Response:
        db.session.rollback()
        if isinstance(error, TooOften):
            response = show(429, say(error))
            response.headers["Retry-After"] = str(error.seconds)
            return response
        code = 409 if isinstance(error, Conflict) else 503 if isinstance(error, Busy) else 422
        return show(code, say(error))

    @app.errorhandler(DBAPIError)
    @app.errorhandler(PoolTimeout)
    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        db.session.rollback()
        if isinstance(error, IntegrityError):
            app.logger.warning("lost race or broken constraint: %s", error.orig)
            return show(409)
        if isinstance(error, RecursionError):
            return show(400)
        if isinstance(error, OperationalError | PoolTimeout) or getattr(error, "errno", None) in FAILING:
            app.logger.warning("not now: %s", error)
            g.database_away, g._login_user = True, None  # this page must not wait for it again
            if was_stopped(error):
                return show(503, _("It took too long and was stopped. Ask for less, or try again later."))
            return show(507 if is_full(error) else 503)
        app.logger.exception("unexpected")
        return show(500)


def is_full(error: Exception) -> bool:
    """Is there no room left, in the file system or for the database?"""
    told = str(getattr(error, "orig", ""))
    return getattr(error, "errno", None) in FULL or "disk is full" in told or "No space left" in told


def keep_form() -> Response | None:
    """A form whose token is stale comes back with its text kept; only to a request from our own pages."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin" or request.files:
        return None
    origin = request.headers.get("Origin")
    if origin and origin.rstrip("/") != request.host_url.rstrip("/"):
        return None
    if SECRET_FIELDS & set(request.form) - {"csrf_token"}:
        return None
    fields = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    action = request.script_root + request.full_path.rstrip(
        "?"
    )  # a year, a page of a sheet stand in the query
    return make_response(render_template("csrf_again.html", fields=fields, action=action), 400)
