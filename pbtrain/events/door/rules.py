"""What a row of attendance means and how long somebody was there. Pure; instants are aware, minutes whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_

OPENS_BEFORE = timedelta(hours=2)  # so long before the beginning the code may be shown
OUT_UNTIL = timedelta(hours=1)  # so long after the end somebody may still sign out
EARLY_BY = timedelta(minutes=5)  # who leaves less than that before the end stayed to the end

NOT_AN_ACT = N_("Choose what happened.")
ACTS = {
    "in": N_("came"),
    "late": N_("came late"),
    "out": N_("left"),
    "leave": N_("on leave"),
    "absent": N_("did not come"),
}
STANDINGS = {
    "absent": N_("not here"),
    "leave": N_("on leave"),
    "in": N_("here"),
    "late": N_("late"),
    "early": N_("left early"),
    "both": N_("late and left early"),
}
AFTERWARDS = STANDINGS | {"absent": ACTS["absent"]}  # once it is over nobody is "not here yet"
HOWS = {
    "code": N_("scanned"),
    "chair": N_("ticked by the chair"),
    "offline": N_("ticked on the chair's phone"),
    "paper": N_("signed on paper"),
}
FLAGS = {
    "device": N_("The same phone has signed in somebody else"),
    "conflict": N_("Somebody else said otherwise"),
}


@dataclass(frozen=True)
class Session:
    """When an event begins and ends, from when on one is late, and whether who leaves scans again."""

    starts_at: datetime
    ends_at: datetime
    late_after: int  # minutes
    checks_out: bool = False
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    state: str = "planned"

    @property
    def late_from(self) -> datetime:
        """Who comes later than this is late."""
        return self.starts_at + timedelta(minutes=self.late_after)


@dataclass(frozen=True)
class Presence:
    """What a row says: was this person there, in what way, from when and until when."""

    present: bool = False
    status: str = ""  # late, early, both, leave
    came_at: datetime | None = None
    left_at: datetime | None = None
    how: str = ""
    reason: str = ""

    @property
    def standing(self) -> str:
        """A key of STANDINGS."""
        if not self.present:
            return "leave" if self.status == "leave" else "absent"
        return self.status if self.status in ("late", "early", "both") else "in"


def end_of(starts_at: datetime, minutes: int) -> datetime:
    """When a session of so many minutes is over."""
    return starts_at + timedelta(minutes=minutes)


def presence_of(row: Any) -> Presence:
    """From anything with the columns of `Attendance`."""
    return Presence(row.present, row.status, row.came_at, row.left_at, row.how, row.reason)


def after(was: Presence, act: str, at: datetime, session: Session, *, how: str, reason: str = "") -> Presence:
    """What the row says after this act; signing out changes nothing of somebody who is not there."""
    if act == "in":
        return Presence(True, "", at, None, how, reason)
    if act == "late":
        return Presence(True, "late", max(at, session.starts_at), None, how, reason)
    if act == "leave":
        return Presence(False, "leave", None, None, how, reason)
    if act == "absent":
        return Presence(False, "", None, None, how, reason)
    if act != "out":
        raise ValueError(f"not an act: {act!r}")
    if not was.present:
        return was
    late = was.status in ("late", "both")
    early = at < session.ends_at - EARLY_BY
    status = "both" if late and early else "early" if early else "late" if late else ""
    return Presence(True, status, was.came_at, at, was.how, reason or was.reason)


def scanned(at: datetime, session: Session) -> str:
    """The act of somebody who scans on arrival: in, or late."""
    return "late" if at > session.late_from else "in"


def span(one: Presence, session: Session, ended_at: datetime | None = None) -> tuple[datetime, int]:
    """From when and for how many whole minutes somebody was there: late and left early cost what was missed.

    `ended_at` where all was over sooner than planned; a list that was closed before the end says so itself.
    0 minutes for who was not there.
    """
    starts = session.starts_at
    ends = min(session.ends_at, ended_at or session.closed_at or session.ends_at)
    if not one.present:
        return starts, 0
    if one.status in ("late", "both") and one.came_at is not None:
        starts = max(starts, one.came_at)
    if one.status in ("early", "both") and one.left_at is not None:
        ends = min(ends, one.left_at)
    return starts, max(0, int((ends - starts) / timedelta(minutes=1)))


def check_running(session: Session) -> None:
    """RuleError unless the list of this session is still being made: not cancelled, closed or recorded."""
    if session.state == "cancelled":
        raise RuleError(N_("This session has been cancelled."))
    if session.closed_at is not None:
        raise RuleError(N_("Attendance of this session is closed. What was wrong is corrected in its list."))
    if session.state != "planned":
        raise RuleError(N_("This has been recorded by hand already. Correct its record instead."))


def stated(
    standing: str, came_at: datetime | None, left_at: datetime | None, session: Session, *, reason: str = ""
) -> Presence:
    """What the chair states of one person afterwards; RuleError where an instant is missing or cannot be."""
    if standing not in STANDINGS:
        raise RuleError(NOT_AN_ACT, field="standing")
    reason = reason.strip()
    if standing == "leave" and len(reason) < 2:
        raise RuleError(N_("Say why leave was granted, in a few words."), field="reason")
    late, early = standing in ("late", "both"), standing in ("early", "both")
    inside = N_("Give a time between the beginning and the end.")
    if late and (came_at is None or not session.starts_at < came_at < session.ends_at):
        raise RuleError(inside, field="came")
    if early and (left_at is None or not session.starts_at < left_at < session.ends_at):
        raise RuleError(inside, field="left")
    if late and early and came_at is not None and left_at is not None and left_at <= came_at:
        raise RuleError(N_("Nobody leaves before coming. Check both times."), field="left")
    if standing in ("absent", "leave"):
        return Presence(False, "leave" if standing == "leave" else "", how="chair", reason=reason)
    status = standing if standing != "in" else ""
    came = came_at if late else session.starts_at
    return Presence(True, status, came, left_at if early else None, "chair", reason)


def check_open(session: Session, now: datetime) -> None:
    """RuleError unless the code of this session may be shown now."""
    check_running(session)
    if now < session.starts_at - OPENS_BEFORE:
        raise RuleError(
            N_("It is too early: the code can be shown from %(hours)s hours before the beginning."),
            hours=int(OPENS_BEFORE / timedelta(hours=1)),
        )


def check_scan(session: Session, now: datetime, *, out: bool = False) -> None:
    """RuleError, naming the reason, unless somebody may sign in (or out) at this session now.

    It keeps nothing: who was too early scans again later.
    """
    if session.state == "cancelled":
        raise RuleError(N_("This session has been cancelled."))
    if session.closed_at is not None:
        raise RuleError(N_("This session is over and its attendance is closed. Ask the chair to correct it."))
    if session.state != "planned":
        raise RuleError(N_("This session is over. Ask the chair to enter you."))
    if session.opened_at is None or now < session.starts_at - OPENS_BEFORE:
        raise RuleError(N_("Signing in has not begun yet. Scan again when the chair shows the code."))
    if now >= (session.ends_at + OUT_UNTIL if out else session.ends_at):
        raise RuleError(N_("This session is over. Ask the chair to enter you."))


def check_act(act: str, reason: str) -> str:
    """The reason, trimmed; RuleError for an act that does not exist or leave without a reason."""
    reason = reason.strip()
    if act not in ACTS:
        raise RuleError(NOT_AN_ACT, field="act")
    if act == "leave" and len(reason) < 2:
        raise RuleError(N_("Say why leave was granted, in a few words."), field="reason")
    if len(reason) > 300:
        raise RuleError(N_("Say why in at most 300 characters."), field="reason")
    return reason


def check_close(session: Session, now: datetime, *, ended_early: bool) -> datetime:
    """When it was over; RuleError when it is still running and nobody says it ended before its time."""
    check_running(session)
    if now < session.starts_at:
        raise RuleError(N_("It has not begun yet: attendance is closed once it is over."))
    if now >= session.ends_at:
        return session.ends_at
    if not ended_early:
        raise RuleError(
            N_("It is still running. Close attendance when it is over, or say that it ended sooner."),
            field="ended_early",
        )
    return now


def counts(standings: Mapping[int, str]) -> dict[str, int]:
    """How many are here, absent and on leave."""
    found = {"here": 0, "absent": 0, "leave": 0}
    for standing in standings.values():
        found[standing if standing in ("absent", "leave") else "here"] += 1
    return found
