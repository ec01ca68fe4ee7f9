"""Whom an academy may nominate: name, branch and number of members in its service area, never a phone."""

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, or_, select
from sqlalchemy.orm import aliased

from pbtrain.classes.queries.audience import been_in_class
from pbtrain.core.db import db
from pbtrain.org.access import Actor
from pbtrain.org.lists import matching
from pbtrain.org.models import Academy, Member, Unit, UnitClosure
from pbtrain.org.roles import Perm


def areas(actor: Actor) -> list[Row[Any]]:
    """The academies whose learners the actor may find, each with its area: id, name, area_id, area."""
    own = actor.units_with(Perm.LEARNER_FIND, subtree=True)
    served = aliased(Unit)
    below = select(UnitClosure.below_id).where(UnitClosure.above_id.in_(own))
    return list(
        db.session.execute(
            select(Unit.id, Unit.name, served.id.label("area_id"), served.name.label("area"))
            .join(Academy, Academy.unit_id == Unit.id)
            .join(served, served.id == Academy.service_unit_id)
            .where(Unit.id.in_(below), Unit.valid_until.is_(None))
            .order_by(Unit.code, Unit.id)
        )
    )


def _matching(word: str) -> ColumnElement[bool]:
    """A name, the pinyin or initials it begins with, a number, or a part of the branch's name."""
    return or_(
        matching(word),
        Unit.name.contains(word, autoescape=True),
        Unit.code.startswith(word, autoescape=True),
    )


def found(area_id: int, year: int, *, q: str = "", fresh: bool = False) -> Select[Any]:
    """Members at or below a unit by name: id, name, code, unit_name; every word of `q` must fit.

    `fresh`: only who has been in no training class of that year.
    """
    below = select(UnitClosure.below_id).where(UnitClosure.above_id == area_id)
    listed = (
        select(Member.id, Member.name, Member.code, Unit.name.label("unit_name"))
        .join(Unit, Unit.id == Member.unit_id)
        .where(Member.unit_id.in_(below), Member.left_on.is_(None))
        .order_by(Member.pinyin, Member.id)
    )
    for word in q.split()[:5]:
        listed = listed.where(_matching(word))
    return listed.where(~been_in_class(year)) if fresh else listed
