"""Is this workbook safe to parse? Looked at as a zip file and as streamed XML, before any parser sees it.

Runs in the child process (`child`) only. Limits: trust.md 6.10.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from xml.parsers import expat  # every document type declaration is refused below

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_

MAX_ENTRIES = 2_000
MAX_BYTES = 300 * 1024 * 1024
MAX_RATIO = 100
FREE_RATIO = 1024 * 1024  # below this size any ratio is harmless
MAX_ROWS = 50_000
MAX_COLUMNS = 100
MAX_STRAY = 1_000
MAX_SMALL = 5 * 1024 * 1024  # workbook.xml and its relations
TITLES = 20  # lines above the header
CHUNK = 1 << 18
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
RELATION = re.compile(r"\{[^}]*relationships\}id$")
BAD_NAME = re.compile(
    r"^[/~]|^[A-Za-z]:|\\|(^|/)\.\.?(/|$)|//|[\x00-\x1f\x7f]|^$"
)  # leads out of the package
REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")

DAMAGED = N_("This workbook is damaged. Open it in Excel or WPS, save it as .xlsx and send that.")
TOO_LARGE = N_("Unpacked, this workbook is too large. Copy the roster alone into a new workbook.")
TOO_MANY_ROWS = N_("More than %(limit)s rows. Delete the empty ones below the list, or split the roster.")
TOO_MANY_COLUMNS = N_("More than %(limit)s columns. Copy the columns of the template into a new workbook.")


@dataclass(frozen=True)
class SheetEntry:
    """A worksheet of the workbook: its name, its file in the zip, and whether people see it."""

    name: str
    path: str
    visible: bool


@dataclass
class Scan:
    """What a streamed look at one worksheet found."""

    rows: int = 0
    stray: int = 0  # cells far outside any roster
    formulas: dict[tuple[int, int], str] = field(default_factory=dict)
    cuts: list[tuple[int, int]] = field(default_factory=list)  # byte ranges of the stray cells


def check(archive: zipfile.ZipFile) -> None:
    """Refuse what no honest roster needs: bombs, twins, odd names, overlaps, passwords, macros, objects."""
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise RuleError(TOO_LARGE)
    if len({name.casefold() for name in names}) < len(names) or any(BAD_NAME.search(name) for name in names):
        raise RuleError(DAMAGED)
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise RuleError(N_("This workbook is protected by a password. Remove it and save the file again."))
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise RuleError(DAMAGED)
        end = entry.header_offset + 30 + entry.compress_size
        if entry.file_size > FREE_RATIO and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
            raise RuleError(TOO_LARGE)
    lower = [name.casefold() for name in names]
    if any(name.endswith(("vbaproject.bin", "vbadata.xml")) or "/macrosheets/" in name for name in lower):
        raise RuleError(N_("This workbook holds macros. Save it as .xlsx, without macros, and send that."))
    if any("/embeddings/" in name or "/activex/" in name for name in lower):
        raise RuleError(
            N_("This workbook holds embedded objects. Copy the list alone into a new workbook and send that.")
        )
    if any(name == "xl/workbook.bin" for name in lower):
        raise RuleError(N_("This is an .xlsb file. Save it as .xlsx and send that."))
    if "xl/workbook.xml" not in names or "[Content_Types].xml" not in names:
        raise RuleError(
            N_("This is a zip file, but not an Excel workbook. Save the roster as .xlsx and send that.")
        )
    _count(archive, entries)


def _count(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    """Unpack everything once without keeping it: sizes and checksums as declared, no DTD in any part."""
    total = 0
    for entry in entries:
        size, tail = 0, b""
        with archive.open(entry) as stream:
            while block := stream.read(CHUNK):
                size, total = size + len(block), total + len(block)
                if total > MAX_BYTES:
                    raise RuleError(TOO_LARGE)
                if entry.filename.endswith((".xml", ".rels", ".vml")):
                    text = (tail + block).replace(b"\0", b"")  # UTF-16 too
                    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
                        raise RuleError(DAMAGED)
                    tail = block[-16:]
        if size != entry.file_size:
            raise RuleError(DAMAGED)


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > MAX_SMALL:
        raise RuleError(DAMAGED)
    return archive.read(name)


def workbook(archive: zipfile.ZipFile) -> tuple[list[SheetEntry], bool]:
    """The worksheets in the order of their tabs, and whether days count from 1904."""
    try:
        root = fromstring(_small(archive, "xl/workbook.xml"))
        links = fromstring(_small(archive, "xl/_rels/workbook.xml.rels"))
    except (ParseError, DefusedXmlException, KeyError, ValueError):
        raise RuleError(DAMAGED) from None
    space = STRICT if root.tag.startswith(STRICT) else MAIN
    targets = {}
    for link in links:
        if link.get("Type", "").endswith("/worksheet"):
            target = link.get("Target", "")
            targets[link.get("Id")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    properties = root.find(f"{space}workbookPr")
    system_1904 = properties is not None and properties.get("date1904", "0") in ("1", "true")
    sheets = []
    for sheet in root.iter(f"{space}sheet"):
        key = next((value for name, value in sheet.attrib.items() if RELATION.search(name)), None)
        if (path := targets.get(key)) in archive.namelist():
            shown = sheet.get("state", "visible") == "visible"
            sheets.append(SheetEntry(sheet.get("name", ""), str(path), shown))
    return sheets, system_1904


def column_number(letters: str) -> int:
    """'A' -> 1, 'XFD' -> 16384."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


