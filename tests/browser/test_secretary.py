"""A secretary's work: who is behind, a reversal, a meeting and its correction, a reminder, the ledger."""

import re
from datetime import date
from io import BytesIO

import pytest
from PIL import Image, ImageDraw
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.events import services as events
from pbtrain.events.services import Meeting
from pbtrain.hours.jobs import refresh_pace
from pbtrain.hours.models import HourEntry, MemberYear
from pbtrain.org.models import Post
from tests.support.mail import MailServer

OWN_WORDS = "把 90 分钟误记为 135 分钟"


@pytest.fixture
def held(town, make, frozen):
    """Three meetings of this year; the first two members came to each, the others to one."""
    people, today = town.members, frozen.now

    def hold(title, day, minutes, came, activity="theme_day"):
        frozen.move_to(clock.at(day, 18))
        began = clock.at(day, 15)
        meeting = Meeting(town.branch.id, activity, title, began, minutes, "社区党群服务中心二楼")
        with transaction():
            events.record_event(
                make.actor(town.secretary), meeting, [one.id for one in came], form_id=f"form-{title}"
            )

    everybody = [town.secretary, *people]
    hold("3月主题党日：学习雷锋精神", date(2026, 3, 5), 135, everybody)
    hold("党课：增强党员教育实效", date(2026, 6, 30), 90, people[:2], "party_lecture")
    hold("9月主题党日：重温入党誓词", date(2026, 9, 10), 90, everybody[:3])
    frozen.move_to(today)
    refresh_pace()


