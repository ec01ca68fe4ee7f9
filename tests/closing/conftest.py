"""What tests of closing share: a branch whose year has rules, and its secretary."""

from datetime import date

import pytest
import time_machine
from sqlalchemy import select

from pbtrain.closing import sealing, services
from pbtrain.core.db import db, transaction
from pbtrain.hours import services as hours
from pbtrain.hours.models import Book
from pbtrain.org.roles import Role
from tests import factories
from tests.hours.conftest import back, line, post

__all__ = ["back", "line", "post"]
MARCH, APRIL = date(2026, 3, 2), date(2026, 4, 7)


@pytest.fixture
def secretary(make, branch):
    """The branch's secretary, one of its members."""
    return make.person(Role.BRANCH_SECRETARY, branch)


@pytest.fixture
def auditor(make, root):
    """Who watches over the branch from the committee above."""
    return make.person(Role.UNIT_AUDITOR, root)


def reverse(entry_id: int, reason: str = "点错了人") -> list[int]:
    """Cancel a line in a transaction of its own."""
    with transaction():
        return hours.reverse_many(None, [entry_id], reason=reason)


@pytest.fixture
def january(frozen):
    """It is 12 January 2027."""
    with time_machine.travel("2027-01-12 03:00:00+00:00", tick=False) as clock:
        yield clock


def sign_all(branch, year=2026):
    book = db.session.execute(
        select(Book.entries).where(Book.unit_id == branch.id, Book.year == year)
    ).scalar()
    signer = factories.actor(factories.account("示例书记"))
    with transaction():
        services.sign(signer, branch.id, year, 12, since=date(2020, 1, 1), seen=book or 0)


def seal(branch, year=2026, actor=None):
    with transaction():
        return sealing.seal_unit(actor, branch.id, year)
