"""Passwords that were stolen somewhere: a sorted file a site keeps beside itself (BREACHED_FILE).

A line is the SHA-1 of a password in hex, or its beginning, perhaps with a count behind a colon; the lines are
in the order of their letters, as the files that are published for this purpose are. Millions of lines are
never read: a binary search reads about thirty.
"""

import hashlib
import logging
import os
from pathlib import Path

LEAST = 10  # hex digits of a line: with fewer, passwords nobody stole would be refused
LINE = 100  # bytes a line may have
logger = logging.getLogger(__name__)


def is_breached(password: str, path: str | Path) -> bool:
    """Does the list hold this password? False without a list, and when it cannot be read: that is logged."""
    if not path:
        return False
    digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    try:
        entry = last_up_to(Path(path), digest)
    except OSError as error:
        logger.warning("the list of stolen passwords cannot be read: %s", error)
        return False
    return len(entry) >= LEAST and digest.startswith(entry)


def last_up_to(path: Path, digest: bytes) -> bytes:
    """The last entry of a sorted file that does not come after this one; empty when all do."""
    found = b""
    with path.open("rb") as file:
        low, high = 0, file.seek(0, os.SEEK_END)  # it begins within [low, high)
        while low < high:
            middle = (low + high) // 2
            file.seek(max(middle - 1, low))
            if middle > low:
                file.readline(LINE)  # to the beginning of the next line
            start = file.tell()
            entry = file.readline(LINE).partition(b":")[0].strip().upper()
            if start >= high or entry > digest:
                high = middle
            else:
                found, low = entry, file.tell()
    return found


def trouble(path: str | Path) -> str:
    """What is wrong with the file, in words for `flask doctor`; empty when the ends of it look right."""
    try:
        with Path(path).open("rb") as file:
            lines = [file.readline(LINE).partition(b":")[0].strip() for _ in range(1000)]
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    lines = [line.upper() for line in lines if line]
    if not lines or any(len(line) < LEAST or line.strip(b"0123456789ABCDEF") for line in lines):
        return f"is not a list of SHA-1 in hex, a line each, of {LEAST} digits or more"
    return "" if lines == sorted(lines) else "is not sorted: LC_ALL=C sort -u"
