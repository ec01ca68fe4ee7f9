"""Sheets of earlier hours (期初) and exports of platforms: columns, what a cell means, why a row is refused.

Pure: no database, no clock. A row is one occasion of one member. Minutes are whole, credits hundredths of a
学时.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from pbtrain.claims import rules
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.hours.activities import WORDS
from pbtrain.org.uploads.cells import Refused, as_text, read_day
from pbtrain.org.uploads.columns import Column, check_headed, layout_of
from pbtrain.org.uploads.reader import Reader, Row

MAX_ROWS = 20_000
YEARS_BACK = 1
MOST_POINTS = 99_999  # of one line of a platform's export

STATES = {
    "reading": (N_("Being read"), "info"),
    "unreadable": (N_("Not readable"), "bad"),
    "preview": (N_("To be checked"), "warn"),
    "dropped": (N_("Cancelled"), ""),
    "submitted": (N_("Waits for the level above"), "warn"),
    "confirmed": (N_("Confirmed"), "ok"),
    "refused": (N_("Not confirmed"), "bad"),
    "undone": (N_("Taken back"), ""),
}
KEPT_IN = ("reading", "preview", "unreadable", "dropped")  # nobody above sees these
LIVE = ("reading", "preview", "submitted", "confirmed")
OUTCOMES = {
    "good": N_("Can be written"),
    "posted": N_("In the ledger"),
    "left": N_("Left out when it was written"),
    "refused": N_("Cannot be read in"),
}

_COMMON = {
    "name": Column(N_("Full name"), "姓名", ("党员姓名", "名字"), 60),
    "code": Column(N_("Member number"), "党员编号", ("编号", "党员编码"), 32),
    "id_end": Column(N_("Last four of the ID number"), "身份证后四位", ("身份证后4位", "身份证尾号")),
    "branch": Column(N_("Branch"), "所在支部", ("党支部", "支部", "支部名称", "所在党支部"), 100),
    "day": Column(N_("Day"), "学习日期", ("日期", "时间", "活动日期", "学习时间")),
}  # fmt: skip
COLUMNS: dict[str, dict[str, Column]] = {
    "takeover": _COMMON
    | {
        "time": Column(N_("Began at"), "开始时间", ("开始", "几点开始")),
        "title": Column(N_("What was studied"), "学习内容", ("内容", "活动名称", "主题", "名称"), 100),
        "activity": Column(N_("Form of study"), "学习形式", ("形式", "活动类型", "类型", "学习方式")),
        "minutes": Column(N_("Time in minutes"), "学习分钟", ("分钟", "分钟数", "时长", "学习时长")),
        "proof": Column(N_("Proof level"), "证明等级", ("证明", "证明级别", "等级")),
        "note": Column(N_("Note"), "备注", ("说明",), 200),
    },
    "platform": _COMMON
    | {
        "quantity": Column(N_("How much it shows"), "平台数量", ("数量", "积分", "学习积分", "课时", "分钟")),
        "title": Column(N_("What was studied"), "学习内容", ("内容", "课程", "课程名称", "名称"), 100),
        "note": Column(N_("Note"), "备注", ("说明",), 200),
    },
}  # fmt: skip
NEEDED = {
    "takeover": ("name", "day", "title", "activity", "minutes"),
    "platform": ("name", "day", "quantity"),
}
LAYOUTS = {
    kind: layout_of(columns, needed=NEEDED[kind], max_rows=MAX_ROWS) for kind, columns in COLUMNS.items()
}
ACTIVITY_WORDS = {word: key for key, words in WORDS.items() for word in words}
OFFERED = tuple(words[0] for words in WORDS.values())
PROOFS = ("B", "D")

NO_DAY = N_("This member was not on the roster of a branch on that day.")
TWICE = N_("The same as line %(line)s: member, day, form, minutes and title.")
STANDS = N_("This very line stands in the ledger already.")
FULL = N_("The hours this platform can bring in a year are used up.")
SEALED = N_("The year %(year)s of this branch is closed. The level above records a correction.")


class TakeoverReader(Reader):
    """Reads the lines of one sheet. `year` is the one its days must lie in."""

    def __init__(
        self, kind: str, names: Sequence[str], *, year: int, today: date, system_1904: bool = False
    ) -> None:
        super().__init__(names, COLUMNS[kind], needed=NEEDED[kind])
        self.year, self.today, self.system_1904 = year, today, system_1904
        self.readers |= {
            "day": self._day,
            "time": self._time,
            "title": self._title,
            "activity": self._activity,
            "minutes": lambda cell: self._number(cell, rules.SHORTEST, rules.LONGEST),
            "quantity": lambda cell: self._number(cell, 1, MOST_POINTS),
            "proof": self._proof,
        }

    def compare(self, row: Row) -> None:
        """Who is meant must be plain."""
        if not row.values.get("code") and not row.values.get("id_end") and not row.errors:
            row.refuse("code", N_("Give the member number, or the last four of the ID number."))

    def _day(self, cell: Any) -> str:
        text = read_day(cell, system_1904=self.system_1904, today=self.today, notes=self.notes)
        if text and date.fromisoformat(text).year != self.year:
            raise Refused(N_("This day does not lie in %(year)s."), year=self.year)
        return text

    def _time(self, cell: Any) -> str:
        text = str(cell["e"]) if isinstance(cell, dict) and "e" in cell else as_text(cell, 20, self.notes)
        if not text:
            return ""
        match = re.fullmatch(r"(\d{1,2}):(\d{2})(?::\d{2})?", text.replace("：", ":"))
        if match is None or int(match[1]) > 23 or int(match[2]) > 59:
            raise Refused(N_("Write the time as 19:00, or leave it empty."))
        return f"{int(match[1]):02d}:{match[2]}"

    def _title(self, cell: Any) -> str:
        text = as_text(cell, 100, self.notes, wide=False)
        if len(text) == 1:
            raise Refused(N_("Say what it was, in 2 to 100 characters."))
        return text

    def _activity(self, cell: Any) -> str:
        text = as_text(cell, 40, self.notes).replace(" ", "")
        if text and text not in ACTIVITY_WORDS:
            raise Refused(N_("Unknown. Choose one of: %(choices)s."), choices="、".join(OFFERED))
        return ACTIVITY_WORDS.get(text, "")

    def _number(self, cell: Any, least: int, most: int) -> Any:
        text = as_text(cell, 20, self.notes).removesuffix("分钟").removesuffix("分").strip()
        if not text:
            return ""
        if not text.isascii() or not text.isdecimal() or not least <= int(text) <= most:
            raise Refused(N_("A whole number from %(least)s to %(most)s."), least=least, most=most)
        return int(text)

    def _proof(self, cell: Any) -> str:
        text = as_text(cell, 10, self.notes).upper()[:1] or "D"
        if text not in PROOFS:
            raise Refused(N_("B (confirmed by somebody) or D (own word)."))
        return text


class Standing(Protocol):
    """A line of the ledger."""

    @property
    def day(self) -> date: ...
    @property
    def title(self) -> str: ...
    @property
    def activity(self) -> str: ...
    @property
    def minutes(self) -> int: ...
    @property
    def starts_at(self) -> datetime | None: ...
    @property
    def ends_at(self) -> datetime | None: ...


@dataclass(frozen=True)
class Met:
    """What a row meets in the ledger: the very same line, one in the way, titles of the same day."""

    same: bool = False
    overlaps: str = ""
    near: tuple[str, ...] = ()


def meets(values: dict[str, Any], begins: datetime | None, lines: Sequence[Standing]) -> Met:
    """Look for this row among the standing lines of its member; `begins` is the moment it began."""
    day = date.fromisoformat(values["day"])
    same_day = [line for line in lines if line.day == day]
    ends = begins + timedelta(minutes=values["minutes"]) if begins else None
    in_way = [
        line.title
        for line in lines
        if begins and ends and line.starts_at and line.ends_at
        and line.starts_at < ends and begins < line.ends_at
    ]  # fmt: skip
    return Met(
        same=any(key_of_line(line) == key_of(values) for line in same_day),
        overlaps=in_way[0] if in_way else "",
        near=tuple(line.title for line in same_day if line.title not in in_way)[:3],
    )


def key_of(values: dict[str, Any]) -> tuple[Any, ...]:
    """What makes two rows of a member the same occasion."""
    return values["day"], values["activity"], values["minutes"], values["title"]


def key_of_line(line: Standing) -> tuple[Any, ...]:
    """The same of a line of the ledger."""
    return line.day.isoformat(), line.activity, line.minutes, line.title


def check_year(year: int, *, today: date) -> None:
    """RuleError unless it is this year or the last: earlier ones are closed everywhere."""
    if not today.year - YEARS_BACK <= year <= today.year:
        raise RuleError(N_("Only hours of this year and the last can be taken over."), "year")


def check_columns(kind: str, known: set[str]) -> None:
    """Name the columns without which nothing can be read."""
    check_headed(COLUMNS[kind], NEEDED[kind], known)
    if not known & {"code", "id_end"}:
        check_headed(COLUMNS[kind], ("code",), known)


def check_grounds(*, scan: bool, reason: str) -> None:
    """RuleError unless a sheet is handed in with a scan of the paper, or says why there is none."""
    if not scan and len(reason.strip()) < 2:
        raise RuleError(N_("Add a scan of the paper ledger, or say why there is none."), "scan")


def check_confirmer(made_by: int | None, account_id: int, *, own: bool) -> None:
    """RuleError for whoever sent the sheet, and for whoever's own hours stand in it."""
    if made_by == account_id:
        raise RuleError(N_("You sent this sheet yourself: somebody else of the level above confirms it."))
    if own:
        raise RuleError(N_("Your own hours are in this sheet: somebody else confirms it."))
