"""Pages of the end of a month and of a year: sign-off, seal, manifest, statements."""

from pbtrain.closing import signing  # noqa: F401  figures of units ask it
from pbtrain.closing.views import corrections, months, proof, ready, statements, years  # noqa: F401  they add their routes
from pbtrain.closing.views.common import bp

__all__ = ["bp"]
