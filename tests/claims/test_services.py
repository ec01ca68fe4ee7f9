"""Claims through their services: who does what, what the ledger gets, what is told to whom."""

from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from pbtrain.audit.models import AuditEvent
from pbtrain.claims import deciding, queries, rules, services
from pbtrain.claims.models import ClaimStep, Evidence
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.storage import StoredFile
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourClaim, HourEntry
from pbtrain.hours.policy import PolicyRules
from pbtrain.notify.models import Message
from pbtrain.org.roles import Role
from tests.claims.conftest import DAY, approve, claim, do, entries, handed_in, look_at_all, make, piece


def acts(db, claim_id):
    db.session.rollback()
    return list(
        db.session.scalars(select(ClaimStep.act).where(ClaimStep.claim_id == claim_id).order_by(ClaimStep.id))
    )


def told(db, account_id):
    db.session.rollback()
    return list(
        db.session.scalars(
            select(Message.subject).where(Message.account_id == account_id).order_by(Message.id)
        )
    )


def test_a_claim_with_pictures_becomes_one_line(db, place):
    claim_id = handed_in(place.member, None, piece(1), piece(2), piece(3))
    assert claim(claim_id).proof == "C"
    done = approve(place.secretary, claim_id)
    assert done.posted == [claim_id]
    source = f"claim:{claim_id}/member:{place.member.member_id}#1"
    assert entries() == [(90, 200, source, "C", "paper")]
    row = claim(claim_id)
    assert (row.state, row.decided_by_id) == ("approved", place.secretary.account_id)
    assert row.entry_id == db.session.scalar(select(HourEntry.id))
    assert acts(db, claim_id) == ["made", "submitted", "approved"]
    assert told(db, place.member.account_id) == ["已认定：条例答卷第 2 期"]


def test_the_same_form_makes_one_claim(place):
    form = "0b7e9d7e-0000-4000-8000-000000000001"
    first = make(place.member, None, piece(1), form_id=form)
    assert make(place.member, None, piece(1), form_id=form) == first
    with pytest.raises(Conflict):
        make(place.secretary, None, form_id=form)


def test_the_same_picture_twice_in_one_claim_is_kept_once(db, place):
    claim_id = make(place.member, None, piece(1), piece(1), piece(2))
    assert db.session.scalar(select(func.count(Evidence.id)).where(Evidence.claim_id == claim_id)) == 2


def test_ten_pictures_are_one_too_many(db, place):
    with pytest.raises(RuleError, match="at most 9"):
        make(place.member, None, *[piece(n) for n in range(10)])
    assert db.session.scalar(select(func.count(HourClaim.id))) == 0


def test_what_came_back_is_mended_and_handed_in_again(db, place):
    claim_id = handed_in(place.member, None, piece(1))
    do(deciding.send_back, place.secretary, claim_id, reason="照片看不清，请补拍答卷第 2 页")
    row = claim(claim_id)
    assert (row.state, row.reason, row.appeal_until) == ("returned", "照片看不清，请补拍答卷第 2 页", None)
    wanted = services.Wanted("paper", "条例答卷第 2 期", DAY, 90)
    do(services.change, place.member, claim_id, wanted, [piece(2)])
    do(services.submit, place.member, claim_id)
    row = claim(claim_id)
    assert (row.state, row.reason, row.decided_by_id) == ("submitted", "", None)
    approve(place.secretary, claim_id)
    assert acts(db, claim_id) == ["made", "submitted", "returned", "changed", "submitted", "approved"]


def test_a_returned_claim_is_not_approved(place):
    claim_id = handed_in(place.member, None, piece(1))
    do(deciding.send_back, place.secretary, claim_id, reason="看不清")
    with pytest.raises(Conflict):
        approve(place.secretary, claim_id)


def test_rejected_appealed_and_granted_from_above(db, place):
    claim_id = handed_in(place.member, None, piece(1))
    do(deciding.reject, place.secretary, claim_id, reason="不是学习内容")
    assert claim(claim_id).appeal_until == clock.today() + timedelta(days=15)
    do(services.appeal, place.member, claim_id, reason="是支部印发的答卷")
    assert queries.counted(queries.appeals(place.above))[0] == 1
    done = do(deciding.judge, place.above, claim_id, grant=True, reason="核对无误")
    assert done.posted == [claim_id]
    row = claim(claim_id)
    assert (row.state, row.decided_by_id, row.second_by_id) == (
        "approved", place.secretary.account_id, place.above.account_id,
    )  # fmt: skip
    assert len(entries()) == 1
    assert told(db, place.member.account_id) == ["未予认定：条例答卷第 2 期", "申诉成立：条例答卷第 2 期"]


