"""A member's page for the year: all of the ledger in pages, what waits, who recorded what; at one cost."""

import random
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from pbtrain.core.db import transaction
from pbtrain.home.views import reach
from pbtrain.hours import persons, posting, queries
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourClaim, HourEntry
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.rules import assess, duties
from pbtrain.hours.views import common
from pbtrain.org.roles import Role
from tests.hours.conftest import DAY, line, post

YEAR = 2026
ALL = (date(YEAR, 1, 1), date(YEAR, 12, 31))


def history(member, number, seed=7):
    """Lines of all kinds, some of them reversed."""
    chance, lines = random.Random(seed), []
    for n in range(number):
        activity = chance.choice(("theme_day", "online_course", "self_study", "party_lecture"))
        day = date(YEAR, 1, 5) + timedelta(days=chance.randrange(240))
        lines.append(
            line(member, f"event:{n}", chance.randrange(20, 500), day, activity, proof=chance.choice("ABCD"))
        )
    ids = post(*lines).entry_ids
    with transaction():
        hours.reverse_many(None, chance.sample(ids, number // 6), reason="点错了人")
    return ids


def whole(member):
    """The verdicts of the year as the rules give them for all lines at once."""
    person = persons.people([member.id])[member.id]
    found = queries.year_of(member.id, YEAR)
    lines = posting.standing_lines({member.id}, {YEAR})[member.id]
    return assess(found.policy, duties(YEAR, person.ties), lines, year=YEAR, today=date(YEAR, 9, 25))


@pytest.mark.parametrize(
    "rules",
    [PolicyRules(), PolicyRules(self_cap=400, proof_caps={"C": 600}, activity_caps={"theme_day": 900})],
)
def test_a_window_of_days_is_judged_as_the_whole_year(db, make, root, branch, rules):
    with transaction():
        hours.publish_policy(None, root.id, YEAR, rules)
    member = make.member(branch)
    history(member, 60)
    told = {one.entry_id: one for one in whole(member).verdicts}
    day_of = dict(db.session.execute(select(HourEntry.id, HourEntry.day)).tuples().all())
    found = queries.year_of(member.id, YEAR)
    assert found.has_caps == bool(rules.self_cap)
    for since, until in (ALL, (date(YEAR, 3, 1), date(YEAR, 4, 15)), (date(YEAR, 7, 7), date(YEAR, 7, 7))):
        judged = queries.judged(found, since, until)
        assert judged.whole == found.has_caps
        for one in judged.assessment.verdicts:
            assert one == told[one.entry_id]
        seen = {line.id for line in judged.lines if since <= line.day <= until}
        assert seen == {
            key for key in told if since <= day_of[key] <= until and told[key].reason not in REVERSED
        }


REVERSED = ("Reversed later", "Reverses an earlier line")


def test_the_pages_hold_every_line_once_and_the_same_sums(app, db, make, branch, client_for, monkeypatch):
    monkeypatch.setattr(common, "LINES_SHOWN", 9)
    member = make.member(branch)
    history(member, 30)
    told = whole(member)
    client, path, seen = client_for(member), "/hours", []
    while path:
        text = client.get(path).text
        assert f"{told.counted / 100:.1f}" in text
        seen += [int(part.split('"')[0]) for part in text.split('href="/hours/lines/')[1:]]
        more = text.split('rel="next" href="')
        path = more[1].split('"')[0].replace("&amp;", "&") if len(more) > 1 else ""
    lines = db.session.scalars(
        select(HourEntry.id)
        .where(HourEntry.member_id == member.id, HourEntry.reverses_id.is_(None))
        .order_by(HourEntry.day.desc(), HourEntry.id.desc())
    )
    assert seen == list(lines)


def test_a_long_history_costs_what_a_short_one_costs(make, branch, client_for, statements):
    short, long = make.member(branch), make.member(branch)
    history(short, 10)
    history(long, 300)
    sent = {}
    for member in (short, long):
        client = client_for(member)
        client.get("/hours")
        with statements() as found:
            page = client.get("/hours")
        sent[member.id] = found.count
        assert page.text.count('href="/hours/lines/') <= 50
    assert sent[short.id] == sent[long.id] <= 13
    found = queries.year_of(long.id, YEAR)
    assert len(queries.judged(found, date(YEAR, 8, 1), date(YEAR, 8, 7)).lines) < 30, "not all are read"


def test_a_line_says_how_sure_it_is_who_recorded_it_and_by_which_rules(make, branch, client_for):
    member, secretary = make.member(branch), make.person(Role.BRANCH_SECRETARY, branch, name="示例白音")
    post(line(member, proof="C"), actor=make.actor(secretary))
    for client, path in (
        (client_for(member), "/hours"),
        (client_for(secretary), f"/branches/{branch.id}/members/{member.id}"),
    ):
        page = client.get(path).text
        assert "C 级：系统记录" in page
        assert "示例白音记入" in page
        assert "2025年规则第 1 版" in page


STATES = {
    "submitted": "等书记审核",
    "appealed": "上级",
    "held": "等书记审核",
    "returned": "本人",
    "rejected": "未通过",
    "draft": "草稿",
}


@pytest.mark.parametrize("state", [*STATES, "approved", "withdrawn"])
def test_claims_say_whom_they_wait_for(db, make, branch, client_for, state):
    member = make.member(branch)
    make.save(
        HourClaim(
            member_id=member.id, unit_id=branch.id, kind="paper", state=state, occurrence="claim:1",
            title="示例纸上课堂", activity="theme_day", channel="paper", proof="C", day=DAY, minutes=90,
            uncovered=90, credit=200, reason="照片看不清", appeal_until=date(YEAR, 10, 9),
        )
    )  # fmt: skip
    secretary = make.person(Role.BRANCH_SECRETARY, branch)
    own = client_for(member).get("/hours").text
    seen = client_for(secretary).get(f"/branches/{branch.id}/members/{member.id}").text
    assert ("示例纸上课堂" in own) == (state in STATES)
    assert ("示例纸上课堂" in seen) == (state in STATES and state != "draft"), "a draft is nobody else's"
    assert STATES.get(state, "") in own.split('id="h-lines"')[0]
    assert ("照片看不清" in own) == (state in ("returned", "rejected"))
    assert ("可以申诉" in own) == (state == "rejected")
    assert ("待审核 2.0" in own) == (state in ("submitted", "appealed"))


def test_what_waits_is_added_up_however_much_was_refused_since(make, branch, client_for, monkeypatch):
    monkeypatch.setattr(reach, "CLAIMS_SHOWN", 2)
    member = make.member(branch)
    for number, state in enumerate(("submitted", "rejected", "rejected")):
        make.save(
            HourClaim(
                member_id=member.id, unit_id=branch.id, kind="paper", state=state, title="示例纸上课堂",
                occurrence=f"claim:{number}", activity="theme_day", channel="paper", proof="C", day=DAY,
                minutes=90, uncovered=90, credit=200,
            )
        )  # fmt: skip
    assert "待审核 2.0" in client_for(member).get("/hours").text
