"""Rows that stand in an order of their own: a column `position`, changed by swapping neighbours."""

from typing import Any

from sqlalchemy import ColumnElement, select, update

from pbtrain.core.db import db


def swap(table: Any, where: ColumnElement[bool], row_id: int, step: int) -> bool | None:
    """Change places with the neighbour above (-1) or below (+1) among the rows that `where` selects.

    None for a row that is not among them, False at an end, where nothing happens.
    """
    order = list(db.session.scalars(select(table.id).where(where).order_by(table.position, table.id)))
    if row_id not in order:
        return None
    place = order.index(row_id)
    other = place + (1 if step > 0 else -1)
    if not 0 <= other < len(order):
        return False
    order[place], order[other] = order[other], order[place]
    for position, moved in enumerate(order, 1):
        db.session.execute(
            update(table)
            .where(table.id == moved, table.position != position)
            .values(position=position)
            .execution_options(synchronize_session=False)
        )
    return True