def test_an_appeal_is_decided_once_and_for_all(place):
    claim_id = handed_in(place.member, None, piece(1))
    do(deciding.reject, place.secretary, claim_id, reason="不是学习内容")
    do(services.appeal, place.member, claim_id, reason="请再看看")
    with pytest.raises(RuleError, match="somebody else"):
        do(deciding.judge, place.secretary, claim_id, grant=True, reason="算了")
    do(deciding.judge, place.above, claim_id, grant=False, reason="维持原决定")
    assert claim(claim_id).state == "rejected"
    with pytest.raises(RuleError, match="nothing to appeal"):
        do(services.appeal, place.member, claim_id, reason="再来一次")


def test_an_appeal_comes_in_time_or_not_at_all(place, frozen):
    claim_id = handed_in(place.member, None, piece(1))
    do(deciding.reject, place.secretary, claim_id, reason="不是学习内容")
    frozen.shift(days=16)
    with pytest.raises(RuleError, match="ended on 2026-10-10"):
        do(services.appeal, place.member, claim_id, reason="请再看看")


def test_nobody_approves_their_own(db, place):
    own = handed_in(place.secretary, None, piece(1))
    with pytest.raises(RuleError, match="own hours"):
        approve(place.secretary, own)
    with pytest.raises(RuleError, match="own hours"):
        do(deciding.reject, place.secretary, own, reason="算了")
    assert queries.counted(queries.desk(place.secretary))[0] == 0
    assert queries.counted(queries.appeals(place.above))[0] == 1, (
        "nobody in the branch may decide: the level above"
    )
    assert approve(place.above, own).posted == [own]


def test_the_database_refuses_ones_own_too(db, place):
    own = handed_in(place.member, None, piece(1))
    itself = update(HourClaim).where(HourClaim.id == own)
    with pytest.raises(IntegrityError, match="not_ones_own"), transaction() as session:
        session.execute(itself.values(state="approved", decided_by_member_id=place.member.member_id))


def test_a_claim_written_for_an_old_member_up_to_the_proxy_limit(db, place):
    old = SimpleNamespace(id=place.member.member_id)
    small = handed_in(place.secretary, old, piece(1), minutes=90)
    assert approve(place.secretary, small).posted == [small]
    large = handed_in(place.secretary, old, piece(2), minutes=100, day=date(2026, 9, 3))
    with pytest.raises(RuleError, match="above 2 hours"):
        approve(place.secretary, large)
    assert large not in {row.id for row in db.session.execute(queries.desk(place.secretary))}
    assert large in {row.id for row in db.session.execute(queries.appeals(place.above))}
    assert approve(place.above, large).posted == [large]
    assert told(db, place.member.account_id)[-1].endswith("条例答卷第 2 期")


def test_above_eight_hours_two_people_approve(db, make, place):
    with transaction():
        hours.publish_policy(None, place.root.id, 2026, PolicyRules(two_eyes_above=800))
    claim_id = handed_in(place.member, None, piece(1), minutes=400)
    done = approve(place.secretary, claim_id)
    assert (done.posted, done.waiting) == ([], [claim_id])
    row = claim(claim_id)
    assert (row.state, row.decided_by_id) == ("submitted", place.secretary.account_id)
    assert entries() == []
    with pytest.raises(RuleError, match="second pair"):
        approve(place.secretary, claim_id)
    deputy = make.actor(make.person(Role.BRANCH_SECRETARY, place.branch))
    assert claim_id in {row.id for row in db.session.execute(queries.desk(deputy))}
    assert approve(deputy, claim_id).posted == [claim_id]
    assert claim(claim_id).second_by_id == deputy.account_id
    assert acts(db, claim_id) == ["made", "submitted", "agreed", "approved"]


