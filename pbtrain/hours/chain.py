"""How a line of the ledger is named, written as bytes and chained. Pure; the triggers compute the same.

The hashed line is the same bytes on every database: integers and ASCII, joined by `|`; free text enters
as its SHA-256. People enter as pseudonyms, so that erasing a person does not break the chain.
"""

import hashlib
import hmac
from datetime import date
from functools import lru_cache
from typing import NamedTuple

SEQ_BITS = 24  # up to 16 million lines a book
NOBODY = "0" * 32


def entry_id(book_id: int, seq: int) -> int:
    """The id of a line follows from its book and number, so that it cannot be changed unseen."""
    return (book_id << SEQ_BITS) + seq


def genesis(unit_id: int, year: int) -> str:
    """What the first line of a book is chained to: it ties the book to its branch and year."""
    return digest(f"book|{unit_id}|{year}")


def pseudonym(key: bytes | None) -> str:
    """32 hex characters that stand for a person; `key` is destroyed with the person's data."""
    if key is None:
        return NOBODY
    return hmac.digest(key, b"pbtrain person", "sha256").hex()[:32]


def line(
    *,
    prev: str,
    book_id: int,
    seq: int,
    person: str,
    day: date,
    credit_year: int,
    activity: str,
    channel: str,
    mode: str,
    minutes: int,
    credit: int,
    policy_id: int,
    proof: str,
    source: str,
    reverses_id: int | None,
    posted_by: str,
    posted_at: int,
    starts_at: int | None,
    ends_at: int | None,
    title: str,
    note: str,
) -> str:
    """The line as it is hashed; instants are whole microseconds since 1970."""
    return written(
        prev, book_id, seq, person, day.isoformat(), credit_year, activity, channel, mode, minutes, credit,
        policy_id, proof, source, reverses_id, posted_by, posted_at, starts_at, ends_at, prose(title, note),
    )  # fmt: skip


def written(
    prev: str, book_id: int, seq: int, person: str, day: str, credit_year: int, activity: str, channel: str,
    mode: str, minutes: int, credit: int, policy_id: int, proof: str, source: str, reverses_id: int | None,
    posted_by: str, posted_at: int, starts_at: int | None, ends_at: int | None, text: str,
) -> str:  # fmt: skip
    """The same from values as they are stored: the day as ISO text, title and note as their digest."""
    return (
        f"1|{prev}|{book_id}|{seq}|{person}|{day}|{credit_year}|{activity}|{channel}|{mode}|{minutes}|{credit}|"
        f"{policy_id}|{proof}|{source}|{'' if reverses_id is None else reverses_id}|{posted_by}|{posted_at}|"
        f"{'' if starts_at is None else starts_at}|{'' if ends_at is None else ends_at}|{text}"
    )


class Parts(NamedTuple):
    """A line as its texts say it, in the order of `written`; empty where there was nothing."""

    version: str
    prev: str
    book_id: str
    seq: str
    person: str
    day: str
    credit_year: str
    activity: str
    channel: str
    mode: str
    minutes: str
    credit: str
    policy_id: str
    proof: str
    source: str
    reverses_id: str
    posted_by: str
    posted_at: str
    starts_at: str
    ends_at: str
    text: str


def parts_of(line: str) -> Parts | None:
    """The parts of a line as it was hashed; None where there are not as many as a line has."""
    found = line.split("|")
    return Parts(*found) if len(found) == len(Parts._fields) else None


@lru_cache(maxsize=4096)  # everybody at an occasion has the same
def prose(title: str, note: str) -> str:
    """Free text enters a line as this."""
    return digest(f"{title}\n{note}")


def digest(text: str) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(text.encode()).hexdigest()
