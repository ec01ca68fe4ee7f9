"""An academy makes its 201st class of the catalogue, mends a conflict of its teacher and moves it all."""

from datetime import timedelta

from sqlalchemy import select

from pbtrain.classes.models import ClassEnrolment, TrainingClass
from pbtrain.classes.queries import classes as queries
from pbtrain.core.db import db, transaction
from tests.classes.conftest import MONDAY, begin, hall

__all__ = ["begin", "hall"]


def test_class_201_is_made_mended_and_moved(hall, begin, make, page, sign_in, look, accessible):
    other = begin(number=200, starts_on=MONDAY - timedelta(days=1), title="“铸牢中华民族共同体意识”专题班")
    page.set_default_timeout(6000)
    sign_in(hall.admin)
    page.goto("/classes")
    look(page, "list")
    page.get_by_role("link", name="新建培训班").click()
    page.get_by_label("班次目录").select_option(label="“总体国家安全观”专题班")
    page.get_by_label("开班日").fill(MONDAY.isoformat())
    look(page, "new")
    accessible(page)
    page.get_by_role("button", name="建立本期").click()
    page.get_by_role("heading", level=1).get_by_text("第 201 期").wait_for()
    # on its first day the other class has the same teacher
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
    page.get_by_role("link", name="专题讲授").click()
    page.get_by_label("教师", exact=True).select_option(label="示例白教授")
    look(page, "unit")
    page.get_by_role("button", name="保存").click()
    page.get_by_text("已保存").wait_for()
    class_id = db.session.scalar(select(TrainingClass.id).where(TrainingClass.id != other))
    learner = make.member(hall.branch)
    with transaction() as session:
        session.add(ClassEnrolment(class_id=class_id, member_id=learner.id, state="enrolled", seat=True))
    page.goto(f"/classes/{class_id}")
    page.get_by_role("link", name="整班改期").click()
    look(page, "move")
    page.get_by_label("新的开班日").fill((MONDAY + timedelta(days=7)).isoformat())
    page.get_by_role("button", name="看看这一天").click()
    page.get_by_label("原因").fill("寒潮")
    look(page, "preview")
    accessible(page)
    page.get_by_role("button", name="改到 10月19日").click()
    page.get_by_text("通知了 1 人").wait_for()
    db.session.expire_all()
    assert queries.timetable(class_id)[0].day == MONDAY + timedelta(days=7)
    page.goto(f"/classes/{class_id}/notice")
    look(page, "notice")
    page.goto(f"/classes/{class_id}/card")
    look(page, "card")
    page.goto("/classes/catalogue/templates")
    look(page, "catalogue")
    page.get_by_role("link", name="“总体国家安全观”专题班", exact=True).click()
    look(page, "template")
    accessible(page)
    page.goto("/classes/catalogue/venues")
    look(page, "venues")
    page.goto(f"/calendar/units/{hall.academy_id}?view=month&day=2026-10-19")
    look(page, "month")
    accessible(page)
    page.goto("/")
    look(page, "home")
    accessible(page)
