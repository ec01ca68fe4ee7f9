"""Deciding on claims: approve, return, reject, take back, judge an appeal. Part of the services.

What is approved enters the ledger by `hours.post_many`, under the source "claim:<id>".
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, select, update

from pbtrain.audit import services as audit
from pbtrain.claims import caps, evidence, lookups, queries, rules
from pbtrain.claims.services import NOT_DECIDED, faster, move, move_many, step, tell
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.hours import posting, sealed
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourClaim
from pbtrain.hours.rules import check_reason
from pbtrain.org.access import Actor

TOLD = {
    "approved": N_("Approved: %(title)s"),
    "returned": N_("Returned to be mended: %(title)s"),
    "rejected": N_("Not approved: %(title)s"),
    "undone": N_("The decision was taken back: %(title)s"),
    "granted": N_("Your appeal was granted: %(title)s"),
    "upheld": N_("Your appeal was turned down: %(title)s"),
}
LOOKED_AT = ("C", "D")  # proof levels whose every picture must have been seen


@dataclass
class Outcome:
    """What an approval did: claims in the ledger, held for an overlap, waiting for a second pair of eyes."""

    posted: list[int] = field(default_factory=list)
    held: int = 0
    waiting: list[int] = field(default_factory=list)


def _waiting(wanted: Sequence[tuple[int, int]]) -> list[HourClaim]:
    """The claims as the person saw them, still waiting; Conflict naming who was faster otherwise."""
    versions = dict(wanted)
    claims = list(
        db.session.scalars(
            select(HourClaim)
            .where(HourClaim.id.in_(sorted(versions)))
            .order_by(HourClaim.id)
            .execution_options(populate_existing=True)
        )
    )
    for claim in claims:
        if claim.version != versions[claim.id] or claim.state not in ("submitted", "appealed"):
            raise faster(claim.id)
    if len(claims) != len(versions):
        raise RuleError(N_("This claim is not waiting."))
    return claims


def approve(actor: Actor, wanted: Sequence[tuple[int, int]]) -> Outcome:
    """Approve these claims, as (id, version): all or none, in a constant number of statements.

    Above the policy's limit the first approval only agrees, and the hours wait for a second person: hours as
    they are converted now, other rules may have been published for that day since it was claimed. Raises
    RuleError for one's own hours, for pictures nobody has looked at, for a platform whose year is full.
    """
    claims = _waiting(wanted)
    rules_for = posting.policies({claim.unit_id for claim in claims})
    for claim in claims:
        if claim.state != "submitted":
            raise faster(claim.id)
        claim.credit = rules_for.on(claim.unit_id, claim.day).credit(claim.activity, claim.minutes)
        rules.check_decider(claim, actor, approve=True)
    _check_looks(actor, claims)
    first: list[HourClaim] = []
    final: list[HourClaim] = []
    for claim in claims:
        limits = rules.limits_of(rules_for.on(claim.unit_id, claim.day))
        half = claim.decided_by_id is None and rules.needs_second(claim.credit, limits)
        (first if half else final).append(claim)
    done = Outcome(waiting=[claim.id for claim in first])
    granted, unit_id, now = _granted(final), claims[0].unit_id, clock.now()
    decided = {
        "decided_by_id": actor.account_id, "decided_by_member_id": actor.member_id, "decided_at": now
    }  # fmt: skip
    second = {"second_by_id": actor.account_id, "second_by_member_id": actor.member_id, "second_at": now}
    alone = [claim for claim in final if claim.decided_by_id is None]
    pairs = [claim for claim in final if claim.decided_by_id is not None]
    told = [_Told(claim) for claim in final]
    drafts = [_line(claim, granted[claim.id]) for claim in final]
    move_many(_versions(first), ("submitted",), **decided)
    move_many(_versions(alone), ("submitted",), state="approved", **decided)
    move_many(_versions(pairs), ("submitted",), state="approved", **second)
    step(actor, done.waiting, "agreed")
    _post(actor, told, drafts, granted, done)
    step(actor, [one.id for one in told], "approved")
    audit.record(
        actor, "claim.approved", f"claim:{wanted[0][0]}", unit_id=unit_id,
        claims=[one.id for one in told], agreed=done.waiting,
    )  # fmt: skip
    tell(actor, told, TOLD["approved"])
    return done


class _Told:
    """A claim as it stood before it was moved: moving drops what was read."""

    def __init__(self, claim: HourClaim) -> None:
        self.id, self.member_id, self.made_by_id = claim.id, claim.member_id, claim.made_by_id
        self.title, self.version, self.minutes = claim.title, claim.version + 1, claim.minutes
        self.unit_id, self.occurrence = claim.unit_id, claim.occurrence


def _versions(claims: Sequence[HourClaim]) -> list[tuple[int, int]]:
    return [(claim.id, claim.version) for claim in claims]


def _check_looks(actor: Actor, claims: Sequence[HourClaim]) -> None:
    asked = [claim.id for claim in claims if claim.proof in LOOKED_AT]
    unseen = evidence.unseen(actor, asked) if asked else {}
    if unseen:
        raise RuleError(
            N_("%(count)s pictures have not been looked at. Look at each before approving."),
            count=sum(unseen.values()),
        )


def _granted(claims: Sequence[HourClaim]) -> dict[int, int]:
    """How many minutes of each claim fit under the yearly cap of its platform; RuleError when none does."""
    granted = caps.granted(claims)
    for claim in claims:
        if granted[claim.id] <= 0:
            raise RuleError(
                N_("%(title)s: the hours this platform can bring in a year are used up."), title=claim.title
            )
    return granted


def _line(claim: HourClaim, minutes: int) -> hours.Line:
    return hours.Line(
        member_id=claim.member_id,
        day=claim.day,
        activity=claim.activity,
        minutes=minutes,
        occurrence=claim.occurrence,
        title=claim.title,
        starts_at=claim.starts_at,
        ends_at=claim.ends_at,
        channel=claim.channel,
        proof=claim.proof,
    )


def _post(
    actor: Actor, told: Sequence[Any], lines: list[hours.Line], granted: dict[int, int], done: Outcome
) -> None:
    """Into the ledger; what became a line remembers it, what a platform's cap cut says so."""
    if not lines:
        return
    posted = hours.post_many(actor, lines)
    if posted.without_branch:
        raise RuleError(N_("This member was not on the roster of a branch on that day."))
    done.held = posted.held
    made = lookups.lines_of(posted.entry_ids)
    rows = [{"row": one.id, "entry": made.get(one.occurrence), "left": granted[one.id]} for one in told]
    table = HourClaim.__table__
    db.session.connection().execute(
        update(table)  # type: ignore[arg-type]
        .where(table.c.id == bindparam("row"))
        .values(entry_id=bindparam("entry"), uncovered=bindparam("left")),
        rows,
    )
    done.posted = [one.id for one in told if one.occurrence in made]


