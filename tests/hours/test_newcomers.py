"""The training class that a new secretary attends within months of the post."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from pbtrain.core.db import transaction
from pbtrain.hours import services as hours
from pbtrain.hours.models import Policy
from pbtrain.hours.newcomers import (
    FirstClass,
    first_class,
    last_day,
    met,
    months_on,
    overdue_until,
    told_since,
)
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.rules import Tie
from pbtrain.org.models import Post
from pbtrain.org.roles import Role
from tests.hours.conftest import line, post

SIX = PolicyRules(new_post_months=6)
MARCH = date(2026, 3, 10)
TODAY, ONE_DAY = date(2026, 9, 25), timedelta(days=1)


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


def test_who_is_told_and_who_is_late_by_the_first_day_of_the_post():
    """The two edges of the list, against the rule of the page."""
    for months in (1, 6, 13):
        told, late = told_since(months, 2026), overdue_until(months, TODAY)
        assert last_day(told, months).year == 2026
        assert last_day(told - ONE_DAY, months).year == 2025
        assert last_day(late, months) < TODAY <= last_day(late + ONE_DAY, months)


@pytest.fixture
def asks(root):
    """The committee's rules ask a class of a new secretary within six months."""
    with transaction():
        hours.publish_policy(None, root.id, 2026, PolicyRules(new_post_months=6))


def leader(make, unit, since, name, **until):
    member = make.member(unit, name=name)
    make.save(Post(member_id=member.id, unit_id=unit.id, kind="secretary", valid_from=since, **until))
    return member


def test_the_list_above_names_who_lacks_it(asks, make, root, branch, client_for, statements):
    """Today is 25 September: late, in time, attended, reversed, long in the post, gone, asked nothing."""
    may, august = date(2026, 2, 1), date(2026, 8, 3)
    lone = [make.unit(f"示例支部{n}", parent=root) for n in range(6)]
    late = leader(make, branch, may, "示例迟")
    leader(make, lone[0], august, "示例新")
    for unit, name in ((lone[1], "示例训"), (lone[2], "示例冲")):
        one = leader(make, unit, may, name)
        done = post(line(one, f"event:{one.id}", 90, date(2026, 3, 2), activity="training_class"))
        if name == "示例冲":
            with transaction():
                hours.reverse_many(None, done.entry_ids, reason="点错了人")
    leader(make, lone[3], date(2025, 3, 1), "示例老")
    leader(make, lone[4], may, "示例离", valid_until=date(2026, 9, 1))
    leader(make, lone[5], may, "示例免")
    with transaction():
        hours.publish_policy(None, lone[5].id, 2026, PolicyRules(new_post_months=0))
    client = client_for(make.person(Role.UNIT_AUDITOR, root))
    path = f"/units/{root.id}/new-secretaries"
    assert path in client.get(f"/units/{root.id}/hours").text
    with statements() as sent:
        page = client.get(path).text
    assert [one in page for one in ("示例迟", "示例新", "示例冲")] == [True] * 3
    assert [one in page for one in ("示例训", "示例老", "示例离", "示例免")] == [False] * 4
    assert len(sent) <= 6, str(sent)
    assert "2026年7月31日" in page
    assert re.findall("示例[迟新冲]", client.get(path + "?state=asked").text) == ["示例新"]
    assert "示例新" not in client.get(path + "?state=overdue").text
    assert "示例新" in client.get(path, query_string={"q": "示例支部0"}).text
    assert client.get(path + "?state=other").status_code == 404
    book = load_workbook(BytesIO(client.get(path + ".xlsx?q=示例迟").data)).active
    cells = [[cell.value for cell in row] for row in book.iter_rows(min_row=3)]
    assert cells[0] == ["编号", "姓名", "所在支部", "任职的党组织", "任职日期", "应参加至", "情况"]
    assert (cells[1][:2], cells[1][6]) == ([late.code, "示例迟"], "已逾期")
    told = client.get(f"/branches/{branch.id}/members/{late.id}").text
    assert "到期没有记录" in told, "the page of the year says the same"


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
