"""Pages of academies and classes. `panels` says what hangs on the page of a class."""

from flask import Blueprint

bp = Blueprint("classes", __name__, url_prefix="/classes")

from pbtrain.classes.views import classes  # noqa: E402  their routes belong to bp

__all__ = ["bp", "classes"]
