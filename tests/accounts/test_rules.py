"""Names, passwords and the pauses after failures, as values."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from itertools import permutations
from types import SimpleNamespace

import pytest

from pbtrain.accounts import breached, common, habits, rules
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
        "qwe8rty2asd",
        "abc-habcagsda",
        "2026-13-25",
        "3000200040005000",
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
        ("1qaz2wsx3edc4rfv", "Many people"),
        ("zaq1xsw2cde3", "Many people"),
        ("qwe123asd456", "Many people"),
        ("!QAZ@WSX#EDC", "Many people"),
        ("aaaa1111bbbb", "Many people"),
        ("Zse4xdr5cft6", "Many people"),
        ("abcdefgh87654321", "Many people"),
        ("caoyuancaoyuan", "Many people"),
        ("1978-5-12", "Many people"),
        ("2026年9月25日", "Many people"),
        ("12.05.1978", "Many people"),
        ("19492019", "Many people"),
        ("2024-2025", "Many people"),
    ],
)
def test_a_password_others_would_guess_is_refused(bad, why):
    with pytest.raises(RuleError) as refusal:
        rules.check_password(bad, username="wuyun01a")
    assert why in str(refusal.value)
    assert refusal.value.field == "password"


KNOWN = ["张秀", "秀英", "zhangxiuying", "xiuying", "zxy", "13800000012", "0012", "19650512", "0512", "123x"]


@pytest.mark.parametrize(
    "bad",
    ["xiuying1965", "ZhangXiuying!", "zxy19650512", "ma-xiuying-88", "秀英13800000012", "1380000-0012",
     "ab0512123X", "Suriguga#2026", "66suriguga01!"],
)  # fmt: skip
def test_a_password_made_of_what_is_known_is_refused(bad):
    with pytest.raises(RuleError) as refusal:
        rules.check_password(bad, username="suriguga01", known=KNOWN)
    assert "knows you" in str(refusal.value)


@pytest.mark.parametrize("good", ["xiuying ai caoyuan", "长城内外 1949x", "zxhpqky-0512", "13800000099-mqt"])
def test_what_has_enough_beside_it_passes(good):
    assert rules.check_password(good, username="wuyun01", known=KNOWN) is None


def written(path, lines):
    path.write_bytes("".join(lines).encode())
    return path


@pytest.mark.parametrize("size", [0, 1, 2, 3, 500])
@pytest.mark.parametrize("cut", [40, 12])
def test_a_sorted_list_finds_each_of_its_own_and_no_other(tmp_path, size, cut):
    stolen = [f"geheim {n}" for n in range(size)]
    digests = sorted(sha1(one.encode(), usedforsecurity=False).hexdigest().upper()[:cut] for one in stolen)
    for ending, lower in (("\n", False), (":37\r\n", True)):
        lines = [(one.lower() if lower else one) + ending for one in digests]
        path = written(tmp_path / f"list{lower}", lines)
        assert all(breached.is_breached(one, path) for one in stolen)
        assert not any(breached.is_breached(f"eigen {n}", path) for n in range(300))
    whole = written(tmp_path / "no end", ["\n".join(digests)])
    assert all(breached.is_breached(one, whole) for one in stolen)


def test_a_large_list_is_not_read(tmp_path):
    """About log2(n) lines; the test counts what is read."""
    entries = sorted(sha1(b"%d" % n, usedforsecurity=False).hexdigest().upper() for n in range(20_000))
    path, read = written(tmp_path / "list", [f"{one}:1\n" for one in entries]), []

    @contextmanager
    def counting(_mode):
        with path.open("rb") as file:
            yield SimpleNamespace(
                seek=file.seek, tell=file.tell, readline=lambda size: read.append(size) or file.readline(size)
            )

    assert breached.last_up_to(SimpleNamespace(open=counting), b"9" * 40).startswith(b"9")
    assert len(read) < 60


def test_a_list_that_is_none_or_away_refuses_nobody(tmp_path, caplog):
    assert not breached.is_breached("geheim 1", "")
    assert not breached.is_breached("geheim 1", tmp_path / "away")
    assert "cannot be read" in caplog.text
    assert not breached.is_breached("geheim 1", written(tmp_path / "short", ["A\n", "F\n"]))
    assert "cannot be read" in breached.trouble(tmp_path / "away")
    assert "hex" in breached.trouble(written(tmp_path / "words", ["password\n"]))
    assert "sorted" in breached.trouble(written(tmp_path / "mixed", ["F" * 40 + "\n", "A" * 40 + "\n"]))
    assert breached.trouble(written(tmp_path / "right", ["A" * 40 + ":3\n", "f" * 40 + "\n"])) == ""


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


def test_overlapping_facts_count_in_any_order():
    for facts in permutations(["松社", "青松", "社区"]):
        assert habits.of_person("qing青松社区", facts)
    assert not habits.of_person("草原上的8匹马", ["青松", "松社"])
