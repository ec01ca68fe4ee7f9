"""Rules that change within a year, and the rooms of a policy that older versions do not have."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbtrain.core.errors import RuleError
from pbtrain.hours import rules
from pbtrain.hours.formula import EXACT, SUM, explain
from pbtrain.hours.policy import PolicyRules, Timeline, by_day
from pbtrain.hours.rulebook import Rulebook, Version
from pbtrain.hours.rules import CadreYear, Studied, Tie, assess, cadre_year, duties
from tests.hours.test_rules import HOME, NEW_YEAR, POLICY, YEAR, days, judged, lines, policies, studied, ties

JULY, LAST = date(2026, 7, 1), date(2026, 12, 31)
FIRST_HALF, SECOND_HALF = (JULY - NEW_YEAR).days, (date(2027, 1, 1) - JULY).days
LEADS = Tie("post", date(2026, 6, 12), None, "secretary")


def halves(first, second):
    """One policy until the end of June, another from July on."""
    return Timeline(((NEW_YEAR, PolicyRules(id=1, **first)), (JULY, PolicyRules(id=2, **second))))


# -- by day


def test_each_day_owes_by_the_rules_of_that_day():
    result = judged(policy=halves({}, {"targets": {"member": 4000}}))
    assert result.exact_target == (3200 * FIRST_HALF + 4000 * SECOND_HALF, 365)
    assert [(term.days, term.rate) for term in result.terms] == [(FIRST_HALF, 3200), (SECOND_HALF, 4000)]
    assert result.target == 3650  # 36.03 rounded up to 36.5
    assert judged(policy=halves({}, {"targets": {"member": 4000}}), today=date(2026, 6, 30)).due == 1590


def test_the_target_is_rounded_by_the_rules_of_the_last_day():
    assert judged(policy=halves({}, {"targets": {"member": 4000}, "target_step": 100})).target == 3700


def test_each_line_is_cut_by_the_rules_of_its_day():
    entries = [studied(1, date(2026, 6, 30), minutes=360), studied(2, JULY, minutes=360)]
    result = judged(entries, policy=halves({}, {"day_cap": 300}))
    assert [v.counted for v in result.verdicts] == [800, 300]


def test_a_cap_of_the_year_is_held_against_all_that_counted_before():
    entries = [studied(1, date(2026, 6, 30), mode="self"), studied(2, JULY, mode="self")]
    assert judged(entries, policy=halves({"self_cap": 200}, {"self_cap": 300})).counted == 300
    assert judged(entries, policy=halves({"self_cap": 200}, {"self_cap": 100})).counted == 200


@given(ties, lines, policies, days, st.lists(days, max_size=4))
def test_the_same_rules_by_day_judge_like_one_policy(ties, lines, policy, today, edges):
    entries = [
        Studied(n, day, mode, proof, minutes, policy.credit("theme_day", minutes))
        for n, (day, minutes, mode, proof) in enumerate(lines)
    ]
    begins = sorted({NEW_YEAR, *edges})
    stored = policy.as_json()
    parts = tuple((day, PolicyRules.from_json(n, stored)) for n, day in enumerate(begins))
    assert judged(entries, ties, today, Timeline(parts)) == judged(entries, ties, today, policy)


@given(ties, policies, policies, days)
def test_the_formula_adds_up_to_the_target(ties, before, after, edge):
    timeline = Timeline(((NEW_YEAR, before), (edge, after)))
    result = assess(timeline, duties(YEAR, ties), [], year=YEAR, today=LAST)
    numerator, _days = result.exact_target
    assert sum(term.rate * term.days for term in result.terms) == numerator
    formula = explain(result)
    summands = [part for part in formula.sum.split(" + ") if part != "0"]
    products = [Decimal(rate) * int(rest.split("/")[0]) for rate, rest in (p.split("×") for p in summands)]
    assert sum(products) * 100 == numerator
    assert result.terms[0].since == NEW_YEAR
    assert result.terms[-1].until == date(2027, 1, 1)
    assert all(a.until == b.since for a, b in pairwise(result.terms))


def test_the_formula_of_a_secretary_since_june():
    formula = explain(judged(ties=(HOME, LEADS)))
    assert formula.changes == (("32", "56", date(2026, 6, 12)),)
    assert (formula.sum, formula.exact, formula.target) == (
        "32×162/365 + 56×203/365",
        Decimal("45.35"),
        "45.5",
    )
    assert formula.message == SUM
    assert explain(judged()).message == EXACT


def test_equal_rules_one_after_the_other_are_one():
    same = [(NEW_YEAR, PolicyRules(id=1)), (JULY, PolicyRules(id=1))]
    assert by_day(same) == PolicyRules(id=1)
    assert by_day([*same, (LAST, PolicyRules(id=2))]).key == ((NEW_YEAR, 1), (LAST, 2))
    assert PolicyRules(id=3).key == (3,)


# -- which rules


def book(**above):
    """A rulebook of units u1 and u2: (id, year, since or none), the first goes before the others."""
    return Rulebook(
        {
            int(unit[1:]): [Version(n, year, since or date(year, 1, 1), {}) for n, year, since in found]
            for unit, found in above.items()
        }
    )


def test_a_version_holds_from_its_day_and_the_one_before_until_then():
    found = book(u1=[(2, 2026, JULY), (1, 2025, None)])
    assert [found.on(1, day).id for day in (date(2026, 6, 30), JULY, date(2027, 1, 1))] == [1, 2, 2]
    assert found(1, 2026).id == 2
    assert found.of([(NEW_YEAR, None, 1)], 1, 2026).key == ((NEW_YEAR, 1), (JULY, 2))
    assert found.of([(NEW_YEAR, None, 1)], 1, 2025).key == (1,)


def test_until_the_rules_of_a_unit_begin_those_above_hold():
    found = book(u1=[(5, 2026, JULY), (1, 2020, None)])
    assert found.of([(NEW_YEAR, None, 1)], 1, 2026).on(NEW_YEAR).id == 1


def test_who_changes_the_branch_is_judged_by_both():
    found = book(u1=[(1, 2020, None)], u2=[(2, 2020, None)])
    homes = [(date(2020, 1, 1), JULY, 1), (JULY, None, 2)]
    assert found.of(homes, 2, 2026).key == ((NEW_YEAR, 1), (JULY, 2))
    assert found.of(homes, 2, 2025).key == (1,)
    assert found.of(homes, 2, 2027).key == (2,)


def test_days_without_rules_borrow_the_nearest_and_none_at_all_is_said():
    found = book(u2=[(2, 2026, JULY)])
    assert found.of([(date(2020, 1, 1), None, 2)], 2, 2026).on(NEW_YEAR).id == 2
    assert found.of([(date(2020, 1, 1), JULY, 1), (JULY, None, 2)], 2, 2026).key == (2,)
    with pytest.raises(RuleError, match="2025"):
        found.of([(date(2020, 1, 1), None, 2)], 2, 2025)
    with pytest.raises(RuleError, match="2026"):
        found.on(2, NEW_YEAR)


# -- the rooms


def test_what_was_published_before_these_fields_reads_and_judges_as_ever():
    stored = {
        "targets": {"member": 3200, "leader": 5600}, "minutes_per_hour": 45, "minutes_by_activity": {},
        "day_cap": 800, "self_cap": 0, "proof_caps": {}, "target_step": 50,
    }  # fmt: skip
    assert PolicyRules.from_json(0, stored) == PolicyRules()
    assert not PolicyRules().class_for


def test_a_policy_with_every_room_survives_storage():
    policy = PolicyRules(
        id=7, class_for=("leader",), scales={"online_course": ((1, 25), (16, 50), (30, 100))}, credit_step=50,
        excluded=("party_lecture",), modes={"online_course": "self"}, activity_caps={"theme_day": 100},
        proof_shares={"D": 25}, cadre_target=1, cadre_five_years=2, cadre_since=2021, proxy_limit=0,
        two_eyes_above=800, record_days=30, appeal_days=10, met_share=80,
    )  # fmt: skip
    import json

    assert PolicyRules.from_json(7, json.loads(json.dumps(policy.as_json()))) == policy


@pytest.mark.parametrize(
    "broken",
    [{"credit_step": 0}, {"met_share": 0}, {"met_share": 101}, {"modes": {"self_study": "alone"}},
     {"scales": {"theme_day": ()}}, {"scales": {"theme_day": ((30, 100), (15, 50))}}, {"appeal_days": -1},
     {"activity_caps": {"theme_day": -1}}],
)  # fmt: skip
def test_rooms_without_sense_are_refused(broken):
    with pytest.raises(ValueError, match="policy"):
        PolicyRules(**broken)


def test_a_scale_gives_by_length_and_not_by_minute():
    """D.7: a lesson of 30 minutes and more is 1, of 15 to 30 half, shorter a quarter."""
    policy = PolicyRules(scales={"online_course": ((1, 25), (16, 50), (30, 100))})
    assert [policy.credit("online_course", m) for m in (1, 15, 16, 29, 30, 300, -30)] == [
        25, 25, 50, 50, 100, 100, -100,
    ]  # fmt: skip
    assert policy.credit("theme_day", 45) == 100


def test_converted_minutes_are_rounded_half_up_to_the_step():
    policy = PolicyRules(credit_step=50)
    assert [policy.credit("theme_day", m) for m in (11, 12, 33, 34, 45)] == [0, 50, 50, 100, 100]


def test_an_activity_that_is_left_out_earns_nothing_and_may_be_self_study_by_rule():
    out = judged([studied(1, activity="party_lecture")], policy=PolicyRules(excluded=("party_lecture",)))
    assert [(v.counted, v.reason) for v in out.verdicts] == [(0, rules.EXCLUDED)]
    alone = judged(
        [studied(1, activity="online_course")],
        policy=PolicyRules(modes={"online_course": "self"}, self_cap=50),
    )
    assert (alone.counted, alone.self_study) == (50, 200)


def test_an_activity_counts_up_to_its_cap():
    entries = [studied(n, date(2026, 1, n), activity="party_lecture") for n in (1, 2)]
    result = judged(entries, policy=PolicyRules(activity_caps={"party_lecture": 300}))
    assert [(v.counted, v.reason) for v in result.verdicts] == [(200, ""), (100, rules.ACTIVITY_CAP)]


def test_a_share_of_the_target_caps_a_proof_level_and_nothing_where_nothing_is_asked():
    entries = [studied(n, date(2026, 1, n), proof="D", minutes=360) for n in (1, 2)]
    share = PolicyRules(proof_shares={"D": 25})
    assert judged(entries, policy=share).counted == 800  # a quarter of 32
    assert judged(entries, policy=share, ties=(HOME, Tie("care", NEW_YEAR))).counted == 1600
    assert judged(entries, policy=PolicyRules(proof_shares={"D": 25}, proof_caps={"D": 100})).counted == 100


def test_hours_without_the_class_are_not_the_years_duty():
    policy = PolicyRules(class_for=("leader",), day_cap=9000)
    post = Tie("post", date(2020, 1, 1), None, "secretary")
    much = [studied(1, credit=5600, minutes=1440, activity="theme_day")]
    lesson = studied(2, JULY, activity="training_class")
    back = studied(3, JULY, minutes=-90, activity="training_class", reverses_id=2)
    short = judged(much, (HOME, post), policy=policy)
    assert (short.left, short.lacks_class, short.met) == (0, True, False)
    assert judged([*much, lesson], (HOME, post), policy=policy).met
    assert judged([*much, lesson, back], (HOME, post), policy=policy).lacks_class
    assert judged(much, policy=policy).met, "a member is not asked for a class"
    ended = Tie("post", date(2020, 1, 1), JULY, "secretary")
    assert not judged(much, (HOME, ended), policy=policy).lacks_class, "nor who leads no more"
    assert judged(much, (HOME, ended), policy=policy, today=date(2026, 6, 30)).lacks_class


def test_who_is_suspended_or_abroad_owes_nothing_for_those_days():
    away = judged(ties=(HOME, Tie("suspended", JULY)))
    assert away.exact_target == (3200 * FIRST_HALF, 365)
    assert [s.category for s in away.stretches] == ["member", "suspended"]


def test_hours_of_a_cadre_never_mix_with_those_of_a_member():
    at = datetime(2026, 1, 1, 1, tzinfo=UTC)
    span = {"starts_at": at, "ends_at": at + timedelta(minutes=90)}
    result = judged([studied(1, activity="cadre_class", **span), studied(2, activity="theme_day", **span)])
    assert (result.counted, result.cadre) == (200, 200)
    assert [(v.counted, v.reason) for v in result.verdicts] == [(0, rules.CADRE), (200, "")]


def test_what_the_account_of_a_cadre_asks():
    year = Tie("cadre", date(2020, 1, 1), None, "year")
    whole = CadreYear(200, 9000, (2026, 2026), rate=9000, days=365)
    assert (cadre_year(POLICY, (year,), 200, YEAR), whole.left) == (whole, 8800)
    assert cadre_year(POLICY, (Tie("cadre", JULY, None, "year"),), 0, YEAR).target == 4550  # 90×184/365
    five = Tie("cadre", date(2020, 1, 1), None, "five_years")
    assert cadre_year(POLICY, (five,), 0, YEAR) == CadreYear(0, 55000, (2023, 2027), rate=55000)
    assert cadre_year(POLICY, (HOME,), 0, YEAR) is None
    assert cadre_year(POLICY, (HOME,), 100, YEAR) == CadreYear(100, 0, (2026, 2026), rate=9000)


# -- the tree of the day


def tree(**stood):
    """Units u1 to u9 below each other; u1=((since, 2), …) says where unit 1 stood. 2 and 3 have rules."""
    published = {n: [Version(n, 2020, date(2020, 1, 1), {})] for n in (2, 3)}
    return Rulebook(published, {int(unit[1:]): links for unit, links in stood.items()})


def test_a_branch_has_the_rules_of_the_committee_of_the_day():
    found = tree(u1=[(date(2020, 1, 1), 2), (JULY, 3)], u2=[(date(2020, 1, 1), None)])
    assert [found.on(1, day).id for day in (date(2026, 6, 30), JULY, date(2027, 1, 1))] == [2, 3, 3]
    assert found.of([(date(2020, 1, 1), None, 1)], 1, 2026).key == ((NEW_YEAR, 2), (JULY, 3))
    assert found.of([(date(2020, 1, 1), None, 1)], 1, 2025).key == (2,)


def test_a_level_that_is_moved_takes_its_branches_along():
    found = tree(u1=[(date(2020, 1, 1), 5)], u5=[(date(2020, 1, 1), 2), (JULY, 3)])
    assert found.of([(date(2020, 1, 1), None, 1)], 1, 2026).key == ((NEW_YEAR, 2), (JULY, 3))


def test_before_its_first_day_a_branch_stands_where_it_stood_on_it():
    found = tree(u1=[(JULY, 2), (LAST, 3)])
    assert [found.on(1, day).id for day in (NEW_YEAR, JULY, LAST)] == [2, 2, 3]


def test_below_a_committee_without_rules_there_are_none():
    found = tree(u1=[(date(2020, 1, 1), 2), (JULY, 7)])
    assert found.on(1, date(2026, 6, 30)).id == 2
    with pytest.raises(RuleError, match="2026"):
        found.on(1, JULY)
    assert found.during(1, NEW_YEAR, LAST) == [found.on(1, NEW_YEAR)]


def test_a_draft_goes_before_what_its_unit_has_published():
    found = tree(u1=[(date(2020, 1, 1), 2), (JULY, 3)]).with_version(3, Version(-1, 2026, LAST, {}))
    assert found.of([(NEW_YEAR, None, 1)], 1, 2026).key == ((NEW_YEAR, 2), (JULY, 3), (LAST, -1))


def test_links_in_a_circle_end():
    """Two units that changed places on one day: the first day of each reaches back behind the other's."""
    assert tree(u1=[(JULY, 4)], u4=[(date(2020, 1, 1), 1), (JULY, 2)]).on(1, JULY).id == 2
    with pytest.raises(RuleError):
        tree(u1=[(JULY, 4)], u4=[(date(2020, 1, 1), 1), (JULY, 2)]).on(1, NEW_YEAR)
