"""Eight clients post classes of a hundred whose people stand in shared branches, while others move."""

from random import Random

import pytest
from sqlalchemy import func, select

from pbtrain.core.db import transaction
from pbtrain.hours import custody
from pbtrain.hours.models import Book, HourEntry, MemberYear
from pbtrain.hours.verify import verify
from pbtrain.org import services
from tests.hours.conftest import line, post

CLIENTS, CLASSES, SIZE, BRANCHES = 8, 3, 100, 30


@pytest.fixture
def crowd(make, root):
    """Thirty branches of ten; every client draws its classes from all of them."""
    branches = [make.unit(parent=root) for _ in range(BRANCHES)]
    members = {
        make.member(branch, with_account=False).id: branch.id
        for branch in branches
        for _ in range(SIZE // 10)
    }
    return members


def test_no_deadlock_and_no_lost_line(db, crowd, at_once):
    members = crowd
    ids = sorted(members)

    def classes(client):
        draw = Random(client)

        def work():
            for number in range(CLASSES):
                people = draw.sample(ids, SIZE)  # in any order: posting sorts what it locks
                done = post(*(line(one, f"event:{client * 100 + number}") for one in people))
                assert len(done.entry_ids) == SIZE
            return "posted"

        return work

    def transfers():
        draw = Random(99)
        for member_id in draw.sample(ids, 20):
            other = draw.choice(sorted(set(members.values()) - {members[member_id]}))
            with transaction():
                services.transfer(None, member_id, unit_id=other)
                db.session.flush()
                custody.follow([member_id])
        return "moved"

    results = at_once(*(classes(client) for client in range(1, CLIENTS + 1)), transfers)
    assert results == ["posted"] * CLIENTS + ["moved"]
    db.session.rollback()
    lines = CLIENTS * CLASSES * SIZE
    assert db.session.scalar(select(func.count()).select_from(HourEntry)) == lines
    assert db.session.scalar(select(func.sum(Book.person_times))) == lines, "of all levels together"
    assert db.session.scalar(select(func.sum(MemberYear.entries))) == lines
    assert [str(finding) for finding in verify()] == []
