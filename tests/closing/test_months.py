"""Monthly sign-off: what is kept, what shows as late, who was faster, who sees it."""

import re
from datetime import date

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from pbtrain.closing import queries, rules, services
from pbtrain.closing.models import SignOff
from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.hours.models import Book, HourClaim
from pbtrain.org.roles import Role
from tests.closing.conftest import APRIL, MARCH, line, post, reverse

LONG_AGO = date(2020, 1, 1)


def said(answer, status=200):
    assert answer.status_code == status, answer.get_data(as_text=True)[:300]
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def sign(actor, branch, month, seen, year=2026):
    with transaction():
        return services.sign(actor, branch.id, year, month, since=branch.valid_from, seen=seen)


def held(member, branch, day):
    return HourClaim(
        member_id=member.id, unit_id=branch.id, state="held", occurrence="event:77", title="示例重叠",
        activity="theme_day", channel="onsite", proof="B", day=day, minutes=60, uncovered=30,
    )  # fmt: skip


def test_months_are_due_when_they_are_over():
    today = date(2026, 9, 25)
    states = [rules.month_state(2026, n, {1, 2}, date(2026, 1, 15), today) for n in rules.MONTHS]
    assert states == ["signed"] * 2 + ["due"] * 6 + ["running"] + ["future"] * 3
    assert rules.months_due(2026, {6}, date(2026, 6, 20), today) == [7, 8]
    assert rules.months_due(2025, set(), LONG_AGO, today) == list(rules.MONTHS)
    assert rules.month_end(2026, 12) == date(2027, 1, 1)
    assert rules.sign_by(2026, 12) == date(2027, 1, 10)
    with pytest.raises(RuleError):
        rules.check_month(2026, 9, today)
    rules.check_month(2026, 9, date(2026, 10, 1))


def test_a_signature_keeps_the_figures_of_its_moment(make, branch, secretary):
    one, two = make.member(branch), make.member(branch)
    post(line(one, day=MARCH), line(two, day=MARCH), line(one, "event:2", 45, APRIL))
    make.save(held(one, branch, MARCH))
    assert sign(make.actor(secretary), branch, 4, 3) == [1, 2, 3, 4]
    book = db.session.scalars(select(Book)).one()
    kept = db.session.scalars(select(SignOff).order_by(SignOff.month)).all()
    assert [row.month for row in kept] == [1, 2, 3, 4]
    for row in kept:
        assert (row.entries, row.person_times, row.minutes, row.credit, row.head) == (
            3, 3, 225, 500, book.head,
        )  # fmt: skip
    assert kept[2].exceptions == [["held", 1]]
    assert kept[3].exceptions == []
    found = queries.months(branch.id, 2026, LONG_AGO, clock.today())
    assert found.due == [5, 6, 7, 8]
    march, april = found.months[2:4]
    assert (march.lines, march.people, march.minutes, march.credit, march.held) == (2, 2, 180, 400, 1)
    assert (april.lines, april.credit, april.late) == (1, 100, 0)


def test_lines_posted_after_the_signature_are_late(make, branch, secretary, client_for):
    member = make.member(branch, name="示例乌兰")
    first = post(line(member, day=MARCH)).entry_ids[0]
    sign(make.actor(secretary), branch, 3, 1)
    post(line(member, "event:2", 45, MARCH), line(member, "event:3", 45, APRIL))
    reverse(first)
    march, april = queries.months(branch.id, 2026, LONG_AGO, clock.today()).months[2:4]
    assert (march.late, april.late) == (2, 0)
    ledger = said(client_for(secretary).get(f"/branches/{branch.id}/reports/ledger?year=2026"))
    assert ledger.count("迟报：该月已于 2026-09-25 签审") == 1
    assert "迟冲：该月已于 2026-09-25 签审" in ledger
    assert "2 笔迟报或迟冲" in ledger
    paper = said(client_for(secretary).get(f"/branches/{branch.id}/reports/ledger/print?year=2026"))
    assert "迟报" in paper


def test_who_has_not_seen_the_newest_line_does_not_sign(make, branch, secretary):
    member = make.member(branch)
    post(line(member, day=MARCH))
    with pytest.raises(RuleError, match="Look at the figures again"):
        sign(make.actor(secretary), branch, 3, 0)
    assert db.session.scalar(select(func.count(SignOff.id))) == 0


def test_an_empty_month_is_signed_too_and_begins_the_book(make, branch, secretary):
    assert sign(make.actor(secretary), branch, 8, 0) == list(range(1, 9))
    assert db.session.scalars(select(Book.entries)).one() == 0


def test_the_second_to_sign_hears_who_was_faster(make, branch, secretary, at_once):
    other = make.actor(make.person(Role.BRANCH_SECRETARY, branch, name="示例接班"))
    actor, branch_id, since = make.actor(secretary), branch.id, branch.valid_from
    db.session.rollback()

    def go(who):
        def signing():
            with transaction():
                return services.sign(who, branch_id, 2026, 8, since=since, seen=0)

        return signing

    results = at_once(go(actor), go(other))
    assert sorted(type(r).__name__ for r in results) == ["Conflict", "list"], results
    lost = next(r for r in results if isinstance(r, Conflict))
    assert lost.params["name"] in (actor.name, other.name)
    assert db.session.scalar(select(func.count(SignOff.id))) == 8


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sign_off SET entries = 9",
        "UPDATE sign_off SET signed_at = '2026-01-01 00:00:00'",
        "DELETE FROM sign_off",
    ],
)
def test_a_signature_is_never_changed(make, branch, secretary, statement):
    sign(make.actor(secretary), branch, 3, 0)
    with pytest.raises(DBAPIError, match="append-only"), transaction() as session:
        session.execute(text(statement))


def test_the_pages_of_a_branchs_months(make, branch, root, secretary, client_for, statements):
    member = make.member(branch)
    post(line(member, day=MARCH))
    client = client_for(secretary)
    assert "核对并签审8月" in said(client.get("/"))
    with statements() as sent:
        page = said(client.get(f"/branches/{branch.id}/months"))
    assert len(sent) <= 9, str(sent)
    assert "8月还没有签审" in page
    data = {"month": 8, "seen": 0}
    assert "请重新核对" in said(client.post(f"/branches/{branch.id}/months/2026/sign", data=data), 422)
    data["seen"] = 1
    assert client.post(f"/branches/{branch.id}/months/2026/sign", data=data).status_code == 303
    assert "都已签审" in said(client.get(f"/branches/{branch.id}/months"))
    answer = client.post(f"/branches/{branch.id}/months/2026/sign", data=data)
    assert "签审了这个月" in said(answer, 409)
    running = client.post(f"/branches/{branch.id}/months/2026/sign", data=data | {"month": 9})
    assert "月份结束后才能签审" in said(running, 422)
    assert client.post(f"/branches/{branch.id}/months/2027/sign", data=data).status_code == 404
    auditor = client_for(make.person(Role.UNIT_AUDITOR, root))
    assert "都已签审" in said(auditor.get(f"/branches/{branch.id}/months"))
    assert auditor.post(f"/branches/{branch.id}/months/2026/sign", data=data).status_code == 403
    assert said(client.get(f"/branches/{branch.id}/months?year=2025"))


def test_december_of_the_last_year_is_asked_for_first(make, branch, secretary, client_for, frozen):
    post(line(make.member(branch), day=MARCH))
    frozen.shift(days=110)  # 13 January
    page = said(client_for(secretary).get("/"))
    assert "2026 年签审" in page
    assert "核对并签审12月" in page