def test_what_waits_is_judged_by_rules_that_were_published_meanwhile(place):
    """Hours that are more by the new rules of that day were approved alone by what they had been before."""
    limit = PolicyRules(two_eyes_above=1000)
    with transaction():
        hours.publish_policy(None, place.root.id, 2026, limit)
    claim_id = handed_in(place.member, None, piece(1), minutes=400)
    assert claim(claim_id).credit == 889
    with transaction():
        hours.publish_policy(None, place.root.id, 2026, replace(limit, minutes_per_hour=30))
    assert approve(place.secretary, claim_id).waiting == [claim_id]
    assert claim(claim_id).credit == 1333


def test_a_member_of_another_branch_needs_two_keys(db, place):
    claim_id = handed_in(place.member, None, kind="host", activity="theme_day", host_unit_id=place.other.id)
    assert claim_id not in {row.id for row in db.session.execute(queries.desk(place.secretary))}
    assert claim_id in {row.id for row in db.session.execute(queries.desk(place.host))}
    with pytest.raises(RuleError, match="has not confirmed"):
        approve(place.secretary, claim_id)
    do(services.confirm_host, place.host, claim_id)
    assert claim_id not in {row.id for row in db.session.execute(queries.desk(place.host))}
    approve(place.secretary, claim_id)
    entry = db.session.execute(select(HourEntry.activity, HourEntry.proof, HourEntry.mode)).one()
    assert entry == ("theme_day", "B", "group")
    assert acts(db, claim_id) == ["made", "submitted", "confirmed", "approved"]


def test_the_host_may_send_it_back(place):
    claim_id = handed_in(place.member, None, kind="host", host_unit_id=place.other.id)
    do(deciding.send_back, place.host, claim_id, reason="当天没有见到这位同志")
    assert claim(claim_id).state == "returned"


def test_a_host_who_says_nothing_does_not_keep_a_claim_for_good(db, place, frozen):
    claim_id = handed_in(place.member, None, kind="host", host_unit_id=place.other.id)
    frozen.shift(days=7, minutes=1)
    assert claim_id in {row.id for row in db.session.execute(queries.desk(place.secretary))}
    with pytest.raises(RuleError, match="has not confirmed"):
        approve(place.secretary, claim_id)
    do(deciding.reject, place.secretary, claim_id, reason="对方支部一直没有确认")
    assert claim(claim_id).state == "rejected"


def test_ones_own_branch_is_no_host(place):
    with pytest.raises(RuleError, match="other branch"):
        make(place.member, None, kind="host", host_unit_id=place.branch.id)


def test_a_line_that_overlaps_is_held(db, place):
    start = clock.at(DAY, 14)
    with transaction():
        hours.post_many(
            None,
            [hours.Line(place.member.member_id, DAY, "theme_day", 60, "event:1", "主题党日", start,
                        start + timedelta(hours=1))],
        )  # fmt: skip
    claim_id = handed_in(place.member, None, piece(1), starts_at=start + timedelta(minutes=30))
    done = approve(place.secretary, claim_id)
    assert (done.posted, done.held) == ([], 1)
    held = db.session.scalars(select(HourClaim).where(HourClaim.state == "held")).one()
    assert (held.occurrence, held.uncovered) == (f"claim:{claim_id}", 60)


def test_pictures_nobody_has_looked_at_are_not_approved(place):
    claim_id = handed_in(place.member, None, piece(1), piece(2))
    version = claim(claim_id).version
    with pytest.raises(RuleError, match="2 pictures have not been looked at"), transaction():
        deciding.approve(place.secretary, [(claim_id, version)])


def test_a_bulk_with_one_foreign_version_approves_nothing(db, place):
    first, second = (handed_in(place.member, None, minutes=n) for n in (30, 40))
    versions = [(first, claim(first).version), (second, claim(second).version - 1)]
    with pytest.raises(Conflict), transaction():
        deciding.approve(place.secretary, versions)
    assert entries() == []
    assert claim(first).state == "submitted"


def test_changing_evidence_meanwhile_is_a_conflict(place):
    claim_id = make(place.member, None, piece(1))
    seen = claim(claim_id).version
    evidence_id = queries.files(claim_id)[0].id
    do(services.remove_file, place.member, claim_id, evidence_id)
    with pytest.raises(Conflict, match=place.member.name), transaction():
        services.submit(place.member, claim_id, seen)


