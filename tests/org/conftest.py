"""A top with two committees and two branches with people and hours, and questions about who stands where."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourClaim, MemberYear
from pbtrain.org import posts
from pbtrain.org.models import (
    Member,
)
from tests.support.remembering import remembered

YEAR = 2026


@pytest.fixture
@remembered
def league(make, frozen):
    """A top with two committees; the first has two branches of three with a secretary each and hours."""
    top = make.ruled("示例市委", since=YEAR - 1)
    left, right = (make.unit(name, parent=top, kind="committee") for name in ("示例甲党委", "示例乙党委"))
    one, two = make.unit("示例一支部", parent=left), make.unit("示例二支部", parent=left)
    people = {unit.id: [make.member(unit).id for _ in range(3)] for unit in (one, two)}
    with transaction():
        for unit in (one, two):
            for year in (YEAR - 1, YEAR):  # custody of a year that is over follows as well
                hours.refresh_years(people[unit.id], year)
            posts.give_post(
                None, people[unit.id][0], unit_id=unit.id, kind="secretary", valid_from=date(YEAR, 1, 1)
            )
    with transaction():
        hours.refresh_years([ids[0] for ids in people.values()], YEAR)
        lines = [
            hours.Line(member_id, date(YEAR, 9, 1), "theme_day", 90, "event:1", "示例")
            for ids in people.values()
            for member_id in ids
        ]
        hours.post_many(None, lines)
    return Organisation(top, left, right, one, two, people)


class Organisation:
    def __init__(self, top, left, right, one, two, people):
        self.top, self.left, self.right, self.one, self.two = top.id, left.id, right.id, one.id, two.id
        self.people = people


def standing(db, unit_id):
    return set(db.session.scalars(select(Member.id).where(Member.unit_id == unit_id)))


def custody(db, unit_id):
    return set(db.session.scalars(select(MemberYear.member_id).where(MemberYear.custody_unit_id == unit_id)))


def held_line(make, unit_id, member_id, number=9):
    begun = clock.at(date(YEAR, 9, 2), 9)
    make.save(
        HourClaim(
            member_id=member_id, unit_id=unit_id, state="held", occurrence=f"event:{number}", title="示例",
            activity="theme_day", channel="onsite", proof="B", day=date(YEAR, 9, 2), starts_at=begun,
            ends_at=begun + timedelta(hours=1), minutes=60, uncovered=30,
        )
    )  # fmt: skip
