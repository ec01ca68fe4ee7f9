"""Voluntary service: the times and points of a member and of a meeting, never hours. Part of the queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from pbtrain.core.db import db
from pbtrain.events.kinds import SERVING, points_of
from pbtrain.events.models import Attendance, Event


def together(event: Any, people: Iterable[Any]) -> int:
    """The points of all who came to a meeting; 0 for what is no service. `people`: rows of
    `queries.attendance`."""
    if event.activity not in SERVING:
        return 0
    return sum(
        points_of(event.minutes if row.minutes is None else row.minutes) for row in people if row.present
    )


@dataclass(frozen=True)
class Served:
    """A year of service."""

    times: int
    points: int


def of_member(member_id: int, year: int) -> Served:
    """How often this member has served in a year, wherever it was held, and the points of it."""
    minutes = db.session.scalars(
        select(func.coalesce(Attendance.minutes, Event.minutes))
        .join(Event, Event.id == Attendance.event_id)
        .where(Attendance.member_id == member_id, Attendance.present, Event.state == "held")
        .where(Event.activity.in_(SERVING), Event.day.between(date(year, 1, 1), date(year, 12, 31)))
    ).all()
    return Served(len(minutes), sum(map(points_of, minutes)))
