"""Reading what an academy has: teachers, venues, templates of classes."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, or_, select

from pbtrain.classes.models import ClassSession, ClassTemplate, Teacher, TrainingClass, Venue
from pbtrain.core.db import db
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Unit
from pbtrain.org.roles import Perm

Item = Teacher | Venue | ClassTemplate


@dataclass(frozen=True)
class Shelf:
    """A kind of thing in the catalogue: its table, what is searched, and what it is sorted by."""

    model: Any
    searched: tuple[Any, ...]
    sorts: dict[str, Any]
    usual: str


_UNITS_OF_TEACHER = (
    select(func.count())
    .where(ClassSession.teacher_id == Teacher.id)
    .correlate(Teacher)
    .scalar_subquery()
    .label("used")
)
_UNITS_OF_VENUE = (
    select(func.count())
    .where(ClassSession.venue_id == Venue.id)
    .correlate(Venue)
    .scalar_subquery()
    .label("used")
)
_CLASSES_OF_TEMPLATE = (
    select(func.count())
    .where(TrainingClass.template_id == ClassTemplate.id)
    .correlate(ClassTemplate)
    .scalar_subquery()
    .label("used")
)
SHELVES = {
    "templates": Shelf(
        ClassTemplate,
        (ClassTemplate.name, ClassTemplate.theme),
        {"name": ClassTemplate.name, "days": ClassTemplate.days, "capacity": ClassTemplate.capacity},
        "name",
    ),
    "teachers": Shelf(
        Teacher,
        (Teacher.name, Teacher.pinyin, Teacher.organisation, Teacher.topics),
        {"name": Teacher.pinyin, "organisation": Teacher.organisation},
        "name",
    ),
    "venues": Shelf(
        Venue, (Venue.name, Venue.place), {"name": Venue.name, "capacity": Venue.capacity}, "name"
    ),
}
_USED = {"templates": _CLASSES_OF_TEMPLATE, "teachers": _UNITS_OF_TEACHER, "venues": _UNITS_OF_VENUE}


def listed(actor: Actor, shelf: str, *, words: str = "", sort: str = "", closed: bool = False) -> Select[Any]:
    """What stands on a shelf of one's academies: (the row, used: how often, academy), the closed ones where
    they are asked for. Every word must occur."""
    kind = SHELVES[shelf]
    model = kind.model
    found = (
        select(model, _USED[shelf], Unit.name.label("academy"))
        .join(Unit, Unit.id == model.unit_id)
        .where(model.unit_id.in_(units_where(actor, Perm.CLASS_MANAGE)), model.open.is_(not closed))
    )
    for word in words.split()[:5]:
        found = found.where(or_(*(column.icontains(word, autoescape=True) for column in kind.searched)))
    sort = sort or kind.usual
    column = kind.sorts[sort.removeprefix("-")]
    if sort.startswith("-"):
        return found.order_by(column.desc(), model.id.desc())
    return found.order_by(column, model.id)


def item(actor: Actor, shelf: str, item_id: int) -> Item | None:
    """One thing of a shelf of one's academies; None elsewhere."""
    model = SHELVES[shelf].model
    found: Item | None = db.session.scalar(
        select(model).where(model.id == item_id, model.unit_id.in_(units_where(actor, Perm.CLASS_MANAGE)))
    )
    return found


def offered(model: Any, unit_id: int, *also: int | None) -> list[Any]:
    """(id, name) of what an academy can use: what is open, and these, which may have been closed since."""
    return list(
        db.session.execute(
            select(model.id, model.name)
            .where(model.unit_id == unit_id, or_(model.open, model.id.in_([one for one in also if one])))
            .order_by(model.name, model.id)
        )
    )
