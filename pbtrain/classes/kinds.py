"""States of a class, ways of teaching, audiences, languages. Pure: one more is one more row here."""

from dataclasses import dataclass
from datetime import timedelta

from pbtrain.core.marks import N_


@dataclass(frozen=True)
class State:
    """Label, the kind of its tag, its drawing, and whether the class still holds rooms and people."""

    label: str
    tag: str
    icon: str
    live: bool = True


STATES = {
    "draft": State(N_("Being prepared"), "info", "pen"),
    "open": State(N_("Open for enrolment"), "ok", "users"),
    "running": State(N_("Under way"), "warn", "play"),
    "closed": State(N_("Finished"), "", "tick", live=False),
    "cancelled": State(N_("Cancelled"), "bad", "x", live=False),
}
LIVE = tuple(key for key, state in STATES.items() if state.live)
SOON = timedelta(
    days=2
)  # before its first day who has a seat is reminded, and hears of each change from then
SHOWN = ("open", "running", "closed")  # what a member may read of; the others are the academy's own business


@dataclass(frozen=True)
class Mode:
    """A way of teaching (教学形式): `factor` percent of its minutes are study, `proof` is a key of
    hours.activities.PROOFS: how the presence is shown. Where both come from: decision 0037."""

    label: str
    factor: int = 100
    proof: str = "A"


MODES = {
    "visit": Mode(N_("On the spot"), factor=80),  # 体验: ways between the stands are no study
    "seminar": Mode(N_("Seminar"), proof="B"),  # 研讨: groups in several rooms, ticked by their leaders
    "case": Mode(N_("Case study")),  # 案例
    "lecture": Mode(N_("Lecture")),  # 讲授
    "exam": Mode(N_("Test")),  # 测验
}

AUDIENCES = {
    "all": N_("All members"),
    "secretaries": N_("Branch secretaries"),
    "deputies": N_("Deputy secretaries of branches"),
    "committee": N_("Committee members of branches"),
    "rotating": N_("Rotating secretaries"),
    "leaders": N_("Secretaries and committee members of branches"),
    "cadres": N_("Leading cadres"),
    "newcomers": N_("Probationary members and applicants"),
    "young": N_("Members up to 35 years of age"),
}
BRANCH_POSTS: dict[str, tuple[str, ...]] = {  # audience: posts of a branch (org.kinds.POSTS); (): any of them
    "secretaries": ("secretary", "rotating_secretary"),
    "deputies": ("deputy",),
    "committee": ("committee_member",),
    "rotating": ("rotating_secretary",),
    "leaders": (),
}

LANGUAGES = {"zh": N_("Chinese"), "mn": N_("Mongolian"), "both": N_("Chinese and Mongolian")}
VENUES = {"site": N_("Teaching site"), "room": N_("Hall or room")}
WEEKDAYS = (N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"),
            N_("Sunday"))  # fmt: skip


def study_minutes(minutes: int, mode: str) -> int:
    """How many of the minutes of a session taught in this way count as study, half up.

    >>> study_minutes(150, "visit"), study_minutes(180, "lecture")
    (120, 180)
    """
    return (minutes * MODES[mode].factor + 50) // 100
