"""What is right about units that end, are merged or split. Pure; the tree itself is judged in rules.py."""

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.org.kinds import UNIT_KINDS

MOST_NEW = 300  # units added in one go; 138 grids became 138 branches at once (domain.md A77)
MOST_PARTS = 20  # new units that one is split into in one go
MOST_MEMBERS = 5_000  # members that move in one go
LONGEST_NAME = 100

# What a unit may become. A temporary branch that lasts becomes a branch, a branch that has grown a 党总支,
# from there a 党委, and back; a 党组 or an academy is what it was set up as.
TURNS: dict[str, tuple[str, ...]] = {
    "temporary_branch": ("branch",),
    "branch": ("general_branch",),
    "general_branch": ("committee", "branch"),
    "committee": ("general_branch",),
}


def version_of(name: str, code: str, field: str, ends_on: date | None) -> str:
    """16 hex digits that change with whatever is edited of a unit; most have no day on which they end."""
    told = "\x1f".join((name, code, field, ends_on.isoformat() if ends_on else ""))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def check_end(kind: str, ends_on: date | None, *, today: date) -> None:
    """Only a temporary branch ends by itself, on a day that lies ahead (domain.md A81)."""
    if ends_on is None:
        return
    if kind != "temporary_branch":
        raise RuleError(N_("Only a temporary branch has a day on which it ends."), field="ends_on")
    if ends_on <= today:
        raise RuleError(N_("Choose a day after today."), field="ends_on")


def check_names(names: Sequence[str], codes: Collection[str] = (), *, most: int = MOST_NEW) -> None:
    """Names, and codes where given, for new units: some, not too many, none twice, none too long."""
    if not names:
        raise RuleError(N_("Enter at least one name."), field="names")
    if len(names) > most:
        raise RuleError(N_("At most %(most)s in one go; these are %(count)s."), field="names",
                        most=most, count=len(names))  # fmt: skip
    for name in names:
        if len(name) > LONGEST_NAME:
            raise RuleError(N_("“%(name)s…” is too long."), field="names", name=name[:20])
    for found, count in [*Counter(names).items(), *Counter(codes).items()]:
        if count > 1:
            raise RuleError(N_("“%(name)s” stands there twice."), field="names", name=found)


def check_merge(kinds: Collection[str], *, into_id: int, ending: Collection[int]) -> None:
    """Units of one kind become one; an academy's courses stay with it. `kinds`: of all of them."""
    if not ending:
        raise RuleError(N_("Choose what is merged."), field="chosen")
    if len(set(kinds)) > 1:
        raise RuleError(N_("Only units of one kind can be merged."), field="chosen")
    _check_kind(next(iter(kinds)))
    if into_id in ending:
        raise RuleError(N_("A unit cannot be merged into itself."), field="into")


def check_split(kind: str, parts: Sequence[Collection[int]], whole: Collection[int]) -> None:
    """Each new unit gets somebody, nobody goes to two, somebody stays. `whole`: all that could go."""
    _check_kind(kind)
    chosen = [one for part in parts for one in part]
    if not all(parts) or not parts:
        raise RuleError(N_("Choose for each new unit what goes there."), field="chosen")
    if len(set(chosen)) < len(chosen) or not set(chosen) <= set(whole):
        raise RuleError(N_("The roster has changed meanwhile. Choose again."), field="chosen")
    if set(chosen) == set(whole):
        raise RuleError(N_("Something must stay in the old unit; else rename or merge it."), field="chosen")


def check_turn(was: str, kind: str, *, members: int, units: int, named: bool, top: bool) -> None:
    """Refuse a change of kind after which members or units would stand where none may.

    `named`: a branch below is named that takes the members over; `top`: nothing stands above the unit.
    """
    if kind not in TURNS.get(was, ()):
        raise RuleError(N_("This unit cannot become that. Choose from the list."), field="kind")
    if not UNIT_KINDS[kind].has_members and members and not named:
        raise RuleError(N_("Name the branch below it that takes its members over."), field="name")
    if named and not UNIT_KINDS[kind].has_units:
        raise RuleError(N_("No branch stands below a branch. Leave the name empty."), field="name")
    if not UNIT_KINDS[kind].has_units and units:
        raise RuleError(
            N_("%(units)s units still stand below this one. Move or abolish them first."), units=units
        )
    if top and not UNIT_KINDS[kind].has_units:
        raise RuleError(
            N_("The unit at the top holds all others. It does not become a branch."), field="kind"
        )


def check_moved(count: int) -> None:
    """So many members move in one go."""
    if count > MOST_MEMBERS:
        raise RuleError(N_("At most %(most)s members can move in one go."), most=MOST_MEMBERS)


def _check_kind(kind: str) -> None:
    if not (UNIT_KINDS[kind].has_members or UNIT_KINDS[kind].has_units):
        raise RuleError(N_("An academy is neither merged nor split: its courses stay with it."))
