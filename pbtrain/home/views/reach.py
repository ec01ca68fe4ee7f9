"""Whether the year can still be met: on a member's page, and for whom it cannot as a list of the branch."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template

from pbtrain.claims import queries as claims_q
from pbtrain.claims.rules import WAITS, state_of, waits_for
from pbtrain.core import clock
from pbtrain.home import reaching
from pbtrain.hours.forecast import Forecast
from pbtrain.hours.views.common import YearPage
from pbtrain.org.access import needs
from pbtrain.org.reach import branch_or_404
from pbtrain.org.roles import Perm

bp = Blueprint("reach", __name__)
CLAIMS_SHOWN = 50
SHOWN = ("submitted", "appealed", "held", "returned", "rejected")  # an approved one is a line of the ledger
PENDING = ("submitted", "appealed")


@dataclass(frozen=True)
class Told:
    """A claim that is no line yet: `waits` is a key of claims.rules.WAITS, `days` since it was handed in."""

    row: Any
    waits: str
    days: int

    @property
    def state(self) -> str:
        """The words of its state."""
        return state_of(self.row)

    @property
    def who(self) -> str:
        """The words for who has the next word, empty where nobody has."""
        return "" if self.waits == "nobody" else WAITS[self.waits]


@dataclass(frozen=True)
class More:
    """What a member's page shows besides the ledger: claims, the forecast of a running year."""

    claims: tuple[Told, ...] = ()
    forecast: Forecast | None = None

    @property
    def waiting(self) -> int:
        """How many lines wait for a decision besides those that wait for a review: held ones."""
        return sum(told.row.state == "held" for told in self.claims)

    @property
    def pending(self) -> int:
        """What those that wait for a review would bring, in hundredths."""
        return sum(told.row.credit for told in self.claims if told.row.state in PENDING)


@bp.app_template_global()
def more_of(page: YearPage) -> More:
    """For `hours/_year.html`: what rooms above hours know of this year; at most two statements."""
    forecast, progress = None, page.progress
    if page.room and page.rules and progress and progress.standing not in ("care", "none"):
        forecast = reaching.of_member(page.member_id, page.room, page.rules, progress.target)
    states = (*SHOWN, "draft") if page.own else SHOWN
    claims = claims_q.of_year(page.member_id, page.year, states, limit=CLAIMS_SHOWN)
    return More(tuple(map(told, claims)), forecast)


def told(row: Any) -> Told:
    """A claim with who has the next word, and for how long."""
    handed_in = clock.local(row.submitted_at or row.made_at).date()
    return Told(row, waits_for(row, branch_may=row.branch_may), (clock.today() - handed_in).days)


@bp.get("/branches/<int:branch_id>/out-of-reach")
@needs(Perm.MEMBERS_VIEW)
def branch(branch_id: int) -> str:
    """Members of a branch who can no longer reach the target with what is published and usual."""
    unit = branch_or_404(branch_id, Perm.MEMBERS_VIEW)
    return render_template(
        "home/out_of_reach.html", unit=unit, year=clock.today().year, rows=reaching.out_of_reach(branch_id)
    )
