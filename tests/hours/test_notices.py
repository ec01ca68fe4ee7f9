"""Who is told when a line is cancelled, and in which words."""

from sqlalchemy import select

from pbtrain.core.db import transaction
from pbtrain.hours import services as hours
from pbtrain.notify.models import Message
from pbtrain.org.roles import Role
from tests.hours.conftest import line, post


def told(db):
    return list(db.session.scalars(select(Message).order_by(Message.id)))


def test_the_member_reads_what_was_cancelled_and_why(db, make, branch, client_for):
    member = make.member(branch, name="示例苏日娜")
    entry = post(line(member)).entry_ids[0]
    secretary = make.person(Role.BRANCH_SECRETARY, branch)
    client = client_for(secretary)
    answer = client.post(f"/hours/lines/{entry}/reverse", data={"reason": "把 45 分钟误记为 90 分钟。"})
    assert answer.status_code == 303
    (note,) = told(db)
    assert note.account_id == member.account_id
    assert note.subject == "2.0 学时不再计入：主题党日，3月2日"
    assert "把 45 分钟误记为 90 分钟" in note.body
    assert "。。" not in note.body
    own = client_for(member)
    assert own.get(note.link).status_code == 200
    page = own.get("/hours").text
    assert "pb-strike" in page, "the line stays, struck out"
    assert "把 45 分钟误记为 90 分钟" in page


def test_nobody_is_told_of_what_they_did_or_without_a_login(db, make, branch):
    secretary, silent = make.member(branch), make.member(branch, with_account=False)
    ids = post(line(secretary), line(silent)).entry_ids
    with transaction():
        hours.reverse_many(make.actor(secretary), ids, reason="点错了人")
    assert told(db) == []


def test_many_lines_cost_what_one_costs(db, make, branch, statements):
    people = [make.member(branch) for _ in range(8)]
    first = post(line(people[0])).entry_ids
    others = post(*[line(one) for one in people[1:]]).entry_ids
    with statements() as few, transaction():
        hours.reverse_many(None, first, reason="点错了人")
    with statements() as many, transaction():
        hours.reverse_many(None, others, reason="点错了人")
    assert many.count <= few.count, (few, many)
    assert len(told(db)) == 8


def test_a_refused_reversal_tells_nobody(db, make, branch):
    entry = post(line(make.member(branch))).entry_ids[0]
    try:
        with transaction():
            hours.reverse_many(None, [entry], reason="点错了人")
            raise ValueError
    except ValueError:
        pass
    assert told(db) == []
