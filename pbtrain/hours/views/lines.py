"""One line of the ledger: why it counts what it counts, where it came from, where it stands."""

from typing import Any

from flask import abort, render_template

from pbtrain.core.errors import RuleError
from pbtrain.hours import custody, queries
from pbtrain.hours.activities import ACTIVITIES, CHANNELS, PROOFS
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.rules import REVERSAL, REVERSED, Verdict
from pbtrain.hours.views.common import ENTRY, bp, label
from pbtrain.org.access import Actor, may, signed, signed_in
from pbtrain.org.roles import Perm


def line_or_404(person: Actor, entry_id: int) -> Any:
    """A line of one's own, or of a member or branch whose hours one may see."""
    line = queries.line_with_place(entry_id)
    if line is None:
        abort(404)
    if person.member_id is not None and line.member_id == person.member_id:
        return line
    if any(unit and may(person, Perm.MEMBERS_VIEW, unit) for unit in {line.unit_id, line.now_in}):
        return line
    abort(404)


def verdict_of(line: Any) -> Verdict | None:
    """What became of the line in its member's year; None while the year cannot be judged."""
    try:
        found = queries.year_of(line.member_id, line.credit_year)
    except RuleError:
        return None
    if found is None:
        return None
    if line.reverses_id is not None or line.reversed_by_id is not None:
        return Verdict(line.id, line.credit, 0, REVERSAL if line.reverses_id is not None else REVERSED)
    verdicts = queries.judged(found, line.day, line.day).assessment.verdicts
    return next((one for one in verdicts if one.entry_id == line.id), None)


@bp.get(f"/hours/lines/{ENTRY}")
@signed_in
def line(entry_id: int) -> str:
    """Why this line counts what it counts."""
    person = signed()
    found = line_or_404(person, entry_id)
    return render_template(
        "hours/line.html",
        line=found,
        policy=PolicyRules.from_json(found.policy_id, found.policy_rules),
        verdict=verdict_of(found),
        kinds={"activity": label(ACTIVITIES, found.activity), "channel": label(CHANNELS, found.channel)},
        proof=label(PROOFS, found.proof),
        may_reverse=may(person, Perm.HOURS_REVERSE)
        and may(person, Perm.HOURS_REVERSE, custody.answering(found.unit_id)),
        own=found.member_id == person.member_id,
        reversal=queries.line_with_place(found.reversed_by_id) if found.reversed_by_id else None,
    )
