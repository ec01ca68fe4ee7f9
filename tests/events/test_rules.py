"""What may be recorded of a meeting, as values: each limit holds, and one step beyond it is refused."""

from datetime import UTC, date, datetime, timedelta

import pytest

from pbtrain.core.errors import RuleError
from pbtrain.events import rules

TODAY = date(2026, 9, 25)
NOW = datetime(2026, 9, 25, 7, tzinfo=UTC)


def check(title="主题党日", minutes=90, starts_at=NOW, day=TODAY, **more):
    try:
        rules.check_meeting(title, minutes, starts_at, day=day, today=TODAY, now=NOW, **more)
    except RuleError as refusal:
        return refusal.field
    return None


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"title": "党课"},
        {"title": "课" * 100},
        {"minutes": 10},
        {"starts_at": NOW - timedelta(hours=2)},
        {"minutes": 480},
        {"day": TODAY - timedelta(days=60)},
        {"day": TODAY - timedelta(days=3), "days_back": 3},
    ],
)
def test_what_may_be_recorded(fields):
    assert check(**fields) is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": "课"}, "title"),
        ({"title": "课" * 101}, "title"),
        ({"minutes": 9}, "minutes"),
        ({"minutes": 481}, "minutes"),
        ({"day": TODAY + timedelta(days=1)}, "day"),
        ({"starts_at": NOW + timedelta(minutes=1)}, "time"),
        ({"day": TODAY - timedelta(days=61)}, "day"),
        ({"day": TODAY - timedelta(days=4), "days_back": 3}, "day"),
    ],
)
def test_what_may_not_be_recorded(fields, field):
    assert check(**fields) == field


def test_only_people_of_the_list_and_as_many_as_the_ledger_takes():
    thousand = set(range(1000))
    rules.check_people(thousand, thousand)
    rules.check_people({1}, {1, 2})
    for present, offered in ((set(), {1}), ({*thousand, 1000}, {*thousand, 1000}), ({1, 3}, {1, 2})):
        with pytest.raises(RuleError) as refusal:
            rules.check_people(present, offered)
        assert refusal.value.field == "present"


def test_up_to_three_photos_are_kept():
    for few in range(4):
        rules.check_photos(few)
    with pytest.raises(RuleError, match="At most 3"):
        rules.check_photos(4)


def test_two_forms_are_the_same_when_all_their_fields_are():
    assert rules.content_hash([1, "ab", None]) == rules.content_hash([1, "ab", None])
    assert rules.content_hash([1, "ab"]) != rules.content_hash([1, "a", "b"])
