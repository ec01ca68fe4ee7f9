"""What browser tests stand on: where Chromium is, a live server, a listener for trouble, axe."""

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import segno
from flask import Flask
from PIL import Image
from playwright.sync_api import ConsoleMessage, Error, Page, Request
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
NARROW = 320  # px: the narrowest phone, and a desk's window at 400 % (WCAG 2.2, 1.4.10)
STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


def chromium() -> str | None:
    """Where the machine's Chromium is."""
    names = (LIGHT, "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


@dataclass(frozen=True)
class Camera:
    """A camera that sees one picture: `file` is read when a page opens it. Nobody is asked for leave."""

    file: Path

    @property
    def arguments(self) -> tuple[str, ...]:
        """For the browser's start."""
        return (
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={self.file}",
        )

    def away(self) -> None:
        """There is no camera."""
        self.file.unlink(missing_ok=True)

    def show(self, text: str) -> None:
        """A code, as large as a phone sees it from two steps away, in the middle of 640 x 480 points."""
        code = Image.open(BytesIO(_png(text))).convert("L")
        picture = Image.new("L", (640, 480), 150)
        picture.paste(code, ((640 - code.width) // 2, (480 - code.height) // 2))
        picture.convert("RGB").save(self.file, "JPEG", quality=80)  # a film of one picture


def _png(text: str) -> bytes:
    drawn = BytesIO()
    segno.make(text, error="m", micro=False).save(drawn, kind="png", scale=5, border=4)
    return drawn.getvalue()


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


class Judged:
    """Signs of what axe has seen in this run, whichever worker asked, one a line of a shared file."""

    def __init__(self, file: Path) -> None:
        self.file, self.read = file, 0
        self.signs: set[str] = set()
        file.touch()

    def new(self, signs: list[str]) -> list[str]:
        """Those that nobody has seen."""
        with self.file.open() as file:
            file.seek(self.read)
            told = file.read()
        whole = told.rpartition("\n")[0]  # another worker may be in the middle of a line
        self.read += len(whole)
        self.signs.update(whole.split())
        return [sign for sign in signs if sign not in self.signs]

    def add(self, signs: list[str]) -> None:
        with self.file.open("a") as file:
            file.write("".join(f"{sign}\n" for sign in signs))


# An element is known when one with the same name, classes, states and words or none stood under the same
# ancestors at this width before; of the same children of one element two are looked at, because of stripes.
# The page tells the signs of its elements and hears which of them are new: to tell it all that are known
# took longer than axe.
_SIGNS = """width => {
  const state = new RegExp('^(class|type|role|scope|lang|dir|autocomplete|tabindex|hidden|open|disabled|' +
    'checked|required|inert|style|aria-(?!label|described|controls|owns|active|value).*)$');
  const hash = text => {  // cyrb53
    let a = 0xdeadbeef, b = 0x41c6ce57;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 2654435761); b = Math.imul(b ^ code, 1597334677);
    }
    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
    return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
  };
  const own = one => one.localName + [...one.attributes].map(({name, value}) =>
      state.test(name) ? `${name}=${value}` : name + (value ? '' : '!')).sort().join(' ') +
    ([...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()) ? '#' : '');
  const root = {one: document.documentElement, time: 0, children: []};  // time: how many like it come before
  const walk = (node, sign) => {
    node.sign = sign;
    const times = new Map();
    for (const one of node.one.children) {
      const same = own(one), child = {one, time: times.get(same) || 0, children: []};
      times.set(same, child.time + 1);
      node.children.push(child);
      walk(child, hash(`${sign}|${same}|${Math.min(child.time, 1)}`));
    }
    return node;
  };
  walk(root, hash(width + own(root.one)));
  const told = new Set();
  const tell = ({sign, children}) => { told.add(sign); children.forEach(tell); };
  tell(root);
  globalThis.axeKnows = {...globalThis.axeKnows, root, hash};
  return [...told].join(' ');
}"""
# What axe passes over, because it is known, and what came into sight or changed its colours at this width. In
# the answer: the sign of the whole, which elements in which order, and whether anything came.
_UNKNOWN = """told => {
  const {root, hash, shown: before} = globalThis.axeKnows, fresh = new Set(told.split(' '));
  const skip = [], order = [], come = [], shown = new Map();
  const walk = ({one, sign, children}) => {  // is there anything new in it?
    order.push(sign);
    let any = fresh.delete(sign);
    const old = [];
    for (const child of children) {
      const length = order.length, news = walk(child);
      if (child.time > 1 && !news) order.length = length;
      news ? any = true : old.push(child.one);
    }
    if (any) skip.push(...old);
    return any;
  };
  walk(root);
  const old = new Set(skip);
  const look = ({color, backgroundColor, opacity, fontSize, fontWeight}) =>  // all that contrast depends on
    [color, backgroundColor, opacity, parseFloat(fontSize) >= (fontWeight >= 700 ? 18.66 : 24)].join();
  const see = (one, fits) => {  // of what came, the outermost that are not known
    const seen = one.checkVisibility() ? look(getComputedStyle(one)) : null;
    if (seen) shown.set(one, seen);
    fits &&= !old.has(one);
    if (fits && seen && before && before.get(one) !== seen) { come.push(one); fits = false; }
    for (const child of one.children) see(child, fits);
  };
  for (const child of document.body.children) see(child, true);
  globalThis.axeKnows = {skip, come, shown};
  return [hash(order.join()), come.length];
}"""
_ASK = """([what, values, where]) => {
  const {skip, come} = globalThis.axeKnows;
  const places = {whole: document, unknown: skip.length ? {include: [document], exclude: skip} : document,
                  come: {include: come, exclude: skip}};
  return axe.run(places[where], {runOnly: {type: what, values}, resultTypes: ['violations']}).then(found =>
    found.violations.map(({id, help, nodes}) =>
      `${id} (${help}): ${nodes.slice(0, 3).map(({html}) => html.slice(0, 160)).join('; ')}`));
}"""
COMPOSED = ("heading-order", "duplicate-id-aria", "landmark-unique", "label", "aria-valid-attr-value")
BY_WIDTH = ("target-size", "scrollable-region-focusable")


class Axe:
    """What axe finds against WCAG 2.2 AA on a page as it stands, asked at one width and then at the other.

    Elements that were judged before in this run are not judged again; how a page is put together (COMPOSED)
    is, for each order of elements. At the second width those of the first are asked what depends on it, and
    everything only what came into sight or looks otherwise there.
    """

    def __init__(self, page: Page, judged: Judged | None = None) -> None:
        self.page, self.judged = page, judged
        self.all_asked = False  # of what is unknown, at the first width
        self.loaded = False

    def look(self, screen: str) -> list[str]:
        """At the width of this screen, which the page has now: rule, first elements."""
        signs = self.page.evaluate(_SIGNS, screen).split()
        fresh = self.judged.new(signs) if self.judged else signs
        whole, come = self.page.evaluate(_UNKNOWN, " ".join(fresh))
        whole = self.judged.new([whole]) if self.judged else [whole]
        found = [
            f"{screen}: {said}"
            for question in self._questions(bool(fresh), bool(whole), bool(come))
            for said in self._ask(question)
        ]
        if self.judged:
            self.judged.add([*fresh, *whole])
        return found

    def _questions(self, fresh: bool, whole: bool, come: bool) -> list[list[Any]]:
        """Kind of rules, rules, and of what they are asked."""
        if fresh and self.all_asked:
            return [["rule", BY_WIDTH, "unknown"], *([["tag", STANDARDS, "come"]] if come else [])]
        questions: list[list[Any]] = [["tag", STANDARDS, "unknown"]] if fresh else []
        if whole and not self.loaded:  # the first questions about this page
            questions.append(["rule", COMPOSED, "whole"])
        self.all_asked = fresh
        return questions

    def _ask(self, question: list[Any]) -> list[str]:
        if not self.loaded:  # through the debugger, so that the page's security policy stays as it is
            self.page.evaluate(_axe())
            self.loaded = True
        said: list[str] = self.page.evaluate(_ASK, question)
        return said


def violations(page: Page, judged: Judged | None = None) -> list[str]:
    """What axe finds wrong on this page, once it is there, at the width of a phone and of a desk."""
    arrived(page)
    usual, found, axe = page.viewport_size, list[str](), Axe(page, judged)
    for screen, settings in SCREENS.items():
        page.set_viewport_size(settings["viewport"])
        found += axe.look(screen)
    if usual:
        page.set_viewport_size(usual)
    return list(dict.fromkeys(found))


def arrived(page: Page) -> None:
    """Wait until what was clicked last has led to a whole page.

    A click returns before its page is left, and a page that has only just come is empty for a moment. Once
    the next page is asked for, the question below waits for it.
    """
    page.wait_for_timeout(50)  # more than a script takes from the click to asking
    page.wait_for_function("() => document.readyState === 'complete'")


def shape_in_each(page: Page) -> list[str]:
    """What is wrong with the frame of a page as it stands and, on a screen of ours, at the other's width."""
    usual, found = page.viewport_size, shape(page)
    sizes = [settings["viewport"] for settings in SCREENS.values()]
    if usual in sizes:
        for size in sizes:
            if size != usual:
                page.set_viewport_size(size)
                found += [f"at {size['width']} px: {fault}" for fault in shape(page)]
        page.set_viewport_size(usual)
    return found


_SHAPE = """width => {  // of the screen: a phone's window widens with what does not fit
  if (document.readyState !== 'complete') return false;  // asked again, on the page that comes
  const wide = document.documentElement.scrollWidth - width;
  const heads = document.querySelectorAll('h1').length;
  const ways = document.querySelectorAll('main a[href], main button, nav a[href]').length;
  return [
    heads === 1 ? '' : `${heads} h1`,
    wide <= 0 ? '' : `${wide} px too wide`,
    ways ? '' : 'no way on',
  ].filter(Boolean);
}"""


def shape(page: Page) -> list[str]:
    """What is wrong with the frame of a page: not one h1, something that scrolls sideways, no way on."""
    width = (page.viewport_size or {})["width"]
    with suppress(Error):  # the page was left meanwhile
        if (found := page.evaluate(_SHAPE, width)) is not False:  # waiting takes five times as long
            return list[str](found)
    return list[str](page.wait_for_function(_SHAPE, arg=width).json_value())