def send_back(actor: Actor, claim_id: int, version: int, *, reason: str) -> None:
    """Return it to be mended, saying what is missing; the host's secretary may do so too."""
    _refuse(actor, claim_id, version, "returned", reason, host_may=True)


def reject(actor: Actor, claim_id: int, version: int, *, reason: str) -> None:
    """Refuse it with a reason; it can be appealed within the days the policy gives."""
    _refuse(actor, claim_id, version, "rejected", reason)


def _refuse(
    actor: Actor, claim_id: int, version: int, state: str, reason: str, *, host_may: bool = False
) -> None:
    claim = _waiting([(claim_id, version)])[0]
    if claim.state != "submitted":
        raise faster(claim_id)
    if claim.member_id == actor.member_id:
        raise RuleError(rules.NOT_OWN)
    if not (host_may and claim.kind == "host" and claim.host_at is None):
        rules.check_decider(claim, actor, approve=False)
    reason = check_reason(reason)
    policy = posting.policies([claim.unit_id]).on(claim.unit_id, claim.day)
    until = clock.today() + timedelta(days=rules.limits_of(policy).appeal_days)
    told = _Told(claim)
    move(
        claim_id, version, ("submitted",), state=state, reason=reason,
        **NOT_DECIDED | {
            "decided_by_id": actor.account_id, "decided_by_member_id": actor.member_id,
            "decided_at": clock.now(), "appeal_until": until if state == "rejected" else None,
        },
    )  # fmt: skip
    step(actor, [claim_id], state, reason)
    audit.record(actor, f"claim.{state}", f"claim:{claim_id}", unit_id=told.unit_id, reason=reason)
    tell(actor, [told], TOLD[state], reason=reason)


