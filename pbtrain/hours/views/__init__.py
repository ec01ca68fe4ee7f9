"""Pages of hours: one's own year, the members of a branch, units, reversals, overlaps."""

from pbtrain.hours.views import branch, corrections, export, lines, mine, newcomers, units  # noqa: F401  they add routes
from pbtrain.hours.views.common import bp

__all__ = ["bp"]
