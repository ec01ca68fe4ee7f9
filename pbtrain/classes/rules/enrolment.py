"""From nomination to completion: states, who may do what from where, who is next, how much leave. Pure.

A **seat** is held from the offer on. What frees one lets the next of the waiting list in, who is whoever
waits longest among those for whom a seat is free.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_

STATES = {  # label, kind of tag, drawing
    "nominated": (N_("Nominated, waits for approval"), "info", "wait"),
    "applied": (N_("Applied, waits for approval"), "info", "wait"),
    "waiting": (N_("On the waiting list"), "", "list"),
    "offered": (N_("Told, waits for an answer"), "info", "wait"),
    "enrolled": (N_("Admitted to the class"), "ok", "ok"),
    "completed": (N_("Completed the class"), "ok", "medal"),
    "no_show": (N_("Did not come"), "warn", "warn"),
    "declined": (N_("Declined the seat"), "", "x"),
    "withdrawn": (N_("Withdrawn from the class"), "", "x"),
    "refused": (N_("Not admitted"), "", "x"),
}
SEATED = frozenset({"offered", "enrolled", "completed", "no_show"})  # as the CHECK of the table
ASKED = ("nominated", "applied")  # waits for the academy
OVER = ("declined", "withdrawn", "refused")  # may be put forward anew
COMES = ("enrolled", "completed", "no_show")  # is on the list of each session
TAKES_PART = ("enrolled", "completed")  # has not stayed away
PEOPLE_A_TIME = 500  # of one nomination, one bulk act
SHORTEST_REASON, LONGEST_REASON = 2, 300
PHONE_DAYS = 90  # after a class its academy sees the phones of its learners
LEAVE_SHARE = 7  # 干部教育培训工作条例 (2023): leave of more than 1/7 of the hours ends the training
NOT_MEANT = N_("%(name)s is not among those this class is for, or is suspended from membership.")


@dataclass(frozen=True)
class Act:
    """What somebody does to an enrolment: from which states, who may, and whether a reason is asked for.

    `who`: person (the learner), branch (who may nominate there), academy, system.
    """

    label: str
    before: tuple[str, ...]
    who: frozenset[str]
    after: str = ""  # "": depends on whether a seat is free
    reason: bool = False
    done: str = ""  # what the learner is told


def _by(*who: str) -> frozenset[str]:
    return frozenset(who)


NEW = ""  # the state of who has no row yet
ACTS = {
    "nominate": Act(N_("Nominate"), (NEW, *OVER), _by("branch"), "nominated",
                    done=N_("Your branch nominated you for a class: %(title)s")),
    "apply": Act(N_("Apply"), (NEW, *OVER), _by("person"), "applied"),
    "approve": Act(N_("Admit"), ASKED, _by("academy")),
    "refuse": Act(N_("Do not admit"), (*ASKED, "waiting"), _by("academy"), "refused", reason=True,
                  done=N_("Not admitted to the class: %(title)s")),
    "offer": Act(N_("Move up"), ("waiting",), _by("academy", "system"), "offered",
                 done=N_("A seat for you: %(title)s")),
    "enrol": Act(N_("Enrol"), (NEW, *ASKED, "waiting", "offered", *OVER), _by("academy")),
    "accept": Act(N_("I will come"), ("offered",), _by("person", "branch"), "enrolled",
                  done=N_("You are enrolled: %(title)s")),
    "decline": Act(N_("I cannot come"), ("offered",), _by("person", "branch"), "declined", reason=True),
    "expire": Act(N_("Not answered in time"), ("offered",), _by("system"), "declined",
                  done=N_("Your seat was given on, for want of an answer: %(title)s")),
    "withdraw": Act(N_("Withdraw from the class"), (*ASKED, "waiting", "offered", "enrolled"),
                    _by("person", "branch", "academy", "system"), "withdrawn", reason=True,
                    done=N_("Withdrawn from the class: %(title)s")),
    "overleave": Act(N_("Withdrawn: leave of more than 1/7 of the hours"), ("enrolled",), _by("system"),
                     "withdrawn", done=N_("Withdrawn from the class: %(title)s")),
    "restore": Act(N_("Back in the class: the leave is not too much any more"), ("withdrawn",),
                   _by("system")),
    "gone": Act(N_("Withdrawn: not on the roster any more"), (*ASKED, "waiting", "offered", "enrolled"),
                _by("system"), "withdrawn"),
    "follow": Act(N_("Counted with the new branch"), (*ASKED, "waiting", "offered", "enrolled"),
                  _by("system")),
    "merge": Act(N_("Merged: the guest is this member"), COMES, _by("system")),
    "part": Act(N_("Merging undone: a guest again"), COMES, _by("system")),
    "remind": Act(N_("Ask for an answer"), ("offered",), _by("academy"), "offered",
                  done=N_("Please answer: a seat waits for you in %(title)s")),
    "complete": Act(N_("Has completed"), ("enrolled", "no_show"), _by("academy", "system"), "completed"),
    "absent": Act(N_("Did not come"), ("enrolled", "completed"), _by("academy", "system"), "no_show"),
}  # fmt: skip
TOLD_OF_STATE = {  # an act without a state of its own
    "offered": N_("A seat for you: %(title)s"),
    "enrolled": N_("You are enrolled: %(title)s"),
    "waiting": N_("You are on the waiting list: %(title)s"),
}


def check_act(act: str, state: str, who: str) -> None:
    """RuleError unless this kind of person may do this from that state."""
    row = ACTS[act]
    if who not in row.who:
        raise RuleError(N_("This is not yours to decide."))
    if state not in row.before:
        raise RuleError(N_("This is not possible any more: it has been decided already."))


def acts_from(state: str, who: str) -> tuple[str, ...]:
    """What this kind of person may do from a state, in the order of the table."""
    return tuple(name for name, act in ACTS.items() if state in act.before and who in act.who)


def check_reason(act: str, reason: str) -> str:
    """The reason, trimmed; RuleError beside its field where one is needed and missing, or too long."""
    text = reason.strip()
    if ACTS[act].reason and len(text) < SHORTEST_REASON:
        raise RuleError(N_("Say why, in a few words."), "reason")
    if len(text) > LONGEST_REASON:
        raise RuleError(N_("Say why in at most %(count)s characters."), "reason", count=LONGEST_REASON)
    return text


def granted(state: str, *, seat: bool) -> str:
    """What approval makes of somebody who was nominated or applied: who applied has said yes already."""
    if not seat:
        return "waiting"
    return "enrolled" if state == "applied" else "offered"


def answer_until(today: date, days: int, starts_on: date) -> date:
    """The last day to answer: so many days from today, at the latest the day before the class."""
    return max(today, min(today + timedelta(days=days), starts_on - timedelta(days=1)))


@dataclass
class Seats:
    """The free seats of one class, while its row is locked: who is counted against a quota and who is not.

    A quota is a guarantee and a limit. Who stands under none shares what no quota reserves.
    """

    capacity: int
    taken: int
    quotas: dict[int, tuple[int, int]] = field(default_factory=dict)  # id -> (seats, taken)

    def free(self, quota_id: int | None) -> int:
        """How many seats are free for people of this quota."""
        left = self.capacity - self.taken
        if quota_id is not None:
            seats, taken = self.quotas[quota_id]
            return max(min(left, seats - taken), 0)
        reserved = sum(seats - taken for seats, taken in self.quotas.values())
        return max(left - reserved, 0)

    def take(self, quota_id: int | None) -> bool:
        """Take one if there is one."""
        if self.free(quota_id) < 1:
            return False
        self.taken += 1
        if quota_id is not None:
            seats, taken = self.quotas[quota_id]
            self.quotas[quota_id] = seats, taken + 1
        return True

    def change(self, before: int | None, after: int | None) -> bool:
        """Count a seat that is held against another quota; False, with nothing changed, where none is free.

        >>> Seats(3, 1, {5: (2, 1), 6: (1, 0)}).change(5, 6), Seats(3, 3, {5: (2, 2), 6: (1, 1)}).change(5, 6)
        (True, False)
        """
        kept = self.taken, dict(self.quotas)
        self.taken -= 1
        if before is not None:
            seats, taken = self.quotas[before]
            self.quotas[before] = seats, taken - 1
        if self.take(after):
            return True
        self.taken, self.quotas = kept
        return False


def promoted(seats: Seats, waiting: Iterable[tuple[int, int | None]]) -> list[int]:
    """Who of the list gets the free seats, and takes them; the list in the order of joining it.

    >>> promoted(Seats(10, 9, {5: (3, 3)}), [(1, 5), (2, None), (3, None)])
    [2]
    """
    return [one for one, quota_id in waiting if seats.take(quota_id)]


def check_open(state: str, until: date | None, starts_on: date, today: date) -> None:
    """RuleError unless people may still be put forward for this class."""
    if state != "open":
        raise RuleError(N_("This class takes nobody at present."))
    if until is not None and today > until:
        raise RuleError(N_("Enrolment ended on %(day)s."), day=until.isoformat())
    if today >= starts_on:
        raise RuleError(N_("The class has begun."))


def check_takes(state: str, ends_on: date, today: date) -> None:
    """RuleError unless the academy itself may still take somebody in: until the last day of the class."""
    if state not in ("draft", "open", "running") or today > ends_on:
        raise RuleError(N_("This class is over or cancelled: nobody joins it any more."))


def check_lives(state: str) -> None:
    """RuleError for a class that was cancelled: nothing is decided there any more."""
    if state == "cancelled":
        raise RuleError(N_("This class has been cancelled."))


def check_quotas(
    capacity: int, wanted: Sequence[tuple[int | None, int]], held: dict[int | None, int]
) -> None:
    """RuleError unless the seats of the quotas fit the class and leave everybody their seat.

    `wanted`: (unit, seats); `held`: seats held today by people who would stand under that unit's quota; by
    None of the guests. People under no quota are counted by `held[-1]`.
    """
    total = sum(seats for _unit, seats in wanted)
    if total > capacity:
        raise RuleError(
            N_("The quotas add up to %(total)s, the class has %(capacity)s seats."), "seats",
            total=total, capacity=capacity,
        )  # fmt: skip
    for unit_id, seats in wanted:
        if seats < held.get(unit_id, 0):
            raise RuleError(
                N_("%(count)s people of one quota hold a seat already. Give it at least as many."), "seats",
                count=held[unit_id],
            )  # fmt: skip
    if capacity - total < held.get(-1, 0):
        raise RuleError(
            N_("%(count)s people who fall under no quota hold a seat. Leave as many free."), "seats",
            count=held[-1],
        )  # fmt: skip


@dataclass(frozen=True)
class Leave:
    """How much of a class somebody is away, in minutes, of how many."""

    minutes: int
    total: int

    @property
    def too_much(self) -> bool:
        """More than 1/7 of the hours."""
        return self.minutes * LEAVE_SHARE > self.total


def check_leave(minutes: dict[int, int], sessions: Collection[int], before: Collection[int]) -> Leave:
    """The leave after these sessions are added to those of before; `minutes` by session of the class."""
    asked = set(sessions)
    if not asked or not asked <= minutes.keys():
        raise RuleError(N_("Choose the sessions of this class."), "sessions")
    return leave_of(minutes, asked | set(before))


def leave_of(minutes: dict[int, int], away: Collection[int]) -> Leave:
    """The leave from these sessions; of one that is no session of the class any more nothing is missed."""
    return Leave(sum(minutes[one] for one in set(away) if one in minutes), sum(minutes.values()))


def ends_training(activity: str, audience: str, *, cadre: bool) -> bool:
    """Does leave above 1/7 end the training? In the account of cadres (D.6), a regime of its own, for all
    whose hours go there; in another class that is for cadres, for who is one.

    >>> ends_training("cadre_class", "all", cadre=False), ends_training("course", "cadres", cadre=False)
    (True, False)
    """
    return activity == "cadre_class" or (audience == "cadres" and cadre)


def finished(*, came: bool) -> str:
    """The act that the end of a class does to whoever was enrolled."""
    return "complete" if came else "absent"


def phone_until(ends_on: date) -> date:
    """The last day on which an academy sees the phones of the learners of a class."""
    return ends_on + timedelta(days=PHONE_DAYS)


def nearest(path: Sequence[int], quotas: dict[int | None, int]) -> int | None:
    """The quota of the nearest unit above, given the units from the branch upwards; None: under none."""
    return next((quotas[unit_id] for unit_id in path if unit_id in quotas), None)
