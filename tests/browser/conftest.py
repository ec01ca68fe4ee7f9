"""A real Chromium on a real server over the SQLite test file, at the width of a phone or of a desk.

A journey is walked once, where its people sit: on a phone, or where it is marked `at("desktop")`; what is
worked otherwise on the two is marked `at("phone", "desktop")`. `look` and `accessible` ask for both widths
wherever they stand. A test that asks for `page` fails when the browser complains about anything.
"""

from types import SimpleNamespace

import pytest

from pbtrain.accounts import passwords
from pbtrain.core import clock, queue
from pbtrain.core.db import transaction
from pbtrain.hours import services as hours
from pbtrain.notify import delivery
from pbtrain.org.roles import Role
from tests.support import browser as support
from tests.support.remembering import remembered

PASSWORD = "hongqi-2026-xuexi"  # of everybody in `town`

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
def camera(tmp_path_factory):
    """`camera.show(text)`: the code that every camera of this browser sees when it is opened next."""
    return support.Camera(tmp_path_factory.mktemp("camera") / "seen.mjpeg")


@pytest.fixture(scope="session")
def browser_type_launch_args(camera):
    return {"executable_path": support.chromium(), "args": [*support.ARGUMENTS, *camera.arguments]}


@pytest.fixture(scope="session")
def served(backend):
    """The application that is served, with the protection against forged requests that a site has."""
    app = backend.app(WTF_CSRF_ENABLED=True)
    with support.serving(app) as address:
        yield app, address


@pytest.fixture
def live_server(served, db) -> str:
    """The address of a server over this test's database; everything the test committed is there."""
    return served[1]


def pytest_configure(config):
    config.addinivalue_line("markers", "at(*screens): where a journey is walked; a phone by itself")


def pytest_generate_tests(metafunc):
    if "screen" in metafunc.fixturenames and not any(
        "screen" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")
    ):
        mark = metafunc.definition.get_closest_marker("at")
        metafunc.parametrize("screen", mark.args if mark else ("phone",), indirect=True)


@pytest.fixture
def screen(request) -> str:
    """ "phone" (390 x 844) and "desktop" (1440 x 900)."""
    return request.param


@pytest.fixture
def trouble() -> support.Trouble:
    """What the browser complained about; `trouble.expect(text)` allows what a test provokes."""
    return support.Trouble()


@pytest.fixture
def new_context(browser, live_server, screen):
    """`new_context(**more)`: one more browser of a Chinese reader in Shanghai, knowing nobody."""
    opened = []

    def new(**more):
        context = browser.new_context(
            base_url=live_server,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
            **(support.SCREENS[screen] | more),
        )
        context.set_default_timeout(30_000)
        opened.append(context)
        return context

    yield new
    for context in opened:
        context.close()


@pytest.fixture
def context(new_context):
    """A browser of a Chinese reader in Shanghai; relative addresses lead to the live server."""
    return new_context()


@pytest.fixture
def new_page(live_server, trouble):
    """`new_page(context)`: a tab that is listened to."""

    def new(context):
        page = context.new_page()
        trouble.listen(page, live_server)
        return page

    return new


@pytest.fixture
def page(context, new_page, trouble, request):
    """A tab; it fails the test when the console, the security policy or a script complains."""
    page = new_page(context)
    yield page
    if request.node.stash.get(_failed, False) or support.PICTURES:
        support.RESULTS.mkdir(exist_ok=True)
        name = request.node.name.replace("/", "_").replace("[", "-").rstrip("]")
        page.screenshot(path=support.RESULTS / f"{name}.png", full_page=True)
    assert not trouble, "\n".join(trouble)


@pytest.fixture
def sign_in(context, served, make):
    """`sign_in(user)` makes this browser that person's, without the form.

    It leaves the page first: a late answer to whoever was here before could set that one's cookie again.
    """
    app, address = served

    def signed_in(user):
        serializer = app.session_interface.get_signing_serializer(app)
        value = serializer.dumps({"_user_id": make.login_session(user), "_fresh": True})
        for page in context.pages:
            page.goto("about:blank")
        context.clear_cookies()
        context.add_cookies([{"name": app.config["SESSION_COOKIE_NAME"], "value": value, "url": address}])

    return signed_in


