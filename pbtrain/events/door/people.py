"""Who is expected at an event: rows of attendance before anybody came. Nothing here asks whether it may."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, false, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pbtrain.core import bulk
from pbtrain.core.db import db, is_postgresql
from pbtrain.events import queries
from pbtrain.events.models import Attendance, CheckIn, Event, EventHost, Guest
from pbtrain.org.models import Member

Ids = int | Collection[int]


def expect(event_ids: Ids, member_ids: Iterable[int] = (), guest_ids: Iterable[int] = ()) -> int:
    """These people are expected at these events (an id, or many: two statements at most); how many are new.

    Who is expected already keeps the row. New rows stand in the order of names, and their place is the row
    number on the printed sheet: later ones come after it.
    """
    return sum(
        _expected(column, kind, event_ids, set(ids))
        for column, kind, ids in (("member_id", Member, member_ids), ("guest_id", Guest, guest_ids))
    )


def expect_branch(event_id: int) -> int:
    """Who stood on that day in the branch that holds it, or in another that holds it too, is expected."""
    event = db.session.execute(select(Event.unit_id, Event.day).where(Event.id == event_id)).one()
    people = {
        row.id for unit_id in holders(event_id, event.unit_id) for row in queries.roster(unit_id, event.day)
    }
    return expect(event_id, people)


def holders(event_id: int, unit_id: int) -> list[int]:
    """The branch that holds this event, and those that hold it too."""
    hosts = db.session.scalars(
        select(EventHost.unit_id).where(EventHost.event_id == event_id).order_by(EventHost.unit_id)
    ).all()
    return list(dict.fromkeys([unit_id, *hosts]))


def unexpect(event_ids: Ids, member_ids: Iterable[int] = (), guest_ids: Iterable[int] = ()) -> int:
    """These people are not expected any more; how many rows went. Of whom the door knows something, and of a
    closed list, nothing goes."""
    known = exists().where(
        CheckIn.event_id == Attendance.event_id,
        or_(CheckIn.member_id == Attendance.member_id, CheckIn.guest_id == Attendance.guest_id),
    )
    gone = db.session.execute(
        delete(Attendance)
        .where(*_of(event_ids, member_ids, guest_ids), ~Attendance.present, ~known, _open())
        .execution_options(synchronize_session=False)
    )
    return _count(gone)


def excuse(
    event_ids: Ids, member_ids: Iterable[int] = (), guest_ids: Iterable[int] = (), *, reason: str
) -> int:
    """They have leave from these events, and did not come; how many rows say so now."""
    return _mark(event_ids, member_ids, guest_ids, "", {"status": "leave", "reason": reason})


def recall(event_ids: Ids, member_ids: Iterable[int] = (), guest_ids: Iterable[int] = ()) -> int:
    """Their leave from these events is withdrawn: they are expected again; how many rows say so now."""
    return _mark(event_ids, member_ids, guest_ids, "leave", {"status": "", "reason": ""})


def _expected(column: str, kind: Any, event_ids: Ids, ids: set[int]) -> int:
    if not ids:
        return 0
    db.session.flush()  # events and guests that were only added
    wanted = (
        select(Event.id, kind.id, literal(False), literal(""), literal(""), literal(""))
        .join(kind, kind.id.in_(bulk.among(ids)))
        .where(Event.id.in_(bulk.among(_ids(event_ids))))
        .order_by(Event.id, kind.pinyin, kind.id)
    )
    columns = ["event_id", column, "present", "status", "how", "reason"]
    dialect = postgresql if is_postgresql() else sqlite
    added = dialect.insert(Attendance).from_select(columns, wanted).on_conflict_do_nothing()
    return len(db.session.execute(added.returning(Attendance.id)).all())


def _mark(
    event_ids: Ids,
    member_ids: Iterable[int],
    guest_ids: Iterable[int],
    was: str,
    values: dict[str, str],
) -> int:
    return _count(
        db.session.execute(
            update(Attendance)
            .where(*_of(event_ids, member_ids, guest_ids), ~Attendance.present, Attendance.status == was)
            .values(values)
            .execution_options(synchronize_session=False)
        )
    )


def _of(
    event_ids: Ids, member_ids: Iterable[int], guest_ids: Iterable[int]
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    members, guests = set(member_ids), set(guest_ids)
    return (
        Attendance.event_id.in_(bulk.among(_ids(event_ids))),
        or_(
            Attendance.member_id.in_(bulk.among(members)) if members else false(),
            Attendance.guest_id.in_(bulk.among(guests)) if guests else false(),
        ),
    )


def _open() -> ColumnElement[bool]:
    return exists().where(and_(Event.id == Attendance.event_id, Event.door_closed_at.is_(None)))


def _ids(event_ids: Ids) -> Collection[int]:
    return [event_ids] if isinstance(event_ids, int) else event_ids


def _count(result: Any) -> int:
    return int(result.rowcount)
