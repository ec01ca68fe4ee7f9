"""Pages of academies and classes. `panels` says what hangs on the page of a class."""

from flask import Blueprint

from pbtrain.classes.services import latecomers
from pbtrain.events.door import adding

adding.WAYS["academy"] = latecomers.WAY  # who comes to a class unexpected
bp = Blueprint("classes", __name__, url_prefix="/classes")

from pbtrain.classes.views import (  # noqa: E402  their routes belong to bp
    catalogue,
    classes,
    guests,
    imports,
    joining,
    learners,
    nominating,
    quotas,
    running,
    units,
)

__all__ = [
    "bp",
    "catalogue",
    "classes",
    "guests",
    "imports",
    "joining",
    "learners",
    "nominating",
    "quotas",
    "running",
    "units",
]
