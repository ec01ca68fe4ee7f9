"""Reads the lines of a list that was sent in: what each kind of list (of the roster, of learners, of earlier
hours) says of its columns, and the reading that is the same for all. Pure: no database, no clock."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pbtrain.core.marks import N_
from pbtrain.org.uploads.cells import Refused, as_text, read_code, read_id_end, read_name, read_phone, shown
from pbtrain.org.uploads.columns import Column

EMPTY = N_("This cell is empty.")


@dataclass
class Row:
    """A line as understood: cleaned values (ISO dates) and errors [field, msgid, params, shown]."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    errors: list[list[Any]] = field(default_factory=list)

    def refuse(self, where: str, message: str, shown: str = "", **params: Any) -> None:
        """Say what is wrong in which column, with what the sheet holds there."""
        self.errors.append([where, message, params, shown[:80]])


class Reader:
    """Reads the lines of one sheet; counts in `notes` what it tidied.

    `names` are the fields in the order of the sheet, `columns` all fields the list may have. A kind of list
    adds to `readers` how its own cells are read, names in `needed` what may not be empty, and says in
    `compare` what shows only when cells are laid beside each other.
    """

    def __init__(
        self, names: Sequence[str], columns: Mapping[str, Column], *, needed: Sequence[str] = ()
    ) -> None:
        self.names, self.columns, self.needed = names, columns, needed
        self.notes: Counter[str] = Counter()
        self.readers: dict[str, Callable[[Any], Any]] = {
            "name": lambda cell: read_name(cell, self.notes),
            "code": lambda cell: read_code(cell, self.notes),
            "id_end": lambda cell: read_id_end(cell, self.notes),
            "phone": lambda cell: read_phone(cell, self.notes),
        }

    def read(self, line: int, cells: Sequence[Any]) -> Row | None:
        """The line with its values and what is wrong with it; None when it holds nothing."""
        raw = dict(zip(self.names, cells, strict=False))
        if all(value is None or (isinstance(value, str) and not value.strip()) for value in raw.values()):
            return None
        row = Row(line)
        for name in self.columns:
            cell = raw.get(name)
            try:
                value = self._value(name, cell)
            except Refused as no:
                row.refuse(name, no.message, shown(name, cell), **no.params)
            else:
                if value:
                    row.values[name] = value
        self.compare(row)
        return row

    def _value(self, name: str, cell: Any) -> Any:
        read = self.readers.get(name)
        value = read(cell) if read else as_text(cell, self.columns[name].limit, self.notes)
        if not value and name in self.needed:
            raise Refused(EMPTY)
        return value

    def compare(self, row: Row) -> None:
        """Refuse what single cells do not show."""
