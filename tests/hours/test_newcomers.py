"""The training class that a new secretary attends within months of the post."""

from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy import select

from pbtrain.core.db import transaction
from pbtrain.hours import services as hours
from pbtrain.hours.models import Policy
from pbtrain.hours.newcomers import FirstClass, first_class, met, months_on
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.rules import Tie
from pbtrain.org.models import Post
from pbtrain.org.roles import Role
from tests.hours.conftest import line, post

SIX = PolicyRules(new_post_months=6)
MARCH = date(2026, 3, 10)


@dataclass
class Row:
    day: date
    activity: str = "training_class"


def secretary(since, until=None, label="secretary"):
    return Tie("post", since, until, label)


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (MARCH, 6, date(2026, 9, 10)), (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)), (date(2026, 12, 1), 1, date(2027, 1, 1)),
    ],
)  # fmt: skip
def test_months_end_where_a_month_is_shorter(day, months, then):
    assert months_on(day, months) == then


@pytest.mark.parametrize(
    ("ties", "year", "until"),
    [
        ([secretary(MARCH)], 2026, date(2026, 9, 9)),
        ([secretary(date(2025, 11, 20))], 2026, date(2026, 5, 19)),
        ([secretary(date(2025, 2, 1))], 2026, None),
        ([secretary(MARCH, label="committee_member")], 2026, None),
        ([secretary(MARCH, date(2026, 6, 1))], 2026, None),  # left before the last day
        ([secretary(MARCH, date(2026, 9, 10))], 2026, date(2026, 9, 9)),
        ([secretary(date(2025, 9, 1)), secretary(date(2026, 5, 1))], 2026, date(2026, 10, 31)),
    ],
)
def test_who_is_asked_and_until_when(ties, year, until):
    found = first_class(SIX, ties, year)
    assert (found and found.until) == until
    assert first_class(PolicyRules(), ties, year) is None


@pytest.mark.parametrize(
    ("lines", "today", "state"),
    [
        ([], date(2026, 9, 9), "asked"),
        ([], date(2026, 9, 10), "overdue"),
        ([Row(date(2026, 9, 9))], date(2026, 9, 10), "done"),
        ([Row(date(2026, 9, 10))], date(2026, 9, 11), "late"),
        ([Row(date(2026, 3, 9)), Row(date(2026, 4, 1), "theme_day")], date(2026, 5, 1), "asked"),
    ],
)
def test_how_it_stands(lines, today, state):
    assert met(FirstClass(MARCH, date(2026, 9, 9)), lines).state(today) == state
    assert met(None, lines) is None


def test_it_is_said_on_the_page_of_the_year(db, make, branch, client_for):
    with transaction() as session:
        rules = session.scalars(select(Policy).order_by(Policy.id.desc())).first()
        rules_json = rules.rules | {"new_post_months": 6}
        session.add(
            Policy(
                unit_id=rules.unit_id, year=2026, version=rules.version + 1, rules=rules_json,
                effective_on=date(2026, 1, 1), published_at=rules.published_at,
            )
        )  # fmt: skip
    person = make.person(Role.BRANCH_SECRETARY, branch)
    member = make.member(branch)
    make.save(Post(member_id=member.id, unit_id=branch.id, kind="secretary", valid_from=MARCH))
    with transaction():
        hours.refresh_years([member.id], 2026)
    page = client_for(person).get(f"/branches/{branch.id}/members/{member.id}").text
    assert "到期没有记录" in page
    post(line(member, "event:77", 90, date(2026, 6, 1), activity="training_class"))
    page = client_for(person).get(f"/branches/{branch.id}/members/{member.id}").text
    assert "参加任职培训班" in page
    assert "到期没有记录" not in page
