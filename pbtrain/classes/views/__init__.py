"""Pages of academies and classes. `panels` says what hangs on the page of a class."""

from flask import Blueprint

bp = Blueprint("classes", __name__, url_prefix="/classes")

from pbtrain.classes.views import (  # noqa: E402  their routes belong to bp
    classes,
    joining,
    learners,
    nominating,
    quotas,
)

__all__ = ["bp", "classes", "joining", "learners", "nominating", "quotas"]
