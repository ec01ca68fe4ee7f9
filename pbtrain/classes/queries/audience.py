"""For whom a class is: whether a member belongs to its audience and its academy's area, as conditions."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, true
from sqlalchemy.orm import aliased

from pbtrain.classes.kinds import BRANCH_POSTS
from pbtrain.hours.activities import CLASSES
from pbtrain.hours.models import HourEntry
from pbtrain.org.kinds import RANKS, WITH_MEMBERS
from pbtrain.org.models import Academy, Member, Post, StatusSpan, Unit, UnitClosure
from pbtrain.org.queries import is_on

YOUNG_YEARS = 35


def holds(kinds: tuple[str, ...], today: date, *, in_branch: bool = True) -> ColumnElement[bool]:
    """This `Member` holds such a post today, of a branch or of a unit above branches."""
    where = Unit.kind.in_(WITH_MEMBERS) if in_branch else Unit.kind.not_in(WITH_MEMBERS)
    held = [Post.member_id == Member.id, is_on(Post, today), Unit.id == Post.unit_id, where]
    if kinds:
        held.append(Post.kind.in_(kinds))
    return exists().where(*held)


def has_status(kinds: tuple[str, ...], day: date) -> ColumnElement[bool]:
    """A status of these kinds (org.kinds.STATUSES) is recorded of this `Member` for that day."""
    return exists().where(
        StatusSpan.member_id == Member.id, StatusSpan.kind.in_(kinds), is_on(StatusSpan, day)
    )


def cadre(day: date) -> ColumnElement[bool]:
    """This `Member` is a cadre on that day: a rank recorded for it, a post above branches, or 公务员."""
    return or_(has_status(RANKS, day), holds((), day, in_branch=False), Member.category == "official")


def fits(audience: str, today: date) -> ColumnElement[bool]:
    """This `Member` belongs to the audience, a key of kinds.AUDIENCES, and is not suspended (停止党籍).
    Whose birth date is unknown is not counted as young."""
    return and_(_meant(audience, today), ~has_status(("suspended",), today))


def _meant(audience: str, today: date) -> ColumnElement[bool]:
    if audience in BRANCH_POSTS:
        return holds(BRANCH_POSTS[audience], today)
    if audience == "cadres":
        return cadre(today)
    if audience == "newcomers":
        return Member.stage.in_(("probationary", "candidate", "activist"))
    if audience == "young":
        try:
            youngest = today.replace(year=today.year - YOUNG_YEARS - 1)
        except ValueError:  # 29 February
            youngest = date(today.year - YOUNG_YEARS - 1, 3, 1)
        return Member.born_on > youngest
    return true()


def served(academy_id: Any) -> ColumnElement[bool]:
    """That academy serves this `Member`'s branch: an id, or a column of the statement around."""
    return exists(
        select(Academy.id)
        .join(UnitClosure, UnitClosure.above_id == Academy.service_unit_id)
        .where(Academy.unit_id == academy_id, UnitClosure.below_id == Member.unit_id)
        .correlate_except(Academy, UnitClosure)
    )


def been_in_class(year: int) -> ColumnElement[bool]:
    """This `Member` has a line of a training class in that year that no other line reverses.

    A line that reverses another has negative minutes (a CHECK of the table). Asked as `reverses_id IS NULL`,
    SQLite goes by the unique key of that column and reads the whole ledger once for each member.
    """
    undo = aliased(HourEntry)
    return exists().where(
        HourEntry.member_id == Member.id,
        HourEntry.credit_year == year,
        HourEntry.activity.in_(sorted(CLASSES)),
        HourEntry.minutes > 0,
        ~exists().where(undo.reverses_id == HourEntry.id),
    )


def below(unit_id: int) -> ColumnElement[bool]:
    """This `Member` stands in or below that unit."""
    return Member.unit_id.in_(select(UnitClosure.below_id).where(UnitClosure.above_id == unit_id))


def on_roster(today: date) -> ColumnElement[Any]:
    """This `Member` stands in a branch and has not left."""
    return and_(Member.unit_id.is_not(None), or_(Member.left_on.is_(None), Member.left_on > today))
