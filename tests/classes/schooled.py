"""A class that is over, with members and a guest who came or did not: rows for tests of what follows it."""

import itertools
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from pbtrain.classes.models import CertificateStyle, ClassEnrolment, ClassSession, TrainingClass
from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.events.models import Attendance, Event, Guest
from pbtrain.hours import services as hours
from pbtrain.hours.services import Line
from pbtrain.org.models import Academy
from pbtrain.org.roles import Role
from tests import factories as make

FIRST = date(2026, 5, 11)
MINUTES = (180, 180, 90)  # of the three sessions
_number = itertools.count(1)


@dataclass
class School:
    """What `school` made."""

    root: Any
    branch: Any
    academy: Any
    admin: Any
    class_id: int
    events: list[int]
    sessions: list[int]
    members: list[Any]
    guest: Any
    enrolments: list[int]  # of the members, then of the guest

    @property
    def actor(self) -> Any:
        return make.actor(self.admin)

    @property
    def row(self) -> TrainingClass:
        return db.session.get_one(TrainingClass, self.class_id, populate_existing=True)


def school(
    members: int = 3, *, styled: bool = True, rule: dict[str, Any] | None = None, state: str = "closed"
) -> School:
    """An academy with a class of three sessions; everybody came to all, and the hours of members stand."""
    root = make.ruled("示例旗委", since=FIRST.year)
    branch = make.unit("示例支部", parent=root)
    academy = make.unit("示例党建学院", parent=root, kind="academy")
    make.save(Academy(unit_id=academy.id, service_unit_id=root.id))
    admin = make.person(Role.ACADEMY_ADMIN, academy, name="示例院务")
    people = [make.member(branch, name=f"示例学员{n}") for n in range(members)]
    guest = make.save(
        Guest(unit_id=academy.id, name="示例外宾", pinyin="shiliwaibin", organisation="示例外地支部")
    )
    if styled:
        make.save(
            CertificateStyle(unit_id=academy.id, title="结业证书", signer="院长 示例", series="国门{年份}-")
        )
    row = make.save(
        TrainingClass(
            unit_id=academy.id, year=0, number=next(_number), title="示例专题班", starts_on=FIRST,
            ends_on=FIRST + timedelta(days=1), capacity=members + 20, state=state,
            rule={"share": 80} if rule is None else rule, form_id=f"school-{next(_number)}",
        )
    )  # fmt: skip
    events = [_session(row, academy.id, n, minutes) for n, minutes in enumerate(MINUTES)]
    enrolled = [
        make.save(
            ClassEnrolment(
                class_id=row.id, member_id=one.id, unit_id=branch.id,
                state="completed", seat=True,
            )
        ).id
        for one in people
    ]  # fmt: skip
    enrolled.append(
        make.save(ClassEnrolment(class_id=row.id, guest_id=guest.id, state="completed", seat=True)).id
    )
    lines = []
    with transaction() as session:
        for event_id, starts, minutes in events:
            session.add_all([Attendance(event_id=event_id, member_id=one.id, present=True) for one in people])
            session.add(Attendance(event_id=event_id, guest_id=guest.id, present=True))
            lines += [_line(event_id, one.id, starts, minutes) for one in people]
        hours.post_many(None, lines)
    sessions = list(
        db.session.scalars(
            select(ClassSession.id).where(ClassSession.class_id == row.id).order_by(ClassSession.id)
        )
    )
    return School(
        root, branch, academy, admin, row.id, [one[0] for one in events], sessions, people, guest, enrolled
    )


def _session(row: TrainingClass, academy_id: int, n: int, minutes: int) -> tuple[int, Any, int]:
    starts = clock.at(FIRST + timedelta(days=n // 2), 9 if n % 2 == 0 else 14)
    event = make.save(
        Event(
            unit_id=academy_id, activity="training_class", title=f"示例课{n}", day=clock.local(starts).date(),
            starts_at=starts, minutes=minutes, form_id=f"{row.form_id}-{n}", form_hash="",
        )
    )  # fmt: skip
    make.save(ClassSession(class_id=row.id, event_id=event.id, mode="lecture"))
    return event.id, starts, minutes


def _line(event_id: int, member_id: int, starts: Any, minutes: int) -> Line:
    return Line(
        member_id=member_id, day=clock.local(starts).date(), activity="training_class", minutes=minutes,
        occurrence=f"event:{event_id}", title="示例课", starts_at=starts,
        ends_at=starts + timedelta(minutes=minutes),
    )  # fmt: skip


def absent(event_id: int, member_id: int) -> None:
    """A correction: this member was not there."""
    with transaction() as session:
        row = session.scalars(
            select(Attendance).where(Attendance.event_id == event_id, Attendance.member_id == member_id)
        ).one()
        row.present = False