def test_what_is_taken_away_leaves_no_row(db, place):
    claim_id = make(place.member, None, piece(1), piece(2))
    do(services.remove_file, place.member, claim_id, queries.files(claim_id)[0].id)
    assert len(queries.files(claim_id)) == 1
    assert db.session.scalar(select(func.count(StoredFile.id))) == 1
    do(services.remove_file, place.member, claim_id, queries.files(claim_id)[0].id)
    assert claim(claim_id).proof == "D", "nothing proves it any more"


def test_what_was_handed_in_is_not_changed(place):
    claim_id = handed_in(place.member, None, piece(1))
    with pytest.raises(RuleError, match="handed in"):
        do(services.change, place.member, claim_id, services.Wanted("paper", "别的", DAY, 45), [])


def test_withdrawn_is_withdrawn(place):
    claim_id = handed_in(place.member, None, piece(1))
    do(services.withdraw, place.member, claim_id)
    assert claim(claim_id).state == "withdrawn"
    with pytest.raises(Conflict):
        approve(place.secretary, claim_id)
    with pytest.raises(Conflict):
        do(services.withdraw, place.member, claim_id)


def test_a_decision_is_taken_back_within_minutes(db, place, frozen):
    claim_id = handed_in(place.member, None, piece(1))
    approve(place.secretary, claim_id)
    do(deciding.take_back, place.secretary, claim_id)
    assert [row.minutes for row in entries()] == [90, -90]
    row = claim(claim_id)
    assert (row.state, row.decided_by_id, row.entry_id) == ("submitted", None, None)
    do(deciding.reject, place.secretary, claim_id, reason="不是学习内容")
    do(deciding.take_back, place.secretary, claim_id)
    approve(place.secretary, claim_id)
    assert [row.source.rsplit("#")[-1] for row in entries()] == ["1", "1/reversal", "2"]
    frozen.shift(minutes=11)
    with pytest.raises(RuleError, match="10 minutes"):
        do(deciding.take_back, place.secretary, claim_id)


def test_only_ones_own_decision_is_taken_back(make, place):
    claim_id = handed_in(place.member, None, piece(1))
    approve(place.secretary, claim_id)
    deputy = make.actor(make.person(Role.BRANCH_SECRETARY, place.branch))
    with pytest.raises(RuleError, match="your own last decision"):
        do(deciding.take_back, deputy, claim_id)


def test_a_claim_of_a_day_without_a_branch_or_policy_is_refused(place):
    with pytest.raises(RuleError):
        make(place.member, None, day=date(2024, 5, 1))
    with pytest.raises(RuleError, match="before they happen"):
        make(place.member, None, day=clock.today() + timedelta(days=1))


def test_a_member_has_so_many_open_claims_and_no_more(place, monkeypatch):
    monkeypatch.setattr(rules, "MOST_OPEN", 2)
    make(place.member, None)
    make(place.member, None)
    with pytest.raises(RuleError, match="2 claims are open"):
        make(place.member, None)


def test_every_act_leaves_a_step_and_an_audit_event(db, place):
    claim_id = handed_in(place.member, None, piece(1))
    do(deciding.reject, place.secretary, claim_id, reason="不是学习内容")
    found = db.session.scalars(
        select(AuditEvent.action).where(AuditEvent.target == f"claim:{claim_id}").order_by(AuditEvent.id)
    ).all()
    assert found == ["claim.made", "claim.submitted", "claim.rejected"]
    with pytest.raises(DBAPIError, match="claim_step"), transaction() as session:
        session.execute(update(ClaimStep).values(reason="改了"))


def test_rules_of_a_branch_with_another_hour(db, make, place):
    with transaction():
        hours.publish_policy(None, place.branch.id, 2025, PolicyRules(minutes_per_hour=60))
    claim_id = handed_in(place.member, None, piece(1))
    assert claim(claim_id).credit == 150


def test_statements_of_an_approval_do_not_grow(db, place, statements):
    def cost(count):
        ids = [handed_in(place.member, None, minutes=20 + n) for n in range(count)]
        for claim_id in ids:
            look_at_all(place.secretary, claim_id)
        versions = [(claim_id, claim(claim_id).version) for claim_id in ids]
        with statements() as sent, transaction():
            deciding.approve(place.secretary, versions)
        return sent.count

    few = cost(2)
    assert cost(12) <= few + 1
