"""A statement of hours on paper: one A4 page in Chinese with the way to the page that proves it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import segno
from pylopdf_fonts_zh_cn import sans_path, serif_path

if TYPE_CHECKING:
    from fpdf import FPDF

LEFT, WIDTH = 25, 160  # millimetres
NAMES = 42  # of the column of names
QR = 34
CLOSING, OPENING = "、，。；：？！）》”’·%,.;:?!)", "（《“‘("
PIECES = re.compile(r"[0-9A-Za-z][0-9A-Za-z.,]*|.", re.DOTALL)


@dataclass(frozen=True)
class Words:
    """Everything that stands on the paper, in the reader's language."""

    title: str
    number: str
    rows: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]
    signatures: tuple[str, ...]
    proof: str  # beside the picture
    address: str  # where the picture leads
    made_on: date


@lru_cache(maxsize=1)
def fonts() -> tuple[Path, Path]:
    """Files of the letters: for text, for titles."""
    return Path(sans_path()), Path(serif_path())


def drawn(words: Words) -> bytes:
    """The PDF; only the letters that are used go into it."""
    from fpdf import FPDF  # half a second of every start, where nobody may want a paper

    sans, serif = fonts()
    page = FPDF(format="A4")
    page.set_title(words.title)
    page.set_creator("pbtrain")
    page.add_font("sans", fname=sans)
    page.add_font("serif", fname=serif)
    page.set_margins(LEFT, 30, LEFT)
    page.set_auto_page_break(False)
    page.add_page()
    page.set_font("serif", size=26)
    page.cell(WIDTH, 16, words.title, align="C", new_x="LMARGIN", new_y="NEXT")
    page.set_font("sans", size=10)
    page.set_text_color(90)
    _text(page, words.number, WIDTH, 6, align="C")
    page.set_text_color(0)
    page.ln(8)
    _rows(page, words.rows)
    page.ln(6)
    page.set_font("sans", size=10)
    for text in words.remarks:
        _text(page, text, WIDTH, 6)
    page.ln(14)
    page.set_font("sans", size=12)
    for text in words.signatures:
        page.cell(WIDTH / 2, 12, text)
    _picture(page, words)
    return bytes(page.output())


def _rows(page: "FPDF", rows: tuple[tuple[str, str], ...]) -> None:
    """Name and value, a line under each; what is long takes further lines, close together."""
    page.set_draw_color(190)
    for name, value in rows:
        top = page.get_y() + 2
        page.set_font("sans", size=11)
        page.set_text_color(90)
        page.set_xy(LEFT, top)
        page.cell(NAMES, 7, name)
        page.set_text_color(0)
        page.set_font("sans", size=13)
        page.set_xy(LEFT + NAMES, top)
        _text(page, value, WIDTH - NAMES, 7)
        page.set_y(page.get_y() + 2)
        page.line(LEFT, page.get_y(), LEFT + WIDTH, page.get_y())


def _text(page: "FPDF", text: str, width: float, height: float, *, align: str = "L") -> None:
    """Text in as many lines as it needs, from here on downwards."""
    left = page.get_x()
    for line in wrapped(text, lambda some: page.get_string_width(some) <= width - 2 * page.c_margin):
        page.set_x(left)
        page.cell(width, height, line, align=align, new_x="LEFT", new_y="NEXT")


def wrapped(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Lines that fit. A line may break anywhere but within a number or a word in Latin letters; none begins
    with what closes, none ends with what opens."""
    lines, line = [], ""
    for piece in PIECES.findall(text):
        if line and not fits(line + piece) and piece[0] not in CLOSING:
            kept = line.rstrip(OPENING)
            lines.append(kept or line)
            line = line[len(kept) :] if kept else ""
        line += piece
    return [*lines, line]


def _picture(page: "FPDF", words: Words) -> None:
    """The QR code as squares, at the foot of the page, and what it is for."""
    matrix: Any = segno.make(words.address, error="m", micro=False).matrix
    side = QR / (len(matrix) + 8)
    top = 297 - 30 - QR
    page.set_fill_color(0)
    for row, bits in enumerate(matrix):
        for column, dark in enumerate(bits):
            if dark:
                page.rect(LEFT + (column + 4) * side, top + (row + 4) * side, side, side, style="F")
    page.set_xy(LEFT + QR + 6, top + 6)
    page.set_font("sans", size=10)
    _text(page, words.proof, WIDTH - QR - 6, 6)
