"""Certificates: when a class is finished, who is given one, what the paper leads to, what revoking does."""

import io
import re
import resource
from datetime import date
from types import SimpleNamespace

import pytest
from PIL import Image
from sqlalchemy import select

from pbtrain.accounts.models import LoginTry
from pbtrain.audit.models import AuditEvent
from pbtrain.classes import press
from pbtrain.classes.models import Certificate, CertificateStyle, TrainingClass
from pbtrain.classes.queries import certificates as queries
from pbtrain.classes.rules import completion
from pbtrain.classes.rules.completion import Attended, judge
from pbtrain.classes.services import certificates as services
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.events.models import Guest
from pbtrain.org.roles import Role
from tests.classes.schooled import absent, school

RULE = {"share": 80, "credit": 800, "exam": True}


def said(answer, status=200):
    assert answer.status_code == status, answer.get_data(as_text=True)[:600]
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def issue(one, only=()):
    with transaction():
        return services.issue(one.actor, one.class_id, only)


def standing(one):
    return queries.standing(one.class_id)


# -- rules, without a database


def test_every_condition_is_judged_and_explained():
    met = judge(RULE, 450, Attended(360, 800, True))
    assert [each.key for each in met] == ["share", "credit", "exam"]
    assert completion.is_met(met)
    for short in (Attended(359, 800, True), Attended(360, 799, True), Attended(360, 800, False)):
        lacking = [each.key for each in judge(RULE, 450, short) if not each.met]
        assert len(lacking) == 1, short
    assert judge(RULE, 450, Attended(359))[0].params == {"came": 359, "held": 450, "have": 79, "need": 80}
    assert not completion.is_met(judge({}, 450, Attended(0))), "who never came has not finished"
    assert completion.is_met(judge({}, 450, Attended(1)))
    assert completion.is_met(judge({"share": 100}, 450, Attended(9999, 0, False))), "no more than all"
    assert not completion.is_met(judge(RULE, 0, Attended(0, 900, True))), "nothing was held"
    guest = judge(RULE, 450, Attended(360, None, None))
    assert [each.key for each in guest] == ["share"]


def test_texts_numbers_and_days():
    assert completion.check_text(completion.BODY, "body") == completion.BODY
    for wrong in ("{nme}", "{name.__class__}", "{", "{name}}", "{}"):
        with pytest.raises(RuleError):
            completion.check_text(wrong, "body")
    assert completion.filled("{姓名}", {"name": "{学时}", "hours": "8"}) == "{学时}"
    with pytest.raises(RuleError):
        completion.check_series("{姓名}")
    assert completion.numbered("", 2026, 1) == "2026-00001"
    assert completion.valid_until(date(2028, 2, 29), 3) == date(2031, 2, 28)
    assert completion.valid_until(date(2028, 2, 29), 0) is None
    today = date(2026, 5, 8)
    cases = (True, None), (False, today), (False, date(2026, 5, 7))
    assert [completion.standing(*one, today) for one in cases] == [
        "revoked", "holds", "expired",
    ]  # fmt: skip


# -- giving them


def test_who_has_finished_is_given_one_once(db, frozen):
    one = school(3, rule=RULE | {"exam": False})
    absent(one.events[0], one.members[0].id)
    made = issue(one)
    assert len(made) == 3, "two members and the guest"
    rows = standing(one)
    assert [row.number[-5:] for row in rows] == ["00001", "00002", "00003"]
    assert rows[0].number.startswith("国门20")
    assert sorted(row.kind for row in rows) == ["attendance", "certificate", "certificate"]
    facts = next(row.facts for row in rows if row.kind == "certificate")
    assert facts["credit"] == 1000, "450 minutes of 45"
    assert f"{facts['name']}同志" in facts["text"]
    assert "10学时" in facts["text"]
    guest = next(row.facts for row in rows if row.kind == "attendance")
    assert guest["title"] == completion.GUEST_TITLE
    assert guest["credit"] == 1000
    assert issue(one) == [], "nobody twice"
    assert db.session.scalar(select(CertificateStyle.last)) == 3


