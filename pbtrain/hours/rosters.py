"""The years of people who come with a roster: many at once, without reading back what was just written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select, update

from pbtrain.core import bulk, clock
from pbtrain.core.db import db
from pbtrain.core.errors import Conflict
from pbtrain.core.marks import N_
from pbtrain.hours import posting
from pbtrain.hours.models import HourClaim, HourEntry, MemberYear, Policy
from pbtrain.hours.rules import LEADERS, Tie, assess, duties

YEAR: Any = MemberYear.__table__
SUMS = ("entries", "minutes", *posting.PARTS, "counted")
COLUMNS = ("member_id", "credit_year", *SUMS, "target", "due", "due_on", "on_care", "custody_unit_id")


@dataclass(frozen=True)
class Arrival:
    """Somebody who has no line yet: the branch and since when, the stage, the post and since when."""

    unit_id: int
    since: date
    stage: str
    post: str = "none"
    post_since: date | None = None


@dataclass
class FirstYears:
    """What the years of arrivals begin with, finished; `newest` is the policy it was read under."""

    rows: list[tuple[Any, ...]]
    newest: int


def _newest() -> int:
    return db.session.scalar(select(func.max(Policy.id))) or 0


def first_years(arrivals: Sequence[Arrival]) -> FirstYears:
    """What this year asks of arrivals, in their order; people in one position are judged once. Reads only."""
    today, newest = clock.today(), _newest()
    year = today.year
    rules_for = posting.policies({one.unit_id for one in arrivals})
    judged: dict[Any, tuple[int, int]] = {}
    rows: list[tuple[Any, ...]] = []
    nothing = (0,) * len(SUMS)
    for one in arrivals:
        applies, leads = one.stage in posting.APPLICANTS, one.post in LEADERS
        policy = rules_for(one.unit_id, year)
        position = (policy.id, one.since, applies, one.post_since if leads else None)
        if position not in judged:
            ties = [Tie("home", one.since)]
            ties += [Tie("post", one.post_since, None, one.post)] if leads and one.post_since else []
            ties += [Tie("applicant", date.min)] if applies else []
            result = assess(policy, duties(year, ties), (), year=year, today=today)
            judged[position] = (result.target, result.due)
        custody = None if applies else one.unit_id
        rows.append((year, *nothing, *judged[position], today, False, custody))
    return FirstYears(bulk.native(YEAR, COLUMNS[1:], rows), newest)


def begin_years(member_ids: Sequence[int], years: FirstYears) -> None:
    """Write the first years of these members, in one statement; Conflict when a policy came in between."""
    if _newest() != years.newest:
        raise Conflict(N_("The rules of the year have just changed. Nothing was written: try again."))
    rows = [(member_id, *row) for member_id, row in zip(member_ids, years.rows, strict=True)]
    bulk.insert(YEAR, COLUMNS, rows)


def close_years(member_ids: Sequence[int]) -> None:
    """Nobody counts these years any more: their owners were taken off a roster before a first line."""
    nothing = {"counted": 0, "target": 0, "due": 0, "on_care": False, "custody_unit_id": None}
    owners = MemberYear.member_id.in_(bulk.among(member_ids))
    db.session.execute(
        update(MemberYear).where(owners).values(due_on=clock.today(), **nothing),
        execution_options={"synchronize_session": False},
    )


def with_lines(members: Select[Any], since: datetime) -> set[int]:
    """Which of these members got a line, or one that waits for a decision, since that instant."""
    lines = select(HourEntry.member_id).where(HourEntry.member_id.in_(members), HourEntry.posted_at >= since)
    held = select(HourClaim.member_id).where(HourClaim.member_id.in_(members), HourClaim.made_at >= since)
    return set(db.session.scalars(lines.union(held)))
