"""Every route says who may come in. The application refuses to start otherwise."""

from collections.abc import Callable
from typing import Any

from flask import Flask

View = Callable[..., Any]


def public(view: View) -> View:
    """Anyone, signed in or not."""
    view.guard = "public"  # type: ignore[attr-defined]
    return view


def check_every_route(app: Flask) -> None:
    """Raise RuntimeError naming each route that guards nothing."""
    naked = [
        name for name, view in app.view_functions.items() if name != "static" and not hasattr(view, "guard")
    ]
    if naked:
        raise RuntimeError("routes without a guard: " + ", ".join(sorted(naked)))
