"""The small demo loads on any day of the year, and never on top of anything."""

from datetime import date

import pytest
import time_machine

from pbtrain.core import clock, site
from pbtrain.core.errors import RuleError
from pbtrain.demo import load
from pbtrain.demo.roster import LOGINS
from pbtrain.hours import queries as hours_q
from pbtrain.hours.models import HourEntry, MemberYear
from pbtrain.hours.verify import verify
from pbtrain.org.models import Unit
from tests.support.rows import count


def test_it_is_refused_on_top_of_anything(make):
    make.account()
    with pytest.raises(RuleError, match="holds data already"):
        load.load_small(lambda text: None)
    assert site.kind() is None
    assert not count(Unit.id > 0)


@pytest.mark.parametrize(
    ("backend", "day"),
    [("sqlite", date(2027, 1, 1)), ("postgresql", date(2028, 2, 29))],
    indirect=["backend"],
)
def test_it_loads_on_any_day(db, day):
    """On New Year's Day nobody has met for this year yet; on a leap day the proportions hold. One database
    each, as a load costs seconds; test_small looks at all of it on SQLite."""
    with time_machine.travel(clock.at(day, 0, 20), tick=False):
        load.load_small(lambda text: None)
        assert not count(HourEntry.day > day)
        assert list(verify()) == []
        assert [account["role"] for account in load.accounts()] == [str(role) for role in LOGINS]
        behind = count(hours_q.BEHIND, MemberYear.credit_year == day.year)
    if day.month == 2:
        assert 10 < behind < 100
    assert count(HourEntry.credit_year == day.year - 1) > 60
