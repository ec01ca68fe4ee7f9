"""What tests of personal data share: a member whose numbers are known, in a branch beside another."""

import pytest

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.hours import services as hours
from pbtrain.org import members
from pbtrain.org.models import Academy
from pbtrain.org.roles import Role
from tests.support.remembering import remembered

PHONE, NUMBER, MASKED = "13800000012", "150102199003074526", "138****0012"
SHOWN_NUMBER = "150102********4526"


@pytest.fixture
@remembered
def league(make):
    """A committee with two branches; a member of the first with both numbers, and a secretary there."""
    top = make.ruled("示例委员会", since=clock.today().year)
    one, two = make.unit("示例一支部", parent=top), make.unit("示例二支部", parent=top)
    member = make.member(one, name="示例苏日娜", phone=PHONE)
    with transaction():
        members.change_member(None, member.id, id_number=NUMBER)
        hours.refresh_years([member.id], clock.today().year)
    return top, one, two, member


def visitor(make, role, top, one):
    """Somebody with that role: of the branch for a secretary, of an academy that serves the committee for
    who teaches, else of the committee."""
    if role in (Role.ACADEMY_ADMIN, Role.COURSE_AUTHOR):
        academy = make.unit(parent=top, kind="academy")
        make.save(Academy(unit_id=academy.id, service_unit_id=top.id))
        return make.person(role, academy)
    return make.person(role, one if role in (Role.MEMBER, Role.BRANCH_SECRETARY) else top)