def photo():
    """A small picture as a phone takes it."""
    picture = Image.new("RGB", (640, 480), "#7a6a58")
    ImageDraw.Draw(picture).rectangle((80, 120, 560, 400), fill="#c9b79c")
    out = BytesIO()
    picture.save(out, "JPEG")
    return {"name": "IMG_20260925.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def counted(member):
    """Hundredths that count for this member this year."""
    db.session.rollback()
    return db.session.scalar(select(MemberYear.counted).where(MemberYear.member_id == member.id))


@pytest.mark.at("desktop")
def test_secretary(town, held, enter, look, accessible):
    """Who is behind, each line with its origin, one reversed with a reason; the member sees it struck."""
    page = enter("shuji")
    behind = page.get_by_role("region", name=re.compile("落后的党员"))
    assert "示例乌云其木格" in behind.inner_text()
    look(page, "home")
    accessible(page)
    page.get_by_role("link", name="党员", exact=True).first.click()
    look(page, "members")
    page.get_by_role("link", name=re.compile("^落后")).first.click()
    look(page, "behind")
    page.get_by_role("link", name="示例苏日娜").click()
    look(page, "member")
    page.get_by_role("link", name="3月主题党日：学习雷锋精神").click()
    origin = page.get_by_role("heading", name="记录来源").locator("xpath=ancestor::section[1]")
    assert "示例王建国" in origin.inner_text()
    look(page, "line")
    page.get_by_role("link", name="冲正这一笔").click()
    page.get_by_role("button", name="冲正", exact=True).click()
    page.get_by_text("要改").first.wait_for()
    look(page, "no-reason")
    accessible(page)
    page.get_by_label("原因").fill(OWN_WORDS)
    page.get_by_role("button", name="冲正", exact=True).click()
    page.get_by_text("已冲正").first.wait_for()
    look(page, "reversed")

    member = enter("surina")
    member.goto("/hours")
    row = member.get_by_role("row").filter(has_text="学习雷锋精神")
    assert OWN_WORDS in row.inner_text()
    struck = row.get_by_role("link", name="3月主题党日：学习雷锋精神")
    assert "line-through" in struck.evaluate("link => getComputedStyle(link).textDecorationLine")
    look(member, "member-sees-it")
    accessible(member)


def test_meeting(town, make, enter, look, accessible):
    """One theme day with two absent and a photo; the wrong tick is corrected, then ticked again; the deputy
    confirms that the secretary was there too."""
    absent, deputy = town.members[3:], town.members[0]
    make.save(Post(member_id=deputy.id, unit_id=town.branch.id, kind="deputy", valid_from=date(2020, 1, 1)))
    page = enter("shuji")
    page.get_by_role("link", name="记录活动").first.click()
    page.get_by_role("radio", name="主题党日").check()
    page.get_by_label("主题", exact=True).fill("9月主题党日：重温入党誓词")
    page.get_by_label("日期").fill("2026-09-24")
    page.get_by_label("开始时间").fill("15:00")
    page.get_by_label("学习分钟数").fill("90")
    look(page, "which")
    page.get_by_role("button", name="下一步：谁来了").click()
    assert page.get_by_role("checkbox", checked=True).count() == 6
    for one in absent:
        page.get_by_role("checkbox", name=one.name).uncheck()
    assert page.get_by_role("status").filter(has_text="人到会").inner_text().startswith("4")
    page.get_by_label(re.compile("照片")).set_input_files(photo())
    look(page, "who-came")
    accessible(page)
    page.get_by_role("button", name="保存", exact=True).click()
    page.get_by_text("已保存").first.wait_for()
    page.get_by_text(f"可以确认的有：{deputy.name}").wait_for()
    look(page, "recorded")
    accessible(page)
    picture = page.get_by_role("img", name="照片 1")
    picture.scroll_into_view_if_needed()
    page.wait_for_function("() => [...document.images].every(one => one.complete && one.naturalWidth)")
    assert [counted(one) for one in town.members] == [200, 200, 200, 0, 0]

    wrong = town.members[2]
    for tick, reason, now in ((False, "当天请假，误勾", 0), (True, "核对签到表，确实到会", 200)):
        page.get_by_role("link", name="更正到会名单").click()
        page.get_by_role("checkbox", name=wrong.name).set_checked(tick)
        page.get_by_label("原因").fill(reason)
        if not tick:
            look(page, "correction")
        page.get_by_role("button", name="保存更正").click()
        page.get_by_text("已更正").first.wait_for()
        assert counted(wrong) == now
    look(page, "corrected")
    found = db.session.scalars(
        select(HourEntry).where(HourEntry.member_id == wrong.id).order_by(HourEntry.id)
    ).all()
    assert [line.credit for line in found] == [200, -200, 200]
    assert [line.source.rsplit("#")[-1] for line in found][::2] == ["1", "2"]

    page.goto("/")
    page.get_by_text("等别人确认").first.wait_for()
    look(page, "waits-for-others")
    page = enter("surina")
    look(page, "deputy-home")
    page.get_by_role("link", name=re.compile("待我确认")).click()
    look(page, "to-confirm")
    accessible(page)
    assert not counted(town.secretary)
    page.get_by_role("button", name="确认：确已到会").click()
    page.get_by_text("已确认，学时已入账").first.wait_for()
    look(page, "confirmed")
    assert counted(town.secretary) == 200


@pytest.fixture
def mail(post_office):
    """A server that takes the site's mail."""
    with MailServer() as server:
        post_office(SMTP_HOST="127.0.0.1", SMTP_PORT=server.port, MAIL_FROM="djy@example.cn")
        yield server


def test_reminder(town, held, mail, enter, work, look, accessible):
    """Those behind are reminded once: in the inbox of the page, and by mail where an address is known."""
    page = enter("shuji")
    page.get_by_role("link", name=re.compile("给 . 人发提醒")).click()
    look(page, "before")
    page.get_by_role("button", name=re.compile("给 . 人发提醒")).click()
    page.get_by_text(re.compile("已给 . 人发出提醒")).wait_for()
    look(page, "sent")
    accessible(page)
    assert page.get_by_role("button", name=re.compile("人发提醒")).count() == 0
    work()
    [(address, letter)] = mail.mails
    assert address == "surina@example.cn"
    assert "比进度少" in letter["Subject"]

    member = enter("surina")
    look(member, "member-home")
    member.get_by_role("link", name=re.compile("提醒：比进度少")).first.click()
    member.get_by_text(re.compile("提醒：比进度少 16.5 学时")).first.wait_for()
    look(member, "inbox")
    accessible(member)
    member.get_by_role("button", name="查看").click()
    member.wait_for_url(lambda address: "/inbox" not in address)  # where the message leads
    member.goto("/inbox")
    assert member.get_by_text("未读").count() == 0


@pytest.mark.at("desktop")
def test_report(town, held, enter, look, accessible):
    """The learning ledger of the year: page, paper, and a workbook that can be counted again."""
    page = enter("shuji")
    page.get_by_role("link", name="台账", exact=True).first.click()
    page.get_by_role("heading", name="理论学习台账", level=1).wait_for()
    look(page, "page")
    accessible(page)
    with page.expect_download() as sent:
        page.get_by_role("link", name="导出 Excel").click()
    book = CalamineWorkbook.from_filelike(BytesIO(sent.value.path().read_bytes()))
    text = str(book.get_sheet_by_index(0).to_python())
    assert "9月主题党日：重温入党誓词" in text
    assert "党课：增强党员教育实效" in text
    page.get_by_role("link", name="打印版").click()
    page.get_by_text("打印").first.wait_for()
    look(page, "paper")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1123, "height": 794})  # A4 across
    look(page, "printed")
    assert not page.get_by_role("navigation").first.is_visible()
