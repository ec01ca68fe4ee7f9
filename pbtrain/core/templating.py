"""Where templates live, and the filters and names they may use."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, has_request_context, request, url_for
from flask_babel import get_locale
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup

from pbtrain.core import clock, formatting
from pbtrain.core.i18n import LANGUAGES

DIST = "static/dist"
ICON = Markup(
    '<svg class="pb-i{}" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><use href="{}#i-{}"/></svg>'
)


@dataclass(frozen=True)
class Display:
    """How this reader wants pages to look; from a cookie, so it works without an account."""

    large: bool = False
    contrast: bool = False
    language: str = "zh_Hans_CN"


def display() -> Display:
    """The reader's wishes."""
    if not has_request_context():
        return Display()
    return Display(
        large=request.cookies.get("large") == "1",
        contrast=request.cookies.get("contrast") == "1",
        language=str(get_locale()),
    )


@lru_cache(maxsize=4)
def _manifest(path: str, stamp: float) -> dict[str, str]:
    entries = json.loads(Path(path).read_text())
    found: dict[str, str] = {}
    for key, entry in entries.items():
        found[entry.get("name", Path(key).stem) + Path(entry["file"]).suffix] = entry["file"]
        found[Path(key).name] = entry["file"]
        for css in entry.get("css", ()):
            found[entry.get("name", Path(key).stem) + ".css"] = css
    return found


def asset(name: str) -> str:
    """The hashed address of a built file: asset('app.css'). Looked up once a page: a page has many icons."""
    known: dict[str, str] = g.setdefault("pb_assets", {})
    if name not in known:
        known[name] = url_for("static", filename=f"dist/{_built(name)}")
    return known[name]


def _built(name: str) -> str:
    manifest = Path(current_app.root_path, DIST, "manifest.json")
    if not manifest.exists():  # a checkout that was never built still answers, unstyled
        return name
    return _manifest(str(manifest), manifest.stat().st_mtime).get(name, name)


def draw_icon(name: str, cls: str = "") -> Markup:
    """One drawing of the sprite: what `ui.icon` is."""
    return _drawn(asset("sprite.svg"), name, cls)


@lru_cache(maxsize=500)
def _drawn(sprite: str, name: str, cls: str) -> Markup:
    return ICON.format(f" {cls}" if cls else "", sprite, name)


def english() -> bool:
    """Does this reader read English?"""
    return str(get_locale()).startswith("en")


def init_app(app: Flask) -> None:
    """Load "hours/mine.html" from pbtrain/hours/templates/; a misspelt name is an error."""
    folders = {
        folder.parent.name: FileSystemLoader(folder)
        for folder in Path(app.root_path).glob("*/templates")
        if folder.parent.name != "pbtrain"
    }
    app.jinja_loader = ChoiceLoader(
        [FileSystemLoader(Path(app.root_path, "templates")), PrefixLoader(folders)]
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        hours=formatting.hours,
        whole_hours=formatting.whole_hours,
        number=formatting.number,
        points=formatting.points,
        day=lambda value: formatting.day(value, english=english()),
        short_day=lambda value: formatting.short_day(value, english=english()),
        check_code=formatting.check_code,
        mask_phone=formatting.mask_phone,
        long_day=lambda value: formatting.long_day(value, english=english()),
        weekday=lambda value: formatting.weekday(value, english=english()),
        clock_time=formatting.clock_time,
        moment=lambda value: formatting.moment(value, english=english()),
    )
    app.jinja_env.globals.update(
        asset=asset, draw_icon=draw_icon, get_locale=get_locale, LANGUAGES=LANGUAGES, today=clock.today
    )

    @app.context_processor
    def names() -> dict[str, Any]:
        return {"display": display(), "site": app.extensions["pbtrain.site"]()}
