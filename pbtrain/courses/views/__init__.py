"""The pages of courses: taking them (`learn`), sitting the ending quiz (`sit`), writing them (`write`)."""

from flask import Blueprint

bp = Blueprint("courses", __name__, url_prefix="/courses")

from pbtrain.courses.views import learn, questions, sit, write  # noqa: E402, F401  they add their routes
