"""The own line of whoever records a meeting waits for another of the committee or the level above."""

from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from pbtrain.core import clock
from pbtrain.core.db import db as database
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.events import queries, services
from pbtrain.hours import services as hours
from pbtrain.hours.confirming import ASKED_ABOVE
from pbtrain.hours.models import HourClaim, HourEntry
from pbtrain.hours.verify import verify
from pbtrain.notify.models import Message
from pbtrain.org.models import Post
from pbtrain.org.roles import Role
from tests.events.conftest import count, counted

LONG_AGO = date(2020, 1, 1)
APPROVE = {"act": "approve"}


@pytest.fixture
def own(make, secretary):
    """The secretary as a member of the branch: the id."""
    return make.actor(secretary).member_id


@pytest.fixture
def leads(make, branch):
    """`leads(kind)` is a member of the branch who holds that post, and no role."""

    def appointed(kind="deputy", **more):
        person = make.member(branch, name=f"示例{kind}")
        make.save(Post(member_id=person.id, unit_id=branch.id, kind=kind, valid_from=LONG_AGO, **more))
        return person

    return appointed


def claims():
    return database.session.scalars(
        select(HourClaim).order_by(HourClaim.id).execution_options(populate_existing=True)
    ).all()


def told(account_id):
    return database.session.scalars(
        select(Message.subject).where(Message.account_id == account_id).order_by(Message.id)
    ).all()


def test_it_is_held_and_confirmed_once_by_who_leads_with_them(record, people, own, leads, client_for):
    deputy = leads()
    ended = leads("committee_member", valid_until=clock.today())
    done = record([own, *people])
    assert (len(done.posted.entry_ids), done.posted.own, done.posted.held) == (3, 1, 0)
    claim = claims()[0]
    assert (claim.kind, claim.state, claim.member_id, claim.uncovered, claim.credit) == (
        "own", "held", own, 90, 200,
    )  # fmt: skip
    assert not counted(own)
    assert [str(finding) for finding in verify()] == [], "the year was opened for a line that waits"
    assert [row.member_id for row in queries.effect(done.event_id).own] == [own]
    assert [len(told(one.account_id)) for one in (deputy, ended)] == [1, 0]

    browser = client_for(deputy)
    assert 'href="/confirm"' in browser.get("/").text
    assert "重温入党志愿书" in browser.get("/confirm").text
    assert browser.post(f"/confirm/{claim.id}", data=APPROVE).status_code == 303
    assert counted(own) == 200
    source = database.session.scalar(select(HourEntry.source).where(HourEntry.member_id == own))
    assert source == f"event:{done.event_id}/member:{own}#1"
    again = browser.post(f"/confirm/{claim.id}", data=APPROVE)
    assert (again.status_code, "示例deputy" in again.text) == (409, True)
    assert count(HourEntry, HourEntry.member_id == own) == 1
    assert "重温入党志愿书" not in browser.get("/confirm").text
    assert 'href="/confirm"' not in browser.get("/").text
    assert len(told(claim.made_by_id)) == 1


def test_nobody_else_has_a_word(make, record, people, own, leads, client_for, secretary, branch, committee):
    ended = leads(valid_until=clock.today())
    elsewhere = make.member(sister := make.unit(parent=committee))
    make.save(Post(member_id=elsewhere.id, unit_id=sister.id, kind="secretary", valid_from=LONG_AGO))
    record([own, *people])
    claim = claims()[0]
    for one in (make.member(branch), ended, elsewhere, secretary):
        browser = client_for(one)
        assert "重温入党志愿书" not in browser.get("/confirm").text
        assert browser.post(f"/confirm/{claim.id}", data=APPROVE).status_code == 404
    with pytest.raises(RuleError, match="their own hours"), transaction():
        hours.decide_held(make.actor(secretary), claim.id, approve=True)
    assert client_for(secretary).post(f"/held/{claim.id}/approve").status_code == 422
    judging = text("UPDATE hour_claim SET state = 'approved', decided_by_id = made_by_id WHERE id = :id")
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(judging, {"id": claim.id})
    assert not counted(own)


def test_a_refusal_says_why_and_the_recorder_reads_it(record, people, own, leads, client_for):
    browser = client_for(leads("committee_member"))
    record([own, *people])
    claim = claims()[0]
    assert browser.post(f"/confirm/{claim.id}", data={"act": "reject"}).status_code == 422
    assert browser.post(f"/confirm/{claim.id}", data={"act": "nonsense"}).status_code == 400
    answer = browser.post(f"/confirm/{claim.id}", data={"act": "reject", "reason": "那天在外地出差"})
    assert answer.status_code == 303
    assert (claims()[0].state, claims()[0].reason, counted(own) or 0) == ("rejected", "那天在外地出差", 0)
    assert len(told(claim.made_by_id)) == 1


