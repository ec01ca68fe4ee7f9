"""What a closed year is proved by: canonical text, digest, short code, and the file that holds all of it.

Pure and without a database: `python -m pbtrain.closing.manifest FILE` runs wherever Python does. The file is
text, one record a line: first the digest and code of the unit, then manifests from the top down, each as its
canonical text, and after the manifest of a branch every line of its book as `hash line`. Each record is
expected by one before it, so that a changed byte, a missing or an extra line is found where it stands.
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from pbtrain.core.marks import N_
from pbtrain.hours import chain

MAGIC = "pbtrain-year 1"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_BITS = 80  # sixteen characters
LONGEST = 16 * 1024 * 1024  # of one record: a manifest names the units or members of one unit
TOTALS = (
    "branches", "entries", "person_times", "minutes", "credit", "prior_credit", "members", "met", "care",
    "counted", "target",
)  # fmt: skip


class Forged(ValueError):
    """The file is not what was sealed: the line of the file, and a msgid with its parameters."""

    def __init__(self, line: int, what: str, **params: Any) -> None:
        super().__init__(f"line {line}: {what % params if params else what}")
        self.line, self.what, self.params = line, what, params


def canonical(value: Any) -> str:
    """JSON in one way only: keys in order, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(manifest: Any) -> str:
    """SHA-256 in hex of the canonical text."""
    return chain.digest(canonical(manifest))


