"""A committee with two branches, a policy in force, and forms as the browser sends them."""

from uuid import uuid4

import pytest
from sqlalchemy import func, select

from pbtrain.core import clock
from pbtrain.core.db import db as database
from pbtrain.core.db import transaction
from pbtrain.events import services
from pbtrain.hours.models import MemberYear
from pbtrain.org.roles import Role


def count(model, *where):
    """How many rows of a table."""
    return database.session.scalar(select(func.count(model.id)).where(*where))


def counted(member_id):
    """What counts of a member's year, in hundredths."""
    return database.session.scalar(select(MemberYear.counted).where(MemberYear.member_id == member_id))


@pytest.fixture(autouse=True)
def stands_still(frozen):
    """Friday 2026-09-25, 15:00: nothing here depends on today."""


@pytest.fixture
def committee(make):
    """With the default policy: 45 minutes are 1.0."""
    return make.ruled(since=2026)


@pytest.fixture
def branch(make, committee):
    """A branch of that committee."""
    return make.unit("示例第三网格党支部", parent=committee)


@pytest.fixture
def secretary(make, branch):
    """Stands on the roster of the branch too."""
    return make.person(Role.BRANCH_SECRETARY, branch)


@pytest.fixture
def people(make, branch, secretary):
    """Ids of three more members."""
    return [make.member(branch).id for _ in range(3)]


@pytest.fixture
def record(make, branch, secretary):
    """`record(ids)` saves a meeting as the secretary and returns what the service says."""

    def save(present, *, hour=9, form_id=None, photos=(), **fields):
        values = {
            "unit_id": branch.id,
            "activity": "theme_day",
            "title": "重温入党志愿书",
            "starts_at": clock.at(clock.today(), hour),
            "minutes": 90,
        } | fields
        actor = make.actor(secretary)
        with transaction():
            return services.record_event(
                actor,
                services.Meeting(**values),
                present,
                form_id=form_id or str(uuid4()),
                photos=photos,
            )

    return save


@pytest.fixture
def sheet(branch):
    """`sheet(ids)` is the form as the browser sends it."""

    def fill(present, **fields):
        return {
            "unit": branch.id,
            "activity": "theme_day",
            "title": "重温入党志愿书",
            "day": "2026-09-25",
            "time": "09:00",
            "minutes": "90",
            "place": "",
            "form_id": str(uuid4()),
            "present": list(present),
        } | fields

    return fill
