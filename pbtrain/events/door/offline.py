"""Ticks a chair made without a line: sent later, in any order and as often as it takes, each counting once.

Of one person the latest tick of the same chair stands, by the phone's own clock, which only puts a phone's
own ticks in order. Where somebody else, or the person's own scan, said otherwise, nothing is changed: the
name is shown to the chair, who decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from pbtrain.core import bulk, clock
from pbtrain.core.db import db, insert_new
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.door import hearing, queries, rules
from pbtrain.events.door.hearing import Said
from pbtrain.events.models import Attendance, CheckIn
from pbtrain.org.access import Actor

MOST = 500  # records in one sending


@dataclass(frozen=True)
class Tick:
    """One record of the phone: its own id, the row of attendance, what happened, when by its clock."""

    record_id: str
    attendance_id: int
    act: str
    told_at: datetime
    reason: str = ""


@dataclass(frozen=True)
class Answer:
    """What became of a record: created, exists, conflict (with whose word stands), or rejected with the
    reason; the phone keeps a record until it has one."""

    record_id: str
    result: str
    name: str = ""
    sentence: str = ""
    by: str = ""


def take_in(
    actor: Actor, event_id: int, ticks: Sequence[Tick], *, slow_by: timedelta = timedelta(0)
) -> list[Answer]:
    """Enter the ticks, in five statements for any number; one answer each, in their order.

    `slow_by`: how far the phone's clock is behind the server's. All are rejected once the list is closed.
    The caller has made sure that the door is the actor's.
    """
    if len(ticks) > MOST:
        raise RuleError(N_("At most %(most)s records at once."), most=MOST)
    session = queries.session_of(queries.held_open(event_id))
    try:
        rules.check_running(session)
    except RuleError as error:
        return [Answer(one.record_id, "rejected", sentence=error.message) for one in ticks]
    taking = _Taking(actor, event_id, session, slow_by, ticks)
    answers = [taking.take(one) for one in ticks]
    taking.write()
    return answers


class _Taking:
    """One sending: what stands of these people, and what shall stand."""

    def __init__(
        self,
        actor: Actor,
        event_id: int,
        session: rules.Session,
        slow_by: timedelta,
        ticks: Sequence[Tick],
    ) -> None:
        self.actor, self.event_id, self.session, self.slow_by = actor, event_id, session, slow_by
        self.now = clock.now()
        ids = {one.attendance_id for one in ticks}
        db.session.execute(  # a second sending of the same waits here until the first has come to its end
            select(Attendance.id)
            .where(Attendance.id.in_(bulk.among(ids)), Attendance.event_id == event_id)
            .order_by(Attendance.id)
            .with_for_update()
        ).all()
        found = db.session.execute(queries.rows(event_id).where(Attendance.id.in_(bulk.among(ids))))
        self.rows = {row.id: row for row in found}
        self.presences = {key: rules.presence_of(row) for key, row in self.rows.items()}
        self.people = {(row.member_id, row.guest_id): row.id for row in self.rows.values()}
        self.said: dict[int, list[Said]] = {key: [] for key in self.rows}
        self.known: set[str] = set()
        self._read_records()
        self.new: list[dict[str, Any]] = []
        self.touched: set[int] = set()

    def _read_records(self) -> None:
        for one in db.session.execute(
            select(
                CheckIn.record_id,
                CheckIn.member_id,
                CheckIn.guest_id,
                CheckIn.act,
                CheckIn.how,
                CheckIn.told_at,
                CheckIn.flag,
                CheckIn.by_id,
            )
            .where(CheckIn.event_id == self.event_id)
            .order_by(CheckIn.id)
        ):
            self.known.add(one.record_id)
            key = self.people.get((one.member_id, one.guest_id))
            if key is not None:
                own = one.how == "offline" and one.by_id == self.actor.account_id
                self.said[key].append(Said(one.act, one.how, own, one.told_at, one.record_id, one.flag))

    def take(self, tick: Tick) -> Answer:
        if tick.record_id in self.known:
            return Answer(tick.record_id, "exists")
        row = self.rows.get(tick.attendance_id)
        try:
            reason = rules.check_act(tick.act, tick.reason)
            if row is None:
                raise RuleError(N_("This person is not on the list any more. Reload the page."))
        except RuleError as error:
            return Answer(tick.record_id, "rejected", row.name if row else "", error.message)
        clash = hearing.contradicted(self.said[row.id], tick.act)
        flag = "conflict" if clash else ""
        record = {
            "event_id": self.event_id,
            "record_id": tick.record_id,
            "member_id": row.member_id,
            "guest_id": row.guest_id,
            "act": tick.act,
            "how": "offline",
            "at": self.now,
            "told_at": tick.told_at,
            "device": "",
            "flag": flag,
            "by_id": self.actor.account_id,
        }
        self.known.add(tick.record_id)
        self.new.append(record)
        self.said[row.id].append(Said(tick.act, "offline", True, tick.told_at, tick.record_id, flag, reason))
        if clash:
            said = rules.FLAGS["conflict"]
            return Answer(tick.record_id, "conflict", row.name, said, rules.HOWS[clash.how])
        was = self.presences[row.id]
        now = hearing.settled(was, self.said[row.id], self.session, now=self.now, slow_by=self.slow_by)
        if now != was:
            self.presences[row.id] = now
            self.touched.add(row.id)
        return Answer(tick.record_id, "created", row.name)

    def write(self) -> None:
        """Keep the records and what they made of the rows."""
        if self.new:
            db.session.execute(insert_new(CheckIn).values(self.new))
        columns = ["present", "status", "came_at", "left_at", "how", "reason"]
        table = Attendance.__table__
        values = [
            [key, *(getattr(self.presences[key], name) for name in columns)] for key in sorted(self.touched)
        ]
        bulk.update(table, columns, bulk.native(table, ["id", *columns], values))
