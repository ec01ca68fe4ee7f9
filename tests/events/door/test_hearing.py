"""Whatever order the ticks of a phone come in, and whatever others said before: the list ends the same."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pbtrain.events.door import hearing
from pbtrain.events.door.hearing import Said
from pbtrain.events.door.rules import ACTS, Presence, Session, after

START = datetime(2026, 9, 25, 7, tzinfo=UTC)
NOW = START + timedelta(hours=3)
USUAL = Session(START, START + timedelta(minutes=90), 15, opened_at=START)
own = st.tuples(st.sampled_from(list(ACTS)), st.integers(-10, 100))
others = st.lists(
    st.tuples(st.sampled_from(["in", "late", "absent", "leave"]), st.sampled_from(["code", "chair"])),
    max_size=3,
)


def arrive(said, was, ticks):
    """What `offline.take_in` does with the records of one person, as they come."""
    said, known, flags = list(said), set(), {}
    for tick in ticks:
        if tick.record_id in known:
            continue
        known.add(tick.record_id)
        clash = hearing.contradicted(said, tick.act)
        flags[tick.record_id] = bool(clash)
        said.append(Said(**(vars(tick) | {"flag": "conflict" if clash else ""})))
        if not clash:
            was = hearing.settled(was, said, USUAL, now=NOW, slow_by=timedelta(0))
    return was, flags


@given(others, st.lists(own, min_size=1, max_size=7), st.data())
def test_every_order_ends_the_same(words, steps, data):
    was = Presence()
    for act, how in words:
        was = after(was, act, START, USUAL, how=how)
    said = [Said(act, how) for act, how in words]
    ticks = [
        Said(act, "offline", True, START + timedelta(minutes=minute), f"r{n}", reason="示例")
        for n, (act, minute) in enumerate(steps)
    ]
    usual = arrive(said, was, ticks)
    assert arrive(said, was, data.draw(st.permutations(ticks))) == usual
    assert arrive(said, was, data.draw(st.permutations(ticks * 2))) == usual
    if words:  # and nobody overrules what another said
        assert usual[0].present == was.present
    else:
        latest = max(ticks, key=lambda one: (one.told_at, one.record_id))
        assert usual[0].present == (latest.act in ("in", "late", "out") and usual[0].present)
        if latest.act in ("in", "late"):
            assert usual[0].present
