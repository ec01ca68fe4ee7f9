"""Reading the door: whose it is, who is here at this moment, what was flagged, what a closed list counts."""

import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, and_, func, or_, select
from sqlalchemy.orm import aliased

from pbtrain.accounts.models import Account
from pbtrain.core import bulk
from pbtrain.core.db import db
from pbtrain.core.storage import StoredFile
from pbtrain.events.door import rules
from pbtrain.events.models import Attendance, CheckIn, Event, EventPhoto, Guest
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Member, Unit
from pbtrain.org.roles import Perm

ACADEMY = "academy"


def of_chair(actor: Actor) -> ColumnElement[bool]:
    """The one rule of who keeps the door of `Event`: who records in its branch, or manages its academy."""
    academies = select(Unit.id).where(
        Unit.kind == ACADEMY, Unit.id.in_(units_where(actor, Perm.CLASS_MANAGE))
    )
    return or_(Event.unit_id.in_(units_where(actor, Perm.EVENT_RECORD)), Event.unit_id.in_(academies))


def doored(actor: Actor, event_id: int) -> Any:
    """The event whose door this person keeps, with its unit's name and kind; None out of reach."""
    return db.session.execute(_events().where(Event.id == event_id, of_chair(actor))).first()


def event_of(event_id: int) -> Any:
    """The same event for whoever scans its code: its name and its times."""
    return db.session.execute(_events().where(Event.id == event_id)).first()


def _events() -> Any:
    return select(
        Event.id,
        Event.unit_id,
        Event.activity,
        Event.title,
        Event.day,
        Event.starts_at,
        Event.minutes,
        Event.place,
        Event.state,
        Event.version,
        Event.late_after,
        Event.checks_out,
        Event.door_opened_at,
        Event.door_closed_at,
        Unit.name.label("unit_name"),
        Unit.kind.label("unit_kind"),
    ).join(Unit, Unit.id == Event.unit_id)


def session_of(event: Any) -> rules.Session:
    """The times of an event as the rules want them."""
    return rules.Session(
        starts_at=event.starts_at,
        ends_at=rules.end_of(event.starts_at, event.minutes),
        late_after=event.late_after,
        checks_out=event.checks_out,
        opened_at=event.door_opened_at,
        closed_at=event.door_closed_at,
        state=event.state,
    )


def held_open(event_id: int) -> Any:
    """The event, which nobody closes while this transaction lasts; many may hold it so at once."""
    return db.session.execute(
        select(
            Event.id,
            Event.unit_id,
            Event.title,
            Event.day,
            Event.starts_at,
            Event.minutes,
            Event.late_after,
            Event.checks_out,
            Event.door_opened_at,
            Event.door_closed_at,
            Event.state,
        )
        .where(Event.id == event_id)
        .with_for_update(read=True)
    ).one()


def rows(event_id: int) -> Any:
    """Everybody who is expected: the row of attendance, the name, the unit of a member or the organisation of
    a guest; in the order in which they stand on the printed sheet."""
    return (
        select(
            Attendance.id,
            Attendance.member_id,
            Attendance.guest_id,
            Attendance.present,
            Attendance.status,
            Attendance.came_at,
            Attendance.left_at,
            Attendance.how,
            Attendance.minutes,
            Attendance.reason,
            func.coalesce(Member.name, Guest.name).label("name"),
            func.coalesce(Member.pinyin, Guest.pinyin).label("pinyin"),
            func.coalesce(Unit.name, Guest.organisation).label("home"),
            func.coalesce(Attendance.member_id, Guest.member_id).label("credited_id"),
        )
        .outerjoin(Member, Member.id == Attendance.member_id)
        .outerjoin(Unit, Unit.id == Member.unit_id)
        .outerjoin(Guest, Guest.id == Attendance.guest_id)
        .where(Attendance.event_id == event_id)
        .order_by(Attendance.id)
    )


@dataclass
class Live:
    """Who is where at this moment: `here` with the newest first, the others by name."""

    here: list[Any]
    absent: list[Any]
    leave: list[Any]

    @property
    def listed(self) -> int:
        """How many are expected."""
        return len(self.here) + len(self.absent) + len(self.leave)

    @property
    def mark(self) -> str:
        """Changes whenever the list does: what a screen has, so that the same is not sent again."""
        everybody = [*self.here, *self.absent, *self.leave]
        said = [(row.id, row.present, row.status, row.came_at, row.left_at, row.how) for row in everybody]
        return f"{zlib.crc32(repr(said).encode()):08x}"


def live(event_id: int) -> Live:
    """Who is here, absent and on leave, in one statement."""
    found = Live([], [], [])
    for row in db.session.execute(rows(event_id)):
        standing = rules.presence_of(row).standing
        {"absent": found.absent, "leave": found.leave}.get(standing, found.here).append(row)
    found.here.sort(key=lambda row: (row.came_at is None, row.came_at, row.id), reverse=True)
    for some in (found.absent, found.leave):
        some.sort(key=lambda row: (row.pinyin, row.id))
    return found


