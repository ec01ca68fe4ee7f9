"""What the chair says by hand: ticks while the list is open, corrections once it is closed."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy import update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.core import bulk, clock
from pbtrain.core.db import db, insert_new
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.events.door import queries, rules, study
from pbtrain.events.door.running import line_of
from pbtrain.events.models import Attendance, CheckIn, Event
from pbtrain.hours import held
from pbtrain.hours import rules as hour_rules
from pbtrain.hours import services as hours
from pbtrain.hours.services import Posted
from pbtrain.org.access import Actor

TICKED = N_("%(name)s has entered this person otherwise at %(when)s. The list shows how it stands now.")
TICKED_BY_SOMEBODY = N_("This person was entered otherwise meanwhile. The list shows how it stands now.")
ACT_OF = {"absent": "absent", "leave": "leave", "in": "in", "late": "late", "early": "out", "both": "out"}
CORRECTED = N_("%(name)s has corrected this list at %(when)s. Compare and save again.")
CORRECTED_BY_SOMEBODY = N_("Somebody corrected this list meanwhile. Compare and save again.")


def tick(
    actor: Actor, event_id: int, attendance_id: int, act: str, *, was: str, record_id: str, reason: str = ""
) -> bool:
    """Enter what the chair sees of one person at this moment: came, came late, left, on leave, did not come.

    See `enter`.
    """
    reason, now = rules.check_act(act, reason), clock.now()
    session = queries.session_of(queries.held_open(event_id))
    row = queries.one_row(event_id, attendance_id)
    before = rules.presence_of(row) if row else rules.Presence()
    new = rules.after(before, act, now, session, how="chair", reason=reason)
    return _enter(actor, event_id, session, row, new, act, was=was, record_id=record_id)


def enter(
    actor: Actor, event_id: int, attendance_id: int, new: rules.Presence, *, was: str, record_id: str
) -> bool:
    """Enter how long one person was there, while the list is open.

    `was` is the standing the chair saw; Conflict, naming who was faster, when it is another now. The same
    `record_id` again changes nothing: False. RuleError when the list is closed. The caller has made sure
    that the door is the actor's.
    """
    session = queries.session_of(queries.held_open(event_id))
    row = queries.one_row(event_id, attendance_id)
    return _enter(actor, event_id, session, row, new, ACT_OF[new.standing], was=was, record_id=record_id)


def _enter(
    actor: Actor,
    event_id: int,
    session: rules.Session,
    row: Any,
    new: rules.Presence,
    act: str,
    *,
    was: str,
    record_id: str,
) -> bool:
    rules.check_running(session)
    if row is None:
        raise RuleError(N_("This person is not on the list any more. Reload the page."))
    if queries.known(event_id, [record_id]):
        return False
    record = _record(actor, event_id, row, act, "chair", record_id)
    if db.session.execute(insert_new(CheckIn).values(record).returning(CheckIn.id)).first() is None:
        return False
    moved = (
        rules.presence_of(row).standing == was
        and db.session.execute(
            update(Attendance)
            .where(
                Attendance.id == row.id,
                Attendance.present == row.present,
                Attendance.status == row.status,
                Attendance.left_at.is_not_distinct_from(row.left_at),
            )
            .values(vars(new))
            .returning(Attendance.id)
            .execution_options(synchronize_session=False)
        ).first()
    )
    if not moved:
        raise _otherwise(row)
    return True


def tick_many(
    actor: Actor, event_id: int, attendance_ids: set[int], *, how: str = "paper", record: str = ""
) -> int:
    """Enter that these people came; who is here already stays as it is. How many are new, in six statements.

    `record` names the form, so that sending it twice counts once.
    """
    session, now = queries.session_of(queries.held_open(event_id)), clock.now()
    rules.check_running(session)
    rows = [row for row in queries.everybody(event_id) if row.id in attendance_ids and not row.present]
    names = {row.id: f"{record or uuid4()}"[:24] + f".{row.id}" for row in rows}
    known = queries.known(event_id, names.values())
    new = [row for row in rows if names[row.id] not in known]
    if not new:
        return 0
    db.session.execute(
        insert_new(CheckIn).values([_record(actor, event_id, row, "in", how, names[row.id]) for row in new])
    )
    db.session.execute(
        update(Attendance)
        .where(Attendance.id.in_(bulk.among(row.id for row in new)), ~Attendance.present)
        .values(vars(rules.after(rules.Presence(), "in", session.starts_at, session, how=how)))
        .execution_options(synchronize_session=False)
    )
    audit.record(actor, "door.ticked", f"event:{event_id}", count=len(new), how=how, at=now.isoformat())
    return len(new)


def correct(
    actor: Actor, event_id: int, wanted: Mapping[int, rules.Presence], *, reason: str, version: int
) -> Posted:
    """Make a closed list say what was: {attendance id: presence}; lines that change are reversed and posted
    anew with the reason. The number of statements does not grow with the people.

    Conflict when somebody corrected the list since `version` was read; RuleError when nothing changes, or the
    branch has closed its year. The caller has made sure that the door is the actor's.
    """
    reason = hour_rules.check_reason(reason)
    moved = db.session.execute(
        update(Event)
        .where(Event.id == event_id, Event.version == version, Event.door_closed_at.is_not(None))
        .values(version=Event.version + 1)
        .returning(Event.id)
    ).first()
    if moved is None:
        raise races.lost_to(CORRECTED, CORRECTED_BY_SOMEBODY, f"event:{event_id}", "door.corrected")
    event = queries.event_of(event_id)
    session = queries.session_of(event)
    rows = [row for row in queries.everybody(event_id) if row.id in wanted]
    changed = [row for row in rows if rules.presence_of(row) != wanted[row.id]]
    if not changed:
        raise RuleError(N_("Nothing has changed. Say what was otherwise, or go back."))
    posted = _post_anew(actor, event, session, changed, wanted, reason)
    _rewrite(actor, event, session, changed, wanted)
    audit.record(
        actor, "door.corrected", f"event:{event_id}", unit_id=event.unit_id, reason=reason,
        rows={row.id: [rules.presence_of(row).standing, wanted[row.id].standing] for row in changed},
    )  # fmt: skip
    return posted


def _post_anew(
    actor: Actor,
    event: Any,
    session: rules.Session,
    changed: list[Any],
    wanted: Mapping[int, rules.Presence],
    reason: str,
) -> Posted:
    """Reverse the lines whose minutes are others now, and post what is due instead."""
    lines, stale, share = [], set(), study.share_of(event.id)
    for row in changed:
        since, minutes = rules.span(wanted[row.id], session)
        before = (row.minutes if row.minutes is not None else event.minutes) if row.present else 0
        if row.credited_id is None or minutes == before:
            continue
        if before:
            stale.add(row.credited_id)
        if minutes:
            lines.append(line_of(event, row.credited_id, since, minutes, "B", share))
    occurrence = f"event:{event.id}"
    if stale:
        standing = hours.live_entries(occurrence)
        hours.reverse_many(actor, [standing[one] for one in stale if one in standing], reason=reason)
        held.withdraw(actor, occurrence, stale, reason=reason)
    return hours.post_many(actor, lines, own_waits=True)


def _rewrite(
    actor: Actor,
    event: Any,
    session: rules.Session,
    changed: list[Any],
    wanted: Mapping[int, rules.Presence],
) -> None:
    columns = ["present", "status", "came_at", "left_at", "how", "reason", "minutes"]
    values = []
    for row in changed:
        one = wanted[row.id]
        minutes = rules.span(one, session)[1]
        short = minutes if one.present and minutes != event.minutes else None
        values.append([
            row.id, one.present, one.status, one.came_at, one.left_at, one.how, one.reason, short,
        ])  # fmt: skip
    table = Attendance.__table__
    bulk.update(table, columns, bulk.native(table, ["id", *columns], values))
    db.session.execute(
        insert_new(CheckIn).values([
            _record(actor, event.id, row, ACT_OF[wanted[row.id].standing], "chair", str(uuid4()))
            for row in changed
        ])
    )  # fmt: skip


def _record(
    actor: Actor,
    event_id: int,
    row: Any,
    act: str,
    how: str,
    record_id: str,
) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "record_id": record_id,
        "member_id": row.member_id,
        "guest_id": row.guest_id,
        "act": act,
        "how": how,
        "at": clock.now(),
        "told_at": None,
        "device": "",
        "flag": "",
        "by_id": actor.account_id,
    }


def _otherwise(row: Any) -> Conflict:
    said = queries.last_word(row)
    return races.lost(TICKED, TICKED_BY_SOMEBODY, said and said.by_id, said and said.at)
