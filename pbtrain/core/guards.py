"""Every route says who may come in. The application refuses to start otherwise."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from werkzeug.routing import IntegerConverter, Map

View = Callable[..., Any]


class IdConverter(IntegerConverter):
    """`<int:…>` in a route: a number no column can hold is a page that does not exist."""

    def __init__(
        self, map: Map, fixed_digits: int = 0, min: int | None = None, max: int | None = None
    ) -> None:
        super().__init__(map, fixed_digits, min, 2**31 - 1 if max is None else max)


def public(view: View) -> View:
    """Anyone, signed in or not."""
    view.guard = "public"  # type: ignore[attr-defined]
    return view


def limit_numbers(app: Flask) -> None:
    """Before the first blueprint: numbers in addresses stay within what a column holds."""
    app.url_map.converters["int"] = IdConverter


def check_every_route(app: Flask) -> None:
    """Raise RuntimeError naming each route that guards nothing."""
    naked = [
        name for name, view in app.view_functions.items() if name != "static" and not hasattr(view, "guard")
    ]
    if naked:
        raise RuntimeError("routes without a guard: " + ", ".join(sorted(naked)))
