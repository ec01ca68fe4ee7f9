"""A course from joining to the ledger: lessons in order, a quiz saved answer by answer, hours posted once."""

import re

import pytest
from sqlalchemy import select, update

from pbtrain.core.db import db, transaction
from pbtrain.courses.models import Lesson
from pbtrain.hours.models import HourEntry

FIRST = """## 为什么要学

条例一共十四章，**每名党员每年**集中学习不少于 32 学时。

- 学什么：理论、党章党规、形势任务
- 怎么学：三会一课、主题党日、网上课程

| 对象 | 每年学时 |
|---|---|
| 党员 | 32 |
| 支部书记 | 56 |
"""
QUESTIONS = [
    {
        "kind": "single",
        "text": "普通党员每年集中学习培训时间一般不少于多少学时？",
        "options": {"a": "24 学时", "b": "32 学时", "c": "56 学时"},
        "key": ["b"],
        "points": 400,
        "explanation": "见条例第二十条。",
    },
    {
        "kind": "multiple",
        "text": "下列哪些属于三会一课？",
        "options": {"a": "支部党员大会", "b": "工会小组会", "c": "党课"},
        "key": ["a", "c"],
        "points": 400,
        "partial": True,
    },
    {
        "kind": "true_false",
        "text": "学时可以凭口头说明直接入账。",
        "options": {},
        "key": ["false"],
        "points": 200,
    },
]


@pytest.fixture
def course(town, make):
    """Three lessons with a title that is long, and a quiz with one question of each kind and two attempts."""
    quiz = make.quiz(town.academy, QUESTIONS, title="结业测验", max_attempts=2)
    course = make.course(
        town.academy,
        quiz_=quiz,
        title="《中国共产党党员教育管理工作条例》导读与支部工作中的具体运用",
        description="讲清条例对**每名党员**的要求。",
    )
    titles = ["总则和基本任务", "集中学习与日常教育", "学时、台账与检查"]
    with transaction() as session:
        for place, title in enumerate(titles, 1):
            session.execute(
                update(Lesson)
                .where(Lesson.course_id == course.id, Lesson.position == place)
                .values(title=title, body=FIRST)
            )
    return course


def read_all(page):
    """Complete the lessons that are left, each from the page of the one before."""
    while page.get_by_role("button", name="这一课学完了").is_visible():
        with page.expect_navigation():
            page.get_by_role("button", name="这一课学完了").click()


def answer(page, kind, *texts):
    """Choose, and wait until the page says that it is saved."""
    for text in texts:
        with page.expect_response(re.compile("/save$")) as sent:
            page.get_by_role(kind, name=text).check()
        assert sent.value.status == 204
    page.get_by_text("已保存").first.wait_for()


def sit(page, single="32 学时", multiple=("支部党员大会", "党课"), true_false="错"):
    """Answer one attempt from the first question to handing in."""
    page.get_by_role("radio", name=single).check()
    page.get_by_role("button", name="保存并下一题").click()
    for text in multiple:
        page.get_by_role("checkbox", name=text).check()
    page.get_by_role("button", name="保存并下一题").click()
    page.get_by_role("radio", name=true_false).check()
    page.get_by_role("button", name="保存并检查").click()
    page.get_by_role("button", name="交卷").click()


def lines():
    """What the ledger holds of courses."""
    db.session.rollback()
    return db.session.scalars(select(HourEntry).order_by(HourEntry.id)).all()


def test_course(town, course, enter, look, accessible):
    """Join, read the first lesson, leave, come back to the right place, and find the later ones locked."""
    page = enter("surina")
    look(page, "home")
    page.get_by_role("link", name="学习", exact=True).first.click()
    look(page, "catalogue")
    page.get_by_role("link", name=re.compile("条例.*导读")).click()
    look(page, "not-joined")
    page.get_by_role("button", name="加入学习").click()
    look(page, "joined")
    contents = page.get_by_role("region", name="课程内容")
    assert contents.get_by_role("link").count() == 1  # the other lessons and the quiz are locked
    assert "学完第 1 课后开放" in contents.inner_text()
    page.get_by_role("link", name="从第 1 课开始学").click()
    look(page, "lesson")
    accessible(page)
    page.get_by_role("button", name="这一课学完了").click()
    page.get_by_role("heading", name="集中学习与日常教育", level=1).wait_for()
    locked = page.url.rsplit("/", 1)[0] + "/" + str(int(page.url.rsplit("/", 1)[1]) + 1)
    page.context.close()

    page = enter("surina")
    page.get_by_role("link", name=re.compile("继续学第 2 课")).click()
    page.get_by_role("link", name=re.compile("继续第 2 课")).click()
    page.get_by_role("heading", name="集中学习与日常教育", level=1).wait_for()
    page.goto(locked)
    page.get_by_text("请先学完第 2 课").wait_for()
    look(page, "locked")
    page.get_by_role("link", name=re.compile("继续第 2 课")).click()
    read_all(page)
    page.get_by_role("button", name="开始第 1 次测验").wait_for()
    look(page, "before-the-quiz")


