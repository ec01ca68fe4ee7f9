"""A real Chromium on a real server over the SQLite test file, at the width of a phone and of a desk.

A test that asks for `page` runs at both widths and fails when the browser complains about anything.
"""

import os

import pytest

from tests.support import browser as support

_failed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        item.stash[_failed] = True  # the page leaves a picture in test-results/
    return report


@pytest.fixture(scope="session", params=["sqlite"])
def backend(request, _backends):
    """One database is enough here: the same pages run on both in the tests beside."""
    return _backends(request.param)


@pytest.fixture(scope="session")
def browser_type_launch_args():
    return {"executable_path": support.chromium(), "args": list(support.ARGUMENTS)}


@pytest.fixture(scope="session")
def _served(backend):
    """The application that is served, with the protection against forged requests that a site has."""
    app = backend.app(WTF_CSRF_ENABLED=True)
    with support.serving(app) as address:
        yield app, address


@pytest.fixture
def live_server(_served, db) -> str:
    """The address of a server over this test's database; everything the test committed is there."""
    return _served[1]


@pytest.fixture(params=list(support.SCREENS))
def screen(request) -> str:
    """ "phone" (390 x 844) and "desktop" (1440 x 900)."""
    return request.param


@pytest.fixture
def trouble() -> support.Trouble:
    """What the browser complained about; `trouble.expect(text)` allows what a test provokes."""
    return support.Trouble()


@pytest.fixture
def context(browser, live_server, screen):
    """A browser of a Chinese reader in Shanghai; relative addresses lead to the live server."""
    context = browser.new_context(
        base_url=live_server,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
        **support.SCREENS[screen],
    )
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def page(context, live_server, trouble, request):
    """A tab; it fails the test when the console, the security policy or a script complains."""
    page = context.new_page()
    trouble.listen(page, live_server)
    yield page
    if request.node.stash.get(_failed, False) or os.environ.get("PBTRAIN_SCREENSHOTS"):
        support.RESULTS.mkdir(exist_ok=True)
        name = request.node.name.replace("/", "_").replace("[", "-").rstrip("]")
        page.screenshot(path=support.RESULTS / f"{name}.png", full_page=True)
    assert not trouble, "\n".join(trouble)


@pytest.fixture
def sign_in(context, _served, make):
    """`sign_in(user)` makes this browser that person's, without the form."""
    app, address = _served

    def signed_in(user):
        serializer = app.session_interface.get_signing_serializer(app)
        value = serializer.dumps({"_user_id": make.login_session(user), "_fresh": True})
        context.clear_cookies()
        context.add_cookies([{"name": app.config["SESSION_COOKIE_NAME"], "value": value, "url": address}])

    return signed_in


@pytest.fixture
def accessible():
    """`accessible(page)` fails with what axe finds against WCAG 2.2 AA."""

    def check(page):
        found = support.violations(page)
        assert not found, f"{page.url}\n" + "\n".join(found)

    return check
