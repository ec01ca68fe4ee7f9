"""Where one can go from here: a few places for each view, and nothing that does not exist or is forbidden.

A **view** is the work somebody looks at: member, secretary, academy, auditor, admin. Who holds several
roles changes between them; the choice is kept in the session. Nothing here asks the database: what waits
is shown as a page counted it last (`core.badges`).
"""

from dataclasses import dataclass, replace
from typing import Any

from flask import Flask, request, url_for

from pbtrain.core import badges
from pbtrain.core.i18n import _
from pbtrain.core.marks import N_
from pbtrain.org.access import Actor, current_view, may, me
from pbtrain.org.roles import MAY, Perm

VIEW_LABELS = {
    "member": N_("My study"),
    "secretary": N_("Branch work"),
    "academy": N_("Courses and classes"),
    "auditor": N_("Overview of units"),
    "admin": N_("Administration"),
}


@dataclass(frozen=True)
class Place:
    """One entry: label, drawing, address, who may open it, and whose pages light it up."""

    label: str
    icon: str
    endpoint: str
    perm: Perm | None = None
    owns: tuple[str, ...] = ()  # beginnings of endpoints that lie within this place
    desk_only: bool = False
    of_branch: bool = False  # the address names the branch of the secretary
    report: str = ""  # and this report
    badge: str = ""  # the name of the number on it


@dataclass(frozen=True)
class Tab:
    """A place as the frame draws it."""

    url: str
    label: str
    icon: str
    current: bool
    desk_only: bool
    count: int = 0
    badge: str = ""


@dataclass(frozen=True)
class Reader:
    """Who reads this page, as the frame needs it; scripts keep what waits in a browser by `account_id`."""

    account_id: int
    name: str
    unit_name: str
    view: str
    other_views: tuple[str, ...]


HOME = Place(N_("Home"), "home", "home.home")
STUDY = Place(N_("Study"), "book", "courses.catalogue", Perm.LEARN, ("courses.", "quizzes.", "classes."))
INBOX = Place(N_("Reminders"), "bell", "notify.inbox")
CALENDAR = Place(N_("Calendar"), "cal", "calendars.mine", owns=("calendars.",))
MINE = Place(
    N_("Mine"),
    "user",
    "home.mine",
    owns=(
        "home.mine",
        "home.password",
        "home.email",
        "home.my_factor",
        "home.factor",
        "my_data.",
        "certificates.",
        "privacy.notice",
    ),
)
RULES = Place(
    N_("Rules of the year"), "list", "policies.index", Perm.POLICY_VIEW, ("policies.",), desk_only=True
)
WRONG = Place(
    N_("Wrong data"), "warn", "wrong_data.waiting", Perm.MEMBER_MEND, ("wrong_data.",), desk_only=True
)
NOMINATE = Place(
    N_("Nominate for a class"), "users", "classes.nominable", Perm.CLASS_NOMINATE, ("classes.nomin",),
    desk_only=True,
)  # fmt: skip
REPORTS = Place(N_("Reports"), "file", "reports.index", Perm.REPORT_VIEW, ("reports.", "closing."))
APPEALS = Place(
    N_("Appeals"),
    "ok",
    "claims.above",
    Perm.CLAIM_JUDGE,
    ("claims.above", "claims.claim", "claims.takeover", "claims.waiting"),
    badge="above",
)


def _of_branch(label: str, icon: str, endpoint: str, perm: Perm, *owns: str, **more: Any) -> Place:
    return Place(label, icon, endpoint, perm, owns, of_branch=True, **more)


