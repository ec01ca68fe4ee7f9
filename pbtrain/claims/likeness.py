"""How alike two pictures are: a difference hash of 64 bits. Values in, values out.

The same photo, sent again smaller, redrawn or a little brighter, differs in few bits. Two hashes that differ
in at most three bits agree in at least one of four bands of 16 bits, so that an index on each band finds
every candidate.
"""

import io

from PIL import Image

BANDS, BITS = 4, 16
ALIKE = 3  # bits
FLAT = 8  # levels of grey: a picture without more contrast says nothing about itself


def fingerprint(content: bytes) -> int | None:
    """The hash of a picture that Pillow can open; None for one without contrast, like a blank page."""
    with Image.open(io.BytesIO(content)) as image:
        small = image.convert("L").resize((9, 8), Image.Resampling.LANCZOS)
    grey = small.tobytes()
    if max(grey) - min(grey) < FLAT:
        return None
    found = 0
    for row in range(8):
        for column in range(8):
            at = row * 9 + column
            found = found << 1 | (grey[at] > grey[at + 1])
    return found


def bands(print_: int | None) -> list[int | None]:
    """The four bands of a hash, the first its highest bits; four times None for no hash."""
    if print_ is None:
        return [None] * BANDS
    return [print_ >> BITS * (BANDS - 1 - n) & 0xFFFF for n in range(BANDS)]


def distance(one: list[int | None], other: list[int | None]) -> int:
    """In how many bits two pictures differ, 0 to 64; 64 where either has no hash."""
    total = 0
    for mine, theirs in zip(one, other, strict=True):
        if mine is None or theirs is None:
            return BANDS * BITS
        total += (mine ^ theirs).bit_count()
    return total
