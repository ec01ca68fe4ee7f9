"""A branch nominates, the academy admits, a member accepts the seat on the phone."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from pbtrain.core import clock
from pbtrain.org.models import Academy
from pbtrain.org.roles import Role
from tests.classes import seated


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
    place.people = [make.member(town.branch, name=f"示例学员{n:02}") for n in range(4)]
    return place


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
