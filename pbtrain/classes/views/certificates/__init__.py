"""Pages of what follows a class: certificates, evaluation, its file, statistics, lists of who enters a site.

Certificates: how they look, who is given one, the learner's own, and the page for anybody.
"""

from flask import Blueprint

bp = Blueprint("certificates", __name__)

from pbtrain.classes.views.certificates import (  # noqa: E402  their routes belong to bp
    entry_lists,
    evaluations,
    files,
    issuing,
    mine,
    statistics,
    styles,
    verify,
)

__all__ = ["bp", "entry_lists", "evaluations", "files", "issuing", "mine", "statistics", "styles", "verify"]
