"""The years of people who come with a roster: many at once, without reading back what was just written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select, update

from pbtrain.core import bulk, clock, queue
from pbtrain.core.batches import batched
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import Conflict
from pbtrain.core.marks import N_
from pbtrain.hours import posting, services
from pbtrain.hours.models import HourClaim, HourEntry, MemberYear, Policy
from pbtrain.hours.persons import APPLICANTS
from pbtrain.hours.rules import LEADERS, Tie, assess, duties
from pbtrain.org.models import Member

AT_ONCE = BATCH = 500  # members whose years are judged anew with the change itself; at a time
SETTLE = "hours.settle"
YEAR: Any = MemberYear.__table__
JUDGED = ("member_id", "credit_year", "target", "due", "lacks_class", "due_on", "on_care", "custody_unit_id")
EMPTY = bulk.defaults(YEAR, JUDGED)  # sums of nobody's lines
COLUMNS = (*JUDGED, *EMPTY)


@dataclass(frozen=True)
class Arrival:
    """Somebody who has no line yet: the branch and since when, the stage, the post and since when,
    and the day of joining the Party where it is known."""

    unit_id: int
    since: date
    stage: str
    post: str = "none"
    post_since: date | None = None
    joined_on: date | None = None


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
    judged: dict[Any, tuple[int, int, bool]] = {}
    rows: list[tuple[Any, ...]] = []
    nothing = tuple(EMPTY.values())
    for one in arrivals:
        applies, leads = one.stage in APPLICANTS, one.post in LEADERS
        policy = rules_for.of([(one.since, None, one.unit_id)], one.unit_id, year)
        admitted = one.joined_on if one.joined_on and one.joined_on > one.since and not applies else None
        position = (policy.key, one.since, applies, one.post_since if leads else None, admitted)
        if position not in judged:
            ties = [Tie("home", one.since)]
            ties += [Tie("post", one.post_since, None, one.post)] if leads and one.post_since else []
            ties += [Tie("applicant", date.min, admitted)] if applies or admitted else []
            result = assess(policy, duties(year, ties), (), year=year, today=today)
            judged[position] = (result.target, result.due, result.lacks_class)
        custody = None if applies or (admitted or today) > today else one.unit_id
        rows.append((year, *judged[position], today, False, custody, *nothing))
    return FirstYears(bulk.native(YEAR, COLUMNS[1:], rows), newest)


def begin_years(member_ids: Sequence[int], years: FirstYears) -> None:
    """Write the first years of these members, in one statement; Conflict when a policy came in between."""
    if _newest() != years.newest:
        raise Conflict(N_("The rules of the year have just changed. Nothing was written: try again."))
    rows = [(member_id, *row) for member_id, row in zip(member_ids, years.rows, strict=True)]
    bulk.insert(YEAR, COLUMNS, rows)


def settle(member_ids: Iterable[int]) -> None:
    """Judge the years of these members anew, in the caller's transaction; of more than AT_ONCE a job does it
    after the commit, for nobody to wait for. RuleError when a branch has no policy, in both cases.
    """
    ids, year = sorted(member_ids), clock.today().year
    if len(ids) <= AT_ONCE:
        if ids:
            services.refresh_years(ids, year)
        return
    homes = select(Member.unit_id).where(Member.id.in_(bulk.among(ids)), Member.unit_id.is_not(None))
    units = {unit_id for unit_id in db.session.scalars(homes.distinct()) if unit_id is not None}
    rules_for = posting.policies(units)
    for unit_id in units:
        rules_for(unit_id, year)
    queue.enqueue(SETTLE, {"members": ids})


@queue.handler(SETTLE)
def settle_many(running: queue.Running) -> dict[str, Any]:
    """Judge the years of many, some at a time; a second run does the same again."""
    ids, done = running.args["members"], 0
    for some in batched(ids, BATCH):
        with transaction():
            services.refresh_years(some, clock.today().year)
        done += len(some)
        running.progress(done, len(ids))
    return {"members": done}


def close_years(member_ids: Sequence[int]) -> None:
    """Nobody counts these years any more: their owners were taken off a roster before a first line."""
    nothing: dict[str, Any] = {"counted": 0, "target": 0, "due": 0}
    nothing |= {"on_care": False, "lacks_class": False, "custody_unit_id": None}
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
