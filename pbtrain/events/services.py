"""Recording a meeting and correcting who came. The hours follow in the same transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import db, insert_new
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.images import Picture
from pbtrain.core.marks import N_
from pbtrain.events import joint, queries, rules
from pbtrain.events import papers as papers_kept
from pbtrain.events.kinds import KINDS
from pbtrain.events.models import Attendance, Event
from pbtrain.events.proofs import CHANNEL_PROOFS
from pbtrain.hours import custody, held, posting
from pbtrain.hours import services as hours
from pbtrain.hours.activities import ACTIVITIES
from pbtrain.hours.services import Line, Posted
from pbtrain.org.access import Actor
from pbtrain.org.answering import living

CORRECTED = N_("%(name)s has corrected this record at %(when)s. Compare and save again.")
HELD = N_("%(name)s has recorded or cancelled this planned meeting already, at %(when)s.")
HELD_BY_SOMEBODY = N_("This planned meeting has been recorded or cancelled meanwhile.")
CORRECTED_BY_SOMEBODY = N_("Somebody corrected this record meanwhile. Compare and save again.")


@dataclass(frozen=True)
class Meeting:
    """What was held: a branch, a kind of activity, a subject, when, how long, where."""

    unit_id: int
    activity: str
    title: str
    starts_at: datetime
    minutes: int
    place: str = ""
    channel: str = "onsite"
    form: str = ""  # a key of kinds.FORMS
    speaker: str = ""
    agenda: str = ""
    notes: str = ""
    point_id: int | None = None
    theme_id: int | None = None
    hosts: tuple[int, ...] = ()  # further branches: theirs are offered too, and credited at home

    @property
    def day(self) -> date:
        """The learning day on which it began."""
        return clock.local(self.starts_at).date()

    def columns(self) -> dict[str, Any]:
        """What of it stands in the event's own row."""
        return {name: value for name, value in vars(self).items() if name != "hosts"} | {"day": self.day}


@dataclass(frozen=True)
class Recorded:
    """The record of a form: new, or the one that an earlier sending of the same form made."""

    event_id: int
    posted: Posted | None = None
    same: bool = True  # did the earlier sending say the same?


def days_back(unit_id: int, day: date) -> int:
    """How many days later the rules of the branch let a meeting be recorded; ours where they say nothing."""
    try:
        return posting.policies([unit_id]).on(unit_id, day).record_days or rules.DAYS_BACK
    except RuleError:  # no rules are published yet: posting hours will say so
        return rules.DAYS_BACK


def check_meeting(meeting: Meeting, *, back: int | None = None) -> None:
    """Raise RuleError unless a branch can have held this and may still record it; `back` days, else as many
    as its rules give."""
    kind = ACTIVITIES.get(meeting.activity)
    if kind is None or not kind.recorded_by_branch:
        raise RuleError(N_("Choose what kind of meeting it was."), field="activity")
    rules.check_meeting(
        meeting.title,
        meeting.minutes,
        meeting.starts_at,
        day=meeting.day,
        today=clock.today(),
        now=clock.now(),
        days_back=days_back(meeting.unit_id, meeting.day) if back is None else back,
        shortest=KINDS[meeting.activity].shortest,
    )


def record_event(
    actor: Actor,
    meeting: Meeting,
    present: Collection[int],
    *,
    form_id: str,
    photos: Sequence[tuple[Picture, str]] = (),
    papers: Sequence[tuple[bytes, str]] = (),
    planned_id: int | None = None,
    days_back: int | None = None,
) -> Recorded:
    """Write the meeting, who came of those who stood in its branches on that day, and their hours.

    `planned_id`: the planned event that was held; Conflict when it has been recorded or cancelled meanwhile.
    The same form sent again gives the same record, whoever was faster. The number of statements does not
    grow with the people. The caller has made sure that the unit, its co-hosts and the plan are in reach.
    """
    check_meeting(meeting, back=days_back)
    came = set(present)
    form_hash = rules.content_hash([actor.account_id, *vars(meeting).values(), *sorted(came)])
    event_id = _keep_once(actor, meeting, form_id, form_hash, planned_id)
    if event_id is None:
        return _earlier(actor, form_id, form_hash)
    joint.keep(event_id, meeting.hosts, planned=planned_id is not None)
    offered = {row.id for row in queries.roster((meeting.unit_id, *meeting.hosts), meeting.day)}
    rules.check_people(came, offered)
    expected = offered & _expected(meeting, came, offered)
    known = set() if planned_id is None else {row.id for row in queries.attendance(event_id)}
    _retick(event_id, known & came, came=True)
    _retick(event_id, known - came, came=False)
    _tick(event_id, {member_id: member_id in came for member_id in expected - known})
    papers_kept.keep(actor, event_id, meeting.unit_id, photos, papers)
    lines = [_line(event_id, meeting, member_id) for member_id in sorted(came)]
    posted = hours.post_many(actor, lines, own_waits=True)
    audit.record(
        actor,
        "event.recorded",
        f"event:{event_id}",
        unit_id=meeting.unit_id,
        came=len(came),
        listed=len(expected),
        photos=len(photos),
        hosts=list(meeting.hosts),
    )
    if meeting.hosts:
        joint.tell(actor, event_id, meeting.title, meeting.day, meeting.hosts)
    return Recorded(event_id, posted)


def _expected(meeting: Meeting, came: set[int], offered: set[int]) -> set[int]:
    """Who of these should have come: all of them; at a meeting of the committee its people, and who came
    besides. A branch whose posts are not entered expects everybody."""
    if KINDS[meeting.activity].roll == "branch":
        return offered
    committee = queries.committee(meeting.unit_id, meeting.day)
    return came | committee if committee else offered


