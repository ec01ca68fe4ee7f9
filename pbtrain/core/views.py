"""Pages that belong to no feature: how the site looks to this reader, and whether it is alive."""

import shutil
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, jsonify, redirect, request
from sqlalchemy import text
from werkzeug.wrappers import Response as BaseResponse

from pbtrain.core.db import db
from pbtrain.core.guards import public
from pbtrain.core.i18n import LANGUAGES

bp = Blueprint("core", __name__)
YEAR = 365 * 24 * 3600


def safe_next(target: str | None) -> str:
    """A path of this site, or "/": no other host, also when hidden behind control characters."""
    cleaned = "".join(ch for ch in target or "" if ch.isprintable() and ch != "\\")
    try:
        parts = urlsplit(cleaned)
    except ValueError:  # "//[::1": not an address at all
        return "/"
    if parts.scheme or parts.netloc or not cleaned.startswith("/") or cleaned.startswith("//"):
        return "/"
    return cleaned


@bp.post("/display")
@public
def display() -> BaseResponse:
    """Large type, high contrast, language: remembered in cookies, without script and without an account."""
    answer = redirect(safe_next(request.form.get("next")), 303)
    for name in ("large", "contrast"):
        if request.form.get(name) in ("0", "1"):
            answer.set_cookie(name, request.form[name], max_age=YEAR, samesite="Lax", httponly=True)
    if request.form.get("language") in LANGUAGES:
        answer.set_cookie("language", request.form["language"], max_age=YEAR, samesite="Lax", httponly=True)
    return answer


@bp.get("/healthz")
@public
def healthz() -> Response:
    """This process answers."""
    return jsonify(ok=True)


@bp.get("/readyz")
@public
def readyz() -> tuple[Response, int]:
    """The database answers and there is room to write."""
    db.session.execute(text("SELECT 1"))
    usage = shutil.disk_usage(current_app.instance_path)
    room = usage.free / usage.total > 0.05
    return jsonify(ok=room, disk=room), 200 if room else 503