@pytest.mark.parametrize(
    ("title", "said"),
    [("示例专题班", "“示例专题班”"), ("“国门”专题班", "“国门”专题班"), ("学“国门”", "学“国门”")],
)
def test_the_name_of_a_class_stands_in_quotes_of_its_own_or_ours(db, frozen, title, said):
    one = school(1)
    with transaction() as session:
        session.get_one(TrainingClass, one.class_id).title = title
    issue(one)
    assert standing(one)[0].facts["class"] == said


def test_one_by_one_says_why_not(db, frozen):
    one = school(2)
    absent(one.events[0], one.members[0].id)
    with pytest.raises(RuleError, match="has not finished"):
        issue(one, [one.enrolments[0]])
    assert len(issue(one, [one.enrolments[1]])) == 1
    with pytest.raises(Conflict, match="meanwhile"):
        issue(one, [one.enrolments[1]])
    assert db.session.scalar(select(CertificateStyle.last)) == 1, "a refusal takes no number"


def test_not_before_the_class_is_closed_nor_without_a_look(db, frozen):
    with pytest.raises(RuleError, match="finished"):
        issue(school(1, state="running"))
    with pytest.raises(RuleError, match="look like"):
        issue(school(1, styled=False))


def test_numbers_have_no_gaps_when_many_give_at_once(db, frozen, at_once):
    """Eight at once, one person each and some of them the same: a number for each certificate, no more."""
    one = school(4)
    actor = one.actor

    def give(enrolment):
        def run():
            with transaction():
                return services.issue(actor, one.class_id, [enrolment])

        return run

    outcomes = at_once(*[give(one.enrolments[n % 4]) for n in range(8)])
    db.session.rollback()
    given = [found for found in outcomes if not isinstance(found, Exception)]
    assert len(given) == 4
    assert all(isinstance(found, list | Conflict) for found in outcomes)
    assert [row.number[-1] for row in standing(one)] == ["1", "2", "3", "4"]


def test_a_broken_rule_is_shown_and_a_new_one_refused(db, frozen, client_for):
    one = school(2)
    issue(one)
    absent(one.events[1], one.members[0].id)
    (broken,) = [each for each in queries.learners(one.row) if each.broken]
    client = client_for(one.admin)
    told = said(client.get(f"/classes/{one.class_id}/certificates"))
    assert "1 张证书所依据的考勤已被更正" in told
    assert "不再符合" in said(client.get(f"/classes/{one.class_id}"))
    path = f"/certificates/{broken.certificate_id}/revoke"
    assert client.post(path, data={"reason": "考勤更正", "again": "y"}).status_code == 422
    assert (
        db.session.scalar(select(Certificate.revoked_at).where(Certificate.id == broken.certificate_id))
        is None
    )
    assert client.post(path, data={"reason": "考勤更正"}).status_code == 303
    assert client.post(path, data={"reason": "再一次"}).status_code == 409


def test_a_new_one_has_a_new_number(db, frozen, client_for):
    one = school(1)
    first, _guest = issue(one)
    client = client_for(one.admin)
    assert (
        client.post(f"/certificates/{first}/revoke", data={"reason": "姓名有误", "again": "y"}).status_code
        == 303
    )
    numbers = [row.number[-1] for row in standing(one)]
    assert numbers == ["2", "3"]
    assert "已作废" in said(client.get("/certificates"))


# -- the look


def sheet(**more):
    return {"title": "结业证书", "body": "{姓名}完成{班次}", "signer": "院长", "series": "国门{年份}-",
            "valid_years": "3", "version": "0"} | more  # fmt: skip


def picture():
    target = io.BytesIO()
    Image.new("RGB", (60, 20), "white").save(target, "PNG")
    return io.BytesIO(target.getvalue()), "签名.png"


