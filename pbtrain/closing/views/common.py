"""What the pages of closing share."""

from flask import Blueprint

from pbtrain.core.i18n import N_

bp = Blueprint("closing", __name__)

MONTHS = (
    N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June"), N_("July"), N_("August"),
    N_("September"), N_("October"), N_("November"), N_("December"),
)  # fmt: skip
EXCEPTIONS = {
    "claims": N_("claims waiting: %(count)s"),
    "held": N_("held lines: %(count)s"),
    "late": N_("late lines: %(count)s"),
}


def month_name(month: int) -> str:
    """The msgid of a month's name."""
    return MONTHS[month - 1]
