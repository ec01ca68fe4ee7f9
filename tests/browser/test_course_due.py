"""A course is due soon: the scheduler says so by itself, and the letter leads to the lesson where one was."""

import re
from datetime import date

import pytest
from sqlalchemy import func, select

from pbtrain import scheduler
from pbtrain.core.db import db
from pbtrain.notify.models import Message
from pbtrain.reminders.jobs import enqueue_due
from tests.browser.conftest import PASSWORD
from tests.support.mail import MailServer

TITLE = "《中国共产党党员教育管理工作条例》导读"


@pytest.fixture
def mail(post_office, live_server):
    """A server that takes the site's mail; the letters name this site's address."""
    with MailServer() as server:
        post_office(
            SMTP_HOST="127.0.0.1", SMTP_PORT=server.port, MAIL_FROM="djy@example.cn", SITE_URL=live_server
        )
        yield server


@pytest.fixture
def course(town, make):
    """Due in five days: one member has read the first of three lessons, another has finished it all."""
    course = make.course(town.academy, title=TITLE, due_on=date(2026, 9, 30))
    reader, finisher = town.members[:2]
    make.enrolment(course, reader, done=1)
    make.enrolment(course, finisher, done=3, state="finished")
    return course


@pytest.fixture
def half_past(app, frozen):
    """`half_past()`: the clock comes to half past, and the scheduler runs what its table says for then."""
    (remind,) = [function for function, *_ in scheduler.JOBS if function is enqueue_due]

    def ring():
        frozen.shift(minutes=30)
        scheduler.in_context(app, remind)()

    return ring


def about_courses():
    db.session.rollback()
    return db.session.scalar(select(func.count(Message.id)).where(Message.about.like("course:%")))


def test_course_due(
    course, mail, half_past, work, frozen, new_context, new_page, make, live_server, look, accessible
):
    """One letter and one line in the inbox, once; the link asks who one is and goes on to the course."""
    half_past()
    half_past()
    work()
    letters = [letter for address, letter in mail.mails if address == "surina@example.cn"]
    letter = next(letter for letter in letters if TITLE in letter["Subject"])
    assert "5" in letter["Subject"]
    assert about_courses() == 1, "who has finished hears nothing, and nobody hears twice"
    (link,) = re.findall(r"https?://\S+", letter.get_content())
    assert link == f"{live_server}/courses/{course.id}"

    page = new_page(new_context())  # the phone on which the letter is read knows nobody
    page.context.add_cookies([make.known_device("surina") | {"url": live_server}])
    page.goto(link)
    page.get_by_label("手机号或用户名").fill("surina")
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url(link)
    page.get_by_role("heading", name=re.compile("条例.*导读"), level=1).wait_for()
    look(page, "from-the-letter")
    accessible(page)
    page.get_by_role("link", name=re.compile("继续第 2 课")).click()
    page.get_by_role("heading", name="示例第2课", level=1).wait_for()
    look(page, "lesson")

    page.goto("/inbox")
    row = page.get_by_role("listitem").filter(has_text=TITLE)
    assert "5" in row.inner_text()
    look(page, "inbox")
    accessible(page)
    row.get_by_role("button", name="查看").click()
    page.wait_for_url(link)

    frozen.shift(days=1)
    half_past()
    work()
    assert about_courses() == 1
    assert [TITLE in letter["Subject"] for _, letter in mail.mails].count(True) == 1
