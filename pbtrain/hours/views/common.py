"""What the pages of hours share: the year of a member, prepared for its table."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Blueprint, abort, request

from pbtrain.core import clock
from pbtrain.core.errors import RuleError
from pbtrain.core.forms import number_of
from pbtrain.core.i18n import N_, say
from pbtrain.core.paging import Page, paged
from pbtrain.hours import queries
from pbtrain.hours.activities import ACTIVITIES, CHANNELS, PROOFS
from pbtrain.hours.forecast import Room, room_of
from pbtrain.hours.formula import Formula, explain, hundredths
from pbtrain.hours.newcomers import FirstClass
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.progress import Progress, of_assessment
from pbtrain.hours.rules import CadreYear, Verdict
from pbtrain.hours.rules import Term as RuleTerm

bp = Blueprint("hours", __name__)
FIRST_YEAR = 2000
LINES_SHOWN = 50
ENTRY = f"<int(max={2**63 - 1}):entry_id>"  # book and number in one: larger than other ids

CATEGORIES = {
    "member": N_("Party member"),
    "leader": N_("Secretary or committee member of the branch"),
    "care": N_("On the care list: nothing is asked"),
    "suspended": N_("Suspended or abroad: nothing is asked"),
    "none": N_("Not in a branch"),
}


def year_asked(*, ahead: int = 0) -> int:
    """The year in the address, else this one; 404 for what is none, or more than so many years ahead."""
    now = clock.today().year
    year = number_of(request.args.get("year") or str(now), digits=4)
    return year if year is not None and FIRST_YEAR <= year <= now + ahead else abort(404)


def label(table: dict[str, Any], key: str) -> str:
    """The msgid of an activity, a channel or a proof level."""
    found = table.get(key, key)
    return found if isinstance(found, str) else str(found.label)


@dataclass(frozen=True)
class Row:
    """A line of a year with what became of it: ok, part, no or reversed."""

    id: int
    day: date
    title: str
    activity: str
    channel: str
    proof: str  # its label
    level: str  # A to D
    minutes: int
    credit: int
    counted: int
    state: str
    why: str  # a msgid; the words of the person who reversed it when state is "reversed"
    poster: str
    rules: tuple[int, int]  # year and version of the policy it was converted by
    late: bool  # it came after the sign-off of its month


@dataclass(frozen=True)
class Term:
    """One summand of a target: whole-year hours times days by days of the year."""

    category: str
    rate: int
    since: date
    last: date
    days: int
    value: Decimal


@dataclass(frozen=True)
class YearPage:
    """Everything a page about one member's year shows; `problem` when the year cannot be judged."""

    year: int
    years: list[int]
    member_id: int = 0
    progress: Progress | None = None
    rows: tuple[Row, ...] = ()
    page: Page | None = None  # of the rows: the newest 50 lines, or those after them
    entries: int = 0  # lines of the whole year, reversals included
    terms: tuple[Term, ...] = ()
    exact: Decimal = Decimal(0)
    step: int = 50
    minutes_per_hour: int = 45
    formula: Formula | None = None
    cadre: CadreYear | None = None
    first_class: FirstClass | None = None
    today: date = date.min
    own: bool = True  # the reader's own year
    problem: str = ""
    closed: Any = None  # sealed figures and corrections of a year that is closed
    room: Room | None = None  # what may still count; None for a year that is over
    rules: PolicyRules | None = None  # of today, or of the last day of the year


def year_page(member_id: int, year: int, *, own: bool) -> YearPage:
    """Read and judge a member's year; five statements, whatever the history."""
    stored, today = queries.years_of(member_id), clock.today()
    years, sums = sorted({today.year, *stored}, reverse=True), stored.get(year)
    try:
        found = queries.year_of(member_id, year)
    except RuleError as error:
        return YearPage(year, years, problem=say(error))
    if found is None:
        return YearPage(year, years)
    page = paged(queries.lines_of(member_id, year), size=LINES_SHOWN)
    first, last = date(year, 1, 1), date(year, 12, 31)
    days = [row.day for row in page.rows] or [last]
    judged = queries.judged(found, days[-1], days[0], also=today, besides=True)
    result = judged.assessment
    if not judged.whole and sums is not None:
        alone = sums.self_a + sums.self_b + sums.self_c + sums.self_d
        result = replace(
            result, counted=sums.counted, self_study=alone, lacks_class=sums.lacks_class, cadre=0
        )
    numerator, length = result.exact_target
    rules = found.policy.on(min(today, last))
    counts = {one.entry_id: one.counted for one in judged.assessment.verdicts}
    running = first <= today <= last
    return YearPage(
        year,
        years,
        member_id,
        progress=of_assessment(result, year, today, self_counts=rules.self_cap > 0),
        rows=rows_of(page.rows, judged.assessment.verdicts),
        page=page,
        entries=sums.entries if sums else 0,
        terms=tuple(map(term_of, result.terms, [length] * len(result.terms))),
        exact=hundredths(numerator, length),
        step=rules.target_step,
        minutes_per_hour=rules.minutes_per_hour,
        formula=explain(result),
        cadre=judged.cadre,
        first_class=judged.first_class,
        today=today,
        own=own,
        closed=sums if sums is not None and sums.sealed_counted is not None else None,
        room=room_of(
            rules, result.target, result.counted,
            [(line, counts[line.id]) for line in judged.lines], today=today,
        ) if running else None,
        rules=rules,
    )  # fmt: skip


def term_of(term: RuleTerm, length: int) -> Term:
    """A summand of a target as the page shows it; `length`: the days of the year."""
    return Term(
        term.category,
        term.rate,
        term.since,
        date.fromordinal(term.until.toordinal() - 1),
        term.days,
        hundredths(term.rate * term.days, length),
    )


def rows_of(lines: Iterable[Any], verdicts: Iterable[Verdict]) -> tuple[Row, ...]:
    """Lines with what became of each; a reversal is told at the line it cancels."""
    judged = {verdict.entry_id: verdict for verdict in verdicts}
    return tuple(row_of(line, judged.get(line.id)) for line in lines)


def row_of(line: Any, verdict: Verdict | None) -> Row:
    """One line with its verdict; without one it is reversed."""
    if verdict is None:
        state, why = "reversed", line.reversed_why or ""
    elif verdict.counted == line.credit:
        state, why = "ok", ""
    else:
        state, why = "part" if verdict.counted else "no", verdict.reason
    return Row(
        line.id,
        line.day,
        line.title,
        label(ACTIVITIES, line.activity),
        label(CHANNELS, line.channel),
        label(PROOFS, line.proof),
        line.proof,
        line.minutes,
        line.credit,
        verdict.counted if verdict else 0,
        state,
        why,
        line.poster or "",
        (line.policy_year, line.policy_version),
        line.late,
    )
