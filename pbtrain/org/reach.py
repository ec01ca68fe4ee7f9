"""The unit a page is about, as its address names it: out of reach is 404, as if there were none."""

from typing import Any

from flask import abort

from pbtrain.org.access import signed
from pbtrain.org.kinds import UNIT_KINDS
from pbtrain.org.queries import unit_in_reach
from pbtrain.org.roles import Perm


def unit_or_404(unit_id: int, perm: Perm) -> Any:
    """The unit as `unit_in_reach` has it; 404 where the reader does not hold `perm`."""
    return unit_in_reach(signed(), perm, unit_id) or abort(404)


def branch_or_404(branch_id: int, perm: Perm) -> Any:
    """The same of a branch; 404 also for a unit that holds no members."""
    unit = unit_or_404(branch_id, perm)
    return unit if UNIT_KINDS[unit.kind].has_members else abort(404)