def test_quiz(town, course, make, enter, look, accessible):
    """Every answer is kept at once and survives a reload; the key is in no page before its release."""
    make.enrolment(course, town.members[0], done=3)
    page, pages = enter("surina"), []
    page.on("domcontentloaded", lambda shown: pages.append(shown.content()))
    page.goto(f"/courses/{course.id}/quiz")
    page.get_by_role("button", name="开始第 1 次测验").click()
    look(page, "unanswered")
    answer(page, "radio", "32 学时")
    look(page, "saved")
    accessible(page)
    page.reload()
    assert page.get_by_role("radio", name="32 学时").is_checked()
    page.get_by_text("已保存").first.wait_for()
    signed_in = page.context.cookies()  # the session ends while somebody answers: nothing is lost by it
    page.context.clear_cookies()
    page.get_by_role("radio", name="24 学时").check()
    page.get_by_text("你已退出登录").wait_for()
    page.context.add_cookies(signed_in)
    page.reload()
    page.get_by_text("已保存").first.wait_for()
    page.reload()
    assert page.get_by_role("radio", name="24 学时").is_checked()
    answer(page, "radio", "32 学时")
    page.get_by_role("button", name="保存并下一题").click()
    answer(page, "checkbox", "支部党员大会", "党课")
    page.get_by_role("button", name="标记", exact=True).click()
    look(page, "multiple")
    assert page.get_by_role("checkbox", name="党课").is_checked()
    page.get_by_role("button", name="保存并下一题").click()
    look(page, "true-or-false")
    page.get_by_role("button", name="保存并检查").click()
    page.get_by_text("还有 1 题没答").wait_for()
    look(page, "one-open")
    page.get_by_role("link", name=re.compile("^3")).click()
    answer(page, "radio", "错")
    page.get_by_role("button", name="保存并检查").click()
    look(page, "complete")
    accessible(page)
    pages.append(page.content())  # the last may not have been told of yet
    assert len(pages) > 8
    assert not any("见条例第二十条" in text or "· 正确答案" in text for text in pages)
    page.get_by_role("button", name="交卷").click()
    page.get_by_text("已及格").first.wait_for()
    look(page, "passed")
    accessible(page)
    assert "见条例第二十条" in page.locator("main").inner_text()


def test_attempts_run_out(town, course, make, enter, look, trouble):
    """A wrong choice earns nothing, half of a multiple choice half; after the last attempt it is over."""
    make.enrolment(course, town.members[0], done=3)
    page = enter("surina")
    page.goto(f"/courses/{course.id}/quiz")
    page.get_by_role("button", name="开始第 1 次测验").click()
    sit(page, single="24 学时", multiple=["党课"])
    page.get_by_text("未及格").first.wait_for()
    assert re.search(r"\b4 / 10 分", page.locator("main").inner_text())  # 2 of 4 for one of two, and 2
    assert "· 正确答案" not in page.locator("main").inner_text()
    look(page, "failed-once")
    page.get_by_role("button", name="再试一次").click()
    sit(page, single="24 学时", multiple=["工会小组会"])
    page.get_by_text("次数已经用完").wait_for()
    look(page, "out-of-attempts")
    page.goto(f"/courses/{course.id}/quiz")
    assert page.get_by_role("button", name=re.compile("开始第")).count() == 0
    look(page, "no-attempt-left")
    assert lines() == []


def test_ledger(town, course, make, enter, look, accessible):
    """A finished course stands in the member's hours once, whatever is repeated, and explains itself."""
    make.enrolment(course, town.members[0], done=3)
    page = enter("surina")
    page.goto(f"/courses/{course.id}/quiz")
    page.get_by_role("button", name="开始第 1 次测验").click()
    sit(page)
    page.get_by_text("已及格").first.wait_for()
    page.go_back()  # to the sheet, which is handed in by now
    page.goto(f"/courses/{course.id}")
    page.get_by_text("这门课程已学完").wait_for()
    look(page, "finished")
    assert [(line.minutes, line.credit) for line in lines()] == [(90, 200)]

    page.get_by_role("link", name="首页").first.click()
    assert re.search(r"已完成\s*2\.0\s*/\s*32 学时", page.locator("main").inner_text())
    look(page, "home")
    page.get_by_role("link", name="查看学时明细").click()
    assert page.get_by_role("link", name=re.compile("条例.*导读")).count() == 1
    look(page, "hours")
    accessible(page)
    page.get_by_role("link", name=re.compile("条例.*导读")).click()
    page.get_by_role("heading", name="为什么计 2.0 学时").wait_for()
    assert "90 ÷ 45" in page.locator("main").inner_text()
    look(page, "why")
    accessible(page)


def test_handing_in_twice_posts_once(town, course, make, enter):
    """A double click, and the same form sent again from another tab, add nothing."""
    make.enrolment(course, town.members[0], done=3)
    page = enter("surina")
    page.goto(f"/courses/{course.id}/quiz")
    page.get_by_role("button", name="开始第 1 次测验").click()
    attempt = page.url.rsplit("/", 1)[0]
    for number, choice in enumerate(("32 学时", None, "错"), 1):
        page.goto(f"{attempt}/{number}")
        for kind, text in (
            [("radio", choice)] if choice else [("checkbox", "支部党员大会"), ("checkbox", "党课")]
        ):
            page.get_by_role(kind, name=text).check()
        page.get_by_role("button", name=re.compile("保存并")).click()
    other = page.context.new_page()
    other.goto(f"{attempt}/review")
    page.get_by_role("button", name="交卷").dblclick()
    page.get_by_text("已及格").first.wait_for()
    other.get_by_role("button", name="交卷").click()
    other.get_by_text("已及格").first.wait_for()
    assert len(lines()) == 1