def take_back(actor: Actor, claim_id: int, version: int) -> None:
    """Undo one's own decision of the last minutes: the claim waits again, its line is reversed."""
    claim = db.session.get(HourClaim, claim_id, populate_existing=True)
    if claim is None or claim.version != version:
        raise faster(claim_id)
    by, at = claim.second_by_id or claim.decided_by_id, claim.second_at or claim.decided_at
    if claim.state not in ("approved", "returned", "rejected") or by != actor.account_id or at is None:
        raise RuleError(N_("Only your own last decision can be taken back."))
    if clock.now() - at > timedelta(minutes=rules.UNDO_MINUTES):
        raise RuleError(
            N_("A decision can be taken back for %(minutes)s minutes. Reverse the line instead."),
            minutes=rules.UNDO_MINUTES,
        )
    told, entry_id = _Told(claim), claim.entry_id
    if claim.state == "approved":
        standing = queries.line_of(claim_id, claim.member_id)
        if standing is None:
            raise RuleError(N_("Its line was reversed or is held; decide there."))
        entry_id = standing.id
    keep = {"decided_by_id", "decided_by_member_id", "decided_at"} if claim.second_by_id else set()
    cleared = {name: value for name, value in NOT_DECIDED.items() if name not in keep}
    was = claim.state
    move(
        claim_id, version, (was,), state="submitted", reason="", entry_id=None,
        uncovered=told.minutes, **cleared,
    )  # fmt: skip
    if was == "approved" and entry_id is not None:
        hours.reverse_many(actor, [entry_id], reason=N_UNDONE)
    step(actor, [claim_id], "undone")
    audit.record(actor, "claim.undone", f"claim:{claim_id}", unit_id=told.unit_id)
    tell(actor, [told], TOLD["undone"])


N_UNDONE = "审核撤回"  # stands in the ledger, which speaks Chinese


def judge(actor: Actor, claim_id: int, version: int, *, grant: bool, reason: str) -> Outcome:
    """Decide on an appeal, with a reason either way; never by whoever refused. Where the branch has closed
    that year meanwhile, what is granted is a correction from above, as any other of a closed year."""
    claim = _waiting([(claim_id, version)])[0]
    if claim.state != "appealed":
        raise faster(claim_id)
    rules.check_appeal_judge(claim, actor)
    reason = check_reason(reason)
    told, done = _Told(claim), Outcome()
    granted = _granted([claim]) if grant else {}
    shut = sealed.closed([claim.unit_id], [claim.day.year])
    line = replace(_line(claim, granted.get(claim.id, 0)), correction=reason if shut else "")
    move(
        claim_id, version, ("appealed",), state="approved" if grant else "rejected", reason=reason,
        second_by_id=actor.account_id, second_by_member_id=actor.member_id, second_at=clock.now(),
    )  # fmt: skip
    act = "granted" if grant else "upheld"
    if grant:
        _post(actor, [told], [line], granted, done)
    step(actor, [claim_id], act, reason)
    audit.record(actor, f"claim.{act}", f"claim:{claim_id}", unit_id=told.unit_id, reason=reason)
    tell(actor, [told], TOLD[act], reason=reason)
    return done
