"""Every page a role can reach on the demo's data, on a narrow phone and at a desk; what first loads cost."""

import re
import shutil
import sqlite3
from urllib.parse import urljoin, urlsplit

import pytest
import time_machine
from sqlalchemy import select
from werkzeug.exceptions import HTTPException

from pbtrain.accounts.models import Account
from pbtrain.core.db import db
from pbtrain.demo import load
from pbtrain.demo.roster import LOGINS, PASSWORD
from pbtrain.org.roles import Role
from tests.support import browser as support
from tests.support.databases import make_app, once
from tests.support.drawn import Drawn
from tests.support.frozen import USUAL

FILES = (
    "xlsx",
    "csv",
    "pdf",
    "certificates.paper",
    "my_paper",
    "photo",
    "claims.file",
    "template",
    "export",
    "refused",
    "static",
    "sign_out",
)
WORDS = {
    "Excel", "English", "xlsx", "csv", "CSV", "JSON", "MB", "JPG", "PNG", "WebP", "Linux", "Chromium",
    "Markdown", "PDF", "QR", "TOTP",
}  # fmt: skip
HOME_REQUESTS, HOME_BYTES, PAGE_BYTES = 6, 92_000, 150_000
ASSETS = 60_000  # of a first load; the home page below shows that they are fewer


def close():
    """Let go of the database file."""
    db.session.remove()
    db.engine.dispose()


@pytest.fixture(scope="session")
def demo(backend, shared, tmp_path_factory):
    """A server over the small demo, which is loaded once for all workers; each has a copy of the file."""
    loaded = shared / "demo.sqlite3"
    with once(shared, "demo") as first:
        if first:
            shutil.copyfile(backend.template, loaded)
            app = make_app(f"sqlite:///{loaded}")
            with app.app_context(), time_machine.travel(USUAL, tick=False):
                load.load_small(lambda told: None)
                close()
    own = tmp_path_factory.mktemp("demo") / "demo.sqlite3"
    with sqlite3.connect(loaded) as source, sqlite3.connect(own) as copy:
        source.backup(copy)
    app = make_app(f"sqlite:///{own}", WTF_CSRF_ENABLED=True)
    with support.serving(app) as address:
        yield app, address
    with app.app_context():
        close()


@pytest.fixture
def live_server(demo):
    """The address of the demo instead of an empty site."""
    return demo[1]


@pytest.fixture
def come_in(frozen, new_context, new_page):
    """`come_in(role)`: a fresh browser of the demo's person of that role, signed in through the form."""

    def signed_in(role, **more):
        page = new_page(new_context(**more))
        page.goto("/login")
        page.get_by_label("手机号或用户名").fill(LOGINS[role])
        page.get_by_label("密码", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="登录", exact=True).click()
        page.wait_for_url("**/")
        return page

    return signed_in


def kind_of(app, address):
    """(endpoint, has it parameters) of an address of ours that is a page, else None."""
    parts = urlsplit(address)
    try:
        endpoint, _ = app.url_map.bind("").match(parts.path)
    except HTTPException:
        return None
    if any(word in endpoint for word in FILES):
        return None
    return endpoint, bool(parts.query)


def links(page):
    """Addresses of this site that the page links to."""
    found = page.evaluate(
        "() => [...document.querySelectorAll('a[href]')].filter(a => !a.href.includes('#')).map(a => a.href)"
    )
    return of_this_site(page.url, found)


def of_this_site(here, found):
    addresses = [urljoin(here, address) for address in found]
    return [address for address in addresses if urlsplit(address).netloc == urlsplit(here).netloc]


def english(page, known):
    """Words in Latin letters that a Chinese reader would stumble over."""
    return english_words(
        page.evaluate(
            """() => {
              const copy = document.body.cloneNode(true);
              copy.querySelectorAll('[lang=en], script, noscript, .pb-code').forEach(one => one.remove());
              document.body.append(copy);
              const text = copy.innerText;
              copy.remove();
              return text;
            }"""
        ),
        known,
    )


def english_words(text, known):
    text = re.sub(r"\S+@\S+|https?://\S+|\b[0-9A-F]{4}(-[0-9A-F]{4})+\b|\b[A-Z]+\d[\w-]*", " ", text)
    return sorted({word for word in re.findall("[A-Za-z]{2,}[0-9]*", text) if word not in known})


def faults(page, known, axe):
    """What is wrong with one page on the narrowest phone and, where axe looks at it too, at a desk."""
    found = support.shape(page) + [f"English: {word}" for word in english(page, known)]
    if axe:
        usual = page.viewport_size
        found += axe.look("phone")
        page.set_viewport_size(support.SCREENS["desktop"]["viewport"])
        found += [f"at a desk: {fault}" for fault in support.shape(page)] + axe.look("desktop")
        page.set_viewport_size(usual)
    return found


@pytest.fixture
def first_look(shared):
    """`first_look("hours.mine")`: True once in the whole run, whichever worker asks."""
    folder = shared / "looked-at"
    folder.mkdir(parents=True, exist_ok=True)

    def first(*kind):
        try:
            (folder / "-".join(map(str, kind))).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    return first


