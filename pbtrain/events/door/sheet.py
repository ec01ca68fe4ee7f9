"""The sign-in sheet on paper: pages of 25 numbered rows to sign, each with the way to where it is ticked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import segno

from pbtrain.closing.paper import fonts

if TYPE_CHECKING:
    from fpdf import FPDF

ROWS = 25  # on one page
LEFT, WIDTH = 15, 180  # millimetres
QR, HIGH = 26, 8.6
COLUMNS = (12, 42, 62, 40, 24)  # number, name, branch, signature, remark


@dataclass(frozen=True)
class Page:
    """One page: the rows (number, name, branch) and the address its code leads to."""

    rows: tuple[tuple[int, str, str], ...]
    address: str
    foot: str  # "Page 1 of 3"


@dataclass(frozen=True)
class Words:
    """What stands on every page, in the reader's language."""

    title: str
    lines: tuple[str, ...]  # under the title: unit, day and time, place
    heads: tuple[str, str, str, str, str]
    how: str  # beside the code: what it is for
    witness: str


def pages_of(people: Sequence[Any]) -> list[Sequence[Any]]:
    """The people of each page, in the order of the list; one empty page when nobody is on it."""
    return [people[start : start + ROWS] for start in range(0, len(people), ROWS)] or [[]]


def drawn(words: Words, pages: Sequence[Page]) -> bytes:
    """The PDF, A4; only the letters that are used go into it."""
    from fpdf import FPDF  # half a second of every start, where nobody may want a paper

    sans, _serif = fonts()  # one of them: reading a font is half of the work
    paper = FPDF(format="A4")
    paper.set_title(words.title)
    paper.set_creator("pbtrain")
    paper.add_font("sans", fname=sans)
    paper.set_margins(LEFT, 12, LEFT)
    paper.set_auto_page_break(False)
    for page in pages:
        paper.add_page()
        _head(paper, words, page)
        _table(paper, words, page)
        paper.set_xy(LEFT, 297 - 20)
        paper.set_font("sans", size=10)
        paper.cell(WIDTH * 0.7, 8, words.witness)
        paper.cell(WIDTH * 0.3, 8, page.foot, align="R")
    return bytes(paper.output())


def _head(paper: "FPDF", words: Words, page: Page) -> None:
    """Title and lines at the left, the code at the right."""
    from fpdf.enums import WrapMode

    paper.set_font("sans", size=20)
    paper.multi_cell(
        WIDTH - QR - 6, 9, words.title, align="L", new_x="LMARGIN", new_y="NEXT", wrapmode=WrapMode.CHAR
    )
    paper.set_font("sans", size=10)
    for line in (*words.lines, words.how):
        paper.multi_cell(
            WIDTH - QR - 6, 5, line, align="L", new_x="LMARGIN", new_y="NEXT", wrapmode=WrapMode.CHAR
        )
    matrix: Any = segno.make(page.address, error="m", micro=False).matrix
    side = QR / len(matrix)
    left = LEFT + WIDTH - QR
    paper.set_fill_color(0)
    for row, bits in enumerate(matrix):
        for column, dark in enumerate(bits):
            if dark:
                paper.rect(left + column * side, 12 + row * side, side, side, style="F")
    paper.set_y(max(paper.get_y(), 12 + QR) + 3)


def _table(paper: "FPDF", words: Words, page: Page) -> None:
    """The rows, the last columns empty for the pen."""
    paper.set_draw_color(120)
    paper.set_font("sans", size=10)
    for width, text in zip(COLUMNS, words.heads, strict=True):
        paper.cell(width, HIGH, text, border=1, align="C")
    paper.ln()
    for number, name, home in page.rows:
        cells = ((str(number), 11, "C"), (name, 12, "L"), (home, 8, "L"), ("", 8, "L"), ("", 8, "L"))
        for width, (text, size, align) in zip(COLUMNS, cells, strict=True):
            paper.set_font("sans", size=size)
            paper.cell(width, HIGH, _fitting(paper, text, width - 2), border=1, align=align)
        paper.ln()


def _fitting(paper: "FPDF", text: str, width: float) -> str:
    """As much of the text as fits into one line."""
    if paper.get_string_width(text) <= width:
        return text
    while text and paper.get_string_width(text + "…") > width:
        text = text[:-1]
    return text + "…"
