"""What is worth a second look, without a database; and that a desk of any length reads its facts once."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update

from pbtrain.claims import noticing, queries, signals
from pbtrain.claims.signals import Likeness, Line
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourClaim, HourEntry
from pbtrain.org.roles import Perm
from tests.claims.conftest import DAY, claim, handed_in, look_at_all, piece

NOON = clock.at(DAY, 12)


def words(found):
    return [one.message for one in found]


def test_two_places_at_once():
    line = Line("主题党日", 200, NOON, NOON + timedelta(hours=1))
    half = timedelta(minutes=30)
    assert len(signals.two_places(NOON + half, NOON + 3 * half, [line])) == 1
    assert signals.two_places(NOON + 2 * half, NOON + 3 * half, [line]) == [], "what touches does not overlap"
    assert signals.two_places(None, None, [line]) == []


@pytest.mark.parametrize(("credit", "left"), [(150, None), (151, 150), (1000, 150)])
def test_more_than_a_day_can_hold(credit, left):
    found = signals.over_the_day(credit, 800, [Line("上午", 400), Line("下午", 250)])
    assert [dict(one.params)["left"] for one in found] == ([] if left is None else [left])


@pytest.mark.parametrize(
    ("day", "typed", "late"),
    [
        (date(2026, 9, 2), date(2026, 12, 24), False),
        (date(2026, 9, 2), date(2026, 12, 25), True),
        (date(2026, 9, 2), date(2027, 1, 3), True),
        (date(2026, 12, 22), date(2026, 12, 28), False),
        (date(2026, 12, 29), date(2027, 1, 2), False),
    ],
)
def test_typed_when_the_year_was_nearly_over(day, typed, late):
    assert bool(signals.typed_late(day, typed)) is late


def test_everybody_of_a_branch_of_some_size():
    assert signals.everybody(4, 4) == []
    assert signals.everybody(5, 6) == []
    assert len(signals.everybody(6, 6)) == 1


def test_the_same_picture_names_only_who_is_in_reach():
    mine, near, far = (
        Likeness(1, "示例李秀英", DAY, 7, own=True),
        Likeness(1, "示例李秀英", DAY, 7, own=False),
        Likeness(2, "", DAY, 9, own=False),
    )
    found = signals.same_pictures([mine, near, far])
    assert [one.claim_id for one in found] == [7, 7, None]
    assert "another branch" in found[2].message


def noticed(actor, perm=Perm.CLAIM_DECIDE):
    from pbtrain.core.db import db

    db.session.rollback()
    rows = db.session.execute(queries.desk(actor)).all()
    return noticing.of_claims(actor, perm, rows)


def test_a_picture_used_twice_is_flagged_to_the_decider_and_not_to_the_member(client_for, make, place):
    first = handed_in(place.member, None, piece(1))
    other = make.actor(make.member(place.branch))
    second = handed_in(other, None, piece(2), piece(1, "又一张.jpg"))
    found = noticed(place.secretary)
    assert [dict(one.params)["number"] for one in found[second]] == [2]
    assert found[first][0].claim_id == second
    page = client_for(place.secretary).get(f"/desk/{second}").get_data(as_text=True)
    assert f"照片 2 与{place.member.name}" in page
    for who in (other, place.member):
        for url in ("/claims", f"/claims/{second if who is other else first}"):
            assert "相同" not in client_for(who).get(url).get_data(as_text=True)


def test_the_picture_of_another_branch_is_told_without_a_name(make, place):
    stranger = make.actor(make.member(place.other))
    handed_in(stranger, None, piece(1))
    mine = handed_in(place.member, None, piece(1))
    found = noticed(place.secretary)[mine]
    assert (dict(found[0].params)["name"], found[0].claim_id) == ("", None)


def test_drafts_are_nobodys_twin(place, make):
    from tests.claims.conftest import make as draft

    draft(make.actor(make.member(place.branch)), None, piece(1))
    mine = handed_in(place.member, None, piece(1))
    assert noticed(place.secretary)[mine] == []


def test_the_day_is_full_and_the_time_is_taken(place):
    with transaction():
        hours.post_many(
            None,
            [
                hours.Line(
                    place.member.member_id, DAY, "theme_day", 300, "event:1", "主题党日", NOON,
                    NOON + timedelta(minutes=300),
                )
            ],
        )  # fmt: skip
    mine = handed_in(place.member, None, starts_at=NOON + timedelta(minutes=60), kind="radio")
    found = words(noticed(place.secretary)[mine])
    assert len(found) == 2
    assert found[0].startswith("At the same time")


def test_the_facts_of_a_desk_are_read_once(place, make, statements):
    def cost():
        with statements() as sent:
            noticed(place.secretary)
        return sent.count

    for n in range(2):
        handed_in(make.actor(make.member(place.branch)), None, piece(n))
    handed_in(place.member, None, piece(0))
    few = cost()
    for n in range(12):
        handed_in(make.actor(make.member(place.branch)), None, piece(n), title=f"第{n}期")
    assert cost() == few


def test_two_hundred_claims_in_one_sitting(client_for, make, place, statements, db):
    """Every answer is a part of the page, and costs the same whether two hundred wait or a few."""
    members = [make.actor(make.member(place.branch)) for _ in range(10)]
    ids = [
        handed_in(members[n % 10], None, kind="self_study", title=f"自学{n}", minutes=10 + n // 10,
                  day=DAY - timedelta(days=n % 20))
        for n in range(40)
    ]  # fmt: skip
    last = claim(ids[-1])
    columns = [column.key for column in HourClaim.__table__.columns if column.key not in ("id", "uuid")]
    same = {name: getattr(last, name) for name in columns}
    copies = [HourClaim(**same | {"occurrence": f"claim:copy{n}", "form_id": f"copy{n}"}) for n in range(160)]
    make.save(*copies)
    client, costs = client_for(place.secretary), []
    assert "200" in client.get("/desk").get_data(as_text=True)
    for number, claim_id in enumerate(ids):
        if number == 20:
            with transaction() as session:  # taken back; the rest of the sitting is short
                waiting = HourClaim.occurrence.startswith("claim:copy")
                session.execute(update(HourClaim).where(waiting).values(state="withdrawn"))
        act = "return" if number % 10 == 9 else "approve"
        data = {"act": act, "version": "2", "reason": "请补充学习内容", "next": str(claim_id + 1)}
        with statements() as sent:
            answer = client.post(f"/desk/{claim_id}", data=data, headers={"HX-Request": "true"})
        if act == "approve":
            costs.append(sent.count)
        assert answer.status_code == 200
        assert b"<html" not in answer.data
    db.session.rollback()
    assert db.session.scalar(select(func.count(HourEntry.id))) == 36
    assert "没有等你审核的申报" in client.get("/desk").get_data(as_text=True)
    assert max(costs[5:30]) <= min(costs[5:30]) + 2, costs


def test_bulk_approval_takes_only_what_was_seen(client_for, place, make, db):
    seen = handed_in(place.member, None, piece(1))
    other = handed_in(make.actor(make.member(place.branch)), None, piece(2), title="另一件")
    client = client_for(place.secretary)
    pairs = [f"{one}:2" for one in (seen, other)]
    assert client.post("/desk/approve", data={"claim": pairs}).status_code == 422
    look_at_all(place.secretary, seen)
    look_at_all(place.secretary, other)
    assert "批量通过 2 件" in client.get("/desk").get_data(as_text=True)
    assert client.post("/desk/approve", data={"claim": [*pairs, "999999:1"]}).status_code == 404
    assert client.post("/desk/approve", data={"claim": "nonsense"}).status_code == 400
    assert client.post("/desk/approve", data={"claim": pairs}).status_code == 303
    assert {claim(one).state for one in (seen, other)} == {"approved"}


def test_bulk_approval_with_a_foreign_claim_changes_nothing(client_for, make, place):
    mine = handed_in(place.member, None, kind="self_study")
    foreign = handed_in(make.actor(make.member(place.other)), None, kind="self_study")
    pairs = [f"{one}:2" for one in (mine, foreign)]
    assert client_for(place.secretary).post("/desk/approve", data={"claim": pairs}).status_code == 404
    assert claim(mine).state == "submitted"
