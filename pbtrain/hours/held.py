"""Lines that wait for somebody else: held for a decision, decided once.

A line is held because it overlaps another one of its member (`HELD_OVERLAP`), or because it is the own line
of whoever recorded the meeting (`HELD_OWN`): another member of the committee or the level above confirms it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.hours import notices, posting, rules
from pbtrain.hours.models import HourClaim
from pbtrain.hours.posting import Draft
from pbtrain.org.access import Actor

if TYPE_CHECKING:
    from pbtrain.hours.services import Line

NOTHING_LEFT = N_("Another line covers all of this time; nothing is left to approve.")
DECIDED = N_("%(name)s has decided this already, at %(when)s.")


def _in_the_way(line: Any, standing: list[Any], drafts: list[Draft]) -> list[tuple[datetime, datetime, Any]]:
    """(beginning, end, id) of each line that stands, or is about to, in the hours of this one."""
    if line.starts_at is None or line.ends_at is None:
        return []
    cancelled = {row.reverses_id for row in standing if row.reverses_id is not None}
    live = [row for row in standing if row.reverses_id is None and row.id not in cancelled]
    others = [(row.starts_at, row.ends_at, row.id) for row in live if row.starts_at and row.ends_at]
    others += [(d.starts_at, d.ends_at, None) for d in drafts if d.starts_at and d.ends_at]
    return [other for other in others if other[0] < line.ends_at and line.starts_at < other[1]]


def overlap(line: Any, standing: list[Any], drafts: list[Draft]) -> tuple[int, int | None] | None:
    """(uncovered minutes, id of a line in the way), or None where nothing else covers that time."""
    hits = _in_the_way(line, standing, drafts)
    if not hits:
        return None
    covered = rules.overlap_minutes(line.starts_at, line.ends_at, [(o[0], o[1]) for o in hits])
    whole = int((line.ends_at - line.starts_at).total_seconds()) // 60
    return min(line.minutes, max(whole - covered, 0)), hits[0][2]


def rest(line: "Line", standing: list[Any], drafts: list[Draft]) -> "Line":
    """The line, or of one that asks for the `rest` what nothing else covers: its minutes, and its hours where
    they are one stretch, so that what is posted later finds them taken; of several no line can say which.

    RuleError when nothing is left.
    """
    found = overlap(line, standing, drafts) if line.rest else None
    if found is None:
        return line
    if found[0] <= 0:
        raise RuleError(NOTHING_LEFT)
    hits = [(begins, ends) for begins, ends, _id in _in_the_way(line, standing, drafts)]
    free = rules.free_stretches(line.starts_at, line.ends_at, hits)  # type: ignore[arg-type]
    begins, ends = free[0] if len(free) == 1 else (None, None)
    return replace(line, minutes=found[0], starts_at=begins, ends_at=ends)


def measure_again(standing: Mapping[int, list[Any]], years: Collection[int]) -> None:
    """Lines of these members came or went in these years: what is left of their overlaps that wait."""
    waiting = select(HourClaim).where(
        HourClaim.member_id.in_(sorted(standing)),
        HourClaim.kind == rules.HELD_OVERLAP,
        HourClaim.state == "held",
    )
    for claim in db.session.scalars(waiting.order_by(HourClaim.id)):
        near, who = years_near([claim]), claim.member_id
        if near & set(years):
            whole = standing if near <= set(years) else posting.standing_lines({who}, near)
            found = overlap(claim, whole[who], [])
            claim.uncovered, claim.overlaps_id = found or (claim.minutes, None)


def years_near(lines: Iterable[Any]) -> set[int]:
    """The years whose lines may lie in the hours of these: what runs over the midnight of New Year counts
    whole to the old one, and is in the way of the first hours of the new."""
    found = set()
    for line in lines:
        found.add(line.day.year)
        if line.starts_at is not None and line.ends_at is not None:
            found |= {(line.day - rules.ONE_DAY).year, clock.local(line.ends_at).year}
    return found


def put_off(
    actor: Actor | None,
    draft: Draft,
    occurrence: str,
    standing: list[Any],
    drafts: list[Draft],
    *,
    own_waits: bool,
) -> dict[str, Any] | None:
    """The claim a line becomes in place of an entry; None where nothing keeps it out of the ledger.

    What overlaps another line of its member waits, and with `own_waits` the line of the actor themself.
    """
    found = overlap(draft, standing, drafts)
    if found is not None:
        return _waiting(actor, draft, occurrence, rules.HELD_OVERLAP, found)
    if own_waits and actor is not None and actor.member_id == draft.member_id:
        return _waiting(actor, draft, occurrence, rules.HELD_OWN, (draft.minutes, None))
    return None


def _waiting(
    actor: Actor | None, draft: Draft, occurrence: str, kind: str, left: tuple[int, int | None]
) -> dict[str, Any]:
    """The row of a held line; `left` is what can be approved, in minutes, and the line in the way.

    Of an own line the hours are kept with a limit of nothing, so that the database, too, refuses the account
    that recorded it as the one that approves.
    """
    return {
        "kind": kind,
        "credit": draft.credit if kind == rules.HELD_OWN else 0,
        "proxy_limit": 0,
        "member_id": draft.member_id,
        "unit_id": draft.unit_id,
        "state": "held",
        "occurrence": occurrence,
        "title": draft.title,
        "activity": draft.activity,
        "channel": draft.channel,
        "proof": draft.proof,
        "day": draft.day,
        "starts_at": draft.starts_at,
        "ends_at": draft.ends_at,
        "minutes": draft.minutes,
        "uncovered": left[0],
        "overlaps_id": left[1],
        "made_by_id": actor.account_id if actor else None,
        "made_at": clock.now(),
        "reason": "",
    }


def hold(actor: Actor | None, claims: list[dict[str, Any]]) -> tuple[int, int]:
    """Keep these lines for a decision: how many overlaps and how many own lines are new; others are asked to
    confirm those. What waits is not held twice, a refused line may come again."""
    if not claims:
        return 0, 0
    known = {
        (row.member_id, row.occurrence)
        for row in db.session.execute(
            select(HourClaim.member_id, HourClaim.occurrence).where(
                HourClaim.member_id.in_(sorted({c["member_id"] for c in claims})),
                HourClaim.occurrence.in_(sorted({c["occurrence"] for c in claims})),
                HourClaim.state == "held",
            )
        )
    }
    named = {(c["member_id"], c["occurrence"]): c for c in claims}
    fresh = [claim for key, claim in named.items() if key not in known]
    if fresh:
        db.session.execute(insert(HourClaim.__table__), fresh)  # type: ignore[arg-type]
    kinds = Counter(claim["kind"] for claim in fresh)
    if actor is not None and kinds[rules.HELD_OWN]:
        notices.ask_others(actor, fresh)
    return kinds[rules.HELD_OVERLAP], kinds[rules.HELD_OWN]


def decide(actor: Actor, claim_ids: Collection[int], *, approve: bool, reason: str = "") -> list[HourClaim]:
    """Move these held lines to approved or rejected, once, all or none; returns them in the order of ids.

    Nobody decides on their own hours. Conflict when somebody decided one of them meanwhile.
    """
    wanted = sorted(set(claim_ids))
    claims = db.session.scalars(
        select(HourClaim).where(HourClaim.id.in_(wanted)).order_by(HourClaim.id)
    ).all()
    if len(claims) != len(wanted):
        raise RuleError(N_("This line is not waiting."))
    if any(claim.member_id == actor.member_id for claim in claims):
        raise RuleError(N_("Nobody decides on their own hours. Ask another committee member."))
    if not approve:
        reason = rules.check_reason(reason)
    moved = db.session.scalars(
        update(HourClaim)
        .where(HourClaim.id.in_(wanted), HourClaim.state == "held")
        .values(
            state="approved" if approve else "rejected",
            decided_by_id=actor.account_id,
            decided_by_member_id=actor.member_id,
            decided_at=clock.now(),
            reason=reason,
        )
        .returning(HourClaim.id)
    ).all()
    if lost := sorted(set(wanted) - set(moved)):
        by, at = db.session.execute(
            select(HourClaim.decided_by_id, HourClaim.decided_at).where(HourClaim.id == lost[0])
        ).one()
        raise races.lost(DECIDED, N_("Somebody decided this meanwhile."), by, at)
    for claim in claims:
        audit.record(
            actor,
            "hours.held_approved" if approve else "hours.held_rejected",
            f"claim:{claim.id}",
            unit_id=claim.unit_id,
            reason=reason,
        )
    return list(claims)


def withdraw(actor: Actor | None, occurrence: str, member_ids: Iterable[int], *, reason: str) -> int:
    """Close the held lines of these members for an occasion they did not attend; returns how many."""
    closed = db.session.execute(
        update(HourClaim)
        .where(
            HourClaim.occurrence == occurrence,
            HourClaim.member_id.in_(sorted(set(member_ids))),
            HourClaim.state == "held",
        )
        .values(
            state="rejected",
            decided_by_id=actor.account_id if actor else None,
            decided_at=clock.now(),
            reason=rules.check_reason(reason),
        )
        .returning(HourClaim.id)
    ).all()
    if closed:
        audit.record(
            actor, "hours.held_withdrawn", occurrence, claims=[row.id for row in closed], reason=reason
        )
    return len(closed)