def test_the_look_is_said_and_of_two_editors_the_second_is_told(db, frozen, client_for):
    one = school(1, styled=False)
    client, path = client_for(one.admin), f"/academies/{one.academy.id}/certificate"
    assert "结业证书" in said(client.get(path))
    assert "{nme}" in said(client.post(path, data=sheet(body="{nme}")), 422)
    assert client.post(path, data=sheet(signature=picture())).status_code == 303
    row = db.session.scalars(select(CertificateStyle)).one()
    assert (row.version, row.valid_years, bool(row.signature)) == (1, 3, True)
    with client.get(f"{path}/signature.jpg") as answer:
        assert answer.data.startswith(b"\xff\xd8")
    assert said(client.post(path, data=sheet()), 409)
    assert client.post(path, data=sheet(version="1", title="培训证书")).status_code == 303
    told = said(client.post(f"{path}/example", data=sheet(body="{姓名}好")))
    assert "示例姓名好" in told
    issue(one)
    assert standing(one)[0].valid_until is not None
    assert standing(one)[0].facts["title"] == "培训证书"


# -- paper and proof


@pytest.fixture(scope="module")
def paper_rows():
    facts = {"title": "结业证书", "text": "示例学员同志于5月8日至10日参加示例班，共24学时，准予结业。" * 2,
             "academy": "示例党建学院", "signer": "院长 示例"}  # fmt: skip
    return [
        SimpleNamespace(facts=facts, number=f"国门2026-{n:05}", code=f"{n:022}", valid_until=date(2029, 5, 8),
                        issued_on=date(2026, 5, 8))
        for n in range(500)
    ]  # fmt: skip


def test_five_hundred_certificates_take_two_seconds_of_the_processor(app, paper_rows, record_property):
    """Measured in the child that sets them and here: what both spent, whatever else the machine does."""

    def spent():
        return sum(
            sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )

    with app.app_context():
        before = spent()
        pdf = press.drawn(paper_rows, lambda code: f"https://example.cn/c/{code}")
        took = spent() - before
    record_property("for 500 certificates", f"{took:.2f} s of the processor, {len(pdf) / 1e6:.1f} MB")
    assert pdf.startswith(b"%PDF-")
    assert took < 4, "two are promised; a slow machine has twice as long"
    with app.app_context():
        assert len(press.codes_in(pdf)) == 500
        assert press.codes_in(pdf[:1000] + b"x" + pdf[1001:]) == []
        assert press.codes_in(pdf.replace(b"0" * 22, b"1" * 22)) == []
        assert press.codes_in(b"%PDF-1.7 nothing") == []


@pytest.fixture
def drawn(monkeypatch):
    """No child process: what would be drawn, sealed as a real one."""
    monkeypatch.setattr(
        press, "drawn", lambda rows, address: press.sealed(b"%PDF-1.7", [row.code for row in rows])
    )


def test_anybody_with_the_paper_reads_the_minimum(db, frozen, client, client_for, drawn):
    one = school(1)
    issue(one)
    row = next(row for row in standing(one) if row.member_id)
    page = client.get(f"/c/{row.code}")
    told = said(page)
    assert "真实有效" in told
    assert "示***0" in told
    assert one.members[0].name not in told
    assert one.branch.name not in told
    assert row.number in told
    assert page.headers["X-Robots-Tag"].startswith("noindex")
    own = client_for(one.members[0])
    assert row.number in said(own.get("/me/certificates"))
    assert "核验页被打开过 1 次" in said(own.get("/me/certificates"))
    pdf = own.get(f"/me/certificates/{row.id}/paper").data

    def check(content):
        return said(client.post(f"/c/{row.code}", data={"file": (io.BytesIO(content), "证书.pdf")}))

    assert "没有一个字节被改动" in check(pdf)
    assert "不是本平台" in check(pdf + b" ")
    assert "不是本平台" in check(press.sealed(b"%PDF-1.7", ["0" * 22]))
    looks = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "certificate.looked")).all()
    assert len(looks) == 4
    assert all("127.0.0.1" not in str(look.detail) and look.actor_id is None for look in looks)
    with transaction():
        services.revoke(one.actor, row.id, reason="示例原因")
    told = said(client.get(f"/c/{row.code}"))
    assert "已经作废" in told
    assert "示例原因" not in told
    assert "示例原因" in said(own.get("/me/certificates"))
    assert own.get(f"/me/certificates/{row.id}/paper").status_code == 404
    other = client_for(make_other(one))
    assert other.get(f"/me/certificates/{row.id}/paper").status_code == 404


