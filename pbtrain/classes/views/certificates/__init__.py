"""Pages of certificates: how they look, who is given one, the learner's own, and the page for anybody."""

from flask import Blueprint

bp = Blueprint("certificates", __name__)

from pbtrain.classes.views.certificates import issuing, mine, styles, verify  # noqa: E402  their routes

__all__ = ["bp", "issuing", "mine", "styles", "verify"]
