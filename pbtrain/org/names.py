"""Spelling names: pinyin to sort and search by, user names, our own numbers of members and units."""

import re
import secrets

from pypinyin import Style, lazy_pinyin

from pbtrain.core.tokens import SLIP_ALPHABET

NOT_LETTERS = re.compile(r"[^a-z0-9]+")


def pinyin(name: str) -> str:
    """'乌云' -> 'wuyun wy': whole, for the order of lists, then initials, for searching."""
    whole = "".join(lazy_pinyin(name)).lower()
    initials = "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).lower()
    return f"{whole} {initials}"[:200].strip()


def username_base(name: str) -> str:
    """'乌云' -> 'wuyun': letters a user name begins with, so that none looks like a phone number."""
    letters = NOT_LETTERS.sub("", "".join(lazy_pinyin(name)).lower())[:30]
    return letters if letters[:1].isalpha() else f"u{letters}"


def new_code(first: str) -> str:
    """'M7K2PQ9XAB': a number nobody else has, that says nothing about its owner."""
    return first + "".join(secrets.choice(SLIP_ALPHABET) for _ in range(9))
