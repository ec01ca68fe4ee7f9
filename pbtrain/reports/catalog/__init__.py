"""What a report is. A new one is one more file here that registers itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Select

HALVES = {"": (1, 12), "1": (1, 6), "2": (7, 12)}


@dataclass(frozen=True)
class Scope:
    """What a report is about: one branch, a year or half of it; `show`: a key of the report's filters."""

    unit_id: int
    unit_name: str
    year: int
    half: str = ""
    show: str = ""

    @property
    def first(self) -> date:
        """The first day."""
        return date(self.year, HALVES[self.half][0], 1)

    @property
    def last(self) -> date:
        """The last day."""
        return date(self.year, 6, 30) if self.half == "1" else date(self.year, 12, 31)


@dataclass(frozen=True)
class Column:
    """A column: msgid of its heading, its kind (text, day, hours, number), where it stands on a phone
    (c-num right, c-wide below, c-hide not at all) and its width in Excel."""

    label: str
    kind: str = "text"
    place: str = "c-wide"
    width: int = 12


@dataclass(frozen=True)
class Line:
    """One row: values in the order of the columns; `remark` says why it is struck out, if it is."""

    values: Sequence[Any]
    title: int  # which value names the row
    entry_id: int | None = None  # the line of the ledger it opens
    struck: bool = False
    remark: str = ""


@dataclass(frozen=True)
class Report:
    """Everything the page, the print view and the Excel file need.

    `rows` selects, `line` turns a row into cells (words already in the reader's language), `facts` reads what
    stands around the table (totals, rules, check code) in a constant number of statements.
    """

    key: str
    title: str
    hint: str
    columns: Sequence[Column]
    rows: Callable[[Scope], Select[Any]]
    line: Callable[[Any], Line]
    facts: Callable[[Scope], Mapping[str, Any]]
    totals: Callable[[Mapping[str, Any]], list[list[Any]]]  # rows below the table, values as in a line
    notes: Callable[[Mapping[str, Any]], list[str]]
    signatures: Sequence[str] = field(default=())
    filters: Mapping[str, str] = field(default_factory=dict)  # msgid; `facts` counts under the same key


REPORTS: dict[str, Report] = {}


def add(report: Report) -> None:
    """Take a report into the catalogue."""
    REPORTS[report.key] = report
