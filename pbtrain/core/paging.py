"""Lists in pages, found by the key of the row beside them and never by counting rows: page 1,000 costs what
page 1 costs, and a row added meanwhile neither repeats nor hides another.

The order of the statement is the key; it ends with `id`. `?after=` and `?before=` carry the key of a row.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from flask import abort, request
from sqlalchemy import ColumnElement, Select, TypeDecorator, and_, func, literal, or_, select, tuple_
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import UnaryExpression

from pbtrain.core.db import Micros, UTCDateTime, db
from pbtrain.core.formatting import number
from pbtrain.core.i18n import _

EXACT = 10_000  # up to so many rows a list says how many there are
KEY, CURSORS = "page_key_", ("after", "before")
LONGEST, LARGEST = 600, 2**63


@dataclass(frozen=True)
class Page:
    """The rows of one page and its neighbours, as the macro `pager` wants them.

    `from_` and `to` count from the beginning as it was when the reader began to turn pages.
    """

    rows: Sequence[Any]
    from_: int
    to: int
    prev_url: str | None
    next_url: str | None
    total_text: str = ""


@dataclass(frozen=True)
class Key:
    """One column of a list's order."""

    column: ColumnElement[Any]
    descending: bool

    def ordered(self, *, backwards: bool) -> Any:
        """As ORDER BY wants it."""
        return self.column.desc() if self.descending is not backwards else self.column

    def value(self, text: Any) -> Any:
        """A bound value of the column's type; 404 for what was never in this column."""
        kind = _kind(self.column)
        found: Any = _moment(kind, text) if kind in (date, datetime) and isinstance(text, str) else text
        if type(found) is not kind or (isinstance(found, int) and abs(found) >= LARGEST):
            abort(404)
        if isinstance(found, str) and "\0" in found:
            abort(404)
        return literal(found, self.column.type)


def paged(statement: Select[Any], *, size: int = 50, total_text: str = "") -> Page:
    """Read the page the address asks for, with one statement; no column of the order may be null.

    What is no key of this list is 404. Where nothing is left behind the key, the list begins anew.
    """
    keys = _keys(statement)
    asked = next((name for name in CURSORS if request.args.get(name)), "")
    backwards = asked == "before"
    skipped, values = _read(request.args[asked], keys) if asked else (0, [])
    rows = _fetch(statement, keys, values, backwards, size + 1)
    if asked and not rows:
        asked, backwards, skipped, values = "", False, 0, []
        rows = _fetch(statement, keys, values, backwards, size + 1)
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows = rows[::-1]
        skipped = max(skipped - len(rows), 0) if more else 0
    earlier = more if backwards else bool(asked)
    later = bool(asked) if backwards else more
    return Page(
        rows=rows,
        from_=skipped + 1,
        to=skipped + len(rows),
        prev_url=_url("before", skipped, keys, rows[0]) if earlier else None,
        next_url=_url("after", skipped + len(rows), keys, rows[-1]) if later else None,
        total_text=total_text,
    )


def _fetch(
    statement: Select[Any], keys: list[Key], values: list[Any], backwards: bool, size: int
) -> list[Any]:
    named = [key.column.label(f"{KEY}{index}") for index, key in enumerate(keys)]
    ordered = (
        statement.add_columns(*named)
        .order_by(None)
        .order_by(*(key.ordered(backwards=backwards) for key in keys))
    )
    if values:
        ordered = ordered.where(_beyond(keys, values, backwards))
    return list(db.session.execute(ordered.limit(size)))


def _keys(statement: Select[Any]) -> list[Key]:
    """The order of a select, from its own ORDER BY."""
    found = []
    for clause in statement._order_by_clauses:
        if isinstance(clause, UnaryExpression) and clause.modifier in (operators.desc_op, operators.asc_op):
            found.append(Key(clause.element, clause.modifier is operators.desc_op))
        else:
            found.append(Key(clause, descending=False))
    return found


def _beyond(keys: list[Key], values: list[Any], backwards: bool) -> ColumnElement[bool]:
    """Behind that key in the list's order; a row comparison, which an index serves, where all keys point one
    way."""
    if len({key.descending for key in keys}) == 1:
        place, bound = tuple_(*(key.column for key in keys)), tuple_(*values)
        return place < bound if keys[0].descending is not backwards else place > bound
    steps = []
    for index, (key, value) in enumerate(zip(keys, values, strict=True)):
        same = [other.column == bound for other, bound in zip(keys[:index], values, strict=False)]
        falls = key.descending is not backwards
        steps.append(and_(*same, key.column < value if falls else key.column > value))
    return or_(*steps)


def _kind(column: ColumnElement[Any]) -> type:
    """The Python type of a column's values."""
    if isinstance(column.type, UTCDateTime | Micros):
        return datetime
    own = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    return own.python_type


def _moment(kind: type, text: str) -> Any:
    try:
        found = datetime.fromisoformat(text) if kind is datetime else date.fromisoformat(text)
    except ValueError:
        abort(404)
    if isinstance(found, datetime) and found.tzinfo is None:
        abort(404)
    return found


def _read(cursor: str, keys: list[Key]) -> tuple[int, list[Any]]:
    """How many rows stood before the key, and its bound values."""
    if len(cursor) > LONGEST:
        abort(404)
    try:
        found = json.loads(urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
        skipped, *values = found
    except (ValueError, TypeError, RecursionError):
        abort(404)
    if type(skipped) is not int or not 0 <= skipped < LARGEST or len(values) != len(keys):
        abort(404)
    return skipped, [key.value(value) for key, value in zip(keys, values, strict=True)]


def _url(name: str, skipped: int, keys: list[Key], row: Any) -> str:
    """This address at another place; repeated parameters keep their values."""
    values = [getattr(row, f"{KEY}{index}") for index in range(len(keys))]
    if None in values:
        raise ValueError(f"a list is ordered by a column that may be null: {values}")
    written = json.dumps(
        [skipped, *(value.isoformat() if isinstance(value, date) else value for value in values)],
        ensure_ascii=False,
        separators=(",", ":"),
    )
    cursor = urlsafe_b64encode(written.encode()).decode().rstrip("=")
    parameters = [(key, value) for key, value in request.args.items(multi=True) if key not in CURSORS]
    return f"{request.script_root}{request.path}?{urlencode([*parameters, (name, cursor)])}"


def counted(statement: Select[Any]) -> int:
    """How many rows a select has, counted no further than one beyond EXACT."""
    some = statement.order_by(None).limit(EXACT + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def in_words(count: int) -> str:
    """What `counted` found, as a list says it: "9,012" or "more than 10,000"."""
    return number(count) if count <= EXACT else _("more than 10,000")
