"""How a target comes about, in one line: "32 → 56 from 12 June: 32×162/365 + 56×203/365 = 45.35, rounded up
to 45.5". Pure: what stands in it is a msgid and its parameters, worded and dated at the edge."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from pbtrain.core.formatting import whole_hours
from pbtrain.core.marks import N_
from pbtrain.hours.rules import Assessment, Term

SUM = N_("%(sum)s = %(exact)s, rounded up to %(target)s")
EXACT = N_("%(sum)s = %(target)s")


@dataclass(frozen=True)
class Formula:
    """`changes`: (hours a year before, after, first day); `sum`: "32×162/365 + 56×203/365"; `exact` and
    `target` in hours. `message` is the msgid that joins sum, exact and target."""

    changes: tuple[tuple[str, str, date], ...]
    sum: str
    exact: Decimal
    target: str
    message: str


def hundredths(numerator: int, denominator: int) -> Decimal:
    """A quotient in hundredths as hours with two decimals."""
    value = Decimal(numerator) / Decimal(denominator * 100)
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def explain(result: Assessment) -> Formula:
    """The derivation of the year's target; its summands add up to `result.exact_target`."""
    numerator, days = result.exact_target
    merged: list[Term] = []  # what is asked decides here, not why
    for term in result.terms:
        if not merged or merged[-1].rate != term.rate:
            merged.append(term)
        else:
            merged[-1] = Term(merged[-1].since, term.until, term.category, term.rate)
    changes = tuple(
        (whole_hours(before.rate), whole_hours(after.rate), after.since) for before, after in pairwise(merged)
    )
    whole = [term for term in merged if term.rate]
    summands = [f"{whole_hours(term.rate)}×{term.days}/{days}" for term in whole] or ["0"]
    exact = result.target * days == numerator
    return Formula(
        changes,
        " + ".join(summands),
        hundredths(numerator, days),
        whole_hours(result.target),
        EXACT if exact else SUM,
    )
