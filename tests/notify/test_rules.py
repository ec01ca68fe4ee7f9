"""How long to wait, and when nobody is disturbed."""

from datetime import datetime, timedelta

import pytest

from pbtrain.core.clock import SHANGHAI
from pbtrain.notify import rules


def test_waiting_grows_to_a_day():
    waits = [rules.wait_after(attempts) // timedelta(minutes=1) for attempts in (1, 2, 3, 4, 8, 9, 50)]
    assert waits == [1, 5, 15, 60, 1440, 1440, 1440]


def test_a_person_looks_after_nine_failures():
    assert not rules.is_hopeless(8)
    assert rules.is_hopeless(9)


@pytest.mark.parametrize(
    ("now", "goes"),
    [
        ("2026-09-25 08:00", "2026-09-25 08:00"),
        ("2026-09-25 20:59", "2026-09-25 20:59"),
        ("2026-09-25 21:00", "2026-09-26 08:00"),
        ("2026-12-31 23:59", "2027-01-01 08:00"),
        ("2024-02-29 00:00", "2024-02-29 08:00"),
        ("2026-09-25 07:59", "2026-09-25 08:00"),
    ],
)
def test_nights_are_quiet(now, goes):
    moment = datetime.fromisoformat(now).replace(tzinfo=SHANGHAI)
    assert rules.outside_quiet_hours(moment) == datetime.fromisoformat(goes).replace(tzinfo=SHANGHAI)
