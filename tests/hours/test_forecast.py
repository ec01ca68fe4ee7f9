"""The forecast: what is chosen is enough by the rules themselves, nothing smaller is, no day is overfull."""

from datetime import date, timedelta
from itertools import combinations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pbtrain.hours import forecast as f
from pbtrain.hours.forecast import Offer, Room
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.rules import Stretch, Studied, assess

TODAY = date(2026, 12, 20)
WHOLE_YEAR = (Stretch(date(2026, 1, 1), date(2027, 1, 1), "member"),)
KINDS = (("online_course", "group", "C"), ("theme_day", "group", "B"), ("self_study", "self", "D"))


@st.composite
def offers(draw, most=6):
    found = []
    for number in range(draw(st.integers(0, most))):
        activity, mode, proof = draw(st.sampled_from(KINDS))
        day = draw(st.none() | st.dates(date(2026, 12, 18), date(2026, 12, 31)))
        found.append(Offer(f"{number}", draw(st.integers(1, 1200)), activity, mode, proof, day))
    return found


policies = st.builds(
    PolicyRules,
    self_cap=st.sampled_from((0, 300, 2000)),
    activity_caps=st.sampled_from(({}, {"online_course": 900})),
    proof_caps=st.sampled_from(({}, {"C": 700}, {"D": 100})),
    proof_shares=st.sampled_from(({}, {"B": 20})),
    excluded=st.sampled_from(((), ("theme_day",))),
)


@st.composite
def lines(draw):
    found = []
    for number in range(draw(st.integers(0, 6))):
        activity, mode, proof = draw(st.sampled_from(KINDS))
        day = draw(st.sampled_from((date(2026, 3, 2), date(2026, 3, 3), TODAY)))
        credit = draw(st.integers(1, 900))
        found.append(Studied(number + 1, day, mode, proof, credit, credit, activity=activity))
    return found


def judged(rules, studied):
    return assess(rules, WHOLE_YEAR, studied, year=2026, today=TODAY)


def room_for(rules, studied):
    result = judged(rules, studied)
    counts = {one.entry_id: one.counted for one in result.verdicts}
    pairs = [(line, counts[line.id]) for line in studied]
    return f.room_of(rules, result.target, result.counted, pairs, today=TODAY), result


def studied_later(plan, rules):
    """The sessions of a plan as lines of the ledger."""
    return [
        Studied(1000 + n, day, offer.mode, offer.proof, offer.credit, offer.credit, activity=offer.activity)
        for n, (offer, day) in enumerate(plan.sessions)
    ]


@settings(max_examples=300, deadline=None)
@given(policies, lines(), offers())
def test_what_a_plan_brings_is_what_the_rules_will_count(rules, studied, found):
    room, before = room_for(rules, studied)
    for plan in (f.smallest(room, found), f.best(room, found)):
        after = judged(rules, [*studied, *studied_later(plan, rules)])
        assert after.counted - before.counted == plan.brings
        days = [day for _offer, day in plan.sessions]
        assert len(set(days)) == len(days)
        assert all(TODAY <= day <= date(2026, 12, 31) for day in days)
        assert not set(days) & {line.day for line in studied}
        for offer, _day in plan.sessions:
            assert 0 < room.worth(offer) <= rules.day_cap


@settings(max_examples=200, deadline=None)
@given(policies, lines(), offers(), st.integers(1, 4000))
def test_no_smaller_set_is_enough(rules, studied, found, missing):
    room, _result = room_for(rules, studied)
    room = Room(**{**room.__dict__, "missing": missing})
    plan = f.smallest(room, found)
    assert plan.exact
    enough = plan.brings >= missing
    sizes = range(len(plan.sessions)) if enough else range(len(found) + 1)
    for size in sizes:
        for some in combinations(found, size):
            assert f.brought(room, f.scheduled(room, some)) < missing
    if not enough:
        most = max(
            f.brought(room, f.scheduled(room, some))
            for size in range(len(found) + 1)
            for some in combinations(found, size)
        )
        assert plan.brings == most, "what stays missing is not more than it must be"


@settings(max_examples=30, deadline=None)
@given(offers(most=20), st.integers(1, 6000))
def test_many_offers_without_a_cap_of_the_year_are_exact_at_once(found, missing):
    rules = PolicyRules()
    room, _result = room_for(rules, [])
    room = Room(**{**room.__dict__, "missing": missing})
    plan = f.smallest(room, found)
    assert plan.exact
    assume(plan.brings >= missing)
    smaller = f.best(Room(**{**room.__dict__, "last": room.first + timedelta(days=30)}), found)
    worth = sorted((room.worth(offer) for offer, _day in smaller.sessions), reverse=True)
    assert sum(worth[: len(plan.sessions) - 1]) < missing


def test_a_cap_with_many_offers_says_that_fewer_might_do():
    rules = PolicyRules(proof_caps={"C": 1000})
    room, _result = room_for(rules, [])
    found = [Offer(str(n), 200, "online_course", "group", "C") for n in range(13)]
    plan = f.smallest(room, found)
    assert (plan.exact, plan.brings, len(plan.sessions)) == (False, 1000, 5)


def test_published_first_then_what_is_usual_then_out_of_reach():
    room = Room(missing=500, first=TODAY, last=date(2026, 12, 31), day_cap=800)
    course = Offer("课程", 300, "online_course", "group", "C")
    habit = Offer("", 200, "theme_day", "group", "B", day=date(2026, 12, 25), assumed=True)
    assert f.forecast(room, 0, [course], [habit]).state == "none"
    done = Room(missing=0, first=TODAY, last=TODAY, day_cap=800)
    assert f.forecast(done, 3200, [course], [habit]).state == "met"
    told = f.forecast(room, 3200, [course, course], [habit])
    assert (told.state, len(told.plan.sessions), told.published) == ("published", 2, 600)
    told = f.forecast(room, 3200, [course], [habit])
    assert (told.state, told.assumed, told.short) == ("assumed", 200, 0)
    told = f.forecast(room, 3200, [], [habit])
    assert (told.state, told.short, told.plan.brings) == ("short", 300, 200)


def test_theme_days_come_once_a_month_and_none_is_in_the_past():
    habit = Offer("", 200, "theme_day", "group", "B")
    room = Room(missing=1, first=date(2026, 10, 26), last=date(2026, 12, 31), day_cap=800)
    days = [offer.day for offer in f.theme_days(habit, 25, room)]
    assert days == [date(2026, 10, 31), date(2026, 11, 25), date(2026, 12, 25)]
    days = [offer.day for offer in f.theme_days(habit, 31, room, taken={10, 12})]
    assert days == [date(2026, 11, 30)]
    over = Room(missing=1, first=date(2027, 1, 1), last=date(2026, 12, 31), day_cap=800)
    assert all(not over.worth(offer) for offer in f.theme_days(habit, 25, over))
