"""Whoever comes second is told by whom and when, and nobody is named who did something else."""

import pytest

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.i18n import say

MESSAGE, OTHERWISE = "%(name)s was faster, at %(when)s.", "Somebody was faster."


@pytest.fixture
def winner(make, frozen):
    return make.actor(make.account("示例王建国"))


def done(actor, **detail):
    with transaction():
        audit.record(actor, "post.ended", "member:7", **detail)


def told(**detail):
    return say(races.lost_to(MESSAGE, OTHERWISE, "member:7", "post.ended", **detail))


def test_today_the_time_is_enough(winner):
    done(winner)
    assert told() == "示例王建国 was faster, at 15:00."


def test_another_day_is_named(winner, frozen):
    done(winner)
    frozen.shift(days=2)
    assert told() == "示例王建国 was faster, at 2026-09-25 15:00."


def test_the_newest_deed_counts(winner, make, frozen):
    done(winner)
    frozen.shift(minutes=5)
    done(make.actor(make.account("示例李爱华")))
    assert told() == "示例李爱华 was faster, at 15:05."


def test_a_deed_with_other_details_names_nobody(winner):
    done(winner, kind="secretary")
    assert told(kind="deputy") == OTHERWISE
    assert told(kind="secretary") == "示例王建国 was faster, at 15:00."


def test_the_system_has_no_name(winner):
    done(None)
    assert told() == OTHERWISE
    assert say(races.lost(MESSAGE, OTHERWISE, None, clock.now())) == OTHERWISE
    assert say(races.lost(MESSAGE, OTHERWISE, winner.account_id, None)) == OTHERWISE