def test_a_correction_takes_it_back_and_another_recorder_attests_it(
    make, record, people, own, secretary, branch, leads
):
    event_id = record([own, *people]).event_id

    def correct(who, came, version):
        actor = make.actor(who)
        with transaction():
            return services.correct_event(actor, event_id, came, reason="核对签到表", version=version)

    correct(secretary, people, 1)
    assert [claim.state for claim in claims()] == ["rejected"]
    assert correct(secretary, [own, *people], 2).posted.own == 1
    correct(secretary, people, 3)
    done = correct(make.person(Role.BRANCH_SECRETARY, branch), [own, *people], 4).posted
    assert (len(done.entry_ids), done.own, counted(own)) == (1, 0, 200)


def test_the_level_above_confirms_several_at_once(
    make, record, people, own, client_for, committee, statements
):
    ids = [record([own, *people], hour=hour).event_id for hour in (9, 11, 13)]
    assert len(ids) == len(claims()) == 3
    above = client_for(make.person(Role.UNIT_AUDITOR, committee))
    outside = client_for(make.person(Role.UNIT_AUDITOR, make.unit()))
    page = above.get("/appeals").text
    assert all(f'name="claim" value="{claim.id}"' in page for claim in claims())
    named = {"claim": [claim.id for claim in claims()]}
    assert outside.post("/appeals/confirm", data=named).status_code == 404
    with statements() as one:
        assert above.post(f"/appeals/{claims()[0].id}", data=APPROVE | {"version": "1"}).status_code == 303
    assert above.post("/appeals/confirm", data=named).status_code == 409, "all or none"
    assert [claim.state for claim in claims()] == ["approved", "held", "held"]
    with statements() as two:
        assert above.post("/appeals/confirm", data={"claim": named["claim"][1:]}).status_code == 303
    assert two.count <= one.count + 4, two
    assert counted(own) == 600
    assert above.post("/appeals/confirm", data={"claim": "x"}).status_code == 400


def test_where_nobody_else_leads_the_nearest_level_above_is_asked(
    make, record, people, own, leads, committee, branch
):
    heads = [make.person(Role.UNIT_AUDITOR, committee) for _ in range(ASKED_ABOVE + 1)]
    away = make.person(Role.UNIT_ADMIN, committee, disabled_at=clock.now())
    record([own, *people], hour=9)
    record([own, *people], hour=11)
    assert [len(told(one.id)) for one in (*heads, away)] == [2] * ASKED_ABOVE + [0, 0], "once an occasion"
    link = select(Message.link).where(Message.account_id == heads[0].id).distinct()
    assert database.session.scalars(link).all() == ["/appeals"]
    near = make.person(Role.UNIT_ADMIN, branch)
    record([own, *people], hour=13)
    assert [len(told(one.id)) for one in (near, heads[0])] == [1, 2], "not everybody up to the top"
    deputy = leads()
    record([own, *people], hour=15)
    assert [len(told(one)) for one in (deputy.account_id, near.id)] == [1, 1]


def test_what_came_in_its_way_meanwhile_is_found(make, record, people, own, leads, client_for, branch):
    record([own, *people])
    other = make.actor(make.person(Role.BRANCH_SECRETARY, branch))
    began = clock.at(clock.today(), 9, 30)
    meeting = services.Meeting(branch.id, "party_lecture", "示例党课", began, 60)
    with transaction():
        services.record_event(other, meeting, [own], form_id=str(uuid4()))
    answer = client_for(leads()).post(f"/confirm/{claims()[0].id}", data=APPROVE)
    assert answer.status_code == 303
    assert [(claim.kind, claim.state, claim.uncovered) for claim in claims()] == [
        ("own", "approved", 90),
        ("overlap", "held", 30),
    ]


def test_pages_say_whom_it_waits_for(record, people, own, secretary, leads, client_for):
    event_id = record([own, *people]).event_id
    browser = client_for(secretary)
    alone = browser.get(f"/events/{event_id}").text
    assert "要由另一名支部委员或上级确认后入账" in alone
    assert "由上级确认" in alone
    leads()
    assert "示例deputy" in browser.get(f"/events/{event_id}").text
    home = browser.get("/").text
    assert "等别人确认" in home
    assert "待定学时" not in home, "nothing for the secretary to do"
    listed = browser.get("/held").text
    assert "等别人确认" in listed
    assert "/approve" not in listed
    assert "等另一名支部委员或上级" in browser.get("/hours").text
