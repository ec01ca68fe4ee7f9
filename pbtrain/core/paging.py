"""Lists in pages: `?page=2`. One row more than is shown tells whether there is a next page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import abort, request
from sqlalchemy import Select

from pbtrain.core.db import db

LAST = 10_000  # nobody turns so many pages; the database is not asked for more


@dataclass(frozen=True)
class Page:
    """The rows of one page and its neighbours, as the macro `pager` wants them."""

    rows: Sequence[Any]
    from_: int
    to: int
    prev_url: str | None
    next_url: str | None
    total_text: str = ""


def page_number() -> int:
    """The page asked for, counted from 1; anything that is no page is 404."""
    text = request.args.get("page", "1")
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(LAST)) and 1 <= int(text) <= LAST):
        abort(404)
    return int(text)


def paged(statement: Select[Any], *, size: int = 50, total_text: str = "") -> Page:
    """Read one page of an ordered select of columns, with one statement; a page past the end is 404."""
    number = page_number()
    rows = db.session.execute(statement.limit(size + 1).offset((number - 1) * size)).all()
    if number > 1 and not rows:
        abort(404)
    first = (number - 1) * size + 1
    return Page(
        rows=rows[:size],
        from_=first,
        to=first + min(len(rows), size) - 1,
        prev_url=_url(number - 1) if number > 1 else None,
        next_url=_url(number + 1) if len(rows) > size else None,
        total_text=total_text,
    )


def _url(number: int) -> str:
    """This address with another page; repeated parameters keep their values."""
    parameters = [(name, value) for name, value in request.args.items(multi=True) if name != "page"]
    return f"{request.script_root}{request.path}?{urlencode([*parameters, ('page', number)])}"
