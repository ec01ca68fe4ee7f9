"""What the pages of hours share: the year of a member, prepared for its table."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Blueprint, abort, request

from pbtrain.core import clock
from pbtrain.core.errors import RuleError
from pbtrain.core.i18n import N_, say
from pbtrain.hours import queries
from pbtrain.hours.activities import ACTIVITIES, CHANNELS, PROOFS
from pbtrain.hours.formula import Formula, explain, hundredths
from pbtrain.hours.progress import Progress, of_assessment
from pbtrain.hours.rules import CadreYear, Verdict
from pbtrain.org.access import signed
from pbtrain.org.kinds import UNIT_KINDS
from pbtrain.org.queries import unit_in_reach
from pbtrain.org.roles import Perm

bp = Blueprint("hours", __name__)
FIRST_YEAR = 2000
ENTRY = f"<int(max={2**63 - 1}):entry_id>"  # book and number in one: larger than other ids

CATEGORIES = {
    "member": N_("Party member"),
    "leader": N_("Secretary or committee member of the branch"),
    "care": N_("On the care list: nothing is asked"),
    "suspended": N_("Suspended or abroad: nothing is asked"),
    "none": N_("Not in a branch"),
}


def year_asked() -> int:
    """The year in the address, else this one; anything that is no year is 404."""
    now = clock.today().year
    text = request.args.get("year", str(now))
    if not (text.isascii() and text.isdigit() and len(text) == 4 and FIRST_YEAR <= int(text) <= now):
        abort(404)
    return int(text)


def branch_or_404(branch_id: int, perm: Perm) -> Any:
    """A unit with members in which the reader holds `perm`."""
    unit = unit_in_reach(signed(), perm, branch_id)
    if unit is None or not UNIT_KINDS[unit.kind].has_members:
        abort(404)
    return unit


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
    proof: str
    minutes: int
    credit: int
    counted: int
    state: str
    why: str  # a msgid; the words of the person who reversed it when state is "reversed"


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
    progress: Progress | None = None
    rows: tuple[Row, ...] = ()
    terms: tuple[Term, ...] = ()
    exact: Decimal = Decimal(0)
    step: int = 50
    minutes_per_hour: int = 45
    formula: Formula | None = None
    cadre: CadreYear | None = None
    claims: tuple[Any, ...] = ()
    problem: str = ""
    closed: Any = None  # sealed figures and corrections of a year that is closed


def year_page(member_id: int, year: int) -> YearPage:
    """Read and judge a member's year; five statements, six for a year that is over."""
    years = sorted({clock.today().year, *queries.years_of(member_id)}, reverse=True)
    try:
        found = queries.explained_year(member_id, year)
    except RuleError as error:
        return YearPage(year, years, problem=say(error))
    if found is None:
        return YearPage(year, years)
    result = found.assessment
    numerator, days = result.exact_target
    terms = tuple(
        Term(
            term.category,
            term.rate,
            term.since,
            date.fromordinal(term.until.toordinal() - 1),
            term.days,
            hundredths(term.rate * term.days, days),
        )
        for term in result.terms
    )
    today = clock.today()
    last = found.policy.on(min(today, date(year, 12, 31)))
    return YearPage(
        year,
        years,
        progress=of_assessment(result, year, today, self_counts=last.self_cap > 0),
        rows=rows_of(found.lines, result.verdicts),
        terms=terms,
        exact=hundredths(numerator, days),
        step=last.target_step,
        minutes_per_hour=last.minutes_per_hour,
        formula=explain(result),
        cadre=found.cadre,
        claims=tuple(queries.claims_of(member_id, year)),
        closed=queries.closed_year(member_id, year) if year < clock.today().year else None,
    )


def rows_of(lines: list[Any], verdicts: tuple[Verdict, ...]) -> tuple[Row, ...]:
    """The lines without the reversals, which are told at the line they cancel."""
    judged = {verdict.entry_id: verdict for verdict in verdicts}
    backs = {line.reverses_id: line for line in lines if line.reverses_id is not None}
    return tuple(
        row_of(line, judged[line.id], backs.get(line.id)) for line in lines if line.reverses_id is None
    )


def row_of(line: Any, verdict: Verdict, back: Any) -> Row:
    """One line with its verdict; `back` is the line that reverses it, if any."""
    if back is not None:
        state, why = "reversed", back.note
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
        line.minutes,
        line.credit,
        verdict.counted,
        state,
        why,
    )
