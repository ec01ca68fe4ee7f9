"""Reading meetings: the list of a branch, one meeting with its people, lines and pictures."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import (
    Row,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    extract,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import aliased

from pbtrain.accounts.models import Account
from pbtrain.core import bulk
from pbtrain.core.db import db
from pbtrain.core.storage import StoredFile
from pbtrain.events.models import (
    Attendance,
    Event,
    EventAmendment,
    EventHost,
    EventPhoto,
    LearningPoint,
    Theme,
)
from pbtrain.hours.models import HourClaim, HourEntry
from pbtrain.hours.rules import HELD_OWN
from pbtrain.org.access import Actor, units_where
from pbtrain.org.answering import answered, stands
from pbtrain.org.kinds import WITH_MEMBERS
from pbtrain.org.models import Affiliation, Member, Post, Unit, UnitClosure
from pbtrain.org.queries import is_on
from pbtrain.org.roles import Perm


def reach(actor: Actor) -> Select[tuple[int]]:
    """The branches whose meetings this person reads and corrects: the own, and what it took over; from above
    those that ended with nobody to take them over."""
    return answered(actor, Perm.EVENT_RECORD, Perm.EVENT_CORRECT)


def branches(actor: Actor) -> list[Any]:
    """The branches whose meetings this person records, as (id, name)."""
    return list(
        db.session.execute(
            select(Unit.id, Unit.name)
            .where(Unit.id.in_(units_where(actor, Perm.EVENT_RECORD)), Unit.kind.in_(WITH_MEMBERS))
            .order_by(Unit.name, Unit.id)
        )
    )


def roster(unit_ids: int | Sequence[int], day: date) -> list[Any]:
    """Who belonged to the branch, or to one of these, on that day: id, name, unit_id; the first branch's
    people first, each by name."""
    units = [unit_ids] if isinstance(unit_ids, int) else list(unit_ids)
    place = case({unit_id: index for index, unit_id in enumerate(units)}, value=Affiliation.unit_id)
    return list(
        db.session.execute(
            select(Member.id, Member.name, Affiliation.unit_id)
            .join(Affiliation, Affiliation.member_id == Member.id)
            .where(
                Affiliation.unit_id.in_(units),
                Affiliation.valid_from <= day,
                or_(Affiliation.valid_until.is_(None), Affiliation.valid_until > day),
                or_(Member.left_on.is_(None), Member.left_on > day),
            )
            .order_by(place, Member.pinyin, Member.id)
        )
    )


def committee(unit_id: int, day: date) -> set[int]:
    """Who held a post in the branch on that day: the people of its committee, by member id."""
    return set(
        db.session.scalars(
            select(Post.member_id).where(Post.unit_id == unit_id, is_on(Post, day)).order_by(Post.member_id)
        )
    )


def planned(actor: Actor, event_id: int) -> Any:
    """A planned event this person may record, move or cancel; None out of reach or when it is planned no
    longer."""
    return db.session.execute(
        select(
            Event.id,
            Event.unit_id,
            Event.activity,
            Event.title,
            Event.day,
            Event.starts_at,
            Event.minutes,
            Event.place,
            Event.theme_id,
            Event.version,
            Unit.name.label("unit_name"),
        )
        .join(Unit, Unit.id == Event.unit_id)
        .where(Event.id == event_id, Event.state == "planned")
        .where(Event.unit_id.in_(units_where(actor, Perm.EVENT_RECORD)))
    ).first()


def of_unit(event_id: int, unit_id: int) -> bool:
    """Does this event belong to that branch?"""
    return bool(db.session.scalar(select(Event.id).where(Event.id == event_id, Event.unit_id == unit_id)))


def theme_for(unit_id: int, theme_id: int) -> Any:
    """A theme that was given above this branch: id, title, activity, from_day, due_on; None otherwise."""
    return db.session.execute(
        select(Theme.id, Theme.title, Theme.body, Theme.activity, Theme.from_day, Theme.due_on)
        .join(UnitClosure, UnitClosure.above_id == Theme.unit_id)
        .where(UnitClosure.below_id == unit_id, Theme.id == theme_id, Theme.withdrawn_at.is_(None))
    ).first()


def branch_named(actor: Actor, unit_id: int) -> Any:
    """A branch whose meetings this person reads: id, name; None out of reach."""
    return db.session.execute(
        select(Unit.id, Unit.name).where(Unit.id == unit_id, Unit.id.in_(reach(actor)))
    ).first()


def seen_by(actor: Actor) -> Any:
    """The meetings of this person's branches, and those that others held together with them."""
    units = reach(actor)  # once: its common table has one name
    joint = select(EventHost.event_id).where(EventHost.unit_id.in_(units))
    return or_(Event.unit_id.in_(units), Event.id.in_(joint))


