"""Grading: from answers to marks. Values in, values out; no clock, no database.

Marks are whole hundredths of a point, so that nothing is lost to rounding twice.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """What an answer earned of what it could, in hundredths of a point; 0 <= earned <= possible."""

    earned: int
    possible: int


def grade_one(key: frozenset[str], chosen: frozenset[str], points: int) -> Mark:
    """All or nothing: the one right choice, and no other."""
    return Mark(points if key and chosen == key else 0, points)


def grade_many(key: frozenset[str], chosen: frozenset[str], points: int, *, partial: bool) -> Mark:
    """Any wrong choice earns nothing (错选不得分); a right part earns its share (少选得部分分) if `partial`.

    The share is rounded half up to a hundredth. No choice, and a question without a key, earn nothing.
    """
    if not key or not chosen or chosen - key:
        return Mark(0, points)
    if chosen == key:
        return Mark(points, points)
    return Mark((2 * points * len(chosen) + len(key)) // (2 * len(key)) if partial else 0, points)


def total(marks: Iterable[Mark]) -> Mark:
    """The sum; of no marks at all 0 of 0."""
    earned = possible = 0
    for mark in marks:
        earned += mark.earned
        possible += mark.possible
    return Mark(earned, possible)


def has_passed(mark: Mark, pass_mark: int) -> bool:
    """Is `pass_mark` percent reached? Nobody passes a paper on which nothing can be earned."""
    return mark.possible > 0 and 100 * mark.earned >= pass_mark * mark.possible


def shuffled(options: Sequence[str], seed: int, question_id: int) -> list[str]:
    """The options in the order of this attempt: always the same for the same seed and question."""

    def place(option: str) -> bytes:
        return hashlib.sha256(f"{seed}:{question_id}:{option}".encode()).digest()

    return sorted(options, key=place)
