"""What may become of a claim, without a database."""

from datetime import date
from types import SimpleNamespace

import pytest

from pbtrain.claims import rules
from pbtrain.core.errors import RuleError
from pbtrain.hours.activities import ACTIVITIES, CHANNELS, PROOFS
from pbtrain.hours.policy import PolicyRules

MEMBER, SECRETARY, OTHER = (SimpleNamespace(account_id=n, member_id=n * 10) for n in (1, 2, 3))


def claimed(**fields):
    usual = {
        "kind": "paper", "state": "submitted", "member_id": 10, "made_by_id": 1, "credit": 200,
        "proxy_limit": 200, "host_at": None, "decided_by_id": None,
    }  # fmt: skip
    return SimpleNamespace(**usual | fields)


def test_every_kind_is_a_line_the_ledger_takes():
    for kind in rules.KINDS.values():
        assert kind.activity in ACTIVITIES
        assert kind.channel in CHANNELS
        assert {kind.proof, kind.plain} <= set(PROOFS)


def test_without_evidence_a_claim_is_an_own_statement():
    assert rules.proof_of("paper", files=1) == "C"
    assert rules.proof_of("paper", files=0) == "D"
    assert rules.proof_of("platform", files=2, platform="B") == "B"
    assert rules.proof_of("platform", files=0, platform="B") == "D"
    assert rules.proof_of("host", files=0) == "B", "two secretaries have said so"


@pytest.mark.parametrize("minutes", [4, 0, -90, 721])
def test_minutes_nobody_studies(minutes):
    with pytest.raises(RuleError) as refused:
        rules.check_minutes(minutes)
    assert refused.value.field == "minutes"


def test_days_that_can_be_claimed():
    today = date(2026, 9, 25)
    rules.check_day(today, today=today)
    rules.check_day(date(2025, 1, 1), today=today)
    for day in (date(2026, 9, 26), date(2024, 12, 31)):
        with pytest.raises(RuleError):
            rules.check_day(day, today=today)


def test_points_become_minutes_of_the_policy():
    assert rules.minutes_of(45, 30, 45) == 67
    assert rules.minutes_of(60, 60, 45) == 45
    assert rules.minutes_of(1, 1000, 45) == 1


def test_a_cap_cuts_minutes_never_below_nothing():
    assert rules.within_cap(90, 200, 200) == 90
    assert rules.within_cap(90, 200, 100) == 45
    assert rules.within_cap(90, 200, 0) == 0
    assert rules.within_cap(90, 200, -50) == 0


def test_nobody_decides_on_their_own():
    with pytest.raises(RuleError, match="own hours"):
        rules.check_decider(claimed(), MEMBER, approve=True)
    with pytest.raises(RuleError, match="own hours"):
        rules.check_appeal_judge(claimed(state="appealed"), MEMBER)


def test_whoever_wrote_it_approves_up_to_the_limit_only():
    rules.check_decider(claimed(made_by_id=2, credit=200), SECRETARY, approve=True)
    with pytest.raises(RuleError, match="above 2 hours"):
        rules.check_decider(claimed(made_by_id=2, credit=201), SECRETARY, approve=True)
    rules.check_decider(claimed(made_by_id=2, credit=201), SECRETARY, approve=False)
    rules.check_decider(claimed(made_by_id=2, credit=201), OTHER, approve=True)


def test_two_pairs_of_eyes_are_two_people():
    assert not rules.needs_second(800, rules.Limits(second_above=800))
    assert rules.needs_second(801, rules.Limits(second_above=800))
    assert not rules.needs_second(10_000, rules.Limits(second_above=0)), "the policy sets no limit"
    with pytest.raises(RuleError, match="second pair"):
        rules.check_decider(claimed(decided_by_id=2), SECRETARY, approve=True)


def test_the_host_speaks_first():
    with pytest.raises(RuleError, match="has not confirmed"):
        rules.check_decider(claimed(kind="host"), SECRETARY, approve=True)
    rules.check_decider(claimed(kind="host", host_at=1), SECRETARY, approve=True)


def test_who_waits_for_whom():
    told = {
        "member": [claimed(state="draft"), claimed(state="returned")],
        "secretary": [claimed(), claimed(state="held"), claimed(kind="host", host_at=1)],
        "others": [claimed(state="held", kind="own")],
        "host": [claimed(kind="host")],
        "second": [claimed(decided_by_id=2)],
        "above": [claimed(state="appealed")],
        "nobody": [claimed(state=state) for state in ("approved", "rejected", "withdrawn")],
    }
    assert told.keys() == rules.WAITS.keys()
    for who, claims in told.items():
        assert {rules.waits_for(one) for one in claims} == {who}
    assert rules.waits_for(claimed(), branch_may=False) == "above"


def test_an_appeal_has_a_last_day():
    last = date(2026, 10, 10)
    rules.check_appeal("rejected", last, today=last)
    with pytest.raises(RuleError, match="2026-10-10"):
        rules.check_appeal("rejected", last, today=date(2026, 10, 11))
    with pytest.raises(RuleError, match="nothing to appeal"):
        rules.check_appeal("rejected", None, today=last)
    with pytest.raises(RuleError, match="nothing to appeal"):
        rules.check_appeal("returned", last, today=last)


def test_the_refuser_does_not_judge_the_appeal():
    with pytest.raises(RuleError, match="somebody else decides"):
        rules.check_appeal_judge(claimed(state="appealed", decided_by_id=2), SECRETARY)
    rules.check_appeal_judge(claimed(state="appealed", decided_by_id=2), OTHER)


def test_limits_come_from_the_policy():
    assert rules.limits_of(PolicyRules()) == rules.Limits()
    strict = PolicyRules(proxy_limit=50, two_eyes_above=400, record_days=30, appeal_days=10)
    assert rules.limits_of(strict) == rules.Limits(50, 400, 30, 10)


def test_a_policy_may_ask_for_claims_soon():
    today = date(2026, 9, 25)
    rules.check_day(date(2026, 8, 26), today=today, record_days=30)
    with pytest.raises(RuleError, match="within 30 days"):
        rules.check_day(date(2026, 8, 25), today=today, record_days=30)
