"""The academy: its area, its authors, the branches it teaches."""

import pytest
from sqlalchemy import select

from pbtrain.core import site
from pbtrain.core.db import db as database
from pbtrain.courses.models import Course, Enrolment
from pbtrain.demo import load
from pbtrain.demo.roster import AUTHORS
from pbtrain.hours.verify import verify
from pbtrain.org.models import Academy, Member, RoleGrant, Unit
from pbtrain.org.roles import Role
from tests.demo.test_bulk import count, quiet


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)  # test_any_day loads on both
def test_it_teaches_the_town_around_it(db, frozen):
    load.load("academy", 1, quiet)
    assert site.kind() == "demo"
    academy, area = database.session.execute(
        select(Unit.name, Academy.service_unit_id).join(Academy, Academy.unit_id == Unit.id)
    ).one()
    assert (academy, database.session.get_one(Unit, area).parent_id) == ("示例国门党建学院", None)
    assert count(Unit.kind == "branch") == 6
    assert count(Member.id > 0) == 150
    assert count(RoleGrant.role == Role.COURSE_AUTHOR) == 1 + len(AUTHORS)
    assert count(Course.id > 0) == 5
    assert count(Enrolment.id > 0) > 10
    assert {account["role"] for account in load.accounts()} == {str(role) for role in Role}
    assert list(verify()) == []
