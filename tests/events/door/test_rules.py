"""The code, the ticket and the minutes: no database, no clock, no web."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbtrain.core.errors import RuleError
from pbtrain.events.door import rules, tickets
from pbtrain.events.door.rules import Presence, Session

KEY = tickets.derived(b"k" * 32)
instants = st.integers(1_700_000_000 * 10**6, 4_100_000_000 * 10**6).map(
    lambda micros: datetime.fromtimestamp(micros / 10**6, UTC)
)
ids = st.integers(1, 2**31 - 1)
START = datetime(2026, 9, 25, 7, tzinfo=UTC)
USUAL = Session(START, START + timedelta(minutes=90), 15, opened_at=START)


@given(instants, ids, st.floats(0, 120))
def test_a_code_is_good_in_its_slot_and_two_seconds_more(now, event_id, later):
    slot = tickets.slot_of(now)
    text = tickets.code_for(KEY, event_id, slot)
    begin = datetime.fromtimestamp(slot * tickets.SLOT, UTC)
    read_at = begin + timedelta(seconds=later)
    if (read_at - begin).total_seconds() < tickets.SLOT + tickets.MARGIN:
        assert tickets.read_code(KEY, text, read_at) == tickets.Code(event_id, slot)
    else:
        with pytest.raises(RuleError, match="no longer good"):
            tickets.read_code(KEY, text, read_at)
    with pytest.raises(RuleError, match="no longer good"):  # one of the future is no better
        tickets.read_code(KEY, text, begin - timedelta(seconds=1))


@given(instants, ids, st.data())
def test_a_changed_code_is_refused(now, event_id, data):
    text = tickets.code_for(KEY, event_id, tickets.slot_of(now))
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("0aZ_.-号").filter(lambda one: one != text[place]))
    with pytest.raises(RuleError):
        tickets.read_code(KEY, text[:place] + other + text[place + 1 :], now)
    with pytest.raises(RuleError):
        tickets.read_code(tickets.derived(b"x" * 32), text, now)
    assert len(text) <= 25  # short, so that the squares are large


@given(st.text(max_size=40), instants)
def test_anything_else_is_refused_with_a_sentence(text, now):
    with pytest.raises(RuleError):
        tickets.read_code(KEY, text, now)
    with pytest.raises(RuleError):
        tickets.check_ticket(KEY, text, 1, "d", now)


@given(instants, ids, st.text(min_size=1, max_size=8), st.integers(-400, 400))
def test_a_ticket_is_of_one_browser_one_session_and_five_minutes(now, event_id, device, seconds):
    text = tickets.ticket_for(KEY, event_id, device, now)
    later = now + timedelta(seconds=seconds)
    if 0 <= int(later.timestamp()) - int(now.timestamp()) <= tickets.TICKET_LASTS:
        tickets.check_ticket(KEY, text, event_id, device, later)
    else:
        with pytest.raises(RuleError, match="5 minutes"):
            tickets.check_ticket(KEY, text, event_id, device, later)
    for other_event, other_device in ((event_id + 1, device), (event_id, device + "x")):
        with pytest.raises(RuleError, match="another phone"):
            tickets.check_ticket(KEY, text, other_event, other_device, now)


@given(instants)
def test_seconds_left_count_down_within_a_slot(now):
    left = tickets.seconds_left(now)
    assert 1 <= left <= tickets.SLOT
    assert tickets.slot_of(now + timedelta(seconds=left)) == tickets.slot_of(now) + 1


acts = st.lists(st.tuples(st.sampled_from(list(rules.ACTS)), st.integers(-60, 150)), max_size=8)


@given(acts)
def test_minutes_stay_within_the_session_and_need_presence(steps):
    one = Presence()
    for act, minute in steps:
        one = rules.after(one, act, START + timedelta(minutes=minute), USUAL, how="chair", reason="示例")
        since, minutes = rules.span(one, USUAL)
        assert 0 <= minutes <= 90
        assert one.standing in rules.STANDINGS
        assert minutes == 0 or (one.present and since + timedelta(minutes=minutes) <= USUAL.ends_at)
        if one.standing == "in":
            assert minutes == 90
        if not one.present:
            assert (one.came_at, one.left_at) == (None, None)


@pytest.mark.parametrize(
    ("came", "left", "standing", "minutes"),
    [
        (-5, None, "in", 90),
        (15, None, "in", 90),  # not later than is allowed
        (20, None, "late", 70),
        (0, 60, "early", 60),
        (0, 86, "in", 90),  # who leaves in the last five minutes stayed
        (30, 40, "both", 10),
        (95, None, "late", 0),
    ],
)
def test_late_and_left_early(came, left, standing, minutes):
    at = START + timedelta(minutes=came)
    one = rules.after(Presence(), rules.scanned(at, USUAL), at, USUAL, how="code")
    if left is not None:
        one = rules.after(one, "out", START + timedelta(minutes=left), USUAL, how="code")
    assert (one.standing, rules.span(one, USUAL)[1]) == (standing, minutes)


def test_over_sooner_than_planned():
    one = rules.after(Presence(), "in", START, USUAL, how="chair")
    assert rules.span(one, USUAL, START + timedelta(minutes=30, seconds=59))[1] == 30


def changed(**fields):
    return Session(**(vars(USUAL) | fields))


@pytest.mark.parametrize(
    ("session", "minute", "out", "words"),
    [
        (changed(state="cancelled"), 0, False, "cancelled"),
        (changed(closed_at=START), 0, False, "closed"),
        (changed(state="held"), 0, False, "over"),
        (changed(opened_at=None), 0, False, "not begun"),
        (USUAL, -121, False, "not begun"),
        (USUAL, 90, False, "over"),
        (USUAL, 150, True, "over"),
    ],
)
def test_a_refused_scan_says_why(session, minute, out, words):
    with pytest.raises(RuleError, match=words):
        rules.check_scan(session, START + timedelta(minutes=minute), out=out)
    rules.check_scan(USUAL, START - timedelta(minutes=100))
    rules.check_scan(USUAL, START + timedelta(minutes=149), out=True)


def test_closing_while_it_runs_needs_a_word():
    soon = START + timedelta(minutes=20)
    with pytest.raises(RuleError, match="still running"):
        rules.check_close(USUAL, soon, ended_early=False)
    assert rules.check_close(USUAL, soon, ended_early=True) == soon
    assert rules.check_close(USUAL, START + timedelta(days=2), ended_early=False) == USUAL.ends_at
    with pytest.raises(RuleError, match="not begun"):
        rules.check_close(USUAL, START - timedelta(minutes=1), ended_early=True)


def test_the_guide_says_what_a_code_cannot_prevent():
    guide = (Path(__file__).parents[3] / "docs/guide/现场签到.md").read_text()
    limits = guide.partition("## 签到码防不住什么")[2]
    margin = tickets.SLOT + tickets.MARGIN
    for honest in ("视频通话转播", "手机交给别人", "换一部手机", "不能代替主持人", f"一个码过了 {margin} 秒"):
        assert honest in limits, honest
