"""The academy: its area, its authors, the branches it teaches."""

import pytest
from sqlalchemy import select

from pbtrain.classes.models import ClassEnrolment, TrainingClass
from pbtrain.core import site
from pbtrain.core.db import db as database
from pbtrain.courses.models import Course, Enrolment
from pbtrain.demo import class_year, load
from pbtrain.demo.roster import AUTHORS
from pbtrain.events.models import Attendance
from pbtrain.hours.models import HourEntry
from pbtrain.hours.verify import verify
from pbtrain.org.models import Academy, Member, RoleGrant, Unit
from pbtrain.org.roles import Role
from tests.demo.test_bulk import count, quiet


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)  # test_any_day loads on both
def test_it_teaches_the_town_around_it(db, frozen):
    load.load("academy", 0.05, quiet)
    assert site.kind() == "demo"
    academy, area = database.session.execute(
        select(Unit.name, Academy.service_unit_id).join(Academy, Academy.unit_id == Unit.id)
    ).one()
    assert (academy, database.session.get_one(Unit, area).parent_id) == ("示例国门党建学院", None)
    assert count(Unit.kind == "branch") == 30
    assert count(Member.id > 0) > 1000
    assert count(RoleGrant.role == Role.COURSE_AUTHOR) == 1 + len(AUTHORS)
    assert count(Course.id > 0) == 5
    assert count(Enrolment.id > 0) > 10
    assert {account["role"] for account in load.accounts()} == {str(role) for role in Role}
    assert list(verify()) == []
    classes = database.session.scalars(select(TrainingClass).order_by(TrainingClass.number)).all()
    assert [one.number for one in classes] == list(range(1, 11))
    assert [one.taken for one in classes] == [one.capacity for one in classes] == [36, 35] * 5
    assert 180 <= count(ClassEnrolment.guest_id.is_not(None)) < 200  # a guest for who had not joined yet
    came = count(Attendance.present, Attendance.member_id.is_not(None))
    assert 0 < count(HourEntry.source.startswith("event:")) == came < count(Attendance.member_id.is_not(None))


def test_two_hundred_classes_make_the_person_times_of_the_source():
    assert sum(class_year.seats_of(number) for number in range(1, class_year.CLASSES + 1)) == 7_100