def _listed(*more: Any) -> Select[Any]:
    """Meetings with how many came of how many who were expected."""
    came = select(func.count()).where(Attendance.event_id == Event.id, Attendance.present).scalar_subquery()
    listed = select(func.count()).where(Attendance.event_id == Event.id).scalar_subquery()
    return select(
        Event.id,
        Event.title,
        Event.activity,
        Event.day,
        Event.starts_at,
        Event.minutes,
        came.label("came"),
        listed.label("listed"),
        *more,
    )


def meetings(actor: Actor, *, search: str = "", year: int | None = None, unit_id: int = 0) -> Select[Any]:
    """The meetings this person may see, or those of one branch, the newest first, with how many came of how
    many; `stands`: is it a branch today?"""
    found = (
        _listed(Unit.name.label("unit_name"), stands(Unit).label("stands"))
        .join(Unit, Unit.id == Event.unit_id)
        .where(Event.state == "held", Event.unit_id == unit_id if unit_id else true(), seen_by(actor))
        .order_by(Event.day.desc(), Event.starts_at.desc(), Event.id.desc())
    )
    if search:
        found = found.where(Event.title.contains(search, autoescape=True))
    if year is not None:
        found = found.where(Event.day >= date(year, 1, 1), Event.day <= date(year, 12, 31))
    return found


def around(
    unit_id: int, today: date, until: date, *, held: int, planned: int
) -> tuple[list[Row[Any]], list[Row[Any]]]:
    """What a branch held last, the newest first, and what it has planned until a day, the next first; at most
    so many of each, in one statement."""
    ours = select(Event.id).where(Event.unit_id == unit_id)
    last = ours.where(Event.state == "held").order_by(
        Event.day.desc(), Event.starts_at.desc(), Event.id.desc()
    )
    coming = ours.where(Event.state == "planned", Event.day.between(today, until)).order_by(
        Event.day, Event.starts_at, Event.id
    )
    ids = (select(some.subquery().c.id) for some in (last.limit(held), coming.limit(planned)))
    rows = db.session.execute(
        _listed(Event.state, Event.place)
        .where(Event.id.in_(union_all(*ids)))
        .order_by(Event.day, Event.starts_at, Event.id)
    ).all()
    return [row for row in reversed(rows) if row.state == "held"], [
        row for row in rows if row.state == "planned"
    ]


def years(actor: Actor) -> list[int]:
    """The years in which these branches held meetings, the newest first."""
    year = extract("year", Event.day)
    found = db.session.scalars(
        select(year)
        .where(Event.unit_id.in_(reach(actor)), Event.state == "held")
        .group_by(year)
        .order_by(year.desc())
    )
    return [int(value) for value in found]


def record() -> Select[Any]:
    """One event with its branch and who recorded it; `joint`, `amended`: is there more to read?"""
    return (
        select(
            Event.id,
            Event.unit_id,
            Event.activity,
            Event.title,
            Event.day,
            Event.starts_at,
            Event.minutes,
            Event.place,
            Event.recorded_at,
            Event.version,
            Event.state,
            Event.channel,
            Event.form,
            Event.speaker,
            Event.agenda,
            Event.notes,
            Event.door_closed_at,
            Unit.name.label("unit_name"),
            stands(Unit).label("stands"),
            Account.name.label("recorder"),
            Theme.title.label("theme"),
            LearningPoint.name.label("point"),
            exists().where(EventHost.event_id == Event.id).label("joint"),
            exists().where(EventAmendment.event_id == Event.id).label("amended"),
        )
        .join(Unit, Unit.id == Event.unit_id)
        .outerjoin(Account, Account.id == Event.recorded_by_id)
        .outerjoin(Theme, Theme.id == Event.theme_id)
        .outerjoin(LearningPoint, LearningPoint.id == Event.point_id)
    )


def meeting(actor: Actor, event_id: int) -> Any:
    """One meeting this person may see, with its branch and who recorded it; `own`: one this person corrects,
    not only held together with others. None out of reach."""
    units = reach(actor)
    joint = select(EventHost.event_id).where(EventHost.unit_id.in_(units))
    own = Event.unit_id.in_(units)
    return db.session.execute(
        record().add_columns(own.label("own")).where(Event.id == event_id, or_(own, Event.id.in_(joint)))
    ).first()


def record_of(actor: Actor, event_id: int) -> Any:
    """One meeting that was held, for whoever sees the reports of its branch or of a co-host."""
    units = units_where(actor, Perm.REPORT_VIEW)
    joint = select(EventHost.event_id).where(EventHost.unit_id.in_(units))
    return db.session.execute(
        record()
        .where(Event.id == event_id, Event.state == "held")
        .where(or_(Event.unit_id.in_(units), Event.id.in_(joint)))
    ).first()


