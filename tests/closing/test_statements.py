"""Statements of hours: what the paper leads to, who may make and revoke one, what is kept of who looked."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select, text

from pbtrain.accounts.models import LoginTry
from pbtrain.closing import paper, rules, statements
from pbtrain.closing.models import Statement, StatementLook
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.hours import services as hours
from pbtrain.hours.policy import PolicyRules
from pbtrain.org.models import Member
from pbtrain.org.roles import Role
from tests.closing.conftest import APRIL, MARCH, line, post, reverse
from tests.support.pages import said

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


def test_it_covers_years_before_the_rules_and_self_study_stands_in_one_row_only(member, root):
    """Who asked for five years of a site that has rules of two was refused; self-study that counts stood in
    both rows."""
    with transaction():
        hours.publish_policy(None, root.id, 2026, PolicyRules(self_cap=50))
    post(replace(line(member, "event:4", 90, date(2026, 4, 8)), activity="self_study"))
    period = date(2022, 9, 1), date(2026, 9, 1)
    assert statements.studied(member.id, *period) == {"counted": 350, "self_study": 150, "lines": 3}


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


def test_a_paper_drawn_of_somebody_who_is_erased_meanwhile_is_not_kept(make, member, drawn):
    made = statements.draft(member.id, MARCH, APRIL, address=lambda code: f"/s/{code}", site="示例")
    with transaction() as session:
        session.get_one(Member, member.id).name = "已删除"
    with pytest.raises(Conflict), transaction():
        statements.keep(make.actor(member), made)
    assert db.session.scalar(select(Statement.id)) is None


def test_what_a_statement_says_goes_when_a_person_is_erased(member, client_for, client, drawn):
    client_for(member).post("/hours/statements", data=PERIOD)
    with transaction():
        statements.forget(member.id)
    told = said(client.get(path_of(drawn[0])))
    assert "已经作废" in told
    assert "示**兰" not in told


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("示例支部", 10, ["示例支部"]),
        ("示例支部委员会", 4, ["示例支部", "委员会"]),
        ("示例支部、委员会", 4, ["示例支部、", "委员会"]),  # nothing that closes begins a line
        ("示例（玉泉区）", 3, ["示例", "（玉泉", "区）"]),  # nothing that opens ends one
        ("共1,234.56学时", 6, ["共", "1,234.56", "学时"]),
        ("", 4, [""]),
    ],
)
def test_long_names_break_as_chinese_does(text, width, lines):
    assert paper.wrapped(text, lambda some: len(some) <= width) == lines


def test_the_longest_names_leave_room_for_seal_and_code():
    branch = "中共示例市示例区示例街道非公有制经济组织和社会组织综合委员会" * 4
    few = [("期间", "2026年")] * 5
    words = paper.Words(
        title="学时证明",
        number="示例党员教育培训管理平台" * 5,
        rows=(("姓名", "阿拉坦格日乐图" * 8), ("所在支部", branch), *few),
        remarks=("根据支部学习台账开具。",),
        signatures=("支部（盖章）", "书记（签字）"),
        proof="扫码可核验。" * 12,
        address="https://example.invalid/s/" + "x" * 22,
        made_on=date(2026, 9, 25),
    )
    ends = []
    real = paper._picture

    def picture(page, words):
        ends.append(page.get_y() + 12)
        real(page, words)
        ends.append(page.get_y())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paper, "_picture", picture)
        assert paper.drawn(words).startswith(b"%PDF")
    assert ends[0] <= 297 - 30 - paper.QR, "the signatures end above the picture"
    assert ends[1] <= 297 - 10