def test_what_certificates_say_goes_with_the_person(db, frozen, client):
    one = school(1)
    issue(one)
    row = next(row for row in standing(one) if row.member_id)
    guests = db.session.scalars(select(Certificate).where(Certificate.guest_id.is_not(None))).one()
    guest_id, as_guest = guests.guest_id, guests.id
    with transaction() as session:
        session.get_one(Guest, guest_id).member_id = row.member_id  # merged since
        services.forget(row.member_id)
    told = said(client.get(f"/c/{row.code}"))
    assert "已经作废" in told
    assert "已注销" in told
    kept = db.session.get_one(Certificate, row.id, populate_existing=True)
    assert one.members[0].name not in str(kept.facts)
    kept = db.session.get_one(Certificate, as_guest, populate_existing=True)
    assert (kept.facts["name"], kept.facts["text"], kept.revoked_at is None) == ("", "", False)


def make_other(one):
    from tests import factories

    return factories.member(one.branch)


def test_ten_thousand_guesses_find_a_closed_door(db, frozen, client, monkeypatch):
    """Every guess after the first hundred or so is refused before the table is asked."""
    asked = []
    monkeypatch.setattr(queries, "by_code", lambda code: asked.append(code))
    answers = [client.get(f"/c/{n:022}").status_code for n in range(160)]
    assert answers[0] == 404
    assert answers[-1] == 429
    known = len(asked)
    assert known < 160
    kept = len(db.session.scalars(select(LoginTry.id)).all())
    assert {client.get(f"/c/{n:022}").status_code for n in range(1000, 1050)} == {429}
    assert len(asked) == known, "the table is asked no more, however many follow"
    assert len(db.session.scalars(select(LoginTry.id)).all()) == kept, "nor does anything grow"
    assert client.get("/c/short").status_code == 404


def test_the_class_of_others_is_not_found(db, frozen, client_for, make):
    one, other = school(1), school(1)
    made = issue(other)
    client = client_for(one.admin)
    for path in (
        f"/classes/{other.class_id}/certificates",
        f"/classes/{other.class_id}/certificates.pdf",
        f"/certificates/{made[0]}/paper",
        f"/certificates/{made[0]}/revoke",
        f"/academies/{other.academy.id}/certificate",
    ):
        assert client.get(path).status_code == 404, path
    assert client.post(f"/classes/{other.class_id}/certificates").status_code == 404
    for wrong in ("", "x", "9" * 30):  # what is no number must not mean everybody
        answer = client.post(f"/classes/{one.class_id}/certificates", data={"enrolment": wrong})
        assert answer.status_code == 404
    foreign = {"enrolment": other.enrolments[0]}
    assert client.post(f"/classes/{one.class_id}/certificates", data=foreign).status_code == 409
    assert standing(one) == []
    assert client_for(make.person(Role.BRANCH_SECRETARY, one.branch)).get("/certificates").status_code == 403


def test_pages_of_a_large_class_take_few_statements(db, frozen, client_for, statements):
    one = school(1, rule=RULE)
    row = db.session.get_one(TrainingClass, one.class_id)
    assert row.quiz_id is None
    client, path = client_for(one.admin), f"/classes/{one.class_id}/certificates"
    client.get(path)
    with statements() as sent:
        said(client.get(path))
    assert len(sent) <= 8, sent
