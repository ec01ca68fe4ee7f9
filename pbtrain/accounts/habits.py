"""How people make passwords that others guess: common ones, walks over the keys, days, what is known of them.

All in lower case and pure; nothing here needs a list from elsewhere. Such a list is asked by `breached`.
"""

import re
from collections.abc import Collection

from pbtrain.accounts.common import COMMON, STEMS

HANGERS = "0123456789!@#$%^&*()_+-=.,;:?~/ 年月日"  # what people hang on to a word
LONG_STEPS = 3  # a walk whose pieces are on average so long is one
NEW = 5  # letters that must be left when all that is known of a person is taken away
_SWAPS = str.maketrans("0134578@$!", "oleastbasi")
_SHIFTED = str.maketrans("!@#$%^&*()", "1234567890")
_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz", "0123456789")
_COLUMNS = tuple("".join(keys) for keys in zip(*(row[:7] for row in _ROWS[:4]), strict=True))
_SLANTS = ("zse4", "xdr5", "cft6", "vgy7", "bhu8", "nji9", "mko0")
_LINES = (*_ROWS, *_COLUMNS, *_SLANTS)
_PLACES = {  # of each key: the lines it stands in, and where
    key: {(line, keys.index(key)) for line, keys in enumerate(_LINES) if key in keys}
    for key in set("".join(_LINES))
}


def is_habit(bare: str) -> bool:
    """Is this lower-case password made by a habit: a known one, a word between digits, signs for letters,
    keys in a row, a day or years, one piece repeated, at most two different signs?"""
    core = bare.strip(HANGERS)
    return (
        bare in COMMON
        or core in COMMON
        or core in STEMS
        or bare.translate(_SWAPS) in COMMON | STEMS
        or len(set(bare)) < 3
        or is_day(bare)
        or is_walk(bare)
        or any(bare == bare[:size] * (len(bare) // size) for size in range(2, len(bare) // 2 + 1))
    )


def is_walk(bare: str) -> bool:
    """Is it put together from few pieces, each of keys side by side in a row, a column or the alphabet, or of
    one key: 1qaz2wsx, qwe123asd, abcd9876, aaaa1111?"""
    keys, pieces, at = bare.translate(_SHIFTED), 0, 0
    while at < len(keys):
        at, pieces = at + _piece(keys, at), pieces + 1
    return len(bare) >= LONG_STEPS * pieces


def _piece(keys: str, start: int) -> int:
    """How many keys from `start` on go the same way along one line."""
    longest = len(keys[start:]) - len(keys[start:].lstrip(keys[start]))  # one key again and again
    for line, at in _PLACES.get(keys[start], ()):
        for step in (1, -1):
            size = 1
            while start + size < len(keys) and (line, at + step * size) in _PLACES.get(
                keys[start + size], ()
            ):
                size += 1
            longest = max(longest, size)
    return longest


def is_day(bare: str) -> bool:
    """A day of 1900 to 2099 in any order, 19780512 or 2026-9-25; or nothing but such years."""
    parts = [part for part in re.split(r"[^0-9]+", bare) if part]
    digits = "".join(parts)
    if not digits.isascii() or bare.strip(HANGERS):
        return False
    if len(digits) % 4 == 0 and all(_is_year(digits[i : i + 4]) for i in range(0, len(digits), 4)):
        return True
    if len(parts) == 1 and len(digits) == 8:
        parts = (
            [digits[:4], digits[4:6], digits[6:]]
            if _is_year(digits[:4])
            else [digits[:2], digits[2:4], digits[4:]]
        )
    if len(parts) != 3:
        return False
    first, middle, last = parts
    return _of_year(first, middle, last) or _of_year(last, first, middle) or _of_year(last, middle, first)


def _is_year(digits: str) -> bool:
    return len(digits) == 4 and 1900 <= int(digits) <= 2099


def _of_year(year: str, month: str, day: str) -> bool:
    return _is_year(year) and 1 <= int(month) <= 12 and 1 <= int(day) <= 31


def of_person(bare: str, known: Collection[str]) -> bool:
    """Is little left of this password without what others know of its owner (lower-case pieces: name, pinyin,
    phone, birthday, unit)? A fact of one sign, or of two letters or digits, is too short to count."""
    covered: set[int] = set()  # by position: pieces overlap, and their order must not matter
    for fact in known:
        if len(fact) > (2 if fact.isascii() else 1):
            at = bare.find(fact)
            while at >= 0:
                covered.update(range(at, at + len(fact)))
                at = bare.find(fact, at + 1)
    left = sum(sign not in HANGERS for place, sign in enumerate(bare) if place not in covered)
    return bool(covered) and left < NEW
