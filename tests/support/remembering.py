"""A world that many tests begin with is built once on each database and put back as it was for the others."""

import copy
from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from inspect import Parameter, Signature, signature
from types import SimpleNamespace
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import DeclarativeBase

from pbtrain.core import clock
from pbtrain.core.db import db


class _Row:
    """A stored row, instead of the object that stood for it."""

    def __init__(self, row: DeclarativeBase) -> None:
        self.kind, self.key = type(row), inspect(row).identity

    def again(self) -> Any:
        return db.session.get_one(self.kind, self.key)


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """The same with `change` done to what stands in it."""
    if isinstance(value, SimpleNamespace):
        return SimpleNamespace(**{name: _each(one, change) for name, one in vars(value).items()})
    if isinstance(value, dict):
        return {name: _each(one, change) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_each(one, change) for one in value)
    return change(value)


def _packed(value: Any) -> Any:
    return _Row(value) if hasattr(value, "__mapper__") else copy.deepcopy(value)


def _unpacked(value: Any) -> Any:
    return value.again() if isinstance(value, _Row) else copy.deepcopy(value)


def remembered(build: Callable[..., Any]) -> Callable[..., Any]:
    """For a fixture that makes rows and returns them, their ids or actors, in namespaces, lists or tuples.

    It is built as ever where a test wrote something before it, on another day, or where the database cannot
    be put back. Files it stores stay where they are from one test to the next.
    """
    wants = list(signature(build).parameters)
    kept: dict[tuple[str, date | datetime], tuple[Any, Any]] = {}

    @wraps(build)
    def world(**asked: Any) -> Any:
        backend = asked["backend"]
        moment = (backend.name, clock.now() if "frozen" in wants else clock.today())
        if not backend.untouched():
            return build(**{name: asked[name] for name in wants})
        if moment in kept:
            db.session.remove()
            backend.put_back(kept[moment][0])
        else:
            made = _each(build(**{name: asked[name] for name in wants}), _packed)
            db.session.remove()
            kept[moment] = backend.keep(), made
        found = _each(kept[moment][1], _unpacked)
        db.session.rollback()  # rows are read again when they are looked at, as after a commit
        return found

    del world.__wrapped__  # type: ignore[attr-defined]  # pytest would look at what it wants
    names = dict.fromkeys([*wants, "backend", "db"])
    world.__signature__ = Signature([Parameter(n, Parameter.KEYWORD_ONLY) for n in names])  # type: ignore[attr-defined]
    return world