@pytest.fixture
def drawn(shared):
    """What stood on the pages that a browser has looked at, whichever role's they were."""
    return support.Judged(shared / "looked-at-by-a-browser")


def nothing_new(answer, endpoint, known, drawn):
    """The page, where it is whole and all that stands on it stood on this page of another role; else None."""
    if answer.status != 200 or len(body := answer.body()) + ASSETS > PAGE_BYTES:
        return None
    page = Drawn(endpoint, body.decode())
    doubtful = page.heads != 1 or not page.links or unlit(body.decode()) or english_words(page.words, known)
    return None if doubtful or drawn.new(sorted(page.signs)) else page


def unlit(body):
    """Has this page a navigation that does not say where one is?"""
    nav = re.search('<nav class="pb-nav.*?</nav>', body, re.DOTALL)
    return nav is not None and 'aria-current="page"' not in nav.group()


@pytest.mark.parametrize("screen", ["phone"], indirect=True)  # each page is looked at in every width
@pytest.mark.parametrize("role", list(LOGINS), ids=str)
def test_every_page_of_a_role(role, demo, come_in, first_look, judged, drawn):
    """One h1, a way on, a place that is lit, nothing sideways, no English, no violation, at most 150 kB.

    A browser opens the first page of every address, and another role's where anything on it stood on none
    before, or has longer words. Of the rest the answer is read.
    """
    app, address = demo
    with app.app_context():
        known = WORDS | usernames()
    narrow = support.SCREENS["phone"]["viewport"] | {"width": support.NARROW}
    page, waiting, seen, wrong = come_in(role, viewport=narrow), [f"{address}/"], set(), []
    while waiting:
        target = waiting.pop(0)
        kind = kind_of(app, target)
        if kind is None or kind in seen or (kind[1] and not first_look(*kind)):
            continue  # lists with a filter are looked at once, not once for each role
        seen.add(kind)
        first = first_look("axe", kind[0])
        if not first and (read := nothing_new(page.request.get(target), kind[0], known, drawn)):
            waiting += of_this_site(target, read.links)
            continue
        answer = page.goto(target)
        if answer.status != 200:
            wrong.append(f"{target}: {answer.status}")
            continue
        picture(page, f"{role}/{len(seen):02}-{kind[0]}")
        found = faults(page, known, support.Axe(page, judged) if first else None)
        sent = answer.request.sizes()["responseBodySize"]
        if sent + ASSETS > PAGE_BYTES:
            found.append(f"{sent} bytes of text")
        if unlit(answer.text()):
            found.append("no place of the navigation is lit")
        wrong += [f"{urlsplit(target).path}: {fault}" for fault in found]
        waiting += links(page)
        drawn.add(sorted(Drawn(kind[0], answer.text()).signs))
    assert len(seen) >= 4
    assert not wrong, "\n".join(wrong)


def picture(page, name):
    """Asked for, one at the width of a usual phone."""
    if support.PICTURES:
        usual = page.viewport_size
        page.set_viewport_size(support.SCREENS["phone"]["viewport"])
        page.screenshot(path=support.RESULTS / f"pages/phone/{name}.png", full_page=True)
        page.set_viewport_size(usual)


def usernames():
    """User names of the demo: they are Latin, and some pages show them."""
    return set(db.session.scalars(select(Account.username)))


FETCHED_LATER = """() => {
  const later = document.querySelector('meta[name="later"]')?.content;
  return !later || performance.getEntriesByName(new URL(later, location).href).some((e) => e.responseEnd > 0);
}"""


def wire(page, target):
    """Bytes of each answer that came over the wire when this page was opened."""
    listener, sizes, cached = page.context.new_cdp_session(page), {}, set()
    listener.send("Network.enable")
    listener.on("Network.loadingFinished", lambda e: sizes.update({e["requestId"]: e["encodedDataLength"]}))
    listener.on("Network.requestServedFromCache", lambda e: cached.add(e["requestId"]))
    listener.on(
        "Network.responseReceived",
        lambda e: e["response"].get("fromDiskCache") and cached.add(e["requestId"]),
    )
    page.goto(target, wait_until="networkidle")
    page.wait_for_function(FETCHED_LATER)
    page.wait_for_load_state("networkidle")
    listener.detach()
    return [size for number, size in sizes.items() if number not in cached]


def test_what_a_home_page_costs(come_in, new_context, new_page, record_property):
    """The first load of a member's home: at most 6 requests and 92 kB; the next one is one request."""
    context = new_context()
    context.add_cookies(come_in(Role.MEMBER).context.cookies())
    page = new_page(context)  # knows the person, and has no file of ours yet
    first = wire(page, "/")
    assert 2 <= len(first) <= HOME_REQUESTS
    assert sum(first) <= HOME_BYTES
    again = wire(page, "/")
    assert len(again) == 1
    assert sum(first) - again[0] <= ASSETS
    record_property("bytes of a member's home, first load", f"{sum(first)} in {len(first)} requests")
