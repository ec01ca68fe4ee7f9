"""A lower level is stricter, never laxer; and what two versions say differently."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbtrain.core.errors import RuleError
from pbtrain.hours.activities import ACTIVITIES
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.rules import Studied, assess, duties
from pbtrain.policies import rules, wording
from pbtrain.policies.examples import examples
from pbtrain.policies.presets import PRESETS, applied
from tests.hours.test_rules import HOME, YEAR, days

UPPER = PolicyRules(
    class_for=("leader",), self_cap=800, activity_caps={"party_lecture": 600}, proof_caps={"D": 200},
    proof_shares={"C": 25}, excluded=("training_class",), two_eyes_above=800, record_days=30, met_share=80,
    new_post_months=6,
)  # fmt: skip


@pytest.mark.parametrize(
    ("field", "laxer"),
    [
        ("target_member", {"targets": {"member": 3100, "leader": 5600}}),
        ("target_leader", {"targets": {"member": 3200}}),
        ("class_leader", {"class_for": ()}),
        ("target_step", {"target_step": 70}),
        ("counts_training_class", {"excluded": ()}),
        ("mode_self_study", {"modes": {"self_study": "group"}}),
        ("minutes_per_hour", {"minutes_per_hour": 44}),
        ("minutes_theme_day", {"minutes_by_activity": {"theme_day": 30}}),
        ("minutes_online_course", {"scales": {"online_course": ((1, 100),)}}),
        ("day_cap", {"day_cap": 801}),
        ("self_cap", {"self_cap": 801}),
        ("cap_party_lecture", {"activity_caps": {"party_lecture": 601}}),
        ("cap_party_lecture", {"activity_caps": {}}),
        ("proof_D", {"proof_caps": {}}),
        ("share_C", {"proof_shares": {"C": 26}}),
        ("share_C", {"proof_shares": {}}),
        ("proxy_limit", {"proxy_limit": 201}),
        ("two_eyes_above", {"two_eyes_above": 801}),
        ("two_eyes_above", {"two_eyes_above": 0}),
        ("record_days", {"record_days": 31}),
        ("record_days", {"record_days": 0}),
        ("appeal_days", {"appeal_days": 14}),
        ("met_share", {"met_share": 79}),
        ("new_post_months", {"new_post_months": 7}),
        ("new_post_months", {"new_post_months": 0}),
    ],
)
def test_what_is_laxer_is_refused_at_its_field(field, laxer):
    with pytest.raises(RuleError) as refusal:
        rules.check_stricter(replace(UPPER, **laxer), [UPPER])
    assert refusal.value.field == field
    assert str(refusal.value)


def test_the_refusal_names_the_value_above():
    lower = replace(UPPER, targets={"member": 3050, "leader": 5600})
    with pytest.raises(RuleError, match=r"at least 32 hours.*30\.5"):
        rules.check_stricter(lower, [PolicyRules(), UPPER])


def test_the_same_and_the_stricter_pass():
    rules.check_stricter(UPPER, [UPPER])
    stricter = replace(
        UPPER, targets={"member": 4000, "leader": 6000}, day_cap=600, self_cap=0, minutes_per_hour=60,
        excluded=("training_class", "online_course"), class_for=("leader", "member"), target_step=100,
        proof_caps={"D": 0, "C": 100}, appeal_days=30, met_share=100, record_days=7, two_eyes_above=100,
        activity_caps={"party_lecture": 1}, proof_shares={"C": 0}, proxy_limit=0,
    )  # fmt: skip
    rules.check_stricter(stricter, [UPPER])


policies = st.builds(
    PolicyRules,
    targets=st.fixed_dictionaries({"member": st.integers(0, 4000), "leader": st.integers(0, 6000)}),
    target_step=st.sampled_from([1, 10, 50, 100]),
    minutes_per_hour=st.integers(30, 60),
    day_cap=st.integers(0, 1000),
    self_cap=st.integers(0, 1000),
    activity_caps=st.dictionaries(
        st.sampled_from(["theme_day", "self_study"]), st.integers(0, 900), max_size=2
    ),
    excluded=st.lists(st.sampled_from(["theme_day", "party_lecture"]), unique=True, max_size=2).map(tuple),
    modes=st.dictionaries(st.just("online_course"), st.sampled_from(["group", "self"]), max_size=1),
)
lessons = st.lists(
    st.tuples(
        days,
        st.integers(1, 300),
        st.sampled_from(["theme_day", "party_lecture", "self_study", "online_course"]),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(policies, policies, lessons)
def test_stricter_rules_ask_no_less_and_one_line_never_counts_more(upper, lower, studied):
    """What `laxer` lets pass is stricter for everybody: the target, and each line by itself."""
    if next(rules.laxer(lower, upper), None) is not None:
        return
    stretches = duties(YEAR, (HOME,))

    def judged(policy, entries):
        lines = [
            Studied(n, day, ACTIVITIES[a].mode, "B", minutes, policy.credit(a, minutes), activity=a)
            for n, (day, minutes, a) in enumerate(entries)
        ]
        return assess(policy, stretches, lines, year=YEAR, today=date(YEAR, 12, 31))

    assert judged(lower, []).target >= judged(upper, []).target
    for one in studied:
        assert judged(lower, [one]).counted <= judged(upper, [one]).counted


@given(policies, policies)
def test_a_diff_names_what_differs_and_nothing_else(before, after):
    assert wording.changes(before, before) == []
    changed = {one.after.name for one in wording.changes(before, after)}
    assert ("day_cap" in changed) == (before.day_cap != after.day_cap)
    assert ("target_member" in changed) == (before.targets["member"] != after.targets["member"])
    assert all(wording.bare(one.after) is not None for one in wording.changes(before, after))


def test_every_preset_is_a_policy_and_says_what_it_means():
    for key in PRESETS:
        found = list(examples(applied(PolicyRules(), key), 2026))
        assert len(found) == 5
        assert found[-1].formula is not None
    assert PRESETS["default"].sets["class_for"] == ("leader",)


def test_the_examples_of_the_shipped_rules():
    said = [one.message % one.params for one in examples(PolicyRules(), 2026)]
    assert said[:4] == [
        "A theme Party day of 90 minutes is 2.0 hours.",
        "An online course of 20 minutes is 0.44 hours.",
        "Of a class of 600 minutes in one day 8.0 hours count.",
        "Of 20.0 hours of self-study 0.0 count.",
    ]
    by_length = list(examples(applied(PolicyRules(self_cap=500), "online_by_length"), 2026))
    assert by_length[1].params["hours"] == "0.5"
    assert by_length[3].params["hours"] == "5.0"
    formula = by_length[4].formula
    assert formula is not None
    assert formula.target == "45.5"


@pytest.mark.parametrize("year", [2025, 2029])
def test_rules_are_written_for_this_year_and_the_next_two(year):
    rules.check_year(2026, date(2026, 9, 25))
    with pytest.raises(RuleError, match="2026 to 2028"):
        rules.check_year(year, date(2026, 9, 25))


def test_rules_begin_in_their_year():
    rules.check_day(date(2026, 7, 1), 2026)
    with pytest.raises(RuleError) as refusal:
        rules.check_day(date(2027, 1, 1), 2026)
    assert refusal.value.field == "effective_on"