def everybody(event_id: int) -> list[Any]:
    """Everybody who is expected, as `rows` says; the row number on paper is the place in this list."""
    return list(db.session.execute(rows(event_id)))


def own_row(event_id: int, member_id: int) -> Any:
    """The row of attendance of this member, also one kept as a guest; None who is not expected."""
    return db.session.execute(
        rows(event_id).where(or_(Attendance.member_id == member_id, Guest.member_id == member_id)).limit(1)
    ).first()


def one_row(event_id: int, attendance_id: int) -> Any:
    """One row of an event; None when it is none of it."""
    return db.session.execute(rows(event_id).where(Attendance.id == attendance_id)).first()


def last_word(row: Any) -> Any:
    """Who said last what stands of this person, and when: by_id, at, how; None when nobody did."""
    return db.session.execute(
        select(CheckIn.by_id, CheckIn.at, CheckIn.how, CheckIn.act)
        .where(CheckIn.event_id == _event_of(row), _person(row), CheckIn.flag.in_(("", "device")))
        .order_by(CheckIn.id.desc())
        .limit(1)
    ).first()


def _event_of(row: Any) -> Any:
    return select(Attendance.event_id).where(Attendance.id == row.id).scalar_subquery()


def _person(row: Any) -> ColumnElement[bool]:
    column, who = ("member_id", row.member_id) if row.member_id else ("guest_id", row.guest_id)
    found: ColumnElement[bool] = CheckIn.__table__.c[column] == who
    return found


def flagged(event_id: int) -> list[Any]:
    """What the chair should look at, the newest first: whose scan or tick it was, the flag, who stands on the
    same phone, who said otherwise."""
    first, other = aliased(CheckIn), aliased(Member)
    same = (
        select(func.min(first.member_id))
        .where(first.event_id == CheckIn.event_id, first.device == CheckIn.device, CheckIn.device != "")
        .where(first.member_id != CheckIn.member_id)
        .scalar_subquery()
    )
    return list(
        db.session.execute(
            select(
                CheckIn.id,
                CheckIn.flag,
                CheckIn.act,
                CheckIn.at,
                func.coalesce(Member.name, Guest.name).label("name"),
                other.name.label("other"),
                Account.name.label("by"),
            )
            .outerjoin(Member, Member.id == CheckIn.member_id)
            .outerjoin(Guest, Guest.id == CheckIn.guest_id)
            .outerjoin(other, other.id == same)
            .outerjoin(Account, Account.id == CheckIn.by_id)
            .where(CheckIn.event_id == event_id, CheckIn.flag.in_(("device", "conflict")))
            .order_by(CheckIn.id.desc())
            .limit(200)
        )
    )


def known(event_id: int, record_ids: Iterable[str]) -> set[str]:
    """Those of these records that have come already."""
    return set(
        db.session.scalars(
            select(CheckIn.record_id).where(
                CheckIn.event_id == event_id, CheckIn.record_id.in_(bulk.among(record_ids, String))
            )
        )
    )


def shared_phones(event_id: int) -> set[int]:
    """The members who signed in on a phone that had signed in somebody else before."""
    return set(
        db.session.scalars(
            select(CheckIn.member_id).where(CheckIn.event_id == event_id, CheckIn.flag == "device")
        )
    )


def sheets(event_id: int) -> list[Any]:
    """The photographed sign-in sheets, in the order they were sent."""
    return list(
        db.session.execute(
            select(StoredFile.uuid, StoredFile.name)
            .join(EventPhoto, EventPhoto.file_id == StoredFile.id)
            .where(EventPhoto.event_id == event_id, EventPhoto.kind == "sheet")
            .order_by(EventPhoto.id)
        )
    )


def sheet_file(actor: Actor, uuid: str) -> StoredFile | None:
    """The picture of a sheet of an event whose door this person keeps; None out of reach."""
    return db.session.scalars(
        select(StoredFile)
        .join(EventPhoto, and_(EventPhoto.file_id == StoredFile.id, EventPhoto.kind == "sheet"))
        .join(Event, and_(Event.id == EventPhoto.event_id, of_chair(actor)))
        .where(StoredFile.uuid == uuid)
    ).first()


def times(event_ids: Collection[int]) -> dict[tuple[str, int], dict[int, int]]:
    """Of closed or recorded events: {("member", 7): {event id: minutes there}}, in one statement."""
    found: dict[tuple[str, int], dict[int, int]] = {}
    for row in db.session.execute(
        select(
            Attendance.event_id,
            Attendance.member_id,
            Attendance.guest_id,
            func.coalesce(Attendance.minutes, Event.minutes).label("minutes"),
        )
        .join(Event, Event.id == Attendance.event_id)
        .where(Event.id.in_(bulk.among(event_ids)), Event.state == "held", Attendance.present)
        .order_by(Attendance.id)
    ):
        person = ("member", row.member_id) if row.member_id else ("guest", row.guest_id)
        found.setdefault(person, {})[row.event_id] = row.minutes
    return found