def short_code(digest: str) -> str:
    """The first 80 bits of a digest as sixteen characters without I, L, O and U, to print and to compare."""
    number = int(digest[: CODE_BITS // 4], 16)
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(CODE_BITS - 5, -5, -5))


def spaced(code: str) -> str:
    """'0123456789ABCDEF' -> '0123-4567-89AB-CDEF'."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def typed(code: str) -> str:
    """A code as somebody typed it: dashes and blanks gone, I and L read as 1, O as 0."""
    plain = "".join(ch for ch in code.upper() if ch.isalnum())
    return plain.translate(str.maketrans("ILO", "110"))


def summed(parts: Iterable[dict[str, int]]) -> dict[str, int]:
    """Totals of units added up."""
    found = dict.fromkeys(TOTALS, 0)
    for part in parts:
        for name in TOTALS:
            found[name] += part[name]
    return found


def head(digest: str) -> str:
    """The first record of a file."""
    return f"{MAGIC} {digest} {short_code(digest)}"


# --- Checking a file --------------------------------------------------------------------------------


@dataclass
class Proved:
    """What a file that fits together proves."""

    unit: str
    year: int
    code: str
    digest: str
    totals: dict[str, int]
    units: int = 0
    lines: int = 0


@dataclass
class Reader:
    """Records of a file, counted; an unfinished or endless one is refused."""

    file: IO[bytes]
    line: int = 0

    def next(self) -> str:
        """The next record as text."""
        self.line += 1
        raw = self.file.readline(LONGEST + 1)
        if not raw:
            raise Forged(self.line, N_("The file ends too early."))
        if not raw.endswith(b"\n"):
            raise Forged(self.line, N_("The record is cut off or too long."))
        try:
            return raw[:-1].decode("ascii")
        except UnicodeDecodeError:
            raise Forged(self.line, N_("It holds characters that no record has.")) from None

    def end(self) -> None:
        """Nothing may follow."""
        self.line += 1
        if self.file.read(1):
            raise Forged(self.line, N_("More follows than was closed."))


@dataclass
class Expected:
    """A manifest that is to come: its digest, whose it is, and what its parent says of it."""

    digest: str
    unit_id: int | None = None
    year: int | None = None


@dataclass
class Level:
    """A manifest whose book and units are being read."""

    totals: dict[str, int]
    line: int
    waiting: list[Expected]
    parts: list[dict[str, int]] = field(default_factory=list)


def check(file: IO[bytes]) -> Proved:
    """Prove a file from its first byte to its last, some kilobytes at a time; Forged names what differs."""
    reader = Reader(file)
    try:
        return _check(reader)
    except Forged:
        raise
    except (ValueError, KeyError, TypeError, IndexError):
        raise Forged(reader.line, N_("It is not a record of this version.")) from None


def _check(reader: Reader) -> Proved:
    first = reader.next()
    claimed = first.removeprefix(MAGIC + " ").split(" ")[0]
    if not _is_digest(claimed) or first != head(claimed):
        raise Forged(reader.line, N_("A closed year does not begin like this, or its code does not fit."))
    manifest = _manifest(reader, Expected(claimed))
    proved = Proved(
        manifest["unit"]["name"], manifest["year"], short_code(claimed), claimed, manifest["totals"]
    )
    levels: list[Level] = []
    while True:
        proved.units += 1
        below = [Expected(u["digest"], u["id"], manifest["year"]) for u in manifest.get("units", ())]
        levels.append(Level(manifest["totals"], reader.line, below))
        if "book" in manifest:
            proved.lines += _book(reader, manifest)
            levels[-1].parts.append(manifest["own"])
        expected = _next(levels)
        if expected is None:
            break
        manifest = _manifest(reader, expected)
    reader.end()
    return proved


def _next(levels: list[Level]) -> Expected | None:
    """Close the levels that are complete and say which manifest comes next; None at the end."""
    while levels:
        level = levels[-1]
        if level.waiting:
            return level.waiting.pop(0)
        if summed(level.parts) != level.totals:
            raise Forged(level.line, N_("Its totals are not those of its book and its units."))
        levels.pop()
        if levels:
            levels[-1].parts.append(level.totals)
    return None


def _is_digest(text: str) -> bool:
    return len(text) == 64 and not set(text) - set("0123456789abcdef")


def _manifest(reader: Reader, expected: Expected) -> dict[str, Any]:
    text = reader.next()
    if hashlib.sha256(text.encode()).hexdigest() != expected.digest:
        raise Forged(reader.line, N_("The manifest is not the one that was closed."))
    try:
        manifest = json.loads(text)
        fits = canonical(manifest) == text and manifest["pbtrain"] == "year seal" and manifest["version"] == 1
        unit, year, totals = manifest["unit"], manifest["year"], manifest["totals"]
        fits = fits and isinstance(unit["name"], str) and isinstance(unit["id"], int)
        fits = fits and isinstance(year, int) and set(totals) == set(TOTALS)
        fits = fits and all(isinstance(value, int) for value in totals.values())
        fits = fits and ("book" in manifest or "units" in manifest)
    except (ValueError, KeyError, TypeError, RecursionError):
        fits = False
    if not fits:
        raise Forged(reader.line, N_("It is not a manifest of this version."))
    if expected.unit_id is not None and (unit["id"], year) != (expected.unit_id, expected.year):
        raise Forged(reader.line, N_("The manifest belongs to another unit or year."))
    found: dict[str, Any] = manifest
    return found


def _book(reader: Reader, manifest: dict[str, Any]) -> int:
    """The lines of a branch's book against its manifest; returns how many."""
    book, totals, year = manifest["book"], manifest["own"], manifest["year"]
    head = chain.genesis(manifest["unit"]["id"], year)
    people = minutes = credit = prior = 0
    for seq in range(1, book["entries"] + 1):
        where = {"seq": seq, "name": manifest["unit"]["name"]}
        record = reader.next()
        digest, _blank, line = record.partition(" ")
        if chain.digest(line) != digest:
            raise Forged(
                reader.line, N_("Line %(seq)s of %(name)s was changed: its hash does not fit."), **where
            )
        parts = chain.parts_of(line)
        if parts is None or parts.prev != head:
            raise Forged(
                reader.line, N_("Line %(seq)s of %(name)s is not chained to the one before."), **where
            )
        if (parts.version, parts.book_id, parts.seq) != ("1", str(book["id"]), str(seq)):
            raise Forged(reader.line, N_("Line %(seq)s of %(name)s has the number of another one."), **where)
        people += -1 if parts.reverses_id else 1
        minutes += int(parts.minutes)
        if parts.credit_year == str(year):
            credit += int(parts.credit)
        else:
            prior += int(parts.credit)
        head = digest
    found = (head, book["entries"], people, minutes, credit, prior)
    sealed = (book["head"], *(totals[n] for n in TOTALS[1:6]))
    if found != sealed:
        raise Forged(
            reader.line,
            N_("The book of %(name)s is not the one that was closed."),
            name=manifest["unit"]["name"],
        )
    return int(book["entries"])


def told(proved: Proved) -> Iterator[str]:
    """What a person at a terminal reads of a file that fits together."""
    yield f"{proved.unit}, {proved.year}: {proved.units} units, {proved.lines} lines, and all of it fits."
    yield f"Code {spaced(proved.code)}: compare it with the one printed on the reports of that year."


def main(arguments: list[str]) -> int:
    """Check the file named; 1 when it is not what was sealed, or not under that code."""
    if not 1 <= len(arguments) <= 2:
        print("python -m pbtrain.closing.manifest FILE [CODE]", file=sys.stderr)
        return 2
    try:
        with open(arguments[0], "rb") as file:
            proved = check(file)
    except Forged as error:
        print(str(error), file=sys.stderr)
        return 1
    if len(arguments) == 2 and typed(arguments[1]) != proved.code:
        print(f"another year was sealed: the code of this file is {spaced(proved.code)}", file=sys.stderr)
        return 1
    print("\n".join(told(proved)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
