"""The page that a code on a paper leads to: one limiter and one set of headers for all kinds of paper."""

from collections.abc import Callable
from typing import Any

from flask import Response, abort, make_response, request

from pbtrain.accounts.services import Entrance

CODE = 22  # characters of 128 random bits in a URL


def behind(code: str, what: str, find: Callable[[str], Any]) -> Any:
    """What `find` knows of this code; 404 for one nobody knows, which counts like a failed sign-in.

    `what` is the kind of paper: "statement", "certificate". TooOften for who guesses.
    """
    if len(code) != CODE or not code.isascii():
        abort(404)
    door = Entrance(code, request.remote_addr or "", what)
    door.check()
    row = find(code)
    if row is None:
        door.failed(f"{what}.unknown", None)
        abort(404)
    return row


def for_anybody(body: str, status: int = 200) -> Response:
    """The page as an answer that no search engine keeps and no other site is told of."""
    response = make_response(body, status)
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
