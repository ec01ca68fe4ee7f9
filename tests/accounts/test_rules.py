"""Names, passwords and the pauses after failures, as values."""

from datetime import UTC, datetime, timedelta

import pytest

from pbtrain.accounts import common, rules
from pbtrain.core.errors import RuleError

NOW = datetime(2026, 9, 25, 7, tzinfo=UTC)


def ago(**span):
    return NOW - timedelta(**span)


def test_a_name_is_the_same_in_any_width_and_case():
    assert rules.plain(" ＷｕYun01 ") == "wuyun01"


@pytest.mark.parametrize(
    "good",
    [
        "草原上的 8 匹马",
        "888zhangli888",
        "13471192653",
        "20269925",
        "xyzxyzzy",
        "ab" * 63 + "cd",
        "示例 wuyun01 多一点",
    ],
)
def test_a_password_nobody_guesses_passes(good):
    assert rules.check_password(good, username="wuyun01") is None


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("ab1defg", "at least 8"),
        ("ab1" * 43, "at most 128"),
        ("ＷＵＹＵＮ０１a", "user name"),
        ("a10nuyuw", "user name"),
        ("iloveyou", "Many people"),
        ("iloveyou2026!", "Many people"),
        ("Hohhot2026", "Many people"),
        ("abababab", "Many people"),
        ("qwerty123", "Many people"),
        ("P@ssw0rd", "Many people"),
        ("Wang5201314", "Many people"),
        ("19780512", "Many people"),
        ("12051978", "Many people"),
        ("33453345", "Many people"),
        ("lkjhgfdsa", "Many people"),
        ("2026HOHHOT!", "Many people"),
        ("学习强国2026", "Many people"),
    ],
)
def test_a_password_others_would_guess_is_refused(bad, why):
    with pytest.raises(RuleError) as refusal:
        rules.check_password(bad, username="wuyun01a")
    assert why in str(refusal.value)
    assert refusal.value.field == "password"


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (4, 0), (5, 5), (6, 10), (7, 20), (9, 80), (10, 900), (11, 900)]
)
def test_the_pause_of_a_name_doubles_and_ends_at_fifteen_minutes(failures, seconds):
    assert rules.wait_for_name([NOW] * failures, NOW) == timedelta(seconds=seconds)


def test_a_pause_runs_from_the_newest_failure_and_only_those_of_fifteen_minutes_count():
    five = [ago(minutes=14), *[ago(seconds=30)] * 3, ago(seconds=3)]
    assert rules.wait_for_name(five, NOW) == timedelta(seconds=2)
    assert rules.wait_for_name(five[::-1], NOW) == timedelta(seconds=2)
    assert rules.wait_for_name([ago(seconds=6)] * 5, NOW) == timedelta()
    for old in (ago(minutes=15), ago(hours=2)):
        assert rules.wait_for_name([old, *five[1:]], NOW) == timedelta()


def test_an_address_waits_until_fewer_than_sixty_failures_are_left_in_the_window():
    sixty = [ago(seconds=60 - n) for n in range(60)]
    assert rules.wait_for_address(sixty[:59], NOW) == timedelta()
    assert rules.wait_for_address(sixty[::-1], NOW) == timedelta(minutes=14)
    assert rules.wait_for_address([ago(seconds=90), *sixty], NOW) == timedelta(minutes=14)
    assert rules.wait_for_address([ago(hours=2), *sixty[1:]], NOW) == timedelta()


def test_more_than_three_thousand_common_passwords_are_known():
    usable = {one for one in common.COMMON if rules.SHORTEST <= len(one) <= rules.LONGEST}
    assert len(usable) >= 3000
    for one in sorted(usable)[::50]:
        with pytest.raises(RuleError):
            rules.check_password(one, username="wuyun01a")
