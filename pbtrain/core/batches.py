"""Many things, some at a time: statements have a largest size."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(things: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Tuples of `size` things, the last one shorter."""
    rest = iter(things)
    while some := tuple(islice(rest, size)):
        yield some
