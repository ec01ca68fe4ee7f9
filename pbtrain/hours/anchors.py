"""Anchors: the heads of all books in a file outside the database.

A chain recomputed from end to end, a cut tail or a removed book is consistent in itself and shows only
against the last anchor. What happens between two anchors cannot be proved: the guide says so.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import select

from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.hours import chain
from pbtrain.hours.models import Book, HourEntry
from pbtrain.hours.verify import Finding


def write(file: TextIO) -> int:
    """Write one JSON line a book after a line that says when; returns the number of books."""
    file.write(json.dumps({"pbtrain": "anchor", "version": 1, "at": clock.now().isoformat()}) + "\n")
    books = db.session.execute(
        select(Book.id, Book.unit_id, Book.year, Book.entries, Book.head)
        .order_by(Book.id)
        .execution_options(yield_per=5000)
    )
    count = 0
    with books:
        for row in books:
            file.write(json.dumps(row._asdict()) + "\n")
            count += 1
    return count


def save(folder: Path) -> Path:
    """Write today's anchor into the folder, complete or not at all; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"anchor-{clock.today():%Y%m%d}.jsonl"
    unfinished = path.with_suffix(".part")
    with unfinished.open("w", encoding="ascii") as file:
        write(file)
    unfinished.replace(path)
    return path


def compare(file: TextIO) -> Iterator[Finding]:
    """Every book that no longer continues what the anchor saw. ValueError for a file that is no anchor."""
    head = json.loads(file.readline() or "{}")
    if head.get("pbtrain") != "anchor" or head.get("version") != 1:
        raise ValueError("this file is not an anchor")
    batch: list[dict[str, Any]] = []
    for text in file:
        batch.append(json.loads(text))
        if len(batch) == 500:
            yield from _compare(batch)
            batch = []
    yield from _compare(batch)


def _compare(batch: list[dict[str, Any]]) -> Iterator[Finding]:
    ids = [seen["id"] for seen in batch]
    books = {row.id: row for row in db.session.execute(
        select(Book.id, Book.unit_id, Book.year, Book.entries).where(Book.id.in_(ids)))}  # fmt: skip
    heads = {
        (row.book_id, row.seq): row.hash
        for row in db.session.execute(
            select(HourEntry.book_id, HourEntry.seq, HourEntry.hash).where(
                HourEntry.id.in_([chain.entry_id(seen["id"], seen["entries"]) for seen in batch])
            )
        )
    }
    for seen in batch:
        where, now = f"book {seen['id']}", books.get(seen["id"])
        if now is None or (now.unit_id, now.year) != (seen["unit_id"], seen["year"]):
            yield Finding(where, "was removed after the anchor")
        elif now.entries < seen["entries"]:
            yield Finding(where, f"lost its tail: {now.entries} lines, the anchor saw {seen['entries']}")
        elif seen["entries"] and heads.get((seen["id"], seen["entries"])) != seen["head"]:
            yield Finding(
                where, f"line {seen['entries']} is not the one the anchor saw: the chain was rewritten"
            )
        elif not seen["entries"] and seen["head"] != chain.genesis(seen["unit_id"], seen["year"]):
            yield Finding(where, "the anchor itself is damaged")