PLACES: dict[str, tuple[Place, ...]] = {
    "member": (
        replace(HOME, owns=("events.",)),  # the camera for the code at the door
        STUDY,
        Place(N_("Hours"), "clock", "hours.mine", Perm.LEARN, ("hours.", "claims.", "closing.my_statements")),
        CALENDAR,
        replace(INBOX, desk_only=True),
        MINE,
    ),
    "secretary": (
        HOME,
        Place(
            N_("Review"),
            "ok",
            "claims.desk",
            Perm.CLAIM_DECIDE,
            ("claims.", "events.held_lines"),
            badge="desk",
        ),
        Place(N_("Meetings"), "cal", "events.meetings", Perm.EVENT_RECORD, ("events.",)),
        _of_branch(
            N_("Members"),
            "users",
            "hours.members",
            Perm.MEMBERS_VIEW,
            "hours.member",
            "hours.line",
            "hours.reverse",
            "admin.",
            "org.slips",
            "reach.",
        ),
        WRONG,
        _of_branch(
            N_("Ledger"), "file", "reports.page", Perm.REPORT_VIEW, "reports.", "closing.", report="ledger"
        ),
        replace(CALENDAR, desk_only=True),
        _of_branch(N_("Remind"), "bell", "reminders.branch", Perm.REMIND, "reminders.", desk_only=True),
        NOMINATE,
        replace(STUDY, label=N_("My study"), owns=(*STUDY.owns, "hours.mine"), desk_only=True),
        replace(INBOX, label=N_("Inbox"), icon="mail", desk_only=True),
        replace(MINE, desk_only=True),  # a phone has it at the top
    ),
    "academy": (
        HOME,
        Place(
            N_("Classes"),
            "users",
            "classes.index",
            Perm.CLASS_MANAGE,
            (
                "classes.index",
                "classes.page",
                "classes.new_class",
                "classes.edit_class",
                "classes.move_class",
                "classes.timetable",
                "classes.new_unit",
                "classes.edit_unit",
                "classes.notice",
                "classes.card",
                "classes.learner",
                "classes.quotas",
                "classes.list",
                "classes.one_list",
                "classes.new_guest",
                "classes.merge_guest",
                "certificates.entry_list",
                "certificates.evaluation",
                "events.",
            ),
        ),
        Place(N_("Courses"), "book", "courses.desk", Perm.COURSE_EDIT, ("courses.", "quizzes.")),
        Place(
            N_("Teachers and venues"),
            "pin",
            "classes.catalogue",
            Perm.CLASS_MANAGE,
            ("classes.shelf", "classes.new_item", "classes.edit_item"),
        ),
        Place(
            N_("Training figures"),
            "chart",
            "certificates.statistics",
            Perm.CLASS_MANAGE,
            ("certificates.statistics", "certificates.behind"),
            desk_only=True,
        ),
        Place(N_("Certificates"), "medal", "certificates.index", Perm.CLASS_MANAGE, ("certificates.",)),
        Place(
            N_("Find learners"),
            "search",
            "learners.index",
            Perm.LEARNER_FIND,
            ("learners.",),
            desk_only=True,
        ),
        replace(CALENDAR, desk_only=True),  # a phone finds it above the list of classes
        replace(INBOX, label=N_("Inbox"), icon="mail", desk_only=True),
        replace(MINE, desk_only=True),  # a phone has it at the top
    ),
    "auditor": (
        Place(N_("Overview"), "chart", "home.home", owns=("hours.", "events.")),
        REPORTS,
        APPEALS,
        RULES,
        INBOX,
        MINE,
    ),
    "admin": (
        replace(HOME, owns=("home.start",)),
        Place(
            N_("Organisation"),
            "org",
            "org.units",
            Perm.UNIT_MANAGE,
            (
                "org.unit",
                "org.tree",
                "reshape.",
                "events.",
                "hours.",
                "reports.",
                "closing.",
                "claims.platform",
            ),
        ),
        Place(
            N_("Secretaries"),
            "flag",
            "org.leaders",
            Perm.GRANT_MANAGE,
            ("org.leaders", "org.terms", "leading."),
            desk_only=True,
        ),
        Place(
            N_("Roster"), "users", "roster.index", Perm.ROSTER_MANAGE, ("roster.", "org.members", "admin.")
        ),
        Place(
            N_("Accounts"),
            "key",
            "org.accounts",
            Perm.GRANT_MANAGE,
            ("org.account", "org.grant", "org.slips", "org.asleep", "logins."),
        ),
        Place(N_("Academies"), "book", "org.academies", Perm.UNIT_MANAGE, ("org.academy",), desk_only=True),
        NOMINATE,
        RULES,
        WRONG,
        replace(APPEALS, desk_only=True),
        replace(INBOX, label=N_("Inbox"), icon="mail", desk_only=True),
        MINE,
        Place(
            N_("Jobs"), "list", "notify.jobs", Perm.JOBS_VIEW, ("notify.jobs", "privacy.kept"), desk_only=True
        ),
    ),
}


def branches(actor: Actor) -> list[int]:
    """The branches this person is secretary of."""
    return sorted({grant.unit_id for grant in actor.grants if MAY[grant.role].view == "secretary"})


def tabs(actor: Actor, view: str) -> list[Tab]:
    """What the navigation shows this person in this view."""
    found = []
    here = request.endpoint or ""
    lit = False
    own = branches(actor)
    for place in PLACES[view]:
        if (place.of_branch and not own) or (place.perm is not None and not may(actor, place.perm)):
            continue
        current = not lit and (here == place.endpoint or here.startswith(place.owns))
        lit = lit or current
        args: dict[str, Any] = {"branch_id": own[0]} if place.of_branch else {}
        if place.report:
            args["key"] = place.report
        url = url_for(place.endpoint, **args)
        count = badges.found(place.badge) if place.badge else 0
        found.append(Tab(url, _(place.label), place.icon, current, place.desk_only, count, place.badge))
    return found


def reader(actor: Actor) -> Reader:
    """The frame's picture of this person."""
    view = current_view(actor)
    return Reader(
        account_id=actor.account_id,
        name=actor.name,
        unit_name=place_name(actor, view),
        view=view,
        other_views=tuple(name for name in actor.views if name != view),
    )


def place_name(actor: Actor, view: str) -> str:
    """The unit this person works for in this view: that of the first grant, else one's own branch."""
    held = [grant.unit_name for grant in actor.grants if MAY[grant.role].view == view and grant.unit_name]
    return held[0] if held else actor.unit_name


def init_app(app: Flask) -> None:
    """After `org.access`, whose `me` is replaced by what the frame needs."""

    @app.context_processor
    def names() -> dict[str, Any]:
        actor = me()
        if actor is None:
            return {"me": None, "nav": ()}
        person = reader(actor)
        return {
            "me": person,
            "nav": () if actor.left_on else tabs(actor, person.view),
            "view_labels": VIEW_LABELS,
        }
