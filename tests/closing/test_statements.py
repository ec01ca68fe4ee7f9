"""Statements of hours: what the paper leads to, who may make and revoke one, what is kept of who looked."""

import re
from datetime import date

import pytest
from sqlalchemy import select, text

from pbtrain.accounts.models import LoginTry
from pbtrain.closing import paper, rules, statements
from pbtrain.closing.models import Statement, StatementLook
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import RuleError
from pbtrain.org.roles import Role
from tests.closing.conftest import APRIL, MARCH, line, post, reverse


def said(answer, status=200):
    assert answer.status_code == status, answer.get_data(as_text=True)[:400]
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


PERIOD = {"since": "2026-01-01", "until": "2026-03-31"}


@pytest.fixture
def drawn(monkeypatch):
    """The words of each paper instead of the paper: drawing takes a second."""
    seen = []

    def draw(words):
        seen.append(words)
        return b"%PDF-" + words.address.encode()

    monkeypatch.setattr(paper, "drawn", draw)
    return seen


@pytest.fixture
def member(make, branch):
    """A member with two lines in March, one of them reversed, and one in April."""
    one = make.member(branch, name="示例乌兰")
    post(line(one, day=MARCH), line(one, "event:3", 45, APRIL))
    reverse(post(line(one, "event:2", 60, MARCH)).entry_ids[0])
    return one


def path_of(words):
    return "/" + words.address.split("/", 3)[3]


def test_names_are_masked_and_periods_have_an_end():
    assert [rules.masked(n) for n in ("王建国", "王强", "阿拉坦格日乐图")] == ["王*国", "王*", "阿*****图"]
    today = date(2026, 9, 25)
    rules.check_period(date(2022, 1, 1), today, today)
    for since, until in (
        (today, date(2026, 1, 1)),
        (date(2026, 1, 1), date(2026, 9, 26)),
        (date(2021, 12, 31), today),
    ):
        with pytest.raises(RuleError):
            rules.check_period(since, until, today)


def test_the_paper_is_a_pdf_with_chinese_and_a_picture():
    words = paper.Words(
        "学时证明", "示例平台", (("姓名", "示例乌兰"),), ("以台账为准。",), ("党支部（盖章）",), "扫码核验。",
        "https://example.cn/s/abcdefghijklmnopqrstuv", MARCH,
    )  # fmt: skip
    pdf = paper.drawn(words)
    assert pdf.startswith(b"%PDF-")
    assert 5_000 < len(pdf) < 200_000


def test_a_member_makes_a_statement_and_anybody_with_the_paper_sees_the_minimum(
    member, client_for, client, drawn
):
    own = client_for(member)
    answer = own.post("/hours/statements", data=PERIOD)
    assert answer.mimetype == "application/pdf"
    words = drawn[0]
    assert ("计入学时", "2.0 学时") in words.rows
    assert ("姓名", "示例乌兰") in words.rows
    page = client.get(path_of(words))
    told = said(page)
    assert "示**兰" in told
    assert "乌兰" not in told
    assert "真实有效" in told
    assert "2.0" in told
    assert page.headers["X-Robots-Tag"].startswith("noindex")
    assert page.headers["Cache-Control"] == "no-store"
    code = path_of(words).rsplit("/", 1)[1]
    assert len(code) == 22
    kept = db.session.execute(text("SELECT code_hash, facts FROM statement")).one()
    assert code not in str(kept)
    look = db.session.scalars(select(StatementLook)).one()
    assert "127.0.0.1" not in look.visitor
    assert "1 次" in said(own.get("/hours/statements"))


def test_a_revoked_statement_says_so(member, client_for, client, drawn):
    own = client_for(member)
    own.post("/hours/statements", data=PERIOD)
    row = db.session.scalars(select(Statement.id)).one()
    assert own.post(f"/statements/{row}/revoke").status_code == 422
    assert own.post(f"/statements/{row}/revoke", data={"reason": "开错了"}).status_code == 303
    assert own.post(f"/statements/{row}/revoke", data={"reason": "又一次"}).status_code == 409
    told = said(client.get(path_of(drawn[0])))
    assert "已经作废" in told
    assert "开错了" not in told
    assert "开错了" in said(own.get("/hours/statements"))


def test_the_secretary_makes_one_for_a_member_of_the_branch_only(
    make, root, branch, member, client_for, drawn
):
    secretary = client_for(make.person(Role.BRANCH_SECRETARY, branch))
    where = f"/branches/{branch.id}/members/{member.id}/statements"
    assert secretary.post(where, data=PERIOD).status_code == 200
    assert secretary.post(where, data=PERIOD | {"until": "2027-01-01"}).status_code == 422
    other = make.unit(parent=root)
    elsewhere = client_for(make.person(Role.BRANCH_SECRETARY, other))
    assert elsewhere.post(where, data=PERIOD).status_code == 404
    swapped = f"/branches/{other.id}/members/{member.id}/statements"
    assert elsewhere.post(swapped, data=PERIOD).status_code == 404
    row = db.session.scalars(select(Statement.id)).one()
    assert elsewhere.post(f"/statements/{row}/revoke", data={"reason": "别处"}).status_code == 404
    assert client_for(make.member(branch)).get(f"/statements/{row}/revoke").status_code == 404


def test_codes_cannot_be_guessed_through(member, client):
    answers = [client.get(f"/s/{n:022}").status_code for n in range(150)]
    assert answers[0] == 404
    assert answers[-1] == 429
    assert client.get("/s/short").status_code == 404
    assert db.session.scalar(select(LoginTry.id).limit(1))
    assert db.session.scalar(select(StatementLook.id)) is None


def test_what_a_statement_says_goes_when_a_person_is_erased(member, client_for, client, drawn):
    client_for(member).post("/hours/statements", data=PERIOD)
    with transaction():
        statements.forget(member.id)
    told = said(client.get(path_of(drawn[0])))
    assert "已经作废" in told
    assert "示**兰" not in told