class _Scanner:
    """Expat handlers: count rows, note formulas and where stray cells stand in the bytes."""

    def __init__(self) -> None:
        self.found = Scan()
        self.row = self.column = 0
        self.cut_from = -1
        self.cut_ends = False
        self.formula: tuple[int, int] | None = None
        self.parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.data
        parser.StartDoctypeDeclHandler = self.doctype
        parser.buffer_text = False

    def doctype(self, *rest: object) -> None:
        raise RuleError(DAMAGED)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._close_cut()
        name = tag.rpartition(" ")[2]
        if name == "c":
            self._cell(attributes.get("r", ""))
        elif name == "row":
            self.found.rows += 1
            if self.found.rows > MAX_ROWS + TITLES:
                raise RuleError(TOO_MANY_ROWS, limit=MAX_ROWS)
            number = attributes.get("r", "")
            self.row, self.column = int(number) if number.isdecimal() else self.row + 1, 0
        elif name == "f" and self.cut_from < 0:
            self.formula = (self.row, self.column)
            self.found.formulas[self.formula] = "="

    def _cell(self, reference: str) -> None:
        if match := REFERENCE.fullmatch(reference):
            self.column, self.row = column_number(match[1]), int(match[2])
        elif reference:
            raise RuleError(DAMAGED)
        else:
            self.column += 1
        if self.column > MAX_COLUMNS or self.row > MAX_ROWS + TITLES:
            self.found.stray += 1
            if self.found.stray > MAX_STRAY:
                wide = self.column > MAX_COLUMNS
                message = TOO_MANY_COLUMNS if wide else TOO_MANY_ROWS
                raise RuleError(message, limit=MAX_COLUMNS if wide else MAX_ROWS)
            self.cut_from = self.parser.CurrentByteIndex

    def data(self, text: str) -> None:
        self._close_cut()
        if self.formula and len(self.found.formulas[self.formula]) < 60:
            self.found.formulas[self.formula] += text[:60]

    def end(self, tag: str) -> None:
        self._close_cut()
        name = tag.rpartition(" ")[2]
        if name == "f":
            self.formula = None
        elif name == "c" and self.cut_from >= 0:
            self.cut_ends = True

    def _close_cut(self) -> None:
        if self.cut_ends:
            self.found.cuts.append((self.cut_from, self.parser.CurrentByteIndex))
            self.cut_from, self.cut_ends = -1, False


def scan(archive: zipfile.ZipFile, sheet: SheetEntry) -> Scan:
    """Stream through a worksheet's cell references; RuleError when it is no sane rectangle."""
    scanner = _Scanner()
    try:
        with archive.open(sheet.path) as stream:
            while block := stream.read(CHUNK):
                scanner.parser.Parse(block, False)
            scanner.parser.Parse(b"", True)
    except expat.ExpatError:
        raise RuleError(DAMAGED) from None
    return scanner.found


def without(archive: zipfile.ZipFile, sheet: SheetEntry, cuts: list[tuple[int, int]]) -> BytesIO:
    """The same workbook without those bytes of one worksheet: stray cells would swell any parser."""
    kept = BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy:
        for entry in archive.infolist():
            body = archive.read(entry)
            if entry.filename == sheet.path:
                body = b"".join(body[start:end] for start, end in _kept(cuts, len(body)))
            copy.writestr(entry.filename, body)
    kept.seek(0)
    return kept


def _kept(cuts: list[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    at = 0
    for start, end in cuts:
        yield at, start
        at = end
    yield at, size


def opened(path: Path) -> zipfile.ZipFile:
    """The file as a zip, or the sentence for a damaged one."""
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise RuleError(DAMAGED) from None