def attendance(event_id: int) -> list[Any]:
    """Everyone on the list of a meeting and whether they came, by name."""
    return attendances([event_id])[event_id]


def attendances(event_ids: Collection[int]) -> dict[int, list[Any]]:
    """The same for each of these meetings, in one statement: id, name, present, minutes (None: all of it)."""
    return _by_event(
        event_ids,
        select(Attendance.event_id, Member.id, Member.name, Attendance.present, Attendance.minutes)
        .join(Attendance, Attendance.member_id == Member.id)
        .where(Attendance.event_id.in_(bulk.among(event_ids)))
        .order_by(Attendance.event_id, Member.pinyin, Member.id),
    )


def _by_event(event_ids: Collection[int], query: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {event_id: [] for event_id in event_ids}
    for row in db.session.execute(query):
        found[row.event_id].append(row)
    return found


@dataclass
class Effect:
    """What a meeting did to the ledger."""

    people: int = 0  # with a line that stands
    credit: int = 0  # of those lines, hundredths
    corrections: list[Any] = field(default_factory=list)  # lines that were cancelled, with the reason
    held: list[Any] = field(default_factory=list)  # lines that overlap another and wait for a decision
    own: list[Any] = field(default_factory=list)  # of whoever recorded it: wait for somebody else


def effect(event_id: int) -> Effect:
    """The lines of a meeting that stand, that were cancelled and that wait."""
    return effects([event_id])[event_id]


def effects(event_ids: Collection[int]) -> dict[int, Effect]:
    """The same for each of these meetings, in two statements."""
    found, back = {event_id: Effect() for event_id in event_ids}, aliased(HourEntry)
    occurrence = literal("event:") + cast(Event.id, String)
    for row in db.session.execute(
        select(
            Event.id.label("event_id"),
            HourEntry.id,
            HourEntry.reverses_id,
            HourEntry.credit,
            HourEntry.minutes,
            Member.name,
            back.note,
            back.posted_at.label("cancelled_at"),
            Account.name.label("by"),
        )
        .join(HourEntry, (HourEntry.source >= occurrence + "/") & (HourEntry.source < occurrence + "0"))
        .join(Member, Member.id == HourEntry.member_id)
        .outerjoin(back, back.reverses_id == HourEntry.id)
        .outerjoin(Account, Account.id == back.posted_by_id)
        .where(Event.id.in_(bulk.among(event_ids)))
        .order_by(Event.id, Member.pinyin, HourEntry.id)
    ):
        one = found[row.event_id]
        if row.reverses_id is not None:
            continue  # asked for in SQL, it would lead SQLite to read every line of the ledger
        if row.cancelled_at is None:
            one.people += 1
            one.credit += row.credit
        else:
            one.corrections.append(row)
    named = {f"event:{event_id}": one for event_id, one in found.items()}
    for row in db.session.execute(
        select(
            HourClaim.id,
            HourClaim.occurrence,
            HourClaim.kind,
            HourClaim.member_id,
            HourClaim.unit_id,
            Member.name,
            HourClaim.minutes,
            HourClaim.uncovered,
        )
        .join(Member, Member.id == HourClaim.member_id)
        .where(HourClaim.occurrence.in_(bulk.among(named, String)), HourClaim.state == "held")
        .order_by(Member.pinyin, HourClaim.id)
    ):
        one = named[row.occurrence]
        (one.own if row.kind == HELD_OWN else one.held).append(row)
    return found


def photos(event_id: int) -> list[Any]:
    """The pictures and papers of a meeting, in the order they were sent: id, uuid, name, kind."""
    return photos_of([event_id])[event_id]


def photos_of(event_ids: Collection[int]) -> dict[int, list[Any]]:
    """The same for each of these meetings, in one statement."""
    return _by_event(
        event_ids,
        select(EventPhoto.event_id, EventPhoto.id, StoredFile.uuid, StoredFile.name, EventPhoto.kind)
        .join(StoredFile, EventPhoto.file_id == StoredFile.id)
        .where(EventPhoto.event_id.in_(bulk.among(event_ids)))
        .order_by(EventPhoto.event_id, EventPhoto.id),
    )


def file_in_reach(actor: Actor, uuid: str) -> StoredFile | None:
    """A picture of a meeting this person may see; None out of reach."""
    own, reports = reach(actor), units_where(actor, Perm.REPORT_VIEW)
    joint = select(EventHost.event_id).where(EventHost.unit_id.in_(reports))
    seen = or_(Event.unit_id.in_(own), Event.unit_id.in_(reports), Event.id.in_(joint))
    return db.session.scalars(
        select(StoredFile)
        .join(EventPhoto, EventPhoto.file_id == StoredFile.id)
        .join(Event, and_(Event.id == EventPhoto.event_id, seen))
        .where(StoredFile.uuid == uuid)
    ).first()
