"""What a cell of a list means, and why it cannot be used. Pure: no database, no clock.

A cell is what the reader handed over: a text, a number, or a dict for what is neither: {"d": "2024-07-01"}
a date, {"f": true} a formula, {"e": "#N/A"} an error of the sheet, {"long": 12000} a text longer than any
column takes.
"""

import re
import unicodedata
from collections import Counter
from datetime import date, timedelta
from typing import Any

from stdnum.cn import ric

from pbtrain.core.marks import N_

EARLIEST = date(1900, 1, 1)
LONGEST_NAME = 60
EXACT = 10**15  # a sheet keeps 15 digits of a number
DOTS = "·•・‧∙⋅･"  # all of them are typed between the parts of a name
ONE_DOT = str.maketrans(dict.fromkeys(DOTS, "·"))
KEPT_FORMAT = "\u180e"  # Mongolian vowel separator: a letter's shape depends on it
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffd\ufffe\uffff]")
UNSEEN = re.compile(  # format characters, but for the Mongolian one above
    "[\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u200b-\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0001\U000e0020-\U000e007f]"
)
SPACES = re.compile(r"[\s\u3000]+")
HAN = r"[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
HAN_SPACE = re.compile(f"(?<={HAN}) (?={HAN})")
MASKED_ID = re.compile(r"\d{6}\*{8}\d{3}[\dX]")
MASKED_PHONE = re.compile(r"1\d{2}\*{4}\d{4}")
DAY = re.compile(
    r"(\d{4})(?:-(\d{1,2})-|/(\d{1,2})/|\.(\d{1,2})\.|年(\d{1,2})月)(\d{1,2})日?(?: 0?0:00(?::00)?)?"
)
SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d+")  # what a sheet makes of a long number
SOLID_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")


class Refused(Exception):
    """A cell cannot be used: msgid and parameters."""

    def __init__(self, message: str, **params: Any) -> None:
        super().__init__(message)
        self.message, self.params = message, params


def name_key(name: str) -> str:
    """For comparing only: dots unified, unseen characters, spaces and case away."""
    plain = unicodedata.normalize("NFC", name).translate(ONE_DOT)
    return "".join(UNSEEN.sub("", plain).split()).casefold()


def name_variants(name: str) -> set[str]:
    """The spellings under which the same name may be stored."""
    dotted = name.translate(ONE_DOT)
    return {name} | ({dotted.replace("·", dot) for dot in DOTS} if "·" in dotted else set())


def mask_id(number: str) -> str:
    """'150102199003071231' -> '150102********1231'."""
    return f"{number[:6]}********{number[-4:]}" if len(number) == 18 else "*" * len(number)


def tidy(text: str, notes: Counter[str], *, wide: bool = True) -> str:
    """The text without what nobody can see; `wide` also turns full-width signs into ordinary ones."""
    if CONTROL.search(text.replace("\n", " ").replace("\t", " ")):
        raise Refused(N_("There is an unreadable character in this cell. Type it again."))
    seen = "".join(ch for ch in text if ch == KEPT_FORMAT or unicodedata.category(ch) != "Cf")
    notes["unseen"] += seen != text
    flat = SPACES.sub(" ", seen).strip(" ")
    notes["spaces"] += flat != seen
    if wide:
        plain = unicodedata.normalize("NFKC", flat)
        notes["wide"] += plain != flat
        flat = plain
    return flat


def as_text(cell: Any, limit: int, notes: Counter[str], *, wide: bool = True) -> str:
    """The cell as text, whole numbers without '.0'. Refused: formulas, errors, truth values, long texts."""
    if cell is None or cell == "":
        return ""
    if isinstance(cell, dict):
        if "f" in cell:
            raise Refused(N_("This is a formula, not text. Paste it as a value and send the file again."))
        if "e" in cell:
            raise Refused(N_("The sheet shows an error here. Correct it and send the file again."))
        if "long" in cell:
            raise Refused(
                N_("Too long: %(size)s characters, at most %(limit)s."), size=cell["long"], limit=limit
            )
        return str(cell["d"])
    if isinstance(cell, bool):
        raise Refused(N_("This is a TRUE or FALSE, not text."))
    if isinstance(cell, int | float):
        if abs(cell) >= EXACT:
            raise Refused(N_("Set this column to text: digits are lost when it is stored as a number."))
        if cell != int(cell):
            raise Refused(N_("This is a number with decimals. Set the column to text and type it again."))
        return str(int(cell))
    text = tidy(cell, notes, wide=wide)
    if len(text) > limit:
        raise Refused(N_("Too long: %(size)s characters, at most %(limit)s."), size=len(text), limit=limit)
    return text


def read_day(cell: Any, *, system_1904: bool, today: date, notes: Counter[str]) -> str:
    """The ISO date a cell means, "" when empty. Refused: no day, unclear, before 1900, after today."""
    if isinstance(cell, dict) and "d" in cell:
        day = date.fromisoformat(cell["d"])
    elif isinstance(cell, int | float) and not isinstance(cell, bool):
        day = _day_of_number(cell, system_1904, notes)
    elif not (text := as_text(cell, 40, notes)):
        return ""
    else:
        day = _day_of_text(text)
    if day > today:
        raise Refused(N_("This day lies after today."))
    if day < EARLIEST:
        raise Refused(N_("This day lies before 1900. Check it."))
    return day.isoformat()


