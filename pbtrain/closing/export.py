"""A closed year as a file: manifests from the top down and every line as it was hashed. No names of people.

Free text enters a line as its digest, people as pseudonyms. Part of the queries of closing.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from pbtrain.closing import manifest
from pbtrain.closing.models import YearSeal
from pbtrain.core.db import db
from pbtrain.hours import chain, checks


def records(unit_id: int, year: int) -> Iterator[str]:
    """The file's records with their line ends, read some at a time; LookupError for an open year."""
    top = _seal(unit_id, year)
    if top is None:
        raise LookupError(f"unit {unit_id} has not closed {year}")
    yield manifest.head(top.digest) + "\n"
    yield from _below(top, year)


def _seal(unit_id: int, year: int) -> Any:
    return db.session.execute(
        select(YearSeal.digest, YearSeal.manifest).where(YearSeal.unit_id == unit_id, YearSeal.year == year)
    ).first()


def _below(seal: Any, year: int) -> Iterator[str]:
    """A unit's manifest, then its book or the units below it."""
    yield manifest.canonical(seal.manifest) + "\n"
    if "book" in seal.manifest:
        yield from _lines(seal.manifest["book"]["id"])
    for unit in seal.manifest.get("units", ()):
        yield from _below(_seal(unit["id"], year), year)


def _lines(book_id: int) -> Iterator[str]:
    """The lines of a book: hash, blank, what was hashed."""
    entry = checks.ENTRY
    for rows in checks.raw(select(*checks.LINE).where(entry.book_id == book_id).order_by(entry.id)):
        for _id, digest, _member, _actor, title, note, *content in rows:
            yield f"{digest} {chain.written(*content, chain.prose(title, note))}\n"
