"""What a line of a roster means, and why it cannot be used. Pure: no database, no clock."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from pbtrain.core.marks import N_
from pbtrain.org.roster.columns import (
    AWAY_WORDS,
    AWAYS,
    CATEGORIES,
    CATEGORY_WORDS,
    COLUMNS,
    FLOW_WORDS,
    FLOWS,
    POST_WORDS,
    POSTS,
    RANK_WORDS,
    RANKS,
    SEXES,
    STAGE_WORDS,
    STAGES,
)
from pbtrain.org.uploads.cells import as_text, read_day, read_id, read_word, shown
from pbtrain.org.uploads.reader import Reader, Row

DAYS = ("born_on", "joined_on", "since", "post_since", "rank_since", "away_since")
AWAY_ALONE = N_("A day, but neither suspended nor abroad. Enter which of the two.")
PLACE_ALONE = N_("A place, but no flow. Enter whether the member flowed in or out.")
NOTES = {
    "wide": N_("Full-width letters and digits in %(count)s cells were read as ordinary ones."),
    "unseen": N_("Invisible characters in %(count)s cells were left out."),
    "spaces": N_("Superfluous spaces in %(count)s cells were left out."),
    "lower_x": N_("A small x at the end of %(count)s ID numbers was read as X."),
    "from_id": N_("%(count)s birth dates or sexes were taken from the ID number."),
    "serial": N_("%(count)s dates written as Excel's day numbers were read as dates."),
}

WORDS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {  # what is read, and what is offered
    "sex": (SEXES, ("男", "女")),
    "stage": (STAGES, tuple(STAGE_WORDS.values())),
    "category": (CATEGORIES, tuple(CATEGORY_WORDS.values())),
    "post": (POSTS, tuple(POST_WORDS.values())),
    "rank": (RANKS, tuple(RANK_WORDS.values())),
    "away": (AWAYS, tuple(AWAY_WORDS.values())),
    "flow": (FLOWS, tuple(FLOW_WORDS.values())),
}


class RosterReader(Reader):
    """Reads the lines of one roster."""

    def __init__(self, names: Sequence[str], *, today: date, system_1904: bool) -> None:
        super().__init__(names, COLUMNS)
        self.today, self.system_1904 = today, system_1904
        self.readers["id_number"] = lambda cell: read_id(cell, today, self.notes)
        self.readers["flow_place"] = self._place
        self.readers |= dict.fromkeys(DAYS, self._day)
        for name in WORDS:
            self.readers[name] = self._word(name)

    def _day(self, cell: Any) -> str:
        return read_day(cell, system_1904=self.system_1904, today=self.today, notes=self.notes)

    def _place(self, cell: Any) -> str:  # kept as written, like a name
        return as_text(cell, COLUMNS["flow_place"].limit, self.notes, wide=False)

    def _word(self, name: str) -> Callable[[Any], str]:
        words, offered = WORDS[name]
        return lambda cell: read_word(cell, words, "、".join(offered), self.notes)

    def compare(self, row: Row) -> None:
        """What shows when cells are compared: birth date and sex with the ID number, joining with birth."""
        values = row.values
        number = values.get("id_number", "")
        if number and "*" not in number:
            born = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
            sex = "M" if int(number[16]) % 2 else "F"
            for name, told in (("born_on", born), ("sex", sex)):
                if any(error[0] == name for error in row.errors):
                    continue
                self.notes["from_id"] += name not in values
                if values.setdefault(name, told) != told:
                    row.refuse(name, N_("Does not agree with the ID number."), shown(name, values[name]))
        born_on, joined_on = values.get("born_on"), values.get("joined_on")
        if born_on and joined_on and joined_on <= born_on:
            row.refuse("joined_on", N_("The joining date lies before the birth date."), joined_on)
        if values.get("post_since") and values.get("post", "none") == "none":
            row.refuse("post_since", N_("A day, but no post. Enter the post too."), values["post_since"])
        if values.get("rank_since") and values.get("rank", "none") == "none":
            row.refuse("rank_since", N_("A day, but no rank. Enter the rank too."), values["rank_since"])
        if values.get("away_since") and values.get("away", "none") == "none":
            row.refuse("away_since", AWAY_ALONE, values["away_since"])
        if values.get("flow_place") and values.get("flow") == "none":
            row.refuse("flow_place", PLACE_ALONE, values["flow_place"])
