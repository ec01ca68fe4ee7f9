"""Large type, high contrast, English, no script at all, and the keyboard alone."""

import re

import pytest
from sqlalchemy import func, select

from pbtrain.core.db import db
from pbtrain.events.models import Event
from pbtrain.hours.models import HourEntry


def size(page):
    """Pixels of ordinary text."""
    return page.evaluate("() => parseFloat(getComputedStyle(document.body).fontSize)")


@pytest.mark.at("phone", "desktop")
def test_large_type_and_contrast(town, enter, look, accessible, screen):
    """Both stay on from page to page; type grows by about a third; nothing is cut off."""
    page = enter("surina")
    before = size(page)
    page.get_by_role("button", name="大字").first.click()
    page.locator("html.pb-large").wait_for()
    assert size(page) > before * 1.25
    look(page, "large")
    accessible(page)
    page.goto("/hours")
    assert size(page) > before * 1.25
    look(page, "large-hours")
    page.goto("/me")
    contrast = page.get_by_role("listitem").filter(has_text="高对比").get_by_role("button", name="打开")
    contrast.click()
    page.locator("html.pb-contrast").wait_for()
    look(page, "contrast")
    accessible(page)
    page.goto("/")
    look(page, "contrast-home")
    accessible(page)
    page.goto("/me")
    page.get_by_role("listitem").filter(has_text="大字").get_by_role("button", name="关闭").click()
    page.locator("html:not(.pb-large)").wait_for()
    assert size(page) == before


def test_english(town, enter, look, accessible):
    """One button on the sign-in page, and every word that is the site's own is English."""
    page = enter("surina")
    page.goto("/me")
    page.get_by_role("button", name="English").last.click()
    page.get_by_role("heading", name="How pages look").wait_for()
    assert page.locator("html").get_attribute("lang") == "en"
    for place in ("/", "/hours", "/courses/", "/inbox"):
        page.goto(place)
        own = page.evaluate(
            "() => [...document.querySelectorAll('h1, h2, nav, button')].map(one => one.innerText).join(' ')"
        )
        own = re.sub("示例[\u4e00-\u9fff]+|党员教育培训|中文", "", own)
        assert not re.search("[\u4e00-\u9fff]", own), own
    page.goto("/")
    look(page, "home")
    accessible(page)


def test_without_script(town, make, enter, look, frozen):
    """Signing in, reading a course, answering a quiz and recording a meeting need no script."""
    course = make.course(town.academy, lessons=1, quiz_=make.quiz(town.academy))
    page = enter("surina", java_script_enabled=False)
    page.goto(f"/courses/{course.id}")
    page.get_by_role("button", name="加入学习").click()
    page.get_by_role("link", name="从第 1 课开始学").click()
    page.get_by_role("button", name="这一课学完了").click()
    page.get_by_role("button", name="开始第 1 次测验").click()
    page.get_by_role("radio", name="丑").check()
    page.get_by_role("button", name="保存并下一题").click()
    page.get_by_role("checkbox", name="甲二").check()
    page.get_by_role("checkbox", name="丙二").check()
    page.get_by_role("button", name="保存并下一题").click()
    page.get_by_role("radio", name="对").check()
    page.get_by_role("button", name="保存并检查").click()
    page.get_by_role("button", name="交卷").click()
    page.get_by_text("已及格").first.wait_for()

    page = enter("shuji", java_script_enabled=False)
    page.get_by_role("link", name="记录活动").first.click()
    page.get_by_role("radio", name="党课").check()
    page.get_by_label("主题", exact=True).fill("党课：学习二十届四中全会精神")
    page.get_by_label("日期").fill("2026-09-25")
    page.get_by_label("开始时间").fill("09:00")
    page.get_by_label("学习分钟数").fill("90")
    page.get_by_role("button", name="下一步：谁来了").click()
    page.get_by_role("checkbox", name="示例赵永胜").uncheck()
    page.get_by_role("button", name="保存", exact=True).click()
    page.get_by_text("已保存").first.wait_for()
    db.session.rollback()
    assert db.session.scalar(select(func.count(Event.id))) == 1
    assert (
        db.session.scalar(select(func.count(HourEntry.id))) == 5
    )  # of five who came the recorder waits; and the course


