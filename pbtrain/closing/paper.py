"""A statement of hours on paper: one A4 page in Chinese with the way to the page that proves it."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import segno
from fpdf import FPDF
from pylopdf_fonts_zh_cn import sans_path, serif_path

LEFT, WIDTH = 25, 160  # millimetres
QR = 34


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
    page.cell(WIDTH, 8, words.number, align="C", new_x="LMARGIN", new_y="NEXT")
    page.set_text_color(0)
    page.ln(8)
    _rows(page, words.rows)
    page.ln(6)
    page.set_font("sans", size=10)
    for text in words.remarks:
        page.multi_cell(WIDTH, 6, text, new_x="LMARGIN", new_y="NEXT")
    page.ln(14)
    page.set_font("sans", size=12)
    for text in words.signatures:
        page.cell(WIDTH / 2, 12, text)
    _picture(page, words)
    return bytes(page.output())


def _rows(page: FPDF, rows: tuple[tuple[str, str], ...]) -> None:
    """Name and value, a line under each."""
    page.set_draw_color(190)
    for name, value in rows:
        page.set_font("sans", size=11)
        page.set_text_color(90)
        page.cell(42, 11, name)
        page.set_text_color(0)
        page.set_font("sans", size=13)
        page.multi_cell(WIDTH - 42, 11, value, new_x="LMARGIN", new_y="NEXT")
        page.line(LEFT, page.get_y(), LEFT + WIDTH, page.get_y())


def _picture(page: FPDF, words: Words) -> None:
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
    page.multi_cell(WIDTH - QR - 6, 6, words.proof)
