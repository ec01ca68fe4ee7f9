"""What may become of a claim, who may do it, and who waits for whom. Values in, values out.

A **claim** is somebody's word that hours were studied. It is a draft, waits, comes back to be mended, and is
approved or rejected by somebody else; a rejection can be appealed once, to the level above. Hours are
integers of hundredths of a 学时.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.rules import HELD, HELD_OVERLAP, HELD_OWN, RETURN_DAYS

STATES = {
    "draft": N_("Draft"),
    "submitted": N_("Waiting for review"),
    "returned": N_("Returned to be mended"),
    "approved": N_("Approved"),
    "rejected": N_("Not approved"),
    "appealed": N_("Appealed"),
    "withdrawn": N_("Withdrawn by the member"),
    "held": N_("Held: overlaps another line"),  # of hours.held, decided there
}
HELD_LABELS = {HELD_OVERLAP: N_("Overlapping line"), HELD_OWN: N_("The recorder's own line")}
OPEN = ("draft", "submitted", "returned", "appealed", "held")


@dataclass(frozen=True)
class Kind:
    """What is claimed: label, the line it becomes, and what proves it."""

    label: str
    activity: str  # a key of hours.activities.ACTIVITIES
    channel: str  # and of CHANNELS
    proof: str  # with evidence; without any it is the claimant's own statement, D
    hint: str
    plain: str = "D"  # without evidence


KINDS = {
    "paper": Kind(
        N_("Paper classroom"), "distance_lesson", "paper", "C",
        N_("A printed sheet that was worked through: photograph every page"),
    ),
    "radio": Kind(
        N_("Broadcast classroom"), "distance_lesson", "air", "C",
        N_("A broadcast that was listened to: photograph your notes"),
    ),
    "platform": Kind(
        N_("Outside platform"), "self_study", "phone", "C",
        N_("What a platform has recorded: a screenshot with your name and the figure"),
    ),
    "host": Kind(
        N_("Study at another branch"), "party_lecture", "onsite", "B",
        N_("The secretary of that branch confirms first, then your own branch accepts"), plain="B",
    ),
    "visit": Kind(
        N_("Visit at home"), "distance_lesson", "home", "C",
        N_("Somebody brought the lesson to the door of a member who cannot come"),
    ),
    "self_study": Kind(
        N_("Self-study"), "self_study", "web", "D",
        N_("Reading of one's own: shown apart, and counted as far as the rules of the year allow"),
    ),
}  # fmt: skip

# A step of the history: what it says afterwards. Who may take it is said by the functions below.
ACTS = {
    "made": N_("Claim written"),
    "changed": N_("Claim changed"),
    "submitted": N_("Claim handed in"),
    "confirmed": N_("Confirmed by the other branch"),
    "agreed": N_("Agreed by the first of two"),
    "approved": N_("Approved"),
    "returned": N_("Returned"),
    "rejected": N_("Not approved"),
    "appealed": N_("Appealed"),
    "upheld": N_("Appeal turned down"),
    "granted": N_("Appeal granted"),
    "withdrawn": N_("Withdrawn by the member"),
    "undone": N_("Decision taken back"),
}

MOST_FILES = 9
MOST_OPEN = 50  # of one member
SHORTEST, LONGEST = 5, 12 * 60  # minutes
UNDO_MINUTES = 10
YEARS_BACK = 1

NOT_OWN = N_("Nobody decides on their own hours. Ask another committee member.")


@dataclass(frozen=True)
class Limits:
    """What a policy says about claims; hours in hundredths, 0 where it sets no limit."""

    proxy: int = 200  # that whoever wrote the claim may approve themselves
    second_above: int = 0  # above it two people must approve; 0: one is enough
    record_days: int = 0  # after the day of study, to write the claim; 0: as long as the year is open
    appeal_days: int = 15


def limits_of(policy: PolicyRules) -> Limits:
    """The limits of a policy; the only place that asks it about claims."""
    return Limits(policy.proxy_limit, policy.two_eyes_above, policy.record_days, policy.appeal_days)


class Claimed(Protocol):
    """A claim, as far as rules care; a row that was selected with these names serves as well."""

    @property
    def kind(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def member_id(self) -> int: ...
    @property
    def made_by_id(self) -> int | None: ...
    @property
    def credit(self) -> int: ...
    @property
    def proxy_limit(self) -> int: ...
    @property
    def host_at(self) -> Any: ...
    @property
    def decided_by_id(self) -> int | None: ...


class Deciding(Protocol):
    """Who is about to decide."""

    @property
    def account_id(self) -> int: ...
    @property
    def member_id(self) -> int | None: ...


def proof_of(kind: str, *, files: int, platform: str | None = None) -> str:
    """The proof level of a claim: that of its kind or platform with evidence, else the own statement."""
    row = KINDS[kind]
    if not files:
        return row.plain
    return platform if platform else row.proof


def check_day(day: date, *, today: date, record_days: int = 0) -> None:
    """RuleError unless the day has come, is of this year or the last, and not too long ago for the policy."""
    if record_days and day < today - timedelta(days=record_days):
        raise RuleError(
            N_("By the rules of your unit hours are claimed within %(days)s days."), "day", days=record_days
        )
    if day > today:
        raise RuleError(N_("Hours cannot be recorded before they happen."), "day")
    if day.year < today.year - YEARS_BACK:
        raise RuleError(N_("Only days of this year and the last can be claimed."), "day")


def check_minutes(minutes: int) -> None:
    """RuleError unless it is a time one person can have studied on one day."""
    if not SHORTEST <= minutes <= LONGEST:
        raise RuleError(
            N_("The time of study is between %(least)s and %(most)s minutes."),
            "minutes",
            least=SHORTEST,
            most=LONGEST,
        )


def check_files(count: int) -> None:
    """RuleError for more evidence than a claim can carry."""
    if count > MOST_FILES:
        raise RuleError(N_("A claim takes at most %(most)s photos and papers."), "files", most=MOST_FILES)


def minutes_of(quantity: int, per_hour: int, policy_minutes: int) -> int:
    """What a platform counted, as minutes of study: `per_hour` of it are one 学时 of `policy_minutes`.

    Rounded down to whole minutes, at least one: 45 points of 30 to the hour, 45 minutes each, are 67 minutes.
    """
    return max(quantity * policy_minutes // per_hour, 1)


def within_cap(minutes: int, credit: int, room: int) -> int:
    """How many of the minutes, worth `credit`, fit into `room` hundredths; 0 when nothing does."""
    if credit <= room:
        return minutes
    return max(minutes * max(room, 0) // credit, 0)


def needs_second(credit: int, limits: Limits) -> bool:
    """Must two people approve so many hours?"""
    return 0 < limits.second_above < credit


def check_mendable(claim: Claimed) -> None:
    """RuleError unless its text and evidence may still change."""
    if claim.state not in ("draft", "returned"):
        raise RuleError(N_("This claim has been handed in. Withdraw it to write another one."))


def check_decider(claim: Claimed, who: Deciding, *, approve: bool) -> None:
    """RuleError unless this person may decide on a waiting claim in their reach; it is refused without the
    word of a host who says nothing."""
    if claim.member_id == who.member_id:
        raise RuleError(NOT_OWN)
    if approve and claim.state == "submitted" and claim.kind == "host" and claim.host_at is None:
        raise RuleError(N_("The branch that was visited has not confirmed yet."))
    if claim.decided_by_id == who.account_id:
        raise RuleError(N_("You have agreed already: so many hours need a second pair of eyes."))
    if approve and claim.made_by_id == who.account_id and claim.credit > claim.proxy_limit:
        raise RuleError(
            N_("You wrote this claim yourself: above %(hours)s hours somebody else must approve it."),
            hours=f"{claim.proxy_limit / 100:g}",
        )


def check_appeal(state: str, until: date | None, *, today: date) -> None:
    """RuleError unless a rejection can still be appealed."""
    if state != "rejected" or until is None:
        raise RuleError(N_("There is nothing to appeal here."))
    if today > until:
        raise RuleError(N_("The time to appeal ended on %(day)s."), day=until.isoformat())


def check_appeal_judge(claim: Claimed, who: Deciding) -> None:
    """RuleError for one's own hours, and for whoever refused them."""
    if claim.member_id == who.member_id:
        raise RuleError(NOT_OWN)
    if claim.decided_by_id == who.account_id:
        raise RuleError(N_("You refused this claim; somebody else decides on the appeal."))


