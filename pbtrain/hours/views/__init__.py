"""Pages of hours: one's own year, the members of a branch, units, reversals, overlaps."""

from pbtrain.hours.views import branch, corrections, export, lines, mine, units  # noqa: F401  they add their routes
from pbtrain.hours.views.common import bp

__all__ = ["bp"]
