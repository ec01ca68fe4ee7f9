"""What browser tests stand on: where Chromium is, a live server, a listener for trouble, axe."""

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import ConsoleMessage, Page, Request
from werkzeug.serving import WSGIRequestHandler, make_server

TOP = Path(__file__).parents[2]
RESULTS = TOP / "test-results"
LIGHT = "chromium-headless-shell"  # the same engine without windows: a third of the time for a page
PICTURES = bool(os.environ.get("PBTRAIN_SCREENSHOTS"))  # read now: the tests' instance hides such settings
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
SCREENS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "desktop": {"viewport": {"width": 1440, "height": 900}},
}
STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


def chromium() -> str | None:
    """Where the machine's Chromium is."""
    names = (LIGHT, "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: a failing test shows its page."""


def _without_expiry(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Cookies end with the browser: its clock is not the frozen one the server reads.

    The answer is closed by itself: Werkzeug's server leaves that out when the browser is gone in the middle.
    """

    def wrapped(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            cut = [
                (n, re.sub(r"; (Expires|Max-Age)=[^;]*", "", v) if n.lower() == "set-cookie" else v)
                for n, v in headers
            ]
            return start_response(status, cut, *rest)

        answer = app(environ, start)
        try:
            yield from answer
        finally:
            if hasattr(answer, "close"):
                answer.close()

    return wrapped


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The address of a threaded server for this application, on a free port of this machine."""
    server = make_server("127.0.0.1", 0, _without_expiry(app), threaded=True, request_handler=_Quiet)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class Trouble(list[str]):
    """What the browser complained about; a test that leaves anything here fails.

    `trouble.expect("404")` before a step allows console lines that contain the text.
    """

    def __init__(self) -> None:
        super().__init__()
        self.allowed: list[str] = []

    def expect(self, text: str) -> None:
        self.allowed.append(text)

    def note(self, text: str) -> None:
        if not any(allowed in text for allowed in self.allowed):
            self.append(text)

    def listen(self, page: Page, home: str) -> None:
        """Hear console errors and warnings of the security policy, script errors, requests to other hosts."""

        def console(message: ConsoleMessage) -> None:
            if message.type == "error" or "Content Security Policy" in message.text:
                self.note(f"console at {page.url}: {message.text}")

        def request(sent: Request) -> None:
            if not sent.url.startswith((home, "data:", "blob:", "about:")):
                self.note(f"request to another host: {sent.url}")

        page.on("console", console)
        page.on("pageerror", lambda error: self.note(f"script at {page.url}: {error}"))
        page.on("request", request)


@cache
def _axe() -> str:
    return (TOP / "node_modules/axe-core/axe.min.js").read_text()


def violations(page: Page) -> list[str]:
    """What axe finds wrong on this page, at the width of a phone and of a desk: rule, first elements.

    Loading axe into a page costs several times what asking it costs: so both widths are asked at once.
    """
    usual, found = page.viewport_size, []
    page.evaluate(_axe())  # through the debugger, so that the page's security policy stays as it is
    for screen, settings in SCREENS.items():
        page.set_viewport_size(settings["viewport"])
        answer = page.evaluate(
            "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})",
            list(STANDARDS),
        )
        found += [
            f"{screen}: {rule['id']} ({rule['help']}): "
            + "; ".join(node["html"][:160] for node in rule["nodes"][:3])
            for rule in answer["violations"]
        ]
    if usual:
        page.set_viewport_size(usual)
    return found


def arrived(page: Page) -> None:
    """Wait until what was clicked last has led to a whole page: a click returns before its page is left."""
    page.wait_for_timeout(100)
    page.wait_for_function("() => document.readyState === 'complete'")


def shape(page: Page) -> list[str]:
    """What is wrong with the frame of a page: not one h1, something that scrolls sideways, no way on."""
    asked = page.wait_for_function(
        """width => {  // of the screen: a phone's window widens with what does not fit
          if (document.readyState !== 'complete') return false;  // asked again, on the page that comes
          const wide = document.documentElement.scrollWidth - width;
          const heads = document.querySelectorAll('h1').length;
          const ways = document.querySelectorAll('main a[href], main button, nav a[href]').length;
          return [
            heads === 1 ? '' : `${heads} h1`,
            wide <= 0 ? '' : `${wide} px too wide`,
            ways ? '' : 'no way on',
          ].filter(Boolean);
        }""",
        arg=(page.viewport_size or {})["width"],
    )
    found: list[str] = asked.json_value()
    return found
