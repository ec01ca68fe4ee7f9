"""A committee with default rules, a branch below it, and somebody who edits the rules."""

from datetime import date

import pytest

from pbtrain.core.db import transaction
from pbtrain.hours import services as hours
from pbtrain.hours.services import Line
from pbtrain.org.roles import Role


@pytest.fixture
def editor(make, root):
    """Administers the committee and all below it."""
    return make.person(Role.UNIT_ADMIN, root)


@pytest.fixture
def actor(make, editor):
    return make.actor(editor)


@pytest.fixture
def study():
    """Post minutes for a member: study(member, 90, "self_study")."""
    number = iter(range(1, 100))

    def post(member, minutes, activity="theme_day", day=date(2026, 3, 2)):
        line = Line(member.id, day, activity, minutes, f"test:{next(number)}", "示例", proof="B")
        with transaction():
            hours.post_many(None, [line])

    return post
