"""A committee with default rules, a branch below it, and somebody who edits the rules."""

from datetime import date

import pytest

from pbtrain.core.db import transaction
from pbtrain.hours import services as hours
from pbtrain.hours.services import Line
from pbtrain.org.roles import Role
from tests.hours.conftest import at_once  # noqa: F401 - two people at the same time


@pytest.fixture
def root(make, frozen):
    """Default rules since 2025; today is 2026-09-25."""
    unit = make.unit("示例街道党工委")
    with transaction():
        hours.publish_default_policy(None, unit.id, 2025)
    return unit


@pytest.fixture
def branch(make, root):
    return make.unit("示例第一支部", parent=root)


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
