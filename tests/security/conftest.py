"""A committee with a branch and a policy; a browser without the test's own context; an app with CSRF on."""

import pytest

from pbtrain.org.roles import Role
from tests.support.client import sign


@pytest.fixture
def committee(make):
    """A unit whose policy holds since 2020."""
    return make.ruled("示例街道党委", since=2020)


@pytest.fixture
def branch(make, committee):
    return make.unit("示例第三网格党支部", parent=committee)


@pytest.fixture
def secretary(make, branch):
    return make.person(Role.BRANCH_SECRETARY, branch)


@pytest.fixture
def cookie(make):
    """`cookie(app, person)` is the Cookie header of a browser in which that person is signed in."""
    return lambda app, person: sign(app, make.login_session(person))


@pytest.fixture
def strict(backend, db):
    """The application as in production: every form needs its token."""
    return backend.app(WTF_CSRF_ENABLED=True)
