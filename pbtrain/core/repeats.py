"""What is sent twice is made once: a double click, the way back, an answer lost on a bad line.

Where a form brings no key of its own, what says exactly the same beside the same parent is taken as the same.
"""

from typing import Any

from sqlalchemy import select

from pbtrain.core.db import UNKEYED, db

LOOKED_AT = 5  # rows that agree in what SQL compares, the newest first


def alone_in(parent: Any, parent_id: int) -> None:
    """Lock the row beside which something is made: of two at once the second sees what the first made."""
    db.session.execute(select(parent.id).where(parent.id == parent_id).with_for_update(**UNKEYED))


def earlier(table: Any, **values: Any) -> int | None:
    """The id of the newest row that says exactly this; None where there is none."""
    plain = {name: value for name, value in values.items() if not isinstance(value, list | dict)}  # JSON
    alike = db.session.scalars(select(table).filter_by(**plain).order_by(table.id.desc()).limit(LOOKED_AT))
    return next((row.id for row in alike if all(getattr(row, n) == v for n, v in values.items())), None)
