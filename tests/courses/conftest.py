"""A member in a branch with a policy in force, and an academy with its people."""

import re
from types import SimpleNamespace

import pytest

from pbtrain.org.roles import Role
from tests.support.remembering import remembered

TOKEN = re.compile(r'(name="csrf-token" content|name="csrf_token" value)="[^"]*"')


def page(response):
    """The text of a page, without what differs by chance."""
    return TOKEN.sub("", response.get_data(as_text=True))


@pytest.fixture
@remembered
def world(make, frozen):
    """root › committee › branch with a member; root › academy; a policy for 2026."""
    root = make.ruled(since=2026)
    branch = make.unit(parent=make.unit(parent=root))
    academy = make.unit(parent=root, kind="academy", name="示例党校")
    return SimpleNamespace(root=root, branch=branch, academy=academy, member=make.member(branch))


@pytest.fixture
def learner(world, make):
    """The member as services want them."""
    return make.actor(world.member)


@pytest.fixture
def reader(world, client_for):
    """The member's browser."""
    return client_for(world.member)


@pytest.fixture
def author(world, make, client_for):
    """The browser of an academy administrator, who edits and publishes."""
    return client_for(make.person(Role.ACADEMY_ADMIN, world.academy))