@pytest.fixture(scope="session")
def judged(shared) -> support.Judged:
    """What axe has judged in this run."""
    return support.Judged(shared / "judged-by-axe")


@pytest.fixture
def accessible(judged):
    """`accessible(page)` fails with what axe finds against WCAG 2.2 AA, at both widths."""

    def check(page):
        found = support.violations(page, judged)
        assert not found, f"{page.url}\n" + "\n".join(found)

    return check


@pytest.fixture
def look(request, screen):
    """`look(page, "preview")` checks what must hold at both widths: one h1, nothing sideways, a way on.

    With PBTRAIN_SCREENSHOTS=1 a picture of each step lies in test-results/journeys/ afterwards.
    """
    folder = support.RESULTS / "journeys" / screen
    journey, steps = request.node.originalname.removeprefix("test_"), []

    def seen(page, step, *, whole=True):
        steps.append(step)
        support.arrived(page)
        if support.PICTURES:
            page.screenshot(path=folder / f"{journey}-{len(steps):02}-{step}.png", full_page=whole)
        wrong = support.shape_in_each(page)
        assert not wrong, f"{page.url} ({step}): {wrong}"

    return seen


@pytest.fixture(scope="session")
def password_hash():
    """Of PASSWORD; made once, because that takes its time."""
    return passwords.make(PASSWORD)


@pytest.fixture
@remembered
def town(make, frozen, password_hash):
    """A committee with an academy and a branch of six; its year has rules; all sign in with PASSWORD."""
    root = make.unit("示例区委员会", kind="committee")
    branch = make.unit("示例青松社区党支部", parent=root)
    academy = make.unit("示例国门党建学院", parent=root, kind="academy")

    def login(name, username, **more):
        fields = {"username": username, "password_hash": password_hash} | more
        return make.account(name, **fields)

    def member(name, username, **more):
        return make.member(branch, name=name, account_id=login(name, username, **more).id)

    secretary = member("示例王建国", "shuji")
    make.grant(secretary, Role.BRANCH_SECRETARY, branch)
    admin = login("示例管理员", "guanli")
    make.grant(admin, Role.SYSTEM_ADMIN, root)
    members = [
        member("示例苏日娜", "surina", email="surina@example.cn"),
        member("示例阿拉坦格日乐图", "alatan"),
        member("示例张秀英", "xiuying"),
        member("示例赵永胜", "yongsheng"),
        member("示例乌云其木格", "wuyun"),
    ]
    year = clock.today().year
    with transaction():
        hours.publish_default_policy(None, root.id, year)
        hours.refresh_years([one.id for one in (secretary, *members)], year)
    return SimpleNamespace(
        root=root, branch=branch, academy=academy, secretary=secretary, admin=admin, members=members
    )


@pytest.fixture
def enter(new_context, new_page, make, live_server):
    """`enter("shuji")`: a browser of that person's own, signed in through the form; it is known, so that no
    second factor is asked."""

    def signed_in(username, **more):
        page = new_page(new_context(**more))
        page.context.add_cookies([make.known_device(username) | {"url": live_server}])
        page.goto("/login")
        page.get_by_label("手机号或用户名").fill(username)
        page.get_by_label("密码", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="登录", exact=True).click()
        page.wait_for_url("**/")
        return page

    return signed_in


@pytest.fixture
def work(db):
    """`work()` does what waits, as the scheduler and the worker would."""

    def done():
        db.session.rollback()  # what the pages wrote meanwhile is seen
        delivery.nudge()
        queue.run_waiting()

    return done


@pytest.fixture
def post_office(app, served, monkeypatch):
    """`post_office(SMTP_HOST=...)`: settings of mail, for the pages and for the worker."""

    def use(**settings):
        for one in (app, served[0]):
            for name, value in settings.items():
                monkeypatch.setitem(one.config, name, value)

    return use
