"""Class 第201期 as an academy lives it: from the catalogue to a certificate that anybody verifies."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from pbtrain.classes.models import Certificate, TrainingClass
from pbtrain.classes.queries import classes as queries
from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.events.door import tickets
from pbtrain.events.models import Attendance, Event
from pbtrain.hours.models import HourEntry
from tests.classes.conftest import MONDAY, begin, hall
from tests.roster import sheets
from tests.support import browser as support

__all__ = ["begin", "hall"]
HEAD = ("姓名", "党员编号", "所在支部或单位")
MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def people(hall, make, password_hash):
    """Thirty-two members of the branch; the first signs in on a phone."""
    login = make.account("示例学员00", username="xueyuan", password_hash=password_hash)
    first = make.member(hall.branch, name="示例学员00", account_id=login.id)
    return [first, *(make.member(hall.branch, name=f"示例学员{n:02}") for n in range(1, 32))]


@pytest.fixture
def link_key(served):
    """The key of the codes at the doors of the site that is served."""
    return tickets.derived(served[0].config["KEYS"]["link"])


@pytest.mark.at("desktop")
def test_class_201(
    hall, begin, people, page, sign_in, work, frozen, enter, new_context, new_page, link_key, look, accessible
):
    page.set_default_timeout(8000)
    sign_in(hall.admin)
    class_id = make_it(hall, begin, page, look, accessible)
    enrol(class_id, people, hall, page, work, look, accessible)
    move_it(class_id, page, look, accessible)
    look_around(class_id, hall, page, look, accessible)
    frozen.move_to(clock.at(TUESDAY, 14, 20))
    sign_in(hall.admin)
    event = meet(class_id, page, enter, link_key, look)
    frozen.move_to(clock.at(TUESDAY + timedelta(days=1), 18))
    sign_in(hall.admin)
    close(event, page, look)
    certify(class_id, page, new_page(new_context(**support.SCREENS["phone"])), look)


def make_it(hall, begin, page, look, accessible):
    """From the catalogue; another class wants its teacher on the first day, and the way out is taken."""
    other = begin(number=200, starts_on=MONDAY - timedelta(days=1), title="“铸牢中华民族共同体意识”专题班")
    page.goto("/classes")
    look(page, "list")
    page.get_by_role("link", name="新建培训班").click()
    page.get_by_label("班次目录").select_option(label="“总体国家安全观”专题班")
    page.get_by_label("开班日").fill(MONDAY.isoformat())
    look(page, "new")
    accessible(page)
    page.get_by_role("button", name="建立本期").click()
    page.get_by_role("heading", level=1).get_by_text("第 201 期").wait_for()
    page.get_by_text("同一时间在第 200 期授课").wait_for()
    look(page, "conflict")
    accessible(page)
    page.get_by_role("button", name="换到 10月13日").first.click()
    page.get_by_text("已移动").wait_for()
    assert page.get_by_text("同一时间在第 200 期授课").count() == 0
    look(page, "mended")
    page.get_by_role("link", name="编辑课表").click()
    look(page, "timetable")
    accessible(page)
    drag_and_back(page)
    page.get_by_role("link", name="专题讲授").click()
    page.get_by_label("教师", exact=True).select_option(label="示例白教授")
    look(page, "unit")
    page.get_by_role("button", name="保存").click()
    page.get_by_text("已保存").wait_for()
    db.session.rollback()
    return db.session.scalar(select(TrainingClass.id).where(TrainingClass.id != other))


def drag_and_back(page):
    """A unit is dragged to the first day, and goes back by keys alone."""
    days, last = page.locator("[data-day]"), page.locator("[draggable]").last
    name, day = last.get_by_role("link").inner_text(), last.locator("input[type=date]").input_value()
    last.drag_to(days.first, source_position={"x": 12, "y": 12})
    page.get_by_text("已移动").wait_for()
    moved = days.first.locator("[draggable]").filter(has_text=name)
    moved.locator("input[type=date]").fill(day)
    moved.locator("input[type=date]").press("Enter")
    days.last.locator("[draggable]").filter(has_text=name).wait_for()


def enrol(class_id, people, hall, page, work, look, accessible):
    """Open it; thirty-five from Excel, three refused with their reasons; a quota for their unit."""
    page.goto(f"/classes/{class_id}")
    page.get_by_role("button", name="开放报名").click()
    rows = [dict(zip(HEAD, (one.name, one.code), strict=False)) for one in people]
    wrong = [("示例查无此人", "M000000"), (people[0].name, people[0].code), (people[3].name, "")]
    rows += [dict(zip(HEAD, one, strict=False)) for one in wrong]
    rows[-1]["所在支部或单位"] = "不存在的支部"
    page.get_by_role("link", name="批量报名").click()
    look(page, "ways")
    accessible(page)
    page.get_by_label("学员名单").set_input_files(
        {"name": "名单.xlsx", "mimeType": MIME, "buffer": sheets.xlsx(rows)}
    )
    page.get_by_role("button", name="上传并核对").click()
    work()
    page.get_by_role("heading", name="不能读入").wait_for()
    look(page, "refused")
    accessible(page)
    page.get_by_role("button", name="录取 32 人").click()
    page.get_by_text("已录取：32 人").wait_for()
    look(page, "learners")
    accessible(page)
    page.get_by_role("link", name="示例学员00").click()
    look(page, "learner")
    accessible(page)
    page.goto(f"/classes/{class_id}/quotas")
    page.locator("#rows-0-unit").fill(hall.branch.name)
    page.locator("#rows-0-seats").fill("34")
    look(page, "quotas")
    accessible(page)
    page.get_by_role("button", name="保存名额").click()
    page.get_by_text("名额已保存").wait_for()
    look(page, "class-full")


def move_it(class_id, page, look, accessible):
    """By a day, for the cold; everybody is told."""
    page.get_by_role("link", name="整班改期").click()
    page.get_by_label("新的开班日").fill(TUESDAY.isoformat())
    page.get_by_role("button", name="看看这一天").click()
    page.get_by_label("原因").fill("寒潮")
    look(page, "preview")
    accessible(page)
    page.get_by_role("button", name="改到 10月13日").click()
    page.get_by_text("通知了 32 人").wait_for()
    db.session.rollback()
    assert queries.timetable(class_id)[0].day == TUESDAY


def look_around(class_id, hall, page, look, accessible):
    """What goes out on paper, the shelves, the calendar, the home."""
    for path, step, judged in (
        (f"/classes/{class_id}/notice", "notice", False),
        (f"/classes/{class_id}/card", "card", False),
        ("/classes/catalogue/templates", "catalogue", False),
        (f"/classes/catalogue/templates/{hall.ids.template}", "template", True),
        ("/classes/catalogue/venues", "venues", False),
        (f"/calendar/units/{hall.academy_id}?view=month&day=2026-10-19", "month", True),
        ("/", "home", True),
    ):
        page.goto(path)
        look(page, step)
        if judged:
            accessible(page)


def meet(class_id, page, enter, key, look):
    """The code on the screen: somebody scans it and is seen at once. The event whose door it is."""
    page.goto(f"/classes/{class_id}")
    page.get_by_role("button", name="开班").click()
    page.get_by_role("link", name="打开签到屏").click()
    page.get_by_role("button", name="亮出签到码").click()
    event = int(page.url.rpartition("/")[2])
    number = page.locator(".pb-stage__num")
    assert number.inner_text().split() == ["0", "/", "32", "人"]
    look(page, "screen")
    phone = enter("xueyuan", **support.SCREENS["phone"])
    phone.goto(f"/d/{tickets.code_for(key, event, tickets.slot_of(clock.now()))}")
    phone.get_by_role("button", name="签到").click()
    phone.get_by_text("已签到").wait_for()
    page.get_by_text("已到 1 人").first.wait_for()
    assert number.inner_text().split()[0] == "1"
    look(page, "one-here")
    theirs = [unit.event_id for unit in queries.timetable(class_id)]
    with transaction() as session:  # the others scan like the first; further sessions are like this one
        session.execute(update(Attendance).where(Attendance.event_id.in_(theirs)).values(present=True))
        later = update(Event).where(Event.id.in_(theirs), Event.id != event)
        session.execute(later.values(state="held", door_closed_at=clock.now()))
    return event


def close(event, page, look):
    """The door is closed, and the hours stand in the ledger."""
    page.goto(f"/door/{event}/close")
    look(page, "close")
    page.get_by_role("button", name="结束签到，学时入账").click()
    page.wait_for_url("**/list*")
    db.session.rollback()
    lines = select(HourEntry.member_id).where(HourEntry.source.startswith(f"event:{event}/"))
    assert len(set(db.session.scalars(lines))) == 32


def certify(class_id, page, phone, look):
    """It is over: certificates for all, and one is verified by somebody nobody knows."""
    page.goto(f"/classes/{class_id}")
    page.get_by_role("button", name="结业").click()
    page.get_by_text("已学完").first.wait_for()
    page.goto(f"/classes/{class_id}/certificates")
    page.get_by_role("link", name="去设置文字、编号和签名").click()
    page.locator("#title").fill("结业证书")
    page.locator("#signer").fill("院长 示例白塔娜")
    page.get_by_role("button", name="保存").click()
    page.goto(f"/classes/{class_id}/certificates")
    page.get_by_role("button", name="给 32 位达到条件的学员发证书").click()
    page.get_by_text("已发出 32 张证书。").wait_for()
    look(page, "certificates")
    db.session.rollback()
    row = db.session.scalars(select(Certificate).order_by(Certificate.id).limit(1)).one()
    phone.goto(f"/c/{row.code}")
    phone.get_by_text("这张证书真实有效。").wait_for()
    assert phone.get_by_text(row.number).is_visible()
    assert not phone.get_by_text(row.facts["name"]).is_visible()
    look(phone, "verified")
