"""The rules of hours: what is owed, what counts, and that the explanation adds up to the number."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbtrain.core.errors import RuleError
from pbtrain.hours import rules
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.rules import Studied, Tie, assess, duties

YEAR = 2026
NEW_YEAR = date(2026, 1, 1)
POLICY = PolicyRules()
HOME = Tie("home", date(2020, 1, 1))


def judged(entries=(), ties=(HOME,), today=date(2026, 12, 31), policy=POLICY, year=YEAR):
    return assess(policy, duties(year, ties), entries, year=year, today=today)


def studied(number, day=NEW_YEAR, minutes=90, credit=None, mode="group", proof="B", **more):
    credit = POLICY.credit("theme_day", minutes) if credit is None else credit
    return Studied(number, day, mode, proof, minutes, credit, **more)


@pytest.mark.parametrize(
    ("minutes", "hundredths"),
    [(45, 100), (90, 200), (60, 133), (1, 2), (44, 98), (135, 300), (-90, -200), (-1, -2)],
)
def test_minutes_become_hours_half_up(minutes, hundredths):
    assert POLICY.credit("theme_day", minutes) == hundredths


def test_a_type_may_have_minutes_of_its_own():
    policy = PolicyRules(minutes_by_activity={"online_course": 30})
    assert (policy.credit("online_course", 30), policy.credit("theme_day", 45)) == (100, 100)


def test_a_policy_survives_storage():
    policy = PolicyRules(
        id=7,
        targets={"member": 4000},
        minutes_per_hour=50,
        minutes_by_activity={"online_course": 30},
        day_cap=600,
        self_cap=800,
        proof_caps={"D": 200},
        target_step=100,
    )
    assert PolicyRules.from_json(7, policy.as_json()) == policy


@pytest.mark.parametrize(
    "broken",
    [
        {"minutes_per_hour": 0},
        {"minutes_per_hour": -45},
        {"minutes_by_activity": {"online_course": 0}},
        {"self_cap": -1},
        {"target_step": 0},
        {"day_cap": -1},
        {"targets": {"member": -1}},
    ],
)
def test_a_policy_without_sense_is_refused(broken):
    with pytest.raises(ValueError, match="policy"):
        PolicyRules(**broken)


def test_a_member_owes_32_and_a_secretary_56():
    post = Tie("post", date(2020, 1, 1), None, "secretary")
    assert (judged().target, judged(ties=(HOME, post)).target) == (3200, 5600)


def test_a_post_from_12_june_is_prorated_by_days_and_rounded_up():
    """32×162/365 + 56×203/365 = 45.35, rounded up to 45.5 (domain.md D.17)."""
    post = Tie("post", date(2026, 6, 12), None, "secretary")
    result = judged(ties=(HOME, post))
    assert [(s.category, s.days) for s in result.stretches] == [("member", 162), ("leader", 203)]
    assert result.exact_target == (3200 * 162 + 5600 * 203, 365)
    assert result.target == 4550


def test_a_post_ends_the_day_before_its_until():
    post = Tie("post", NEW_YEAR, date(2026, 1, 2), "committee_member")
    other = Tie("post", date(2026, 12, 31), None, "group_leader")  # another edge, long after the post
    stretches = judged(ties=(HOME, post, other)).stretches
    assert [(s.category, s.days) for s in stretches] == [("leader", 1), ("member", 364)]


@pytest.mark.parametrize("label", ["secretary", "deputy", "committee_member", "rotating_secretary"])
def test_every_post_of_a_branch_committee_is_a_leaders(label):
    assert judged(ties=(HOME, Tie("post", NEW_YEAR, None, label))).target == 5600


def test_an_unknown_post_brings_no_higher_target():
    assert judged(ties=(HOME, Tie("post", NEW_YEAR, None, "group_leader"))).target == 3200


def test_days_without_a_branch_on_the_care_list_or_after_leaving_owe_nothing():
    away = judged(ties=(Tie("home", date(2026, 7, 2)),))
    care = judged(ties=(HOME, Tie("care", NEW_YEAR)))
    left = judged(ties=(HOME, Tie("left", NEW_YEAR)))
    assert (away.target, care.target, left.target) == (1650, 0, 0)
    assert (away.exact_target, care.exact_target) == ((3200 * 183, 365), (0, 365))
    assert [s.category for s in care.stretches] == ["care"]


def test_a_leap_year_has_366_days():
    post = Tie("post", date(2028, 2, 29), None, "secretary")
    result = judged(ties=(HOME, post), year=2028, today=date(2028, 12, 31))
    assert sum(s.days for s in result.stretches) == 366
    assert result.stretches[0].days == 59


def test_what_is_owed_by_today_follows_the_days():
    """Day 261 of 365: 32×261/365 = 22.88, shown as 22.9 (screens: 今天应有 22.9)."""
    result = judged(today=date(2026, 9, 18))
    assert (result.due, result.behind) == (2290, 2290)
    assert judged(today=date(2025, 12, 31)).due == 0
    assert judged(today=date(2027, 3, 1)).due == 3200


def test_what_lies_ahead_of_today_is_not_owed_yet():
    post = Tie("post", date(2026, 6, 12), None, "secretary")
    assert judged(ties=(HOME, post), today=date(2026, 3, 31)).due == 790  # 32×90/365 = 7.89


def test_behind_is_what_is_owed_by_today_less_what_counts():
    some, much = judged([studied(1)], today=date(2026, 9, 18)), judged([studied(1)], today=date(2026, 1, 20))
    assert (some.behind, some.left) == (2090, 3000)
    assert (much.due, much.behind) == (180, 0)


def test_at_most_eight_hours_of_a_day_count():
    result = judged([studied(1, minutes=300), studied(2, minutes=300)])
    assert [(v.counted, v.reason) for v in result.verdicts] == [(667, ""), (133, rules.DAY_CAP)]


def test_a_line_that_fills_the_cap_exactly_counts_whole():
    result = judged([studied(1, minutes=360), studied(2, minutes=45)])
    assert [(v.counted, v.reason) for v in result.verdicts] == [(800, ""), (0, rules.DAY_CAP)]


def test_lines_are_judged_in_the_order_of_their_days_then_hours_then_numbers():
    entries = [
        studied(4, date(2026, 1, 2), proof="D"),
        studied(9, NEW_YEAR, proof="D"),
        studied(3, NEW_YEAR, proof="D"),
        studied(5, NEW_YEAR, proof="D", starts_at=at(5), ends_at=at(7)),
        studied(6, NEW_YEAR, proof="D", starts_at=at(1), ends_at=at(3)),
    ]
    result = judged(entries, policy=PolicyRules(proof_caps={"D": 700}))
    assert [v.entry_id for v in result.verdicts] == [6, 5, 3, 9, 4]
    assert [v.counted for v in result.verdicts] == [200, 200, 200, 100, 0]


def test_group_study_takes_nothing_from_the_cap_of_self_study():
    entries = [
        studied(1),
        studied(2, date(2026, 1, 2), mode="self"),
        studied(3, date(2026, 1, 3), mode="self"),
    ]
    result = judged(entries, policy=PolicyRules(self_cap=300))
    assert [v.counted for v in result.verdicts] == [200, 200, 100]
    assert result.self_study == 400


def test_self_study_is_shown_beside_and_counts_up_to_its_cap():
    entries = [studied(1, mode="self"), studied(2, date(2026, 1, 2), mode="self")]
    none = judged(entries)
    assert (none.counted, none.self_study) == (0, 400)
    assert {v.reason for v in none.verdicts} == {rules.SELF_STUDY}
    assert judged(entries, policy=PolicyRules(self_cap=300)).counted == 300


def test_a_proof_level_counts_up_to_its_cap():
    entries = [studied(1, proof="D"), studied(2, date(2026, 1, 2), proof="D"), studied(3, date(2026, 1, 3))]
    result = judged(entries, policy=PolicyRules(proof_caps={"D": 250}))
    assert [v.counted for v in result.verdicts] == [200, 50, 200]
    assert result.verdicts[1].reason == rules.PROOF_CAP


def test_a_reversed_pair_counts_nothing_and_says_so():
    result = judged([studied(1), studied(2, minutes=-90, reverses_id=1), studied(3)])
    reasons = {v.entry_id: v.reason for v in result.verdicts}
    assert (result.counted, reasons) == (200, {1: rules.REVERSED, 2: rules.REVERSAL, 3: ""})


def at(hour, minute=0):
    return datetime(2026, 1, 1, hour, minute, tzinfo=UTC)


def test_minutes_that_two_lines_share_count_once():
    entries = [
        studied(1, minutes=120, starts_at=at(1), ends_at=at(3)),
        studied(2, minutes=120, starts_at=at(2), ends_at=at(4)),
    ]
    result = judged(entries)
    assert [(v.counted, v.reason) for v in result.verdicts] == [(267, ""), (133, rules.OVERLAP)]


def test_a_short_study_in_a_long_session_counts_its_own_minutes():
    alone = judged([studied(1, minutes=40, starts_at=at(1), ends_at=at(3))])
    assert [(v.counted, v.reason) for v in alone.verdicts] == [(89, "")]


def test_a_covered_line_counts_nothing_and_never_less():
    half = timedelta(seconds=90)
    entries = [
        studied(1, minutes=120, starts_at=at(1), ends_at=at(3)),
        studied(2, minutes=60, starts_at=at(2), ends_at=at(3)),
        studied(3, minutes=1, starts_at=at(4), ends_at=at(4) + half),
        studied(4, minutes=1, starts_at=at(4), ends_at=at(4) + half),
    ]
    assert [v.counted for v in judged(entries).verdicts] == [267, 0, 2, 0]


def test_parts_of_a_minute_are_for_the_overlap():
    begins, seconds = at(2), timedelta(seconds=30)
    assert rules.overlap_minutes(begins, at(4), [(begins, at(3) + seconds)]) == 61
    entries = [
        studied(1, minutes=60, starts_at=begins, ends_at=at(3)),
        studied(2, minutes=120, starts_at=begins, ends_at=at(4) + seconds),
    ]
    assert [v.counted for v in judged(entries).verdicts] == [133, 133]


def test_overlap_is_measured_against_the_union():
    others = [(at(1), at(3)), (at(2), at(4)), (at(6), at(7))]
    assert rules.overlap_minutes(at(2, 30), at(6, 15), others) == 90 + 15
    assert rules.overlap_minutes(at(8), at(9), others) == 0


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((0, NEW_YEAR, None, None), "minutes"),
        ((-5, NEW_YEAR, None, None), "minutes"),
        ((1441, NEW_YEAR, None, None), "minutes"),
        ((90, date(2026, 1, 2), None, None), "day"),
        ((90, NEW_YEAR, at(1), None), "starts_at"),
        ((90, NEW_YEAR, None, at(1)), "starts_at"),
        ((90, NEW_YEAR, at(1), at(1)), "ends_at"),
        ((90, NEW_YEAR, at(2), at(1)), "ends_at"),
        ((90, NEW_YEAR, at(1), at(1) + timedelta(hours=25)), "ends_at"),
    ],
)
def test_a_line_that_cannot_be_true_is_refused_at_its_field(arguments, field):
    with pytest.raises(RuleError) as refusal:
        rules.check_line(*arguments, today=NEW_YEAR)
    assert refusal.value.field == field


def test_a_line_that_can_be_true_passes():
    assert rules.check_line(1440, NEW_YEAR, at(1), at(2), today=NEW_YEAR) is None
    assert rules.check_line(1, NEW_YEAR, None, None, today=NEW_YEAR) is None
    assert rules.check_line(90, date(2025, 7, 1), None, None, today=NEW_YEAR) is None
    assert rules.check_line(90, NEW_YEAR, at(1), at(1) + timedelta(days=1), today=NEW_YEAR) is None


@pytest.mark.parametrize("reason", ["", " x ", "长" * 301])
def test_a_reason_says_something(reason):
    with pytest.raises(RuleError):
        rules.check_reason(reason)
    assert rules.check_reason(" 点错 ") == "点错"
    assert len(rules.check_reason("长" * 300)) == 300


days = st.integers(0, 364).map(lambda n: NEW_YEAR + timedelta(days=n))
ties = st.lists(
    st.builds(
        lambda kind, since, length, label: Tie(
            kind, since, since + timedelta(days=length) if length else None, label
        ),
        st.sampled_from(["home", "post", "care", "left"]),
        days,
        st.integers(0, 300),
        st.sampled_from(["secretary", "deputy", "helper"]),
    ),
    max_size=6,
)
lines = st.lists(
    st.tuples(days, st.integers(1, 700), st.sampled_from(["group", "self"]), st.sampled_from("ABCD")),
    max_size=25,
)
policies = st.builds(
    PolicyRules,
    day_cap=st.integers(0, 2400),
    self_cap=st.integers(0, 3000),
    proof_caps=st.dictionaries(st.sampled_from("ABCD"), st.integers(0, 2000), max_size=4),
    minutes_per_hour=st.integers(1, 60),
)


@given(ties)
def test_duties_cover_the_year_without_gap_or_overlap(ties):
    stretches = duties(YEAR, ties)
    assert stretches[0].since == NEW_YEAR
    assert stretches[-1].until == date(2027, 1, 1)
    for before, after in pairwise(stretches):
        assert before.until == after.since
        assert before.category != after.category
    assert sum(s.days for s in stretches) == 365


@given(ties, lines, policies, days)
def test_the_explanation_adds_up_and_no_cap_is_passed(ties, lines, policy, today):
    entries = [
        Studied(n, day, mode, proof, minutes, policy.credit("theme_day", minutes))
        for n, (day, minutes, mode, proof) in enumerate(lines)
    ]
    result = judged(entries, ties, today, policy)
    counted = {v.entry_id: v.counted for v in result.verdicts}
    assert result.counted == sum(counted.values())
    assert all(0 <= v.counted <= v.credit and (v.counted == v.credit or v.reason) for v in result.verdicts)
    for day in {e.day for e in entries}:
        assert sum(counted[e.id] for e in entries if e.day == day) <= policy.day_cap
    for proof, cap in policy.proof_caps.items():
        assert sum(counted[e.id] for e in entries if e.proof == proof) <= cap
    assert sum(counted[e.id] for e in entries if e.mode == "self") <= policy.self_cap
    assert 0 <= result.due <= result.target <= max(policy.targets.values())
    assert result.left == max(result.target - result.counted, 0)
    numerator, denominator = result.exact_target
    assert 0 <= result.target * denominator - numerator < policy.target_step * denominator


@given(lines, st.integers(0, 24))
def test_reversing_a_line_gives_what_counts_without_it(lines, which):
    entries = [
        Studied(n, day, mode, proof, minutes, POLICY.credit("theme_day", minutes))
        for n, (day, minutes, mode, proof) in enumerate(lines)
    ]
    if which >= len(entries):
        return
    gone = entries[which]
    back = Studied(99, gone.day, gone.mode, gone.proof, -gone.minutes, -gone.credit, reverses_id=gone.id)
    without = [e for e in entries if e.id != gone.id]
    assert judged([*entries, back]).counted == judged(without).counted
