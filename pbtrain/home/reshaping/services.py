"""Units change and the hours follow, in one transaction: what pages, timed work and tests call.

These stand here and not in org because hours lie above org.
"""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime

from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events import inheriting
from pbtrain.hours import custody
from pbtrain.org import reopening, reshaping, temporary, tree, turning
from pbtrain.org.access import Actor
from pbtrain.org.reshaping import Part, Shift

log = logging.getLogger(__name__)


def move(actor: Actor | None, unit_id: int, parent_id: int) -> int:
    """Hang a unit under another; returns how many members are judged anew within the hour, 0 when all are."""
    before = custody.rules_above(unit_id)
    tree.move_unit(actor, unit_id, parent_id)
    return custody.judge_again([unit_id]) if custody.rules_above(unit_id) != before else 0


def abolish(actor: Actor | None, unit_id: int) -> None:
    """End an empty unit; what still waits there waits where its members are now.

    RuleError while attendance of one of its meetings is open: nobody could close it any more.
    """
    inheriting.check_closed(unit_id)
    tree.abolish_unit(actor, unit_id)
    custody.judge_leaders(unit_id)
    custody.hand_over(unit_id, None)
    reshaping.hand_over_reports(unit_id, None)


def merge(actor: Actor | None, unit_ids: Collection[int], into_id: int) -> list[Shift]:
    """Merge units into one that stays; its secretary decides what waited in the others, and holds what they
    planned."""
    before = {into_id: custody.rules_above(into_id)} | {one: custody.rules_above(one) for one in unit_ids}
    shifts = reshaping.merge(actor, unit_ids, into_id)
    for shift in shifts:
        custody.hand_over(shift.from_id, shift.to_id)
        inheriting.inherit(actor, shift.from_id, shift.to_id)
        custody.judge_leaders(shift.from_id)
        _settle(shift, same_rules=before[shift.from_id] == before[into_id])
    return shifts


def merge_into_new(
    actor: Actor | None, unit_ids: Sequence[int], parent_id: int, *, name: str, code: str = ""
) -> list[Shift]:
    """Merge units into a new one of their kind below `parent_id`. Flushes for its id."""
    kinds = {tree.live(unit_id, "chosen").kind for unit_id in unit_ids}
    if len(kinds) != 1:
        raise RuleError(N_("Only units of one kind can be merged."), field="chosen")
    into = tree.add_unit(actor, name=name, kind=kinds.pop(), parent_id=parent_id, code=code)
    return merge(actor, unit_ids, into.id)


def split(actor: Actor | None, unit_id: int, parts: Sequence[Part]) -> list[Shift]:
    """Split a unit; the lines that wait stay with the old one, which recorded them."""
    shifts = reshaping.split(actor, unit_id, parts)
    for shift in shifts:
        same = custody.rules_above(shift.to_id) == custody.rules_above(unit_id)
        _settle(shift, same_rules=same)
    return shifts


def reopen(actor: Actor | None, unit_id: int) -> None:
    """Take back today's merge or abolition, while nothing was built on it."""
    ended = reopening.ended_today(unit_id)
    if ended is not None and ended.into_id is not None:
        _check_unwritten(ended.member_ids, ended.into_id, ended.at)
    ended = reopening.reopen(actor, unit_id)
    custody.judge_leaders(unit_id)
    if ended.into_id is not None:
        custody.hand_over(ended.into_id, unit_id, ended.member_ids)
        inheriting.give_back(unit_id, ended.into_id)
        same = custody.rules_above(unit_id) == custody.rules_above(ended.into_id)
        _settle(Shift(ended.into_id, unit_id, ended.member_ids, ended.unit_ids), same_rules=same)


def turn(actor: Actor | None, unit_id: int, kind: str, *, name: str = "", code: str = "") -> Shift | None:
    """Make a unit one of another kind; a new branch of this name below it takes its members over."""
    shift = turning.turn(actor, unit_id, kind, name=name, code=code)
    if shift is not None:
        custody.hand_over(shift.from_id, shift.to_id)
        inheriting.inherit(actor, shift.from_id, shift.to_id)
        _settle(shift, same_rules=True)  # it stands right below: the same policies hold
    return shift


def turn_back(actor: Actor | None, unit_id: int) -> None:
    """Take back today's change of kind, while nothing was built on it."""
    turned = turning.turned_today(unit_id)
    if turned is not None and turned.heir_id is not None:
        _check_unwritten(turned.member_ids, turned.heir_id, turned.at)
    turned = turning.turn_back(actor, unit_id)
    if turned.heir_id is not None:
        custody.hand_over(turned.heir_id, unit_id)
        inheriting.give_back(unit_id, turned.heir_id)
        custody.judge_leaders(turned.heir_id)
        _settle(Shift(turned.heir_id, unit_id, turned.member_ids), same_rules=True)


def _check_unwritten(member_ids: Collection[int], unit_id: int, at: datetime) -> None:
    lines = custody.written_since(member_ids, unit_id, at)
    if lines:
        raise RuleError(
            N_("%(lines)s lines have been recorded since. Set up a new unit and transfer by hand."),
            lines=lines,
        )


def _settle(shift: Shift, *, same_rules: bool) -> None:
    custody.follow(shift.member_ids)
    if shift.unit_ids and not same_rules:
        custody.judge_again(shift.unit_ids)


def end_due_units() -> int:
    """Timed work: end the temporary units whose day has come; returns how many were looked at."""
    due = temporary.due()
    for unit_id in due:
        try:
            with transaction():
                inheriting.close_open(unit_id)
                for shift in temporary.end_one(unit_id):
                    custody.hand_over(unit_id, shift.to_id, shift.member_ids)
                    custody.follow(shift.member_ids)
                custody.judge_leaders(unit_id)
        except RuleError as error:  # one that cannot end today does not keep the others
            log.warning("unit %s does not end: %s", unit_id, error)
    return len(due)