def due_back(decided_on: date) -> date:
    """The day by which a returned claim should come back; later it is overdue and can still be handed in."""
    return decided_on + timedelta(days=RETURN_DAYS)


WAITS = {
    "member": N_("the member"),
    "others": N_("another committee member or the level above"),
    "secretary": N_("the branch secretary"),
    "host": N_("the secretary of the other branch"),
    "second": N_("a second pair of eyes"),
    "above": N_("the level above"),
    "nobody": N_("nobody"),
}


def state_of(claim: Claimed) -> str:
    """Where it stands, in words."""
    own = claim.state == "held" and claim.kind == HELD_OWN
    return N_("Recorded by the member: somebody else confirms it") if own else STATES[claim.state]


def is_held(claim: Claimed) -> bool:
    """Is it a line that was held, decided or not, and no claim that somebody wrote?"""
    return claim.kind in HELD


def waits_for(claim: Claimed, *, branch_may: bool = True) -> str:
    """Who has the next word, a key of WAITS; `branch_may`: somebody in the branch may decide on it."""
    if claim.state in ("draft", "returned"):
        return "member"
    if claim.state == "appealed":
        return "above"
    if claim.state == "held":
        return "others" if claim.kind == HELD_OWN else "secretary"
    if claim.state != "submitted":
        return "nobody"
    if claim.kind == "host" and claim.host_at is None:
        return "host"
    if claim.decided_by_id is not None:
        return "second"
    return "secretary" if branch_may else "above"
