"""A branch's meeting of ninety minutes that begins now (15:00); the secretary and more are expected."""

from uuid import uuid4

import pytest

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.events.door import people as listing
from pbtrain.events.door import running
from pbtrain.events.models import Event


@pytest.fixture
def plan(branch):
    """`plan()` makes a planned event; its id."""

    def made(**fields):
        values = {
            "unit_id": branch.id,
            "activity": "theme_day",
            "title": "重温入党志愿书",
            "day": clock.today(),
            "starts_at": clock.at(clock.today(), 15),
            "minutes": 90,
            "form_id": str(uuid4()),
            "form_hash": "",
            "state": "planned",
        } | fields
        with transaction() as session:
            session.add(event := Event(**values))
            session.flush()  # event.id
            return event.id

    return made


@pytest.fixture
def event(plan, people, secretary):
    """Planned for now; the secretary and three members are expected."""
    event_id = plan()
    with transaction():
        listing.expect_branch(event_id)
    return event_id


@pytest.fixture
def chair(make, secretary):
    """The secretary as services want them."""
    return make.actor(secretary)


@pytest.fixture
def opened(event, chair):
    """The same, its code shown."""
    with transaction():
        running.open_door(chair, event)
    return event
