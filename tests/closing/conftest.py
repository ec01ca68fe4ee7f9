"""What tests of closing share: a branch whose year has rules, and its secretary."""

from datetime import date

import pytest

from pbtrain.core.db import transaction
from pbtrain.hours import services as hours
from pbtrain.org.roles import Role
from tests.hours.conftest import at_once, back, branch, line, post, root

__all__ = ["at_once", "back", "branch", "line", "post", "root"]
MARCH, APRIL = date(2026, 3, 2), date(2026, 4, 7)


@pytest.fixture
def secretary(make, branch):
    """The branch's secretary, one of its members."""
    return make.person(Role.BRANCH_SECRETARY, branch)


def reverse(entry_id: int, reason: str = "点错了人") -> list[int]:
    """Cancel a line in a transaction of its own."""
    with transaction():
        return hours.reverse_many(None, [entry_id], reason=reason)
