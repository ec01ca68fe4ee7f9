"""What is recorded of people, why and how long, for everybody to read; and what the nightly job removed."""

from flask import Blueprint, render_template

from pbtrain.core.guards import public
from pbtrain.home import retention
from pbtrain.org import personal
from pbtrain.org.access import needs
from pbtrain.org.roles import MAY, Perm

bp = Blueprint("privacy", __name__)


@bp.get("/privacy")
@public
def notice() -> str:
    """What is recorded, why, how long, who sees it, and what one may ask."""
    return render_template(
        "home/privacy.html",
        facts=personal.FACTS,
        kinds=personal.KINDS,
        roles=MAY,
        retention=retention.RETENTION,
    )


@bp.get("/retention")
@needs(Perm.JOBS_VIEW)
def kept() -> str:
    """How long what is kept, and what the job removed lately."""
    return render_template("home/retention.html", kinds=retention.RETENTION, runs=retention.runs())
