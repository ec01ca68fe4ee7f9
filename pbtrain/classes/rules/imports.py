"""Lists of people for a class: columns, what a cell means, why a row is refused. Pure.

A row is one person: of the roster, found by name and number, last four or branch; or a guest from outside.
"""

from collections.abc import Sequence
from typing import Any

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.org.uploads.cells import Refused, as_text
from pbtrain.org.uploads.columns import Column, check_headed, layout_of
from pbtrain.org.uploads.reader import Reader, Row

MAX_ROWS = 2_000

STATES = {
    "reading": (N_("Being read"), "info"),
    "preview": (N_("To be checked"), "warn"),
    "applied": (N_("Written"), "ok"),
    "undone": (N_("Taken back"), ""),
    "dropped": (N_("Cancelled"), ""),
    "failed": (N_("Not readable"), "bad"),
}
OUTCOMES = {
    "seat": N_("Get a seat"),
    "guest": N_("Guests with a seat"),
    "waiting": N_("No seat is free for them"),
    "already": N_("In the class already"),
    "refused": N_("Cannot be read in"),
}
GOOD = ("seat", "guest", "waiting")
COLUMNS = {
    "name": Column(N_("Full name"), "姓名", ("学员姓名", "党员姓名", "名字"), 60),
    "code": Column(N_("Member number"), "党员编号", ("编号", "党员编码"), 32),
    "id_end": Column(N_("Last four of the ID number"), "身份证后四位", ("身份证后4位", "身份证尾号")),
    "branch": Column(
        N_("Branch or organisation"), "所在支部或单位",
        ("所在支部", "党支部", "支部", "单位", "推荐单位", "工作单位", "所在单位"), 100,
    ),
    "outside": Column(N_("Guest from outside"), "外地学员", ("是否外地学员", "是否外地")),
    "phone": Column(N_("Mobile number"), "手机号", ("手机", "手机号码", "联系电话", "电话")),
}  # fmt: skip
LAYOUT = layout_of(COLUMNS, needed=("name",), max_rows=MAX_ROWS)
YES = {"是": True, "外地": True, "外地学员": True, "否": False, "本地": False, "": False}

TWICE = N_("The same person as in line %(line)s.")
UNKNOWN = N_("Nobody of this name and number stands in the area of this academy. Check both.")
SEVERAL = N_("Several members fit. Give the member number.")
NOT_THERE = N_("Somebody of this name is known, in another branch. Check the branch.")


class LearnerReader(Reader):
    """Reads the lines of one list."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(names, COLUMNS)
        self.readers["outside"] = self._outside

    def compare(self, row: Row) -> None:
        """A guest comes from somewhere."""
        if row.values.get("outside") and not row.values.get("branch") and not row.errors:
            row.refuse("branch", N_("Say from which organisation the guest comes."))

    def _outside(self, cell: Any) -> bool:
        text = as_text(cell, 10, self.notes).replace(" ", "")
        if text not in YES:
            raise Refused(N_("Write 是 for a guest from outside, or leave it empty."))
        return YES[text]


def check_columns(known: set[str]) -> None:
    """RuleError without a column of names."""
    check_headed(COLUMNS, ("name",), known)


def check_state(state: str, *wanted: str) -> None:
    """RuleError unless a list is in one of these states."""
    if state not in wanted:
        raise RuleError(N_("This list has been dealt with already."))
