"""Columns of the lists that are sent in as sheets (rosters, learners, earlier hours): what heads them in the
sheets of offices. Pure."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_

MAX_CELL = 1_000  # signs of a cell; of a longer one only its length is told
BRANCHES, GUIDE = OWN_SHEETS = ("支部", "填写说明")  # of a template, beside the list
HEADER_WITHIN = 20  # rows of titles above the header at most


@dataclass(frozen=True)
class Column:
    """A field of a list: its word on screens, its header in the template, other headers of it."""

    label: str
    header: str
    also: tuple[str, ...] = ()
    limit: int = 40


def header_key(text: str) -> str:
    """'* 姓 名(必填)' -> '姓名'."""
    plain = unicodedata.normalize("NFKC", text)
    plain = re.sub(r"\(.*?\)|\[.*?\]", "", plain)
    return re.sub(r"[\s*:。、]+", "", plain)


@dataclass(frozen=True)
class Layout:
    """A kind of sheet, as the reading child is told of it: headers (as `header_key` has them) to fields, what
    heads each field in the template, the field that alone tells a line of headers, and the most rows."""

    headers: dict[str, str]
    titles: dict[str, str]
    telling: str
    needed: tuple[str, ...]  # headers named to whoever sends a sheet without any
    max_rows: int


def layout_of(columns: dict[str, Column], *, needed: tuple[str, ...], max_rows: int) -> Layout:
    """The layout of a sheet with these columns; the first of `needed` tells its line of headers."""
    headers = {text: key for key, column in columns.items() for text in (column.header, *column.also)}
    titles = {key: column.header for key, column in columns.items()}
    return Layout(headers, titles, needed[0], tuple(titles[key] for key in needed), max_rows)


def map_header(cells: Sequence[Any], layout: Layout) -> tuple[dict[int, str], list[str]]:
    """Column number -> field, and the headers nobody knows; RuleError when two columns mean the same."""
    found: dict[int, str] = {}
    unknown: list[str] = []
    for index, cell in enumerate(cells):
        if not isinstance(cell, str) or not (key := header_key(cell)):
            continue
        name = layout.headers.get(key)
        if name is None:
            unknown.append(key[:20])
        elif name in found.values():
            raise RuleError(
                N_("Two columns are headed “%(header)s”. Keep one of them and send the file again."),
                header=layout.titles[name],
            )
        else:
            found[index] = name
    return found, unknown


def is_header(cells: Sequence[Any], layout: Layout) -> bool:
    """Does this line head the telling column (of names), or at least two others we know?"""
    known = {layout.headers.get(header_key(cell)) for cell in cells if isinstance(cell, str)} - {None}
    return layout.telling in known or len(known) >= 2


def check_headed(columns: Mapping[str, Column], needed: Sequence[str], known: Collection[str]) -> None:
    """RuleError that names the headers without which nothing can be read."""
    if missing := [columns[name].header for name in needed if name not in known]:
        raise RuleError(
            N_("The sheet has no column “%(columns)s”. Download the template and keep its headers."),
            columns="”、“".join(missing),
        )