def _day_of_number(number: float, system_1904: bool, notes: Counter[str]) -> date:
    if 19000101 <= number <= 21001231:
        return _day_of_text(str(int(number)))
    if not 3000 <= number <= 80000:  # a year alone, a month, a telephone number, not a number at all
        raise Refused(N_("This day is unclear. Write it as 2024-07-01."))
    notes["serial"] += 1
    start = date(1904, 1, 1) if system_1904 else date(1899, 12, 30)
    return start + timedelta(days=int(number))


def _day_of_text(text: str) -> date:
    match = DAY.fullmatch(text) or SOLID_DAY.fullmatch(text)
    if match is None:
        raise Refused(N_("This day is unclear. Write it as 2024-07-01."))
    year, month, day = (int(part) for part in match.groups() if part is not None)
    try:
        return date(year, month, day)
    except ValueError:
        raise Refused(N_("There is no such day in the calendar.")) from None


def read_name(cell: Any, notes: Counter[str]) -> str:
    """A person's name, kept as written but for unseen characters and spaces between Chinese characters."""
    if isinstance(cell, int | float):
        raise Refused(N_("A name cannot be a number."))
    name = as_text(cell, LONGEST_NAME, notes, wide=False)
    close = HAN_SPACE.sub("", name)
    notes["spaces"] += close != name
    if not close:
        raise Refused(N_("The name is missing."))
    if not any(ch.isalpha() for ch in close):
        raise Refused(N_("A name needs at least one letter or character."))
    return close


def read_id(cell: Any, today: date, notes: Counter[str]) -> str:
    """An ID number of 18 digits with its check digit (GB 11643-1999), or masked as our export writes it."""
    if isinstance(cell, int | float) or (isinstance(cell, str) and SCIENTIFIC.fullmatch(cell.strip())):
        raise Refused(N_("Set the ID number column to text: digits are lost when it is stored as a number."))
    number = as_text(cell, 40, notes).replace(" ", "")
    if not number or MASKED_ID.fullmatch(number):
        return number
    if number.endswith("x"):
        notes["lower_x"] += 1
        number = number.upper()
    if re.fullmatch(r"\d{15}", number):
        raise Refused(N_("An old number of 15 digits. Enter the one of 18 digits."))
    if not re.fullmatch(r"\d{17}[\dX]", number):
        raise Refused(N_("An ID number has 18 digits; this one has %(size)s."), size=len(number))
    if ric.calc_check_digit(number) != number[-1]:
        raise Refused(N_("The last digit does not fit the others. Check it against the card."))
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise Refused(N_("The birth date in this ID number does not exist.")) from None
    if born > today or born < EARLIEST:
        raise Refused(N_("The birth date in this ID number cannot be right."))
    return number


def read_phone(cell: Any, notes: Counter[str]) -> str:
    """A mobile number of 11 digits, or masked as our export writes it; spaces, hyphens, +86 are dropped."""
    if isinstance(cell, int | float) and cell < 0:
        raise Refused(N_("This is not a mobile number: it begins with 13 to 19."))
    digits = re.sub(r"[\s()-]", "", as_text(cell, 40, notes))
    digits = re.sub(r"^(\+86|0086|86(?=1\d{10}$))", "", digits)
    if not digits or MASKED_PHONE.fullmatch(digits):
        return digits
    if not digits.isascii() or not digits.isdigit():
        raise Refused(N_("A mobile number has digits only."))
    if len(digits) != 11:
        raise Refused(N_("%(size)s digits; a mobile number has 11."), size=len(digits))
    if not re.match(r"1[3-9]", digits):
        raise Refused(N_("This is not a mobile number: it begins with 13 to 19."))
    return digits


def read_word(cell: Any, words: dict[str, str], choices: str, notes: Counter[str]) -> str:
    """One of the known words."""
    text = as_text(cell, 40, notes).replace(" ", "").removeprefix("党支部").removeprefix("支部")
    if not text:
        return ""
    if text not in words:
        raise Refused(N_("Unknown. Choose one of: %(choices)s."), choices=choices)
    return words[text]


def read_code(cell: Any, notes: Counter[str]) -> str:
    """A member number: letters, digits and hyphens."""
    code = as_text(cell, 32, notes)
    if code and not re.fullmatch(r"[A-Za-z0-9_-]+", code):
        raise Refused(N_("A member number has letters, digits and hyphens only."))
    return code


def read_id_end(cell: Any, notes: Counter[str]) -> str:
    """The last four signs of an ID number, which alone a list of occasions asks for."""
    text = as_text(cell, 40, notes).replace(" ", "").upper()
    if isinstance(cell, int | float) and text:
        text = text.zfill(4)  # a sheet drops the zeros in front
    if text and not re.fullmatch(r"\d{3}[\dX]", text):
        raise Refused(N_("Only the last four signs of the ID number belong here."))
    return text


def shown(name: str, cell: Any) -> str:
    """The cell for the eye: an ID number masked, of its end no more than four signs."""
    if isinstance(cell, dict):
        text = str(cell.get("d") or cell.get("e") or cell.get("text") or "")
    elif isinstance(cell, float) and cell == cell and abs(cell) < 1e18 and cell == int(cell):
        text = str(int(cell))
    else:
        text = "" if cell is None else str(cell)
    text = "".join(ch for ch in text[:200] if unicodedata.category(ch) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    if name == "id_number" and len(text) > 10:
        return f"{text[:6]}{'*' * min(len(text) - 10, 8)}{text[-4:]}"
    if name == "id_end" and len(text) > 4:
        return f"…{text[-4:]}"
    return {"M": "男", "F": "女"}.get(text, text) if name == "sex" else text