def _keep_once(
    actor: Actor, meeting: Meeting, form_id: str, form_hash: str, planned_id: int | None
) -> int | None:
    """The id of the event this form makes or finishes; None when the form was sent before."""
    values = meeting.columns() | {
        "form_id": form_id,
        "form_hash": form_hash,
        "recorded_by_id": actor.account_id,
        "recorded_at": clock.now(),
        "state": "held",
    }
    if planned_id is None:
        fresh = insert_new(Event).values(**values, version=1).returning(Event.id)
        made: int | None = db.session.scalar(fresh)
        return made
    if db.session.scalar(select(Event.id).where(Event.form_id == form_id)) is not None:
        return None
    moved = db.session.scalar(
        update(Event)
        .where(Event.id == planned_id, Event.unit_id == meeting.unit_id, Event.state == "planned")
        .values(**values, version=Event.version + 1)
        .returning(Event.id)
    )
    if moved is None:
        raise races.lost_to(
            HELD, HELD_BY_SOMEBODY, f"event:{planned_id}", "event.recorded", "event.cancelled"
        )
    return planned_id


def correct_event(
    actor: Actor, event_id: int, present: Collection[int], *, reason: str, version: int
) -> Recorded:
    """Make the record say who really came: lines of wrong ticks are reversed, new ticks are posted.

    Conflict when somebody corrected it since `version` was read. The meeting may be one of a branch that has
    ended: its books take the lines, as on that day. The caller has made sure that the meeting is in the
    actor's reach.
    """
    meeting, came = _opened(event_id, version), set(present)
    listed = {row.id: row.present for row in queries.attendance(event_id)}
    branches = (meeting.unit_id, *meeting.hosts)
    newly_listed = {row.id for row in queries.roster(branches, meeting.day)} - set(listed)
    rules.check_people(came, set(listed) | newly_listed)
    wrong = {member_id for member_id, was in listed.items() if was and member_id not in came}
    added = {member_id for member_id in came if not listed.get(member_id)}
    if not wrong and not added:
        raise RuleError(N_("Nothing has changed. Tick who came, or go back."), field="present")
    occurrence = f"event:{event_id}"
    if wrong:
        standing = hours.live_entries(occurrence)
        hours.reverse_many(actor, [standing[m] for m in wrong if m in standing], reason=reason)
        held.withdraw(actor, occurrence, wrong, reason=reason)
    posted = None
    heir_id = living({meeting.unit_id}).get(meeting.unit_id)
    if added:
        lines = [_line(event_id, meeting, member_id) for member_id in sorted(added)]
        posted = hours.post_many(actor, lines, own_waits=True)
        if (posted.held or posted.own) and heir_id != meeting.unit_id:  # nobody there would decide any more
            custody.hand_over(meeting.unit_id, heir_id, added)
    _retick(event_id, wrong, came=False)
    _retick(event_id, added & set(listed), came=True)
    expected = newly_listed & _expected(meeting, came, newly_listed)
    _tick(event_id, {member_id: member_id in came for member_id in expected})
    audit.record(
        actor,
        "event.corrected",
        occurrence,
        unit_id=meeting.unit_id,
        removed=sorted(wrong),
        added=sorted(added),
        reason=reason,
    )
    return Recorded(event_id, posted)


def _opened(event_id: int, version: int) -> Meeting:
    """The meeting as it was held, its record one version on; Conflict when somebody was faster."""
    moved = db.session.execute(
        update(Event)
        .where(Event.id == event_id, Event.version == version, Event.state == "held")
        .values(version=Event.version + 1)
        .returning(
            Event.unit_id,
            Event.activity,
            Event.title,
            Event.starts_at,
            Event.minutes,
            Event.place,
            Event.channel,
        )
    ).first()
    if moved is None:
        raise races.lost_to(
            CORRECTED, CORRECTED_BY_SOMEBODY, f"event:{event_id}", "event.corrected", "event.amended"
        )
    return Meeting(**moved._mapping, hosts=joint.hosts_of(event_id))


def _earlier(actor: Actor, form_id: str, form_hash: str) -> Recorded:
    row = db.session.execute(
        select(Event.id, Event.form_hash, Event.recorded_by_id).where(Event.form_id == form_id)
    ).one()
    if row.recorded_by_id != actor.account_id:
        raise Conflict(N_("This form has been used already. Open the page again and fill in a new one."))
    return Recorded(row.id, same=row.form_hash == form_hash)


def _line(event_id: int, meeting: Meeting, member_id: int) -> Line:
    return Line(
        member_id=member_id,
        day=meeting.day,
        activity=meeting.activity,
        minutes=meeting.minutes,
        occurrence=f"event:{event_id}",
        title=meeting.title,
        starts_at=meeting.starts_at,
        channel=meeting.channel,
        ends_at=meeting.starts_at + timedelta(minutes=meeting.minutes),
        proof=CHANNEL_PROOFS[meeting.channel].level,
    )


def _tick(event_id: int, present: dict[int, bool]) -> None:
    if present:
        rows = [
            {"event_id": event_id, "member_id": member_id, "present": came}
            for member_id, came in sorted(present.items())
        ]
        db.session.execute(insert(Attendance).values(rows))


def _retick(event_id: int, member_ids: set[int], *, came: bool) -> None:
    if member_ids:
        db.session.execute(
            update(Attendance)
            .where(Attendance.event_id == event_id, Attendance.member_id.in_(sorted(member_ids)))
            .values(present=came, status="", minutes=None)  # the whole time, or none
        )
