"""Whether members can still reach the year's target: what the ledger leaves, what `offers` finds for them.

`hours.forecast` decides.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select

from pbtrain.classes.queries import joining
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.courses.models import Enrolment
from pbtrain.home import offers
from pbtrain.hours import queries as hours_q
from pbtrain.hours.forecast import Forecast, Room, forecast, room_of
from pbtrain.hours.models import HourEntry, MemberYear
from pbtrain.hours.persons import people
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.rulebook import rulebook
from pbtrain.hours.rules import CadreYear, assess, duties
from pbtrain.org.models import Member

MOST_MEMBERS = 1000


def of_member(member_id: int, room: Room, rules: PolicyRules, target: int) -> Forecast:
    """The forecast of one member, one statement; none where nothing is asked or all is done."""
    if not target or not room.missing:
        return forecast(room, target, (), ())
    found = offers.known_of(member_id)
    return forecast(room, target, found.published(rules), found.assumed(room, rules))


@dataclass(frozen=True)
class Missed:
    """A member who can no longer reach the target with what is published and usual."""

    id: int
    name: str
    counted: int
    target: int
    forecast: Forecast
    cadre: CadreYear | None = None  # the separate account, which nothing above counts toward


def out_of_reach(branch_id: int) -> list[Missed]:
    """Whom the target of this year is out of reach for, the most missing first; ten statements at most,
    whatever the number of members. Nobody on the care list, nobody of whom nothing is asked."""
    today = clock.today()
    asked = hours_q.branch_members([branch_id], today.year).where(
        MemberYear.counted < MemberYear.target, ~hours_q.CARE
    )
    members = db.session.execute(asked.limit(MOST_MEMBERS)).all()
    if not members:
        return []
    ids = [row.id for row in members]
    known, found = offers.known(branch_id, Member.unit_id == branch_id), []
    finished = _sets(_done(ids, [course.id for course in known.courses]))
    classes = _sets(joining.attendable(Member.unit_id == branch_id, today)) if known.sessions else {}
    years = _years(members, today.year)
    accounts = hours_q.cadre_accounts([one for one in years if any(tie.kind == "cadre" for tie in one.ties)])
    for row, (room, target, rules) in zip(members, _rooms(members, years, today), strict=True):
        left = known.published(
            rules, finished=finished.get(row.id, ()), classes=classes.get(row.id, frozenset())
        )
        told = forecast(room, target, left, known.assumed(room, rules))
        if told.state == "short":
            found.append(Missed(row.id, row.name, target - room.missing, target, told, accounts.get(row.id)))
    return sorted(found, key=lambda one: (-one.forecast.short, one.id))


def _sets(asked: Select[Any]) -> dict[int, set[int]]:
    """What belongs to each member, of a statement for (it, member)."""
    found: dict[int, set[int]] = defaultdict(set)
    for one, member_id in db.session.execute(asked):
        found[member_id].add(one)
    return found


def _done(member_ids: Sequence[int], course_ids: Sequence[int]) -> Select[Any]:
    return (
        select(Enrolment.course_id, Enrolment.member_id)
        .where(Enrolment.member_id.in_(member_ids), Enrolment.course_id.in_(course_ids))
        .where(Enrolment.state == "finished")
        .order_by(Enrolment.id)
    )


def _years(members: Sequence[Any], year: int) -> list[hours_q.Year]:
    """Who of these members owes what by which rules; two statements."""
    persons = people(row.id for row in members)
    book = rulebook({home[2] for person in persons.values() for home in person.homes})
    return [
        hours_q.Year(
            row.id,
            year,
            book.of(persons[row.id].homes, persons[row.id].unit_id, year),
            duties(year, persons[row.id].ties),
            persons[row.id].ties,
        )
        for row in members
    ]


def _rooms(
    members: Sequence[Any], years: Sequence[hours_q.Year], today: date
) -> Iterable[tuple[Room, int, PolicyRules]]:
    """What may still count for each of these members; one statement."""
    lines: dict[int, list[Any]] = defaultdict(list)
    listed = hours_q.standing_lines(today.year).where(HourEntry.member_id.in_([row.id for row in members]))
    whole = any(year.has_caps for year in years)
    for line in db.session.execute(listed if whole else listed.where(HourEntry.day == today)):
        lines[line.member_id].append(line)
    for row, year in zip(members, years, strict=True):
        result = assess(year.policy, year.stretches, lines[row.id], year=today.year, today=today)
        counts = {verdict.entry_id: verdict.counted for verdict in result.verdicts}
        rules = year.policy.on(today)
        counted = result.counted if whole else row.counted
        pairs = [(line, counts[line.id]) for line in lines[row.id]]
        yield room_of(rules, result.target, counted, pairs, today=today), result.target, rules
