"""Spelling names: pinyin to sort and search by, user names, our own numbers of members and units."""

import re
import secrets
from typing import Any

from pbtrain.core.tokens import SLIP_ALPHABET

NOT_LETTERS = re.compile(r"[^a-z0-9]+")


def _spelt(name: str, **how: Any) -> str:
    from pypinyin import (
        lazy_pinyin,
    )  # its dictionary takes 57 MB: only where names are made

    return "".join(lazy_pinyin(name, **how)).lower()


def pinyin(name: str) -> str:
    """'乌云' -> 'wuyun wy': whole, for the order of lists, then initials, for searching."""
    from pypinyin import Style

    return f"{_spelt(name)} {_spelt(name, style=Style.FIRST_LETTER)}"[:200].strip()


def username_base(name: str) -> str:
    """'乌云' -> 'wuyun': letters a user name begins with, so that none looks like a phone number."""
    letters = NOT_LETTERS.sub("", _spelt(name))[:30]
    return letters if letters[:1].isalpha() else f"u{letters}"


def new_code(first: str) -> str:
    """'M7K2PQ9XAB': a number nobody else has, that says nothing about its owner."""
    return first + "".join(secrets.choice(SLIP_ALPHABET) for _ in range(9))
