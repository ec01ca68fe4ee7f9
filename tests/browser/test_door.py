"""At the door: a chair's screen and three phones, a code sent on too late, ticks without a line, hours."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.events.door import queries, tickets
from pbtrain.events.models import Event
from pbtrain.hours.models import HourEntry
from tests.support import browser as support

REFUSED = "Promise.reject(new DOMException('', 'NotAllowedError'))"


@pytest.fixture
def event(town):
    """Planned for now, ninety minutes."""
    with transaction() as session:
        session.add(
            row := Event(
                unit_id=town.branch.id,
                activity="theme_day",
                title="重温入党志愿书",
                day=clock.today(),
                starts_at=clock.at(clock.today(), 15),
                minutes=90,
                place="示例党员活动室",
                form_id=str(uuid4()),
                form_hash="",
                state="planned",
            )
        )
        session.flush()  # row.id
        return row.id


@pytest.fixture
def browser_of(new_context, new_page, served, make):
    """`browser_of(user, "phone")`: a tab in a browser of its own; nobody's when user is None."""

    def opened(user, screen):
        app, address = served
        context = new_context(**support.SCREENS[screen])
        if user is not None:
            value = app.session_interface.get_signing_serializer(app).dumps(
                {"_user_id": make.login_session(user), "_fresh": True}
            )
            cookie = {"name": app.config["SESSION_COOKIE_NAME"], "value": value, "url": address}
            context.add_cookies([cookie])
        return new_page(context)

    return opened


@pytest.fixture
def code(served, event):
    """`code()` is the address in the squares at this moment."""
    key = tickets.derived(served[0].config["KEYS"]["link"])
    return lambda: f"/d/{tickets.code_for(key, event, tickets.slot_of(clock.now()))}"


def scan_in_page(page, camera, path, look, accessible):
    """No camera, then refused, then a code that is not ours, then the one on the screen: on to the button."""
    camera.away()
    page.goto("/")
    page.get_by_role("link", name="扫码签到").click()
    page.get_by_text("在本页用不了摄像头").wait_for()
    accessible(page)
    again = page.get_by_role("button", name="打开摄像头")
    page.evaluate(f"void (navigator.mediaDevices.getUserMedia = () => {REFUSED})")
    again.click()
    page.get_by_text("没有允许使用摄像头").wait_for()
    look(page, "camera-refused")
    home = page.url.removesuffix("/door/scan")
    camera.show("https://example.com" + path)
    page.evaluate("delete navigator.mediaDevices.getUserMedia")
    again.click()
    page.get_by_text("不是本站的签到码").wait_for()
    look(page, "camera-foreign")
    camera.show(home + path)
    page.reload()
    page.wait_for_url("**/door/*/in?t=*")


@pytest.mark.parametrize("screen", ["desktop"])
def test_chair_and_three_phones(browser_of, code, camera, town, event, look, accessible, frozen, trouble):
    chair = browser_of(town.secretary, "desktop")
    chair.goto(f"/door/{event}/list")
    chair.get_by_role("button", name="亮出签到码").click()
    chair.wait_for_url(f"**/door/{event}")
    number = chair.locator(".pb-stage__num")
    assert number.inner_text().split() == ["0", "/", "6", "人"]
    look(chair, "screen")

    first, second = browser_of(town.members[0], "phone"), browser_of(town.members[1], "phone")
    stranger = browser_of(None, "phone")  # signs in on the way, and the ticket is kept
    scan_in_page(first, camera, code(), look, accessible)
    second.goto(code())
    look(second, "button")
    for page in (first, second):
        page.get_by_role("button", name="签到").click()
        page.get_by_text("已签到").wait_for()
    look(first, "signed-in")
    stranger.goto(code())
    stranger.get_by_label("手机号或用户名").fill("xiuying")
    stranger.get_by_label("密码", exact=True).fill("hongqi-2026-xuexi")
    stranger.get_by_role("button", name="登录", exact=True).click()
    stranger.get_by_role("button", name="签到").click()
    stranger.get_by_text("已签到").wait_for()

    old = code()
    frozen.shift(seconds=20)
    late = browser_of(town.members[3], "phone")
    trouble.expect("422")
    late.goto(old)
    late.get_by_text("每 15 秒换一次").wait_for()
    look(late, "refused")
    chair.get_by_text("已到 3 人").first.wait_for()
    assert number.inner_text().split()[0] == "3"
    look(chair, "three-here")

    phone = browser_of(town.secretary, "phone")
    phone.goto(f"/door/{event}/list")
    look(phone, "list")
    accessible(phone)
    sixth = browser_of(town.members[4], "phone")
    sixth.goto(code())
    sixth.get_by_role("button", name="签到").click()
    phone.locator("#h-here + .pb-count", has_text="4").wait_for()  # by itself
    phone.get_by_role("link", name="补加人员").click()
    look(phone, "add")
    phone.go_back()
    trouble.expect("ERR_INTERNET_DISCONNECTED")
    phone.context.set_offline(True)
    person = phone.locator("[data-person]").filter(has_text=town.members[3].name)
    person.get_by_role("button").click()
    phone.get_by_text("1 条登记等网络恢复").wait_for()
    look(phone, "offline")
    phone.context.set_offline(False)
    phone.get_by_text("登记都已送达").wait_for()
    look(phone, "sent")

    chair.close()
    phone.close()
    frozen.shift(minutes=95)
    again = browser_of(town.secretary, "phone")
    again.goto(f"/door/{event}/close")
    again.get_by_label("我在现场").check()
    look(again, "close")
    again.get_by_role("button", name="结束签到，学时入账").click()
    again.get_by_text("到场 5 人").wait_for()
    look(again, "closed")
    again.get_by_role("link", name="更正").first.click()
    look(again, "person")
    again.goto(f"/door/{event}/sheet")
    look(again, "sheet")
    db.session.rollback()
    found = db.session.execute(select(HourEntry.member_id, HourEntry.proof, HourEntry.minutes)).all()
    assert sorted(row.proof for row in found) == ["A", "A", "A", "A", "B"]
    assert {row.minutes for row in found} == {90}
    assert len(queries.live(event).here) == 5
    assert not trouble, "\n".join(trouble)
