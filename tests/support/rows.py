"""Rows of the database as a test counts them."""

from typing import Any

from sqlalchemy import func, select

from pbtrain.core.db import db


def count(*conditions: Any) -> int:
    """How many rows; the table is that of the first condition."""
    return db.session.scalar(select(func.count()).where(*conditions)) or 0
