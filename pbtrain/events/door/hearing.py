"""Several said something of one person, some of it late and in any order: what stands. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pbtrain.events.door.rules import Presence, Session, after


@dataclass(frozen=True)
class Said:
    """One record of the door: what happened, how it came, and whether it is a tick this chair made without a
    line, with the instant its phone told."""

    act: str
    how: str
    own: bool = False
    told_at: datetime | None = None
    record_id: str = ""
    flag: str = ""
    reason: str = ""


def contradicted(said: Sequence[Said], act: str) -> Said | None:
    """The last word of somebody else, or of the person's own scan, when it says here and `act` says not here,
    or the other way round."""
    other = _other(said)
    return other if other is not None and _here(other.act) != _here(act) else None


def settled(
    was: Presence, said: Sequence[Said], session: Session, *, now: datetime, slow_by: timedelta
) -> Presence:
    """The row after all ticks of this chair that nobody contradicts, in the order of the phone's clock: the
    same whatever order they came in. `slow_by`: how far that clock is behind; no tick lies in the future."""
    other = _other(said)
    mine = sorted(
        (one for one in said if one.own and not one.flag and one.told_at is not None
         and (other is None or _here(one.act) == _here(other.act))),
        key=lambda one: (one.told_at, one.record_id),
    )  # fmt: skip
    heard = was.present and was.how != "offline"
    found = was if heard else Presence(True, how="offline")
    for one in mine:
        if heard and one.act != "out":
            continue  # who is entered as here stays so: the scan knows the instant better
        at = min(max((one.told_at or now) + slow_by, session.starts_at), now)
        found = after(found, one.act, at, session, how="offline", reason=one.reason or was.reason)
    return found if mine else was


def _other(said: Sequence[Said]) -> Said | None:
    words = [one for one in said if not one.own and one.flag != "conflict"]
    return words[-1] if words else None


def _here(act: str) -> bool:
    return act in ("in", "late", "out")