def press(page, key, times=1):
    for _ in range(times):
        page.keyboard.press(key)


def reach(page, role, name):
    """Go on with Tab until this is in focus; what has the focus is always to be seen."""
    wanted = page.get_by_role(role, name=name).first
    wanted.wait_for()
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            outline = wanted.evaluate(
                "one => { const s = getComputedStyle(one); return s.outlineStyle + s.boxShadow; }"
            )
            assert outline != "nonenone", f"{name}: the focus cannot be seen"
            box = wanted.bounding_box()
            height = page.viewport_size["height"]
            assert box, name
            assert box["y"] > -1, f"{name} lies above the window"
            assert box["y"] + box["height"] < height + 1, f"{name} lies below the window"
            return wanted
    raise AssertionError(f"{name} is not reached with the keyboard")


@pytest.mark.at("phone", "desktop")
def test_keyboard_only(town, make, new_context, new_page, look):
    """From signing in to handing in a quiz without a mouse."""
    course = make.course(town.academy, lessons=1, quiz_=make.quiz(town.academy))
    make.enrolment(course, town.members[0], done=1)
    page = new_page(new_context())
    page.goto("/login")
    reach(page, "textbox", "手机号或用户名")
    page.keyboard.type("surina")
    reach(page, "textbox", "密码")
    page.keyboard.type("hongqi-2026-xuexi")
    press(page, "Enter")
    page.wait_for_url("**/")
    press(page, "Tab")
    press(page, "Enter")  # the skip link comes first
    assert page.evaluate("() => document.activeElement.id") == "main"
    reach(page, "link", re.compile(course.title))
    press(page, "Enter")
    reach(page, "link", "去答结业测验")
    press(page, "Enter")
    reach(page, "button", "开始第 1 次测验")
    press(page, "Enter")
    reach(page, "radio", re.compile("[子丑寅]")).press("Space")
    look(page, "a-question")
    reach(page, "button", "保存并下一题")
    press(page, "Enter")
    page.get_by_role("heading", name=re.compile("第 2 题")).wait_for()
    reach(page, "checkbox", re.compile("甲二")).press("Space")
    reach(page, "button", "保存并下一题")
    press(page, "Enter")
    page.get_by_role("heading", name=re.compile("第 3 题")).wait_for()
    reach(page, "radio", "对").press("Space")
    reach(page, "button", "保存并检查")
    press(page, "Enter")
    reach(page, "button", "交卷")
    press(page, "Enter")
    page.get_by_role("heading", name=re.compile("的成绩")).wait_for()
    look(page, "result")


@pytest.mark.at("phone", "desktop")
def test_a_light_home_looks_as_with_the_whole_style(town, enter):
    """A member's home leaves desk.css out: with it nothing would stand elsewhere or look otherwise."""
    seen = """() => [...document.querySelectorAll('body *')].filter(one => one.checkVisibility()).map(one => {
        const box = one.getBoundingClientRect(), style = getComputedStyle(one);
        return [one.tagName, box.x, box.y, box.width, box.height, style.color, style.backgroundColor,
                style.borderTopWidth, style.fontWeight, style.display].join(' ');
    })"""
    page = enter("surina")
    page.goto("/")
    rest = page.locator("meta[name=later]").get_attribute("content")
    page.evaluate("() => (document.querySelector('.pb-later').style.contentVisibility = 'visible')")
    without = page.evaluate(seen)
    page.evaluate(
        """address => new Promise(done => {
            const link = Object.assign(document.createElement('link'), {rel: 'stylesheet', href: address});
            link.onload = done;
            document.querySelector('link[rel=stylesheet]').after(link);
        })""",
        rest,
    )
    assert len(without) > 60
    assert page.evaluate(seen) == without
