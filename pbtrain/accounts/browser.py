"""What the entrances leave in a browser: the token of the session, and that of a device that is known."""

from flask import current_app, redirect, request, session
from werkzeug.wrappers import Response

from pbtrain.accounts import devices
from pbtrain.core.views import safe_next

DEVICE = "pbdevice-"  # and the number of the account: several people may use one computer


def enter(token: str, *, own_device: bool) -> Response:
    """Put a fresh token into a fresh cookie, and go where the person wanted to go."""
    target = safe_next(session.get("next"))
    session.clear()
    session["_user_id"] = token
    session["_fresh"] = True
    session.permanent = own_device
    return redirect(target, 303)


def device_token(account_id: int) -> str:
    """The token by which this browser is known to this account; empty when it is not."""
    return request.cookies.get(f"{DEVICE}{account_id}", "")[:100]


def is_known(account_id: int) -> bool:
    """Need this account not show the second factor in this browser?"""
    token = device_token(account_id)
    return bool(token) and devices.is_known(account_id, token)


def keep_device(response: Response, account_id: int, token: str) -> None:
    """Let the browser keep the token for as long as it is good."""
    response.set_cookie(
        f"{DEVICE}{account_id}",
        token,
        max_age=devices.LASTS,
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        httponly=True,
        samesite="Lax",
    )


def leave(response: Response) -> None:
    """Ask the browser to forget what it kept; cookies stay where it holds the token of a known device."""
    known = any(name.startswith(DEVICE) for name in request.cookies)
    response.headers["Clear-Site-Data"] = '"cache"' if known else '"cache", "cookies"'
