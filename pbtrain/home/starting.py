"""The way from an empty site to the first slip: what is done, and what comes next."""

from dataclasses import dataclass
from typing import Any

from flask import url_for

from pbtrain.core.formatting import number
from pbtrain.core.i18n import _, ngettext


@dataclass(frozen=True)
class Step:
    """One step: what to do, why, where, the words of its button, and what is there already (empty: open)."""

    title: str
    text: str
    url: str
    icon: str
    send: str
    done: str


def steps(unit_id: int, figures: dict[str, int], slips: bool) -> list[Step]:
    """Units, roster, slips, in the order they are needed."""
    branches, members = figures["branches"], figures["members"]
    awake = members - figures["asleep"]
    handed = ""
    if awake:
        handed = ngettext(
            "%(count)s person has signed in", "%(count)s people have signed in", awake, count=number(awake)
        )
    return [
        Step(
            _("Set up the units"),
            _("Committees and general branches below yours, then the branches in which members stand."),
            url_for("org.unit", unit_id=unit_id) if branches else url_for("org.unit_new", unit_id=unit_id),
            "org",
            _("Add a unit"),
            _("%(count)s branches", count=number(branches)) if branches else "",
        ),
        Step(
            _("Import the roster"),
            _("From Excel, with a preview before anything is written"),
            url_for("roster.index", unit=unit_id),
            "users",
            _("To the roster"),
            _("%(count)s people", count=number(members)) if members else "",
        ),
        Step(
            _("Print the slips"),
            _("One code for each person's first sign-in; a large site prints branch by branch."),
            url_for("org.slips", unit_id=unit_id) if members <= MOST_AT_ONCE else url_for("org.asleep"),
            "print",
            _("Print slips"),
            handed or (_("slips printed") if slips else ""),
        ),
    ]


MOST_AT_ONCE = 500  # as many as the page of slips offers


def next_step(found: list[Step]) -> Step | None:
    """The first that is open."""
    return next((step for step in found if not step.done), None)


def afterwards(unit_id: int, counts: Any, branches: int) -> list[tuple[str, str, str, str]]:
    """What else a new site wants: title, text, address, icon."""
    led = (
        ngettext("%(num)s branch has nobody yet", "%(num)s branches have nobody yet", counts.none)
        if counts.none
        else (_("Every branch has a secretary") if branches else _("No branches yet"))
    )
    return [
        (_("Name the secretaries"), led, url_for("org.leaders", unit=unit_id), "flag"),
        (_("Give roles to colleagues"), _("Administrators and auditors"), url_for("org.accounts"), "key"),
        (_("Set up an academy"), _("It writes courses for your members"), url_for("org.academies"), "book"),
    ]
