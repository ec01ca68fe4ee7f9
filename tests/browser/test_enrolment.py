"""An academy enrols 35 people from Excel, three refused; a member accepts a seat on the phone."""

from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

import pytest

from pbtrain.core import clock
from pbtrain.org.models import Academy
from pbtrain.org.roles import Role
from tests.classes import seated
from tests.roster import sheets

HEAD = ("姓名", "党员编号", "所在支部或单位", "外地学员")
MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def school(town, make):
    """An academy that serves the town, with an open class of 36 seats in three weeks."""
    academy = town.academy
    make.save(Academy(unit_id=academy.id, service_unit_id=town.root.id))
    first = clock.today() + timedelta(days=21)
    place = SimpleNamespace(academy=academy, chief=make.person(Role.ACADEMY_ADMIN, academy))
    place.class_id = seated.training_class(
        place, capacity=36, title="总体国家安全观专题班", starts_on=first, ends_on=first + timedelta(days=1)
    )
    place.people = [make.member(town.branch, name=f"示例学员{n:02}") for n in range(32)]
    return place


@pytest.mark.at("desktop")
def test_35_people_from_excel(school, town, page, sign_in, work, look, accessible):
    rows = [dict(zip(HEAD, (one.name, one.code), strict=False)) for one in school.people]
    wrong = [("示例查无此人", "M000000"), ("示例学员01", school.people[0].code), (school.people[3].name, "")]
    rows += [dict(zip(HEAD, one, strict=False)) for one in wrong]
    rows[-1]["所在支部或单位"] = "不存在的支部"
    sign_in(school.chief)
    page.goto(f"/classes/{school.class_id}")
    look(page, "class")
    accessible(page)
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
    assert Counter(seated.states(school.class_id).values()) == {"enrolled": 32}
    assert seated.taken(school.class_id) == [(32, 32)], "kept by the database, and counted"
    look(page, "learners")
    accessible(page)
    page.get_by_role("link", name="示例学员00").click()
    look(page, "learner")
    accessible(page)
    page.goto(f"/classes/{school.class_id}/quotas")
    page.locator("#rows-0-unit").fill(town.branch.name)
    page.locator("#rows-0-seats").fill("34")
    look(page, "quotas")
    accessible(page)
    page.get_by_role("button", name="保存名额").click()
    page.get_by_text("名额已保存").wait_for()
    look(page, "class-full")
    assert seated.taken(school.class_id) == [(32, 32), (32, 32)], "taken from the quota of the branch"


def test_a_member_accepts_a_seat_on_the_phone(school, town, page, sign_in, look, accessible, make):
    one = school.people[0]
    sign_in(town.secretary)
    page.goto("/classes/nominate")
    look(page, "nominable")
    accessible(page)
    page.get_by_role("link", name="总体国家安全观专题班").click()
    page.get_by_label(one.name).check()
    look(page, "nominate")
    accessible(page)
    page.get_by_role("button", name="推荐勾选的人").click()
    page.get_by_text("等审批").first.wait_for()
    look(page, "nominated")
    seated.act(SimpleNamespace(chief=make.actor(school.chief)), school.class_id, "approve", one.id)
    sign_in(one)
    page.goto("/classes/mine")
    look(page, "mine")
    accessible(page)
    page.get_by_role("link", name="总体国家安全观专题班").click()
    look(page, "offered")
    accessible(page)
    page.get_by_role("button", name="我能参加").click()
    page.get_by_text("你已被录取").wait_for()
    look(page, "enrolled")
    accessible(page)
    assert seated.states(school.class_id) == {one.id: "enrolled"}
    assert seated.taken(school.class_id) == [(1, 1)]
