"""What is asked of each activity of a branch: how often, what shows it was held, its steps, its form. Pure.

Frequencies are those of the rules of branch work (支部工作条例) and of member education (Art. 16-18; see
domain.md D.10, D.11): all members quarterly, committee and groups monthly, one fixed theme day a month,
organisational life meeting and appraisal yearly; lectures regularly, once a quarter is our reading. What no
rule asks has none (0). The texts of steps are ours. A unit may write its own over them: `settled`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from pbtrain.core.marks import N_

FORMS = {  # 六学载体 (domain.md A6); the keys are stored in event.form
    "practise": N_("Learn by doing"),  # 践学
    "lecture": N_("Learn by teaching"),  # 讲学
    "watch": N_("Learn under supervision"),  # 督学
    "report": N_("Report what was learnt"),  # 述学
    "test": N_("Learn by tests"),  # 考学
    "judge": N_("Appraise what was learnt"),  # 评学
}


PHASES = {"before": N_("Before"), "during": N_("During"), "after": N_("After")}
Steps = dict[str, tuple[str, ...]]  # by phase: sentences


def _steps(before: str, during: str, after: str) -> Steps:
    return {"before": (before,), "during": (during,), "after": (after,)}


MEETING = _steps(
    N_("Decide on the agenda and tell everybody the day at least three days before."),
    N_("More than half of those who should come are there; somebody writes the minutes."),
    N_("Enter who came, put in the minutes, tell those who were away."),
)
STUDY = _steps(
    N_("Choose the material and who introduces it; tell everybody the day."),
    N_("Read, introduce, discuss; take one photo."),
    N_("Enter who came; those who were away catch up."),
)
OUTSIDE = _steps(
    N_("Arrange the place, the way there and who leads the group."),
    N_("The leader of the group ticks names there; take a photo on the spot."),
    N_("Enter the time of study without the way there and back."),
)
LIFE = _steps(
    N_("Study together, talk with each other, write down what is to be said."),
    N_("Criticism and self-criticism in turn; somebody writes the minutes."),
    N_("List what is to be mended, by whom and until when."),
)
AT_HOME = _steps(
    N_("Ask who cannot come, and choose what to bring."),
    N_("Read or play it to them, as long as they like."),
    N_("Enter who was visited and for how long; nobody there is ever behind for it."),
)
SERVICE = _steps(
    N_("Say what is to be done, where, and who leads."),
    N_("Work; take a photo."),
    N_("Enter who helped. It counts for points, not for hours."),
)


@dataclass(frozen=True)
class Kind:
    """What is asked of one activity. `per_year` times a year, 0: as needed; `core`: of 三会一课 or theme day;
    `shortest` minutes of study; `roll`: who is ticked beforehand, the branch or its committee; `proof`: what
    shows that it was held besides the names (keys of proofs.EVIDENCE); `points`: it counts for points of
    service and never for hours (see `points_of`)."""

    per_year: int = 0
    form: str = ""
    steps: Steps = field(default_factory=lambda: STUDY)
    core: bool = False
    shortest: int = 10
    roll: str = "branch"
    proof: tuple[str, ...] = ("photo",)
    points: bool = False


KINDS = {
    "theme_day": Kind(12, "practise", core=True),
    "party_lecture": Kind(4, "lecture", core=True, proof=("speaker",)),
    "members_meeting": Kind(4, "", MEETING, core=True, proof=("minutes",)),
    "committee_meeting": Kind(12, "", MEETING, core=True, roll="committee", proof=("minutes",)),
    "group_meeting": Kind(12, "", MEETING, core=True, proof=("minutes",)),
    "micro_lecture": Kind(0, "lecture", shortest=5, proof=("speaker",)),
    "topic_study": Kind(),
    "topic_training": Kind(proof=("speaker",)),
    "reading_class": Kind(),
    "centre_study": Kind(proof=("minutes",)),
    "warning": Kind(),
    "screening": Kind(0, "", OUTSIDE),
    "site_visit": Kind(0, "practise", OUTSIDE),
    "home_lesson": Kind(0, "", AT_HOME, proof=("speaker",)),
    "life_meeting": Kind(1, "judge", LIFE, proof=("minutes",)),
    "appraisal": Kind(1, "judge", LIFE, proof=("minutes",)),
    "volunteering": Kind(0, "practise", SERVICE, points=True),
}

SERVING = tuple(key for key, kind in KINDS.items() if kind.points)


def points_of(minutes: int) -> int:
    """Points of voluntary service (志愿服务, domain.md A41): one for each full hour, at least one for whoever
    came. No source says how many; this is our reading.

    >>> points_of(30), points_of(119), points_of(120)
    (1, 1, 2)
    """
    return max(minutes // 60, 1)


@dataclass(frozen=True)
class Setting:
    """How one activity is called and asked for in a unit. `label` "": the shipped one; `written`: the steps
    are somebody's own words; `by` is the unit that decided, 0: as shipped."""

    key: str
    label: str = ""
    per_year: int = 0
    steps: Steps = field(default_factory=dict)
    open: bool = True
    written: bool = False
    by: int = 0
    version: int = 0


def settled(rows: Iterable[Any]) -> dict[str, Setting]:
    """Every activity as it holds below some unit, in the order of the table. `rows` are its and the upper
    levels' ActivityRows, the nearest first: of each activity the nearest row decides.

    >>> settled([])["theme_day"].per_year
    12
    """
    nearest: dict[str, Any] = {}
    for row in rows:
        nearest.setdefault(row.activity, row)
    found = {}
    for key, kind in KINDS.items():
        row = nearest.get(key)
        found[key] = Setting(key, "", kind.per_year, kind.steps) if row is None else _over(kind, row)
    return found


def _over(kind: Kind, row: Any) -> Setting:
    steps = {phase: tuple((row.steps or {}).get(phase, ())) for phase in PHASES}
    written = any(steps.values())
    return Setting(
        row.activity,
        row.label,
        kind.per_year if row.per_year is None else row.per_year,
        steps if written else kind.steps,
        row.open,
        written,
        row.unit_id,
        row.version,
    )


def due_months(per_year: int) -> tuple[tuple[int, ...], ...]:
    """The spans of months in each of which an activity is asked for once: 12 gives every month, 4 every
    quarter, 1 the whole year. What does not divide the year is spread evenly.

    >>> due_months(4)[0], len(due_months(12)), due_months(0)
    ((1, 2, 3), 12, ())
    """
    times = min(per_year, 12)
    edges = [12 * part // times for part in range(times + 1)] if times else [0]
    return tuple(tuple(range(a + 1, b + 1)) for a, b in pairwise(edges))
